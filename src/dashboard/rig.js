// SPDX-License-Identifier: GPL-3.0-or-later
// The head of the page: how the rig is, in one sentence and a dozen figures.

const WORKING = ['mining', 'idle', 'starting', 'preparing'];

// What its owner has to know first: [level, sentence].
function healthOf(summary, devices)
{
	const n = devices.length;
	const in_state = (...states) => devices.filter((d) => states.includes(d.state));
	const parked = in_state('parked', 'stopped');
	const restarting = in_state('restarting');
	const mining = in_state('mining');
	const all = n === 1 ? 'The device' : `All ${n} devices`;

	if (parked.length)
		return ['bad', `${parked.length} of ${n} ${n === 1 ? 'device' : 'devices'} parked: ` +
			parked.map((d) => d.id).join(', ')];
	if (summary.paused)
		return ['idle', 'Paused by its owner'];
	if (!summary.pool)
		return ['bad', 'No pool answers: nothing to mine'];
	if (restarting.length)
		return ['warn', `${restarting.map((d) => d.id).join(', ')} being restarted`];
	if (mining.length === n && n)
		return ['good', `${all} ${n === 1 ? 'is' : 'are'} mining`];
	if (in_state('paused').length === n && n)
		return ['idle', `${all} ${n === 1 ? 'is' : 'are'} paused`];
	if (devices.every((d) => WORKING.includes(d.state)) && mining.length < n)
		return ['wait', mining.length ? `${mining.length} of ${n} devices mining, others get ready`
			: 'Getting ready'];
	return ['warn', `${mining.length} of ${n} devices mining`];
}

// The sum over devices that say; null if none does.
function sumOf(devices, pick)
{
	const some = devices.map(pick).filter(isKnown);

	return some.length ? some.reduce((a, b) => a + b, 0) : null;
}

function mostOf(devices, pick)
{
	const some = devices.map(pick).filter(isKnown);

	return some.length ? Math.max(...some) : null;
}

// Power of the devices that say, and what those achieve: one without a sensor spoils no ratio.
function powerOf(devices)
{
	const some = devices.filter((d) => isKnown(d.sensors.power_w));

	return {
		watts: sumOf(some, (d) => d.sensors.power_w),
		rate: sumOf(some, (d) => d.rate['60s']),
		limit: sumOf(some, (d) => d.sensors.limit_w),
		energy: sumOf(some, (d) => d.sensors.energy_j || null),
		of: some.length,
	};
}

function powerNote(power, n)
{
	if (!power.of)
		return 'no sensor says';
	if (power.of < n)
		return `of ${power.of} devices that say`;
	if (isKnown(power.energy))
		return unitText(power.energy / 3.6e6, 'kWh', power.energy < 3.6e7 ? 2 : 1) + ' so far';
	return isKnown(power.limit) ? 'limit ' + unitText(power.limit, 'W') : 'at the cards';
}

// The hottest place of all, relative to what each kind of place stands: [celsius, where].
function hottestOf(devices)
{
	let best = [null, ''];
	let most = -Infinity;

	for (const d of devices) {
		const places = [['core', d.sensors.temperature_c, 0], ['hotspot', d.sensors.hotspot_c, 12],
			['memory', d.sensors.memory_c, 15]];

		for (const [place, v, ease] of places)
			if (isKnown(v) && v - ease > most) {
				most = v - ease;
				best = [v, d.id + ' ' + place];
			}
	}
	return best;
}

function showShares(counts, box)
{
	if (box.childElementCount !== OUTCOMES.length)
		box.replaceChildren(...OUTCOMES.map((name) => {
			const part = el('span', 'count');
			part.append(el('b'), ' ' + name);
			return part;
		}));
	OUTCOMES.forEach((name, i) => {
		const part = box.children[i];

		setText(part.firstChild, countText(counts[name]));
		setData(part, 'zero', String(!counts[name]));
	});
}

function poolName(url)
{
	return url.replace(/^[a-z0-9+]+:\/\//i, '').replace(/\/$/, '');
}

function showRig(summary, devices, poolList)
{
	const [level, sentence] = healthOf(summary, devices);
	const [rate, unit] = rateParts(summary.rate['60s'] || null);
	const power = powerOf(devices);
	const [hottest, place] = hottestOf(devices);
	const pool = poolList.find((p) => p.active);

	setData(byId('health'), 'level', level);
	setText(byId('health-text'), sentence);
	setText(byId('rate'), rate);
	setText(byId('rate-unit'), unit);
	setText(byId('algo'), summary.algo || UNKNOWN);
	setText(byId('rate-10s'), rateText(summary.rate['10s'] || null));
	setText(byId('rate-15m'), rateText(summary.rate['15m'] || null));
	setText(byId('accepted'), countText(summary.shares.accepted));
	showShares(summary.shares, byId('bad'));
	setText(byId('power'), unitText(power.watts, 'W'));
	setText(byId('power-note'), powerNote(power, devices.length));
	setText(byId('efficiency'), efficiencyText(power.rate, power.watts));
	setText(byId('hottest'), unitText(hottest, '°C'));
	setText(byId('hottest-note'), place || 'no sensor says');
	setText(byId('pool'), summary.pool && summary.pool.url ? poolName(summary.pool.url) : 'none');
	byId('pool').title = summary.pool && summary.pool.url || '';
	setText(byId('pool-state'), (summary.pool_state || UNKNOWN) +
		(summary.height ? ', block ' + countText(summary.height) : '') +
		(pool && pool.user ? ', as ' + pool.user : ''));
	setText(byId('difficulty'), difficultyText(summary.difficulty));
	setText(byId('best'), 'best share ' + difficultyText(summary.best_difficulty));
	setText(byId('latency'), unitText(summary.latency_ms, 'ms', summary.latency_ms < 10 ? 1 : 0));
	setText(byId('uptime'), durationText(summary.uptime_s));
	setText(byId('started'), 'since ' + (summary.uptime_s < 43200 ? timeText : dateText)(summary.started_ms, false));
	setText(byId('version'), 'Adit ' + summary.version);
	setText(byId('pause-all'), summary.paused ? 'Resume all' : 'Pause all');
	document.title = (rate === UNKNOWN ? '' : rate + ' ' + unit + ' · ') + 'Adit · ' + location.host;
}
