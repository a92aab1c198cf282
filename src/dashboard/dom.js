// SPDX-License-Identifier: GPL-3.0-or-later
// The page's only ways to write into itself.  Whatever came from the rig goes through text
// nodes: names of pools and reasons of failures are other people's words.

function byId(id)
{
	return document.getElementById(id);
}

// el('dd', 'big', 'text'): text may be left out.
function el(tag, className = '', text = '')
{
	const node = document.createElement(tag);

	if (className)
		node.className = className;
	if (text)
		node.textContent = text;
	return node;
}

// Only what changed is touched, or screen readers and selections would suffer.
function setText(node, text)
{
	if (node.textContent !== text)
		node.textContent = text;
}

function setData(node, name, value)
{
	if (node.dataset[name] !== value)
		node.dataset[name] = value;
}

function setHidden(node, hidden)
{
	if (node.hidden !== hidden)
		node.hidden = hidden;
}

function button(text, className, onClick)
{
	const b = el('button', className, text);

	b.type = 'button';
	b.addEventListener('click', onClick);
	return b;
}

// A row of buttons of which one is pressed; calls back with its data-value.
function onSwitch(id, choose)
{
	const box = byId(id);

	box.addEventListener('click', (e) => {
		const chosen = e.target.closest('button');

		if (!chosen)
			return;
		press(id, chosen.dataset.value);
		choose(chosen.dataset.value);
	});
}

function press(id, value)
{
	for (const b of byId(id).querySelectorAll('button'))
		b.setAttribute('aria-pressed', String(b.dataset.value === value));
}

let toastTimer = 0;

function toast(text, bad = false)
{
	const box = byId('toast');

	setText(box, text);
	setData(box, 'level', bad ? 'bad' : 'good');
	box.classList.add('shown');
	clearTimeout(toastTimer);
	toastTimer = setTimeout(() => box.classList.remove('shown'), bad ? 9000 : 4000);
}

function alarm(text)
{
	byId('alarm').textContent = text;
}
