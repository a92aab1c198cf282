// SPDX-License-Identifier: GPL-3.0-or-later
// A card for each device; the style sheet lays the same card out as a row of a long list.

// State: how it is shown, and a mark besides the colour.
const STATES = {
	mining: ['good', '●'], idle: ['wait', '○'], starting: ['wait', '◔'], preparing: ['wait', '◑'],
	paused: ['idle', '❚❚'], restarting: ['warn', '↻'], parked: ['bad', '■'],
	stopping: ['idle', '○'], stopped: ['bad', '■'],
};

const GAUGES = [
	['core', 'Core', (d) => d.sensors.temperature_c, '°C', [80, 90]],
	['hotspot', 'Hotspot', (d) => d.sensors.hotspot_c, '°C', [95, 105]],
	['memory', 'Memory', (d) => d.sensors.memory_c, '°C', [95, 105]],
	['fan', 'Fan', (d) => d.sensors.fan_percent, '%', null],
	['power', 'Power', (d) => d.sensors.power_w, 'W', null],
	['duty', 'Duty', (d) => (isKnown(d.duty) ? d.duty * 100 : null), '%', null],
];

class Card {
	constructor(index, actions)
	{
		this.index = index;
		this.actions = actions;
		this.device = null;
		this.box = el('li', 'card');
		this.box.append(this.head(), this.progressBox(), this.rates(), this.gauges(),
			this.foot(), this.controls());
		this.box.style.setProperty('--hue', `var(${deviceColor(index)})`);
	}

	head()
	{
		const head = el('div', 'head');
		const names = el('div', 'names');

		this.id = el('h3', 'text');
		this.name = el('p', 'text name');
		this.state = el('p', 'state');
		this.mark = el('span', 'mark');
		this.mark.setAttribute('aria-hidden', 'true');
		this.word = el('span');
		this.state.append(this.mark, this.word);
		names.append(this.id, this.name);
		head.append(names, this.state);
		return head;
	}

	progressBox()
	{
		this.why = el('div', 'why');
		this.reason = el('p', 'text reason');
		this.bar = el('progress');
		this.bar.max = 1;
		this.why.append(this.reason, this.bar);
		return this.why;
	}

	rates()
	{
		const box = el('div', 'rates');
		const now = el('p', 'now');

		this.rate = el('b');
		this.unit = el('span', 'unit');
		now.append(this.rate, ' ', this.unit);
		this.more = el('p', 'more');
		this.spark = el('canvas', 'spark');
		this.spark.setAttribute('aria-hidden', 'true');
		this.proof = this.proofBox();
		box.append(now, this.spark, this.more, this.proof);
		return box;
	}

	// The kernel's own count beside what its shares prove.
	proofBox()
	{
		const box = el('div', 'proof');

		this.proofText = el('p');
		this.scale = el('div', 'scale');
		this.scale.setAttribute('aria-hidden', 'true');
		this.scale.append(el('i', 'band'), el('i', 'tick'));
		box.append(this.scale, this.proofText);
		return box;
	}

	gauges()
	{
		const list = el('dl', 'gauges');

		this.gauge = {};
		for (const [name, label] of GAUGES) {
			const box = el('div', 'gauge');
			const value = el('dd', '', UNKNOWN);

			box.dataset.name = name;
			box.append(el('dt', '', label), value);
			list.append(box);
			this.gauge[name] = value;
		}
		return list;
	}

	foot()
	{
		const foot = el('div', 'foot');

		this.accepted = el('p', 'accepted');
		this.bad = el('p', 'counts');
		this.extra = el('p', 'extra text');
		foot.append(this.accepted, this.bad, this.extra);
		return foot;
	}

	controls()
	{
		this.acts = el('div', 'actions');
		this.acts.setAttribute('role', 'group');
		this.pause = button('Pause', '', () => this.actions.pause(this.device));
		this.restart = button('Restart', '', () => this.actions.restart(this.device));
		this.tune = button('More…', 'quiet', () => this.actions.tune(this.device));
		this.acts.append(this.pause, this.restart, this.tune);
		this.acts.hidden = true;
		return this.acts;
	}

	show(d, write)
	{
		const [level, mark] = STATES[d.state] || ['warn', '?'];

		this.device = d;
		setData(this.box, 'level', level);
		setText(this.id, d.id || 'device ' + d.index);
		setText(this.name, [d.name, bytesText(d.memory_bytes), d.pci].filter(Boolean).join(' · '));
		this.name.title = this.name.textContent;
		setText(this.mark, mark);
		setText(this.word, d.state);
		this.showWhy(d);
		this.showRates(d);
		for (const [name, , pick, unit, limits] of GAUGES)
			this.showGauge(name, pick(d), unit, limits);
		this.showPower(d);
		this.showFoot(d);
		setHidden(this.acts, !write);
		setText(this.pause, d.state === 'paused' ? 'Resume' : 'Pause');
		this.acts.setAttribute('aria-label', d.id || 'device');
	}

