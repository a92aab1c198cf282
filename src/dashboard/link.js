// SPDX-License-Identifier: GPL-3.0-or-later
// Talking with the rig: JSON-RPC by POST, and the stream of events.

const TOKEN_KEY = 'adit-token';
const LIMIT_MS = 10000;
const STREAM_QUIET_MS = 45000; // the rig speaks every 15 s

class RigError extends Error {
	constructor(message, status, code)
	{
		super(message);
		this.status = status; // of HTTP
		this.code = code; // of JSON-RPC
	}
}

const access = {token: sessionStorage.getItem(TOKEN_KEY) || '', write: false};

function keepToken(token)
{
	access.token = token;
	if (token)
		sessionStorage.setItem(TOKEN_KEY, token);
	else
		sessionStorage.removeItem(TOKEN_KEY);
}

// Addresses are whole ones: that of a page opened as http://user:password@... cannot be fetched.
// A token of ours goes alone: the browser is not to ask for another if it is wrong.
function fetchOptions(token)
{
	return {
		headers: token ? {Authorization: 'Bearer ' + token} : {},
		credentials: token ? 'omit' : 'same-origin',
		cache: 'no-store',
	};
}

async function post(request, token)
{
	const options = fetchOptions(token);

	options.method = 'POST';
	options.headers['Content-Type'] = 'application/json';
	options.body = JSON.stringify(request);
	options.signal = AbortSignal.timeout(LIMIT_MS);
	const reply = await fetch(location.origin + '/rpc', options);
	if (!reply.ok)
		throw new RigError('HTTP ' + reply.status, reply.status, 0);
	return reply.json();
}

// Several reads in one request: results in their order; null where one failed.
async function readAll(calls)
{
	const replies = await post(calls.map(([method, params], id) =>
		({jsonrpc: '2.0', method, params: params || {}, id})), access.token);

	if (!Array.isArray(replies))
		throw new RigError('the answer is not of this protocol', 200, 0);
	return calls.map((call, id) => {
		const reply = replies.find((r) => r && r.id === id);

		return reply && 'result' in reply ? reply.result : null;
	});
}

async function call(method, params = {}, token = access.token)
{
	const reply = await post({jsonrpc: '2.0', method, params, id: 1}, token);

	if (reply.error)
		throw new RigError(String(reply.error.message), 200, reply.error.code);
	return reply.result;
}

// Asks for something that cannot be done: the way it is refused tells the right.
async function mayWrite(token)
{
	try {
		await call('device.pause', {}, token);
	} catch (e) {
		if (e.code === -32602)
			return true;
		if (e.code !== -32001)
			throw e;
	}
	return false;
}

// ---- events ----

// One message of text/event-stream; null where there is no data in it.
function parseMessage(text)
{
	const data = [];
	let name = '';

	for (const line of text.split(/\r\n|\n|\r/)) {
		if (line.startsWith('data:'))
			data.push(line.slice(5).trimStart());
		else if (line.startsWith('event:'))
			name = line.slice(6).trim();
	}
	if (!data.length)
		return null;
	try {
		return {name, data: JSON.parse(data.join('\n'))};
	} catch {
		return null;
	}
}

// Reads GET /events until it ends.  Not an EventSource: that one cannot send the token, and has
// to know every event's name beforehand.
async function readStream(since, onOpen, onMessage)
{
	const stop = new AbortController();
	const options = fetchOptions(access.token);
	let quiet = setTimeout(() => stop.abort(), STREAM_QUIET_MS);

	options.headers.Accept = 'text/event-stream';
	options.signal = stop.signal;
	try {
		const reply = await fetch(location.origin + '/events?since=' + since, options);
		const type = reply.headers.get('Content-Type') || '';

		if (!reply.ok || !type.startsWith('text/event-stream'))
			throw new RigError('no stream of events', reply.status, 0);
		onOpen();
		const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
		let rest = '';
		for (;;) {
			const {value, done} = await reader.read();

			if (done)
				return;
			clearTimeout(quiet);
			quiet = setTimeout(() => stop.abort(), STREAM_QUIET_MS);
			const parts = (rest + value).split(/\r\n\r\n|\n\n/);
			rest = parts.pop();
			if (rest.length > 65536)
				throw new RigError('no end of an event', 200, 0);
			for (const part of parts) {
				const message = parseMessage(part);

				if (message)
					onMessage(message);
			}
		}
	} finally {
		clearTimeout(quiet);
		stop.abort();
	}
}
