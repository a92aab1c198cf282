// SPDX-License-Identifier: GPL-3.0-or-later
// Four charts by uPlot over one history, and the small lines on the device cards.

const LEAST_SPAN_S = 120;
const FEW = 4; // lines that can be named one by one
const HUES = 8; // --hue-0 ... of the style sheets

const plain = (v) => (isKnown(v) ? String(Number(v.toPrecision(4))) : '');
const celsius = (v) => unitText(v, '°C');
const watts = (v) => unitText(v, 'W');

// Of the rig: what lines there are; of devices: one field, or bars of a counter.
const CHARTS = [
	{name: 'rate', title: 'Hash rate', text: rateText, axis: (v) => scaledAxis(v),
		floor: 0, device: DEVICE.rate,
		rig: [{label: 'rate', field: RIG.rate, color: '--accent-line', fill: true}]},
	{name: 'heat', title: 'Heat', long: 'Temperature', text: celsius, device: DEVICE.heat,
		short: (v) => (isKnown(v) ? Math.round(v) + '°' : UNKNOWN), axis: (v) => v + '°',
		rig: [{label: 'core', field: RIG.core, color: '--hue-1'},
			{label: 'hotspot', field: RIG.hotspot, color: '--hue-5'},
			{label: 'mem', field: RIG.memory, color: '--hue-3'}]},
	{name: 'power', title: 'Power', text: watts, axis: plain, floor: 0, device: DEVICE.power,
		rig: [{label: 'power', field: RIG.power, color: '--hue-2', fill: true}]},
	{name: 'shares', title: 'Shares', text: countText, axis: plain, floor: 0, bars: true,
		device: DEVICE.accepted,
		rig: [{label: 'bad', field: RIG.bad, color: '--bad'},
			{label: 'accepted', field: RIG.accepted, color: '--good'}]},
];

function scaledAxis(v)
{
	const [text, prefix] = v ? scaled(v) : ['0', ''];

	return Number(text) + prefix;
}