	showWhy(d)
	{
		const busy = ['starting', 'preparing', 'restarting'].includes(d.state);
		const part = isKnown(d.progress) && busy;
		const words = [d.reason || ''];

		if (part)
			words.push(Math.round(d.progress * 100) + THIN + '%');
		if (busy && isKnown(d.left_s))
			words.push(durationText(d.left_s) + ' left');
		const text = d.state === 'mining' ? '' : words.filter(Boolean).join(', ');
		setHidden(this.why, !text);
		setText(this.reason, text);
		this.reason.title = text;
		setHidden(this.bar, !part);
		if (part) {
			this.bar.value = d.progress;
			this.bar.setAttribute('aria-label', d.reason || 'progress');
		}
	}

	showRates(d)
	{
		const [rate, unit] = rateParts(d.rate['60s'] || null);
		const proven = d.share_rate;

		setText(this.rate, rate);
		setText(this.unit, unit);
		setText(this.more, '10 s ' + rateText(d.rate['10s'] || null) + ' · 15 min ' +
			rateText(d.rate['15m'] || null));
		setHidden(this.proof, !proven);
		if (!proven)
			return;
		setText(this.proofText, 'by shares ' + rateText(proven.rate) + ' (' +
			rateText(proven.low) + ' to ' + rateText(proven.high) + ')');
		this.proof.title = 'What the shares found prove, with its 95 % interval, beside what the ' +
			'kernel counts';
		this.showScale(d.rate['15m'] || d.rate['60s'], proven);
	}

	// The interval as a band, the kernel's count as a tick on it.
	showScale(kernel, proven)
	{
		const most = Math.max(proven.high, kernel || 0) * 1.1 || 1;
		const place = (v) => Math.min(100, Math.max(0, v / most * 100)) + '%';
		const inside = kernel >= proven.low && kernel <= proven.high;

		this.scale.style.setProperty('--low', place(proven.low));
		this.scale.style.setProperty('--high', place(proven.high));
		this.scale.style.setProperty('--at', place(kernel));
		setData(this.scale, 'inside', String(inside));
	}

	showGauge(name, v, unit, limits)
	{
		const dd = this.gauge[name];

		setText(dd, unitText(v, unit));
		if (limits)
			setData(dd, 'heat', !isKnown(v) ? '' : v >= limits[1] ? 'hot' : v >= limits[0] ? 'warm' : '');
	}

	showPower(d)
	{
		const {power_w: power, limit_w: limit} = d.sensors;

		if (isKnown(power) && isKnown(limit))
			setText(this.gauge.power, power + ' / ' + limit + THIN + 'W');
	}

	showFoot(d)
	{
		const s = d.sensors;
		const extra = [];

		setText(this.accepted, countText(d.shares.accepted) + ' accepted');
		showShares(d.shares, this.bad);
		extra.push(d.restarts === 1 ? '1 restart' : countText(d.restarts) + ' restarts');
		extra.push(efficiencyText(d.rate['60s'], s.power_w));
		if (isKnown(s.core_mhz))
			extra.push(s.core_mhz + (isKnown(s.memory_mhz) ? ' / ' + s.memory_mhz : '') + THIN + 'MHz');
		if (isKnown(s.util_percent))
			extra.push('busy ' + unitText(s.util_percent, '%'));
		if (d.label)
			extra.push(d.label);
		setText(this.extra, extra.filter((t) => t !== UNKNOWN).join(' · '));
		this.extra.title = this.extra.textContent;
	}

	showSpark(level)
	{
		drawSpark(this.spark, level.times(), level.column(deviceField(this.index, DEVICE.rate)),
			ink(deviceColor(this.index)));
	}
}

const MANY_DEVICES = 12;

class DeviceList {
	constructor(actions)
	{
		this.actions = actions;
		this.cards = [];
		this.layout = ''; // chosen by hand, or by their number
		onSwitch('layout', (v) => { this.layout = v; this.lay(); });
	}

	lay()
	{
		const layout = this.layout || (this.cards.length > MANY_DEVICES ? 'rows' : 'cards');

		byId('device-list').classList.toggle('rows', layout === 'rows');
		press('layout', layout);
	}

	show(devices, write, history)
	{
		while (this.cards.length < devices.length)
			this.cards.push(new Card(this.cards.length, this.actions));
		this.cards.length = devices.length;
		const list = byId('device-list');
		if (list.childElementCount !== this.cards.length) {
			list.replaceChildren(...this.cards.map((c) => c.box));
			this.lay();
		}
		setText(byId('devices-n'), String(devices.length));
		devices.forEach((d, i) => {
			this.cards[i].show(d, write);
			this.cards[i].showSpark(history.levels[0]);
		});
	}
}
