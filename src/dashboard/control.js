// SPDX-License-Identifier: GPL-3.0-or-later
// What may be done from the page, once the write token is given.

const WRONG_TOKEN = {
	401: 'That is not the write token of this rig (or it was started without --api-token-file).',
	403: 'The rig refuses requests from this address.',
	429: 'Too many wrong tokens: wait a minute, then try again.',
};

function problemText(e)
{
	if (e.status === 401 || e.status === 403 || e.status === 429)
		return WRONG_TOKEN[e.status];
	if (e instanceof RigError)
		return e.message;
	return 'The rig does not answer.';
}

class Control {
	// refresh: asks the rig again, at once.
	constructor(refresh)
	{
		this.refresh = refresh;
		this.summary = null;
		this.tuned = null;
		byId('unlock').addEventListener('click', () => this.openUnlock());
		byId('lock').addEventListener('click', () => this.lock());
		byId('pause-all').addEventListener('click', () => this.pauseAll());
		byId('reload').addEventListener('click', () =>
			this.tell('miner.reload', {}, 'Settings are read again'));
		byId('quit').addEventListener('click', () => byId('quit-dialog').showModal());
		for (const name of ['pause', 'restart'])
			byId('tune-' + name).addEventListener('click', () => {
				byId('tune-dialog').close();
				this[name](this.tuned.device);
			});
		onSubmit('unlock-form', () => this.unlock());
		onSubmit('quit-form', () => this.quit());
		onSubmit('tune-form', () => this.applyTune());
		for (const b of document.querySelectorAll('[data-close]'))
			b.addEventListener('click', () => b.closest('dialog').close());
	}

	// Whoever's right may have come or gone.
	show()
	{
		setHidden(byId('rig-actions'), !access.write);
		setHidden(byId('unlock'), access.write);
		setHidden(byId('lock'), !access.token);
	}

	// A token kept from before, or one that the browser itself sends.
	async begin()
	{
		try {
			access.write = await mayWrite(access.token);
		} catch (e) {
			if (access.token && e.status === 401)
				keepToken('');
		}
		this.show();
	}

	openUnlock()
	{
		byId('token').value = '';
		setText(byId('unlock-problem'), '');
		byId('unlock-dialog').showModal();
		byId('token').focus();
	}

	async unlock()
	{
		const token = byId('token').value.trim();
		const problem = byId('unlock-problem');

		setText(problem, '');
		if (!/^[\x21-\x7e]+$/.test(token)) {
			setText(problem, 'A token has no blanks and no letters beyond ASCII.');
			return;
		}
		try {
			if (!await mayWrite(token)) {
				setText(problem, 'That token may watch but change nothing; the write token is wanted.');
				return;
			}
		} catch (e) {
			setText(problem, problemText(e));
			return;
		}
		keepToken(token);
		access.write = true;
		byId('token').value = '';
		byId('unlock-dialog').close();
		this.show();
		toast('Controls are unlocked in this tab');
		this.refresh();
	}

	lock(why = 'Controls are locked')
	{
		keepToken('');
		access.write = false;
		this.show();
		toast(why);
		this.refresh();
	}

	// true: it was done.
	async tell(method, params, done)
	{
		try {
			await call(method, params);
			toast(done);
		} catch (e) {
			if (e.status === 401)
				this.lock('The token is no longer valid: controls are locked');
			else
				toast(problemText(e), true);
			return false;
		}
		this.refresh();
		return true;
	}

	pauseAll()
	{
		const on = this.summary && this.summary.paused;

		this.tell(on ? 'miner.resume' : 'miner.pause', {}, on ? 'All go on' : 'All are paused');
	}

	pause(d)
	{
		const on = d.state === 'paused';

		this.tell(on ? 'device.resume' : 'device.pause', {device: d.index},
			`${d.id} ${on ? 'goes on' : 'is paused'}`);
	}

	restart(d)
	{
		this.tell('device.restart', {device: d.index}, `${d.id} is being restarted`);
	}

	use(p)
	{
		this.tell('pool.switch', {pool: p.index}, `Switching to ${poolName(p.url || '')}`);
	}

	able(p)
	{
		const on = p.state === 'disabled';

		this.tell(on ? 'pool.enable' : 'pool.disable', {pool: p.index},
			`${poolName(p.url || '')} is ${on ? 'enabled' : 'disabled'}`);
	}

	async quit()
	{
		byId('quit-dialog').close();
		await this.tell('miner.quit', {}, 'Adit is ending');
	}

	// ---- settings of one device ----

	tune(d)
	{
		const now = {log2: d.intensity, watts: d.sensors.limit_w, celsius: d.target_c};

		this.tuned = {device: d, was: {}};
		setText(byId('tune-device'), d.id || 'device ' + d.index);
		setText(byId('tune-problem'), '');
		setText(byId('tune-pause'), d.state === 'paused' ? 'Resume' : 'Pause');
		for (const name of ['log2', 'watts', 'celsius']) {
			const text = isKnown(now[name]) && now[name] > 0 ? String(now[name]) : '';

			byId('tune-' + name).value = text;
			byId('tune-' + name).placeholder = 'as configured';
			this.tuned.was[name] = text;
		}
		byId('tune-dialog').showModal();
	}

	// What was changed, one by one; the first that is refused ends it.
	async applyTune()
	{
		const methods = {log2: 'device.set_intensity', watts: 'device.set_power_limit',
			celsius: 'device.set_temp_target'};
		const {device, was} = this.tuned;
		let n = 0;

		for (const name of Object.keys(methods)) {
			const text = byId('tune-' + name).value.trim();

			if (text === was[name])
				continue;
			try {
				await call(methods[name], {device: device.index, [name]: Number(text) || 0});
			} catch (e) {
				setText(byId('tune-problem'), problemText(e));
				byId('tune-' + name).focus();
				return;
			}
			was[name] = text;
			n++;
		}
		byId('tune-dialog').close();
		toast(n ? `${device.id}: set` : 'Nothing was changed');
		this.refresh();
	}
}

// Forms go nowhere: what they say is sent by fetch.  A second press waits for the first.
function onSubmit(id, act)
{
	const form = byId(id);

	form.addEventListener('submit', async (e) => {
		e.preventDefault();
		if (form.dataset.busy)
			return;
		form.dataset.busy = '1';
		await act();
		delete form.dataset.busy;
	});
}
