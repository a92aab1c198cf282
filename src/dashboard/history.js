// SPDX-License-Identifier: GPL-3.0-or-later
// What was measured while the page was open: the last quarter of an hour as it came, two hours
// and a day as means.  Nothing leaves the browser's memory.

const LEVELS = [
	{window_s: 900, step_s: 0, bar_s: 30},
	{window_s: 7200, step_s: 15, bar_s: 300},
	{window_s: 86400, step_s: 120, bar_s: 3600},
];

// Fields of a sample: the rig's, then each device's.
const RIG = {rate: 0, core: 1, hotspot: 2, memory: 3, power: 4, accepted: 5, bad: 6};
const RIG_FIELDS = 7;
const DEVICE = {rate: 0, heat: 1, power: 2, accepted: 3};
const DEVICE_FIELDS = 4;

function deviceField(device, field)
{
	return RIG_FIELDS + device * DEVICE_FIELDS + field;
}

// Counters are not averaged: the last one counts.
function isCounter(field)
{
	if (field < RIG_FIELDS)
		return field === RIG.accepted || field === RIG.bad;
	return (field - RIG_FIELDS) % DEVICE_FIELDS === DEVICE.accepted;
}

class Level {
	constructor(spec)
	{
		this.spec = spec;
		this.rows = []; // [time in s, values]
		this.group = null;
	}

	add(t, values)
	{
		const step = this.spec.step_s;

		if (!step) {
			this.push(t, values);
			return;
		}
		const begin = Math.floor(t / step) * step;
		if (this.group && (this.group.begin !== begin || this.group.sum.length !== values.length)) {
			this.push(this.group.begin + step / 2, this.mean());
			this.group = null;
		}
		this.group ||= {begin, sum: new Array(values.length).fill(0),
			n: new Array(values.length).fill(0)};
		values.forEach((v, i) => {
			if (v === null)
				return;
			this.group.sum[i] = isCounter(i) ? v : this.group.sum[i] + v;
			this.group.n[i]++;
		});
	}

	mean()
	{
		const {sum, n} = this.group;

		return sum.map((s, i) => (n[i] ? (isCounter(i) ? s : s / n[i]) : null));
	}

	push(t, values)
	{
		this.rows.push([t, values]);
		while (this.rows.length && this.rows[0][0] < t - this.spec.window_s - 2 * this.spec.step_s)
			this.rows.shift();
	}

	// All rows, the unfinished one too.
	all()
	{
		return this.group ? [...this.rows, [this.group.begin + this.spec.step_s / 2, this.mean()]]
			: this.rows;
	}

	times()
	{
		return this.all().map((r) => r[0]);
	}

	column(field)
	{
		return this.all().map((r) => r[1][field] ?? null);
	}

	// How much a counter grew from row to row.  A smaller value is a new beginning.
	steps(field)
	{
		let last = null;

		return this.all().map(([, values]) => {
			const v = values[field] ?? null;
			const grown = v === null ? null : last === null ? 0 : v >= last ? v - last : v;

			last = v ?? last;
			return grown;
		});
	}

	// The sum of that up to each row.
	sums(field)
	{
		let sum = 0;

		return this.steps(field).map((v) => (v === null ? null : (sum += v)));
	}

	// The sum of that in each bar of the chart: [starts, sums].
	bars(field)
	{
		const bars = new Map();
		const times = this.times();

		this.steps(field).forEach((v, i) => {
			const begin = Math.floor(times[i] / this.spec.bar_s) * this.spec.bar_s;

			if (v !== null)
				bars.set(begin, (bars.get(begin) || 0) + v);
		});
		return [[...bars.keys()], [...bars.values()]];
	}
}

class History {
	constructor()
	{
		this.levels = LEVELS.map((spec) => new Level(spec));
		this.width = 0;
	}

	add(t, values)
	{
		this.width = values.length;
		for (const level of this.levels)
			level.add(t, values);
	}

	// Nothing is known now: the lines break.
	gap(t)
	{
		if (this.width)
			this.add(t, new Array(this.width).fill(null));
	}
}
