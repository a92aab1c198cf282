// SPDX-License-Identifier: GPL-3.0-or-later
// The beginning: asks the rig every two seconds, listens to its events, and shows what it says.

const POLL_MS = 2000;
const POLL_HIDDEN_MS = 10000;
const STREAM_AGAIN_MS = 60000;
const LATE_MS = 12000;
const THEME_KEY = 'adit-theme';
const THEMES = { // the dark colours' media, a mark and a word
	auto: ['(prefers-color-scheme: dark)', '◐', 'Auto'],
	dark: ['all', '●', 'Dark'],
	light: ['not all', '○', 'Light'],
};

const history_ = new History();
const trends = new Trends(history_);
const control = new Control(() => poll());
const deviceList = new DeviceList(control);
const poolList = new PoolList(control);
const eventList = new EventList();
const now = {summary: null, devices: [], heard_ms: 0, streaming: false, polling: null, again: 0};

// ---- connection ----

// live, late (nothing for a while), lost (asked in vain), wait (nothing yet).
function showLink(state, why = '')
{
	const words = {live: 'Live', wait: 'Connecting', late: 'Late', lost: 'Connection lost'};
	const banner = byId('banner');
	const since = now.heard_ms ? `last heard at ${timeText(now.heard_ms)}, ` +
		`${durationText((Date.now() - now.heard_ms) / 1000)} ago` : 'not heard yet';

	setData(byId('link'), 'link', state);
	setText(byId('link-text'), words[state]);
	setData(document.body, 'link', state);
	setHidden(banner, state !== 'lost');
	if (state === 'lost')
		setText(banner, `No connection to the rig: ${since}. ${why}Trying again.`);
}

function onFailure(e)
{
	const before = document.body.dataset.link;

	if (e.status === 401 && access.token) {
		control.lock('The token is no longer valid: controls are locked');
		return;
	}
	if (before !== 'lost' && now.heard_ms) {
		history_.gap(Date.now() / 1000);
		alarm('Connection to the rig lost');
	}
	showLink('lost', e instanceof RigError ? `It answered ${e.message}. ` : '');
}

// ---- what it says ----

// Anything may be missing in an answer of another version.
function wholeDevice(d, index)
{
	return {...d, index, id: d.id || '', state: d.state || 'stopped', rate: d.rate || {},
		shares: d.shares || {}, sensors: d.sensors || {}};
}

const orNull = (v) => (isKnown(v) ? v : null);

function remember(summary, devices)
{
	const values = [
		orNull(summary.rate['10s']),
		mostOf(devices, (d) => d.sensors.temperature_c),
		mostOf(devices, (d) => d.sensors.hotspot_c),
		mostOf(devices, (d) => d.sensors.memory_c),
		sumOf(devices, (d) => d.sensors.power_w),
		orNull(summary.shares.accepted),
		badShares(summary.shares),
	];

	for (const d of devices)
		values.push(orNull(d.rate['10s']), orNull(d.sensors.temperature_c),
			orNull(d.sensors.power_w), orNull(d.shares.accepted));
	history_.add(Date.now() / 1000, values);
}

function show(summary, devices, pools)
{
	showRig(summary, devices, pools);
	deviceList.show(devices, access.write, history_);
	poolList.show(pools, access.write);
	trends.update(devices.map((d) => d.id));
}

function take([summary, devices, pools, events])
{
	if (!summary || !Array.isArray(devices) || !Array.isArray(pools))
		throw new RigError('less than was asked', 200, 0);
	summary.rate ||= {};
	summary.shares ||= {};
	if (now.summary && summary.started_ms !== now.summary.started_ms)
		eventList.restart();
	const back = document.body.dataset.link === 'lost';
	now.summary = summary;
	now.devices = devices.map(wholeDevice);
	now.heard_ms = Date.now();
	control.summary = summary;
	remember(summary, now.devices);
	show(summary, now.devices, pools);
	if (Array.isArray(events)) {
		events.forEach((e) => eventList.add(e));
		eventList.live = true;
	}
	showLink('live');
	if (back)
		alarm('The rig is connected again');
}

async function ask()
{
	const calls = [['miner.summary'], ['miner.devices'], ['miner.pools']];

	if (!now.streaming)
		calls.push(['miner.events', {since: eventList.last}]);
	const replies = await readAll(calls);
	try {
		take(replies);
	} catch (e) { // a mistake of this page is none of the connection
		if (!(e instanceof RigError))
			console.error(e);
		throw e instanceof RigError ? e : new RigError('what this page could not show', 200, 0);
	}
}

// One at a time; the next one is set when it ends.
function poll()
{
	clearTimeout(now.again);
	now.polling ||= ask().catch(onFailure).finally(() => {
		now.polling = null;
		now.again = setTimeout(poll, document.hidden ? POLL_HIDDEN_MS : POLL_MS);
	});
	return now.polling;
}

// ---- events ----

let soon = 0;

function onMessage({name, data})
{
	if (name === 'lost' && !('id' in data)) {
		eventList.missed(data.count);
		return;
	}
	// What changes the picture is asked for at once, but not ten times for one cause.
	if (eventList.add(data) && data.name !== 'share' && !soon)
		soon = setTimeout(() => { soon = 0; poll(); }, 200);
}

// Events come by themselves, or are asked for.
function setStreaming(on)
{
	now.streaming = on;
	setData(byId('link'), 'events', on ? 'stream' : 'poll');
	byId('link').title = on ? 'Events arrive as they happen' : 'Events are asked for';
}

async function listen()
{
	let wait = 2000;

	for (;;) {
		try {
			await readStream(eventList.last, () => { setStreaming(true); wait = 2000; }, onMessage);
		} catch (e) {
			if (e instanceof RigError) // it has no stream for us: events are asked for
				wait = STREAM_AGAIN_MS;
		}
		setStreaming(false);
		await new Promise((done) => setTimeout(done, wait));
		wait = Math.min(wait * 2, STREAM_AGAIN_MS);
	}
}

// ---- looks ----

function setTheme(name)
{
	const theme = THEMES[name] ? name : 'auto';
	const [media, glyph, word] = THEMES[theme];
	const b = byId('theme');

	byId('dark').media = media;
	setText(b.querySelector('.glyph'), glyph);
	setText(b.querySelector('.word'), word);
	b.title = 'Colours: ' + word.toLowerCase();
	b.setAttribute('aria-label', b.title);
	trends.charts.forEach((c) => c.plot && c.plot.redraw(false));
	return theme;
}

function beginLooks()
{
	const names = Object.keys(THEMES);
	const dark = matchMedia('(prefers-color-scheme: dark)');
	let theme = setTheme(localStorage.getItem(THEME_KEY));

	byId('theme').addEventListener('click', () => {
		theme = setTheme(names[(names.indexOf(theme) + 1) % names.length]);
		localStorage.setItem(THEME_KEY, theme);
	});
	dark.addEventListener('change', () => setTheme(theme));
	setText(byId('where'), location.host);
}

async function begin()
{
	beginLooks();
	await control.begin();
	await poll();
	listen();
	document.addEventListener('visibilitychange', () => { if (!document.hidden) poll(); });
	setInterval(() => {
		if (now.heard_ms && Date.now() - now.heard_ms > LATE_MS &&
		    !document.hidden && document.body.dataset.link === 'live')
			showLink('late');
	}, 1000);
}

begin();
