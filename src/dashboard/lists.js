// SPDX-License-Identifier: GPL-3.0-or-later
// The pools and the events.

const POOL_LEVELS = {active: 'good', standby: 'wait', connecting: 'warn', down: 'bad', disabled: 'idle',
	unused: 'idle'};

// One that was never needed is not down.
function poolState(p)
{
	return p.state === 'down' && !p.connects && !p.last_error ? 'unused' : p.state;
}

const EVENTS_SHOWN = 300;

class PoolList {
	constructor(actions)
	{
		this.actions = actions;
		this.rows = [];
	}

	row()
	{
		const tr = el('tr');
		const row = {tr, name: el('p', 'text pool'), note: el('p', 'text note'),
			state: el('span', 'state'), difficulty: el('td', 'num'), jobs: el('td', 'num'),
			drops: el('td', 'num'), acts: el('td', 'acts'), pool: null};
		const first = el('th'), second = el('td'), group = el('div', 'actions');

		first.scope = 'row';
		first.append(row.name, row.note);
		second.append(row.state);
		row.use = button('Use', '', () => this.actions.use(row.pool));
		row.able = button('Disable', 'quiet', () => this.actions.able(row.pool));
		group.append(row.use, row.able);
		row.acts.append(group);
		tr.append(first, second, row.difficulty, row.jobs, row.drops, row.acts);
		return row;
	}

	show(pools, write)
	{
		while (this.rows.length < pools.length)
			this.rows.push(this.row());
		this.rows.length = pools.length;
		const body = byId('pool-rows');
		if (body.childElementCount !== this.rows.length)
			body.replaceChildren(...this.rows.map((r) => r.tr));
		setHidden(document.querySelector('.pools thead .acts'), !write);
		pools.forEach((p, i) => this.fill(this.rows[i], p, write));
	}

	fill(row, p, write)
	{
		const off = p.state === 'disabled';
		const note = [p.user, p.where, p.active ? '' : p.last_error].filter(Boolean).join(' · ');

		row.pool = p;
		setText(row.name, p.url ? poolName(p.url) : UNKNOWN);
		row.name.title = p.url || '';
		setText(row.note, note);
		row.note.title = note;
		setText(row.state, poolState(p));
		setData(row.state, 'level', POOL_LEVELS[poolState(p)] || 'warn');
		setText(row.difficulty, difficultyText(p.difficulty));
		setText(row.jobs, countText(p.jobs));
		setText(row.drops, countText(p.drops));
		setHidden(row.acts, !write);
		row.use.disabled = p.active || off;
		setText(row.able, off ? 'Enable' : 'Disable');
		row.use.setAttribute('aria-label', 'Use ' + row.name.textContent);
		row.able.setAttribute('aria-label', row.able.textContent + ' ' + row.name.textContent);
	}
}

class EventList {
	constructor()
	{
		this.last = 0;
		this.kept = [];
		this.box = byId('event-list');
		this.live = false; // later ones are new to the reader
		byId('with-shares').addEventListener('change', () => this.rebuild());
		this.rebuild();
	}

	// A new run counts from the beginning.
	restart()
	{
		this.last = 0;
	}

	wanted(e)
	{
		return byId('with-shares').checked || e.name !== 'share' || e.severity !== 'info';
	}

	// false: it was there already.
	add(e)
	{
		if (!e || !Number.isInteger(e.id) || e.id <= this.last)
			return false;
		this.last = e.id;
		this.put(e);
		return true;
	}

	put(e)
	{
		this.kept.push(e);
		if (this.kept.length > 2 * EVENTS_SHOWN)
			this.kept.splice(0, EVENTS_SHOWN);
		if (!this.wanted(e))
			return;
		if (this.box.firstElementChild && this.box.firstElementChild.classList.contains('none'))
			this.box.replaceChildren();
		this.box.prepend(this.item(e));
		while (this.box.childElementCount > EVENTS_SHOWN)
			this.box.lastElementChild.remove();
		if (this.live && e.severity === 'error')
			alarm([e.device, e.name, e.text].filter(Boolean).join(', '));
	}

	item(e)
	{
		const li = el('li', 'event');
		const time = el('time', '', timeText(e.at_ms));

		time.dateTime = new Date(e.at_ms).toISOString();
		time.title = dateText(e.at_ms);
		li.dataset.level = {error: 'bad', warning: 'warn'}[e.severity] || 'info';
		li.dataset.name = String(e.name);
		li.append(time, el('span', 'what', String(e.name)), el('span', 'device text', e.device || 'rig'),
			el('span', 'text says', e.text || ''));
		return li;
	}

	// n: null after a new beginning, when nobody can say.
	missed(n)
	{
		if (!isKnown(n))
			this.restart();
		this.put({at_ms: Date.now(), name: 'lost', device: '', severity: 'warning',
			text: isKnown(n) ? `${n} events came too fast to be told`
				: 'The rig was started again: events before that may be missing'});
	}

	rebuild()
	{
		const items = this.kept.filter((e) => this.wanted(e)).slice(-EVENTS_SHOWN).reverse()
			.map((e) => this.item(e));

		this.box.replaceChildren(...(items.length ? items : [el('li', 'none', 'Nothing has happened yet.')]));
	}
}