// A colour of the style sheet in force.
function ink(name)
{
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function deviceColor(index)
{
	return '--hue-' + index % HUES;
}

class Chart {
	constructor(spec, trends)
	{
		this.spec = spec;
		this.trends = trends;
		this.box = el('figure', 'chart');
		this.box.dataset.name = spec.name;
		const head = el('figcaption');
		head.append(el('span', 'title', spec.title));
		this.when = head.appendChild(el('span', 'when'));
		this.readout = head.appendChild(el('span', 'readout'));
		this.canvas = el('div', 'plot');
		this.canvas.setAttribute('role', 'img');
		this.box.append(head, this.canvas);
		this.plot = null;
		this.lines = [];
		this.focused = -1; // the line pointed at
	}

	// The lines there are now: {label, field, color, fill}.
	wanted()
	{
		if (this.trends.scope === 'rig')
			return this.spec.rig;
		return this.trends.devices.map((id, i) => ({label: id, color: deviceColor(i),
			field: deviceField(i, this.spec.device), dash: i >= HUES ? [6, 3] : undefined}));
	}

	build()
	{
		if (this.plot)
			this.plot.destroy();
		this.lines = this.wanted();
		this.focused = -1;
		this.plot = new uPlot(this.options(), this.data(), this.canvas);
		this.tags = this.lines.length <= FEW ? this.lines.map((line) => {
			const tag = el('span', 'tag');
			const mark = el('i');
			mark.style.setProperty('--mark', `var(${line.color})`);
			const value = el('b');
			tag.append(mark, this.lines.length > 1 ? line.label + ' ' : '', value);
			return [tag, value];
		}) : null;
		const tags = this.tags ? this.tags.map((t) => t[0]) : [];
		this.readout.replaceChildren(...(this.spec.bars ? tags.reverse() : tags));
		this.tell();
	}

	line(line)
	{
		const series = {label: line.label, stroke: () => ink(line.color), width: 1.75,
			points: {show: false}, dash: line.dash, spanGaps: false};

		if (line.fill)
			series.fill = (u) => fade(u, ink(line.color));
		if (this.barred()) {
			series.paths = uPlot.paths.bars({size: [0.8, 60], align: 1});
			series.fill = () => ink(line.color);
			series.width = 0;
		}
		return series;
	}

	options()
	{
		const many = this.lines.length > 1 && this.trends.scope === 'devices';
		const axis = {stroke: () => ink('--dim'), font: '11px system-ui, sans-serif',
			grid: {stroke: () => ink('--grid'), width: 1}, ticks: {show: false}};

		return {
			width: Math.max(this.canvas.clientWidth, 120),
			height: Math.max(this.canvas.clientHeight, 90),
			padding: [10, 26, 0, 0],
			legend: {show: false},
			focus: {alpha: 0.2},
			cursor: {y: false, drag: {x: false, y: false}, sync: {key: 'adit', setSeries: many},
				focus: {prox: many ? 24 : -1}, points: {size: 7, show: !many}},
			scales: {
				x: {time: true, range: () => this.trends.range()},
				y: {range: (u, low, high) => this.heights(low, high)},
			},
			series: [{}, ...this.lines.map((line) => this.line(line))],
			axes: [
				{...axis, size: 24, space: 64, gap: 6,
					values: (u, at, i, space, step) => at.map((t) => timeText(t * 1000, step < 60))},
				{...axis, size: 46, space: 34, gap: 6, values: (u, at) => at.map(this.spec.axis)},
			],
			hooks: {setCursor: [() => this.tell()],
				setSeries: [(u, i) => { this.focused = isKnown(i) ? i - 1 : -1; this.tell(); }]},
		};
	}

	heights(low, high)
	{
		if (!isKnown(low) || !isKnown(high))
			return this.spec.bars ? [0, 4] : [this.spec.floor ?? 20, 100];
		if (this.spec.bars)
			return [0, Math.max(4, high * 1.15)];
		if (this.trends.scope === 'devices' && low > high / 2) // how they differ
			return [low - (high - low) * 0.2 - high * 0.02, high + (high - low) * 0.2 + high * 0.02];
		if (this.spec.floor === 0)
			return [0, high * 1.15 || 1];
		return [Math.floor((low - 4) / 5) * 5, Math.ceil((high + 4) / 5) * 5];
	}

	// Bars of the rig: the good ones are drawn over the sum of both.
	data()
	{
		const level = this.trends.history.levels[this.trends.level];
		const fields = this.lines.map((line) => line.field);

		if (this.barred()) {
			const [times, bad] = level.bars(fields[0]);
			const good = level.bars(fields[1])[1];

			return [times, bad.map((v, i) => v + good[i]), good];
		}
		return [level.times(), ...fields.map((f) => (this.spec.bars ? level.sums(f) : level.column(f)))];
	}

	barred()
	{
		return this.spec.bars && this.trends.scope === 'rig';
	}

	update()
	{
		if (!this.plot || this.box.offsetParent === null)
			return;
		this.plot.setData(this.data());
		setData(this.box, 'points', String(this.plot.data[0].length));
		this.tell();
	}

	resize()
	{
		const width = this.canvas.clientWidth, height = this.canvas.clientHeight;

		if (this.plot && width && height &&
		    (width !== this.plot.width || height !== this.plot.height))
			this.plot.setSize({width, height});
	}

	// The figures under the cursor, or the latest.
	tell()
	{
		const u = this.plot;

		if (!u || !u.data)
			return;
		const hovered = u.cursor.idx ?? null;
		const at = hovered ?? u.data[0].length - 1;
		const barred = this.barred();
		const values = this.lines.map((line, i) => (u.data[i + 1] || [])[at] ?? null);

		if (barred && isKnown(values[0]))
			values[0] -= values[1] || 0;
		setText(this.when, hovered === null ? this.hint()
			: timeText(u.data[0][at] * 1000));
		if (this.tags)
			this.tags.forEach(([tag, value], i) => {
				setText(value, (this.spec.short || this.spec.text)(values[i]));
				setHidden(tag, this.tags.length > 1 && !isKnown(values[i]));
			});
		else
			this.tellMany(values, hovered === null ? -1 : this.focused);
	}

	hint()
	{
		return this.barred() ? this.trends.barText() : this.spec.bars ? 'summed up' : '';
	}

	// Many lines: the one pointed at, or from the least to the most.
	tellMany(values, focused)
	{
		const some = values.filter(isKnown);

		if (focused >= 0)
			setText(this.readout, this.lines[focused].label + ' ' + this.spec.text(values[focused]));
		else if (some.length)
			setText(this.readout, this.spec.text(Math.min(...some)) + ' to ' +
				this.spec.text(Math.max(...some)));
		else
			setText(this.readout, UNKNOWN);
	}

	// For those who cannot see it.
	describe()
	{
		if (!this.plot)
			return;
		const some = this.plot.data.slice(1).flatMap((c) => c.filter(isKnown));
		const range = some.length ? 'from ' + this.spec.text(Math.min(...some)) + ' to ' +
			this.spec.text(Math.max(...some)) : 'nothing measured yet';

		this.canvas.setAttribute('aria-label', (this.spec.long || this.spec.title) + ', ' + this.trends.spanText() +
			': ' + range);
	}
}

// A line's colour that fades towards the bottom.
function fade(u, color)
{
	const {top, height} = u.bbox;
	const gradient = u.ctx.createLinearGradient(0, top, 0, top + height);

	if (!/^#[0-9a-f]{6}$/i.test(color))
		return 'transparent';
	gradient.addColorStop(0, color + '55');
	gradient.addColorStop(1, color + '08');
	return gradient;
}

class Trends {
	constructor(history)
	{
		this.history = history;
		this.scope = 'rig';
		this.level = 0;
		this.devices = [];
		this.charts = CHARTS.map((spec) => new Chart(spec, this));
		byId('charts').append(...this.charts.map((c) => c.box));
		onSwitch('scope', (v) => { this.scope = v; this.rebuild(); });
		onSwitch('span', (v) => { this.level = Number(v); this.rebuild(); });
		onSwitch('metric', (v) => this.choose(v));
		this.choose('rate');
		new ResizeObserver(() => this.charts.forEach((c) => c.resize())).observe(byId('charts'));
		setInterval(() => this.charts.forEach((c) => c.describe()), 30000);
	}

	// On a narrow screen there is room for one.
	choose(name)
	{
		for (const c of this.charts)
			c.box.classList.toggle('chosen', c.spec.name === name);
		this.charts.forEach((c) => { c.resize(); c.update(); });
	}

	range()
	{
		const level = this.history.levels[this.level];
		const times = level.times();
		const to = times.length ? times[times.length - 1] : Date.now() / 1000;
		const from = times.length ? times[0] : to;

		return [Math.max(Math.min(from, to - LEAST_SPAN_S), to - level.spec.window_s), to];
	}

	spanText()
	{
		return ['the last 15 minutes', 'the last 2 hours', 'the last 24 hours'][this.level];
	}

	barText()
	{
		return ['per 30 s', 'per 5 min', 'per hour'][this.level];
	}

	rebuild()
	{
		if (typeof uPlot === 'undefined')
			return;
		for (const c of this.charts) {
			c.build();
			c.describe();
		}
	}

	// ids: of the devices there are now.
	update(ids)
	{
		if (typeof uPlot === 'undefined') // it was not loaded: all else works without it
			return;
		if (ids.join() !== this.devices.join() || !this.charts[0].plot) {
			this.devices = ids;
			this.rebuild();
		} else {
			this.charts.forEach((c) => c.update());
		}
	}
}

// ---- the line on a card ----

function drawSpark(canvas, times, values, color)
{
	const scale = window.devicePixelRatio || 1;
	const width = Math.round(canvas.clientWidth * scale), height = Math.round(canvas.clientHeight * scale);
	const known = values.filter(isKnown);

	if (!width || !height)
		return;
	if (canvas.width !== width || canvas.height !== height) {
		canvas.width = width;
		canvas.height = height;
	}
	const c = canvas.getContext('2d');
	c.clearRect(0, 0, width, height);
	if (known.length < 2)
		return;
	const most = Math.max(...known, 1e-9) * 1.08;
	const end = times[times.length - 1];
	const begin = Math.max(end - 900, Math.min(times[0], end - LEAST_SPAN_S));
	const x = (t) => (t - begin) / (end - begin) * width;
	const y = (v) => height - scale - v / most * (height - 2 * scale);
	const line = new Path2D();
	let pen = false;

	values.forEach((v, i) => {
		if (isKnown(v) && pen)
			line.lineTo(x(times[i]), y(v));
		else if (isKnown(v))
			line.moveTo(x(times[i]), y(v));
		pen = isKnown(v);
	});
	c.lineWidth = 1.5 * scale;
	c.lineJoin = 'round';
	c.strokeStyle = color;
	c.stroke(line);
}
