// SPDX-License-Identifier: GPL-3.0-or-later
// Figures as people read them.  What is not known is an en dash, never 0.
'use strict';

const UNKNOWN = '–';
const THIN = '\u202f'; // a narrow space that does not break

function isKnown(v)
{
	return typeof v === 'number' && Number.isFinite(v);
}

// Four digits and a prefix of 1000s: [text, prefix].
function scaled(v)
{
	const prefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z'];
	let i = 0;

	while (Math.abs(v) >= 999.95 && i < prefixes.length - 1) {
		v /= 1000;
		i++;
	}
	const places = v === 0 ? 0 : v >= 100 ? 1 : v >= 10 ? 2 : 3;
	return [i || places < 3 ? v.toFixed(places) : trimmed(v), prefixes[i]];
}

// Three digits without zeros at the end; small ones stay decimal while that is readable.
function trimmed(v)
{
	const n = Number(v.toPrecision(3));

	return n >= 1e-9 && n < 1e-3 ? n.toFixed(12).replace(/0+$/, '') : String(n);
}

function rateParts(v)
{
	const [text, prefix] = isKnown(v) ? scaled(v) : [UNKNOWN, ''];

	return [text, prefix + 'H/s'];
}

function rateText(v)
{
	const [text, unit] = rateParts(v);

	return text === UNKNOWN ? text : text + THIN + unit;
}

// Hashes per joule.
function efficiencyText(rate, watts)
{
	if (!isKnown(rate) || !isKnown(watts) || watts <= 0 || rate <= 0)
		return UNKNOWN;
	const [text, prefix] = scaled(rate / watts);
	return text + THIN + prefix + 'H/J';
}

function difficultyText(v)
{
	if (!isKnown(v) || v <= 0)
		return UNKNOWN;
	return v < 1000 ? trimmed(v) : scaled(v).join(THIN);
}

function countText(v)
{
	return isKnown(v) ? v.toLocaleString('en-US') : UNKNOWN;
}

function unitText(v, unit, places = 0)
{
	return isKnown(v) ? v.toFixed(places) + THIN + unit : UNKNOWN;
}

// "3 d 4 h": the two largest parts.
function durationText(s)
{
	if (!isKnown(s))
		return UNKNOWN;
	const parts = [['d', Math.floor(s / 86400)], ['h', Math.floor(s / 3600) % 24],
		['min', Math.floor(s / 60) % 60], ['s', Math.floor(s) % 60]];
	let first = parts.findIndex((p) => p[1] > 0);

	if (first < 0)
		first = 3;
	return parts.slice(first, first + 2).filter((p, i) => !i || p[1] > 0)
		.map((p) => p[1] + THIN + p[0]).join(' ');
}

function two(n)
{
	return String(n).padStart(2, '0');
}

function timeText(ms, seconds = true)
{
	const d = new Date(ms);

	return two(d.getHours()) + ':' + two(d.getMinutes()) +
		(seconds ? ':' + two(d.getSeconds()) : '');
}

function dateText(ms)
{
	const d = new Date(ms);

	return d.getFullYear() + '-' + two(d.getMonth() + 1) + '-' + two(d.getDate()) + ' ' +
		timeText(ms, false);
}

function bytesText(v)
{
	return isKnown(v) && v > 0 ? (v / 2 ** 30).toFixed(v < 10 * 2 ** 30 ? 1 : 0) + THIN + 'GiB' : '';
}

// "rejected" of 3: what is said of the bad outcomes, the zero ones too.
const OUTCOMES = ['rejected', 'stale', 'invalid', 'lost'];

function badShares(shares)
{
	return OUTCOMES.reduce((sum, name) => sum + (shares[name] || 0), 0);
}
