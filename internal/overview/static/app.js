'use strict';
// The page of package overview. All text of the tree reaches the document by
// textContent, never as markup.

const $ = id => document.getElementById(id);
const el = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text !== undefined) e.textContent = text; return e; };
const count = (n, one, many) => n.toLocaleString('en') + ' ' + (n === 1 ? one : many || one + 's');

function bytes(n) {
  if (n < 1024) return n + ' B';
  let u = -1;
  do { n /= 1024; u++; } while (n >= 1023.95 && u < 5);
  return n.toFixed(1) + ' ' + ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'][u];
}

// List shows the rows of items that are in sight: any number costs the same.
class List {
  constructor(box, draw, act) {
    this.box = box; this.draw = draw; this.act = act || (() => {}); this.items = []; this.at = 0;
    this.space = box.appendChild(el('div', 'space'));
    box.addEventListener('scroll', () => this.paint());
    new ResizeObserver(() => this.paint()).observe(box);
    box.addEventListener('click', ev => { const r = ev.target.closest('.row'); if (r) this.choose(+r.dataset.i, 'Enter'); });
    box.addEventListener('keydown', ev => this.key(ev));
  }
  get height() { return parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--row')) * parseFloat(getComputedStyle(document.documentElement).fontSize); }
  set(items, at = 0) {
    this.items = items; this.at = Math.max(0, Math.min(at, items.length - 1));
    this.space.style.height = items.length * this.height + 'px';
    this.paint();
  }
  key(ev) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.height) - 1);
    const to = { ArrowDown: this.at + 1, ArrowUp: this.at - 1, PageDown: this.at + page, PageUp: this.at - page, Home: 0, End: this.items.length - 1 }[ev.key];
    if (to !== undefined) this.choose(to);
    else if (['Enter', ' ', 'ArrowRight', 'ArrowLeft'].includes(ev.key)) this.choose(this.at, ev.key);
    else return;
    ev.preventDefault();
  }
  choose(i, key) {
    if (!this.items.length) return;
    this.at = Math.max(0, Math.min(i, this.items.length - 1));
    const h = this.height, top = this.at * h;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    if (top + h > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = top + h - this.box.clientHeight;
    this.act(this.items[this.at], key, this.at);
    this.paint();
  }
  paint() {
    const h = this.height, from = Math.max(0, Math.floor(this.box.scrollTop / h) - 5);
    const to = Math.min(this.items.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / h) + 5);
    const rows = [];
    for (let i = from; i < to; i++) {
      const r = this.draw(this.items[i]);
      r.classList.add('row');
      r.dataset.i = i; r.id = this.box.id + '-' + i; r.style.top = i * h + 'px';
      r.setAttribute('aria-selected', i === this.at);
      r.setAttribute('aria-setsize', this.items.length); r.setAttribute('aria-posinset', i + 1);
      rows.push(r);
    }
    this.space.replaceChildren(...rows);
    if (this.items.length) this.box.setAttribute('aria-activedescendant', this.box.id + '-' + this.at);
    else this.box.removeAttribute('aria-activedescendant');
  }
}

// Folders are sorted names seen as directories. The names below one directory lie
// side by side, so a directory is a range of them and is made when it is opened.
class Folders {
  constructor(names, weight) {
    this.names = names;
    this.sums = new Float64Array(names.length + 1);
    for (let i = 0; i < names.length; i++) this.sums[i + 1] = this.sums[i] + weight(i);
    this.open = new Set([0]);
  }
  end(prefix, from, last) {
    let lo = from, step = 1;
    while (lo + step < last && this.names[lo + step].startsWith(prefix)) { lo += step; step *= 2; }
    for (; step >= 1; step = Math.floor(step / 2)) if (lo + step < last && this.names[lo + step].startsWith(prefix)) lo += step;
    return lo + 1;
  }
  children(from, to, prefix, depth) {
    const out = [];
    for (let i = from; i < to;) {
      const cut = this.names[i].indexOf('/', prefix.length);
      if (cut < 0 || cut === this.names[i].length - 1) { out.push({ from: i, to: i + 1, name: this.names[i].slice(prefix.length), depth, leaf: true }); i++; continue; }
      const below = this.names[i].slice(0, cut + 1), end = this.end(below, i, to);
      out.push({ from: i, to: end, name: this.names[i].slice(prefix.length, cut + 1), prefix: below, depth });
      i = end;
    }
    return out;
  }
  rows(opened) {
    const out = [];
    const walk = (from, to, prefix, depth) => {
      for (const n of this.children(from, to, prefix, depth)) {
        out.push(n);
        if (!n.leaf && opened.has(n.prefix)) walk(n.from, n.to, n.prefix, depth + 1);
      }
    };
    walk(0, this.names.length, '', 0);
    return out;
  }
  weight(n) { return this.sums[n.to] - this.sums[n.from]; }
}

const treeRow = (n, opened) => {
  const r = el('div');
  r.setAttribute('role', 'treeitem'); r.setAttribute('aria-level', n.depth + 1);
  if (!n.leaf) r.setAttribute('aria-expanded', opened.has(n.prefix));
  r.style.paddingLeft = 1 + n.depth * 1.1 + 'rem';
  r.append(el('span', 'fold', n.leaf ? '' : opened.has(n.prefix) ? '▾' : '▸'), el('span', 'name', n.name));
  return r;
};

const turn = (opened, n, key) => {
  if (n.leaf || !key) return false;
  const is = opened.has(n.prefix);
  if (key === 'ArrowRight' && is || key === 'ArrowLeft' && !is) return false;
  is ? opened.delete(n.prefix) : opened.add(n.prefix);
  return true;
};

const views = {};

function files(d) {
  const sizes = d.sizes, tree = new Folders(d.keys, i => Math.max(0, sizes[i])), opened = new Set();
  const linkAt = new Map(d.links.map(l => [l.k, l]));
  const whole = tree.sums[d.keys.length] || 1;
  const label = i => sizes[i] >= 0 ? bytes(sizes[i]) : '';
  const list = new List($('files'), n => {
    const r = treeRow(n, opened), i = n.from, l = n.leaf && linkAt.get(i);
    if (l) r.append(el('span', 'to', l.t ? '→ ' + l.t : l.p || ''), el('span', 'tag ' + l.s, l.s));
    const part = el('span', 'part'), fill = part.appendChild(el('i'));
    fill.style.width = 100 * tree.weight(n) / whole + '%';
    if (!l) r.append(part);
    r.append(el('span', 'many', n.leaf ? '' : count(n.to - n.from, 'entry', 'entries')), el('span', 'size', n.leaf ? label(i) : bytes(tree.weight(n))));
    return r;
  }, (n, key, at) => {
    if (n.leaf && key === 'Enter' && linkAt.has(n.from)) { show('links'); views.links.select(n.from); return; }
    if (turn(opened, n, key)) list.set(tree.rows(opened), at);
  });
  return {
    chips: [],
    filter(text) {
      if (!text) { list.set(tree.rows(opened)); return d.keys.length; }
      const out = [], want = text.toLowerCase();
      for (let i = 0; i < d.keys.length; i++) if (d.lower[i].includes(want)) out.push({ from: i, to: i + 1, name: d.keys[i], depth: 0, leaf: true });
      list.set(out);
      return out.length;
    },
  };
}

function links(d) {
  const to = new Map(), keyOf = l => d.keys[l.k], at = new Map(d.links.map(l => [keyOf(l), l]));
  const plain = t => t && t.endsWith('/') ? t.slice(0, -1) : t;
  for (const l of d.links) if (l.t) { const t = plain(l.t); to.has(t) ? to.get(t).push(l) : to.set(t, [l]); }
  const lower = d.links.map(l => d.lower[l.k] + '\n' + (l.t || '').toLowerCase());
  const list = new List($('links'), l => {
    const r = el('div');
    r.setAttribute('role', 'option');
    r.append(el('span', 'name', keyOf(l)), el('span', 'to', l.t ? '→ ' + l.t + (l.f ? ' ⇒ ' + l.f : '') : l.p || ''), el('span', 'tag ' + l.s, l.s));
    return r;
  }, l => picture(l));
  const picture = l => {
    const box = $('picture'), chain = [keyOf(l)], seen = new Set(chain);
    for (let k = l; k && k.t; k = at.get(plain(k.t))) { const t = plain(k.t); chain.push(k.t); if (seen.has(t)) break; seen.add(t); }
    const before = to.get(keyOf(l)) || [];
    const out = [el('h2', '', keyOf(l)), el('p', l.s, explain(l)), draw(before.map(keyOf), chain, l.s)];
    if (before.length) {
      out.push(el('h2', '', count(before.length, 'link leads', 'links lead') + ' here'));
      const ul = el('ul');
      for (const b of before.slice(0, 200)) { const go = el('button', '', keyOf(b)); go.onclick = () => views.links.select(b.k); ul.appendChild(el('li')).append(go); }
      if (before.length > 200) ul.append(el('li', 'hint', 'and ' + count(before.length - 200, 'more', 'more')));
      out.push(ul);
    }
    box.replaceChildren(...out);
  };
  const kinds = [...new Set(d.links.map(l => l.s))].sort();
  let shown = [];
  return {
    chips: kinds.map(k => [k, d.links.reduce((n, l) => n + (l.s === k), 0)]),
    filter(text, kinds) {
      const want = text.toLowerCase();
      shown = d.links.filter((l, i) => (!kinds.size || kinds.has(l.s)) && (!want || lower[i].includes(want)));
      list.set(shown);
      return shown.length;
    },
    select(k) {
      let i = shown.findIndex(l => l.k === k);
      if (i < 0) { $('filter').value = ''; chosen.clear(); refresh(); i = shown.findIndex(l => l.k === k); }
      list.choose(i);
    },
  };
}

const explain = l => ({
  file: 'Leads to a file.', dir: 'Leads to a directory.', url: 'Leads to another site.', chain: 'Leads on over other links: a visitor is redirected ' + l.h + ' times.',
  ring: 'Leads back to itself: a browser gives up.', dangling: 'Leads to nothing: a visitor gets a 404.', refused: 'Cannot be copied: ' + (l.p || 'unknown') + '.',
})[l.s];

// draw shows the links before one, and the chain after it, from left to right.
function draw(before, chain, status) {
  const NS = 'http://www.w3.org/2000/svg', s = (n, a) => { const e = document.createElementNS(NS, n); for (const k in a) e.setAttribute(k, a[k]); return e; };
  const short = t => t.length > 28 ? t.slice(0, 12) + '…' + t.slice(-15) : t;
  const few = before.slice(0, 6), W = 220, H = 34, down = 46;
  const rows = Math.max(few.length, chain.length), svg = s('svg', { viewBox: `0 0 ${W * 2 + 60} ${Math.max(1, rows) * down + 10}`, width: W * 2 + 60, role: 'img' });
  svg.setAttribute('aria-label', (few.length ? few.join(', ') + ' lead to ' : '') + chain.join(', which leads to '));
  const box = (x, y, text, cls) => {
    const g = s('g', { class: cls }), t = s('text', { x: x + 10, y: y + 22 }), full = s('title', {});
    t.textContent = short(text); full.textContent = text;
    g.append(s('rect', { x, y, width: W, height: H, rx: 5 }), t, full);
    svg.append(g);
  };
  const x = few.length ? W + 50 : 5;
  few.forEach((b, i) => { svg.append(s('path', { d: `M${W + 5} ${i * down + 22} C${W + 30} ${i * down + 22} ${x - 20} 22 ${x} 22` })); box(5, i * down + 5, b, ''); });
  chain.forEach((c, i) => {
    if (i) svg.append(s('path', { d: `M${x + W / 2} ${(i - 1) * down + 39} V${i * down + 5} m-4 -6 l4 6 l4 -6` }));
    const last = i === chain.length - 1;
    box(x, i * down + 5, c, i === 0 ? 'here' : last && (status === 'ring' || status === 'dangling') ? 'wrong' : '');
  });
  return svg;
}

function changes(d) {
  const all = d.changes.slice().sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
  const tree = new Folders(all.map(c => c.key), i => Math.max(0, all[i].size)), opened = new Set(), lower = all.map(c => c.key.toLowerCase());
  $('cost').textContent = 'A copy from ' + d.source + ' would make these changes.' + (d.cost ? ' ' + d.cost : '');
  const change = i => {
    const c = all[i];
    return [el('span', 'to', c.why), el('span', 'tag ' + c.op, c.op), el('span', 'size', (c.old >= 0 ? bytes(c.old) + ' → ' : '') + (c.size >= 0 ? bytes(c.size) : ''))];
  };
  const list = new List($('changes'), n => {
    const r = treeRow(n, opened);
    if (n.leaf) r.append(...change(n.from)); else r.append(el('span', 'many', count(n.to - n.from, 'change')), el('span', 'size', bytes(tree.weight(n))));
    return r;
  }, (n, key, at) => { if (turn(opened, n, key)) list.set(tree.rows(opened), at); });
  const ops = [...new Set(all.map(c => c.op))].sort();
  return {
    chips: ops.map(o => [o, all.reduce((n, c) => n + (c.op === o), 0)]),
    filter(text, kinds) {
      if (!text && !kinds.size) { list.set(tree.rows(opened)); return all.length; }
      const want = text.toLowerCase(), out = [];
      for (let i = 0; i < all.length; i++) if ((!kinds.size || kinds.has(all[i].op)) && lower[i].includes(want)) out.push({ from: i, to: i + 1, name: all[i].key, depth: 0, leaf: true });
      list.set(out);
      return out.length;
    },
  };
}

const chosen = new Set();
let current = 'files';

function refresh() {
  const n = views[current].filter($('filter').value, chosen);
  $('count').textContent = $('filter').value || chosen.size ? count(n, 'match', 'matches') : '';
}

function show(name) {
  current = name;
  chosen.clear();
  for (const tab of document.querySelectorAll('[role=tab]')) {
    const on = tab.id === 'tab-' + name;
    tab.setAttribute('aria-selected', on);
    tab.tabIndex = on ? 0 : -1;
    $(tab.getAttribute('aria-controls')).hidden = !on;
  }
  $('chips').replaceChildren(...views[name].chips.map(([kind, n]) => {
    const c = el('button', 'chip ' + kind, kind + ' ' + n.toLocaleString('en'));
    c.setAttribute('aria-pressed', 'false');
    c.onclick = () => { const on = !chosen.delete(kind); if (on) chosen.add(kind); c.setAttribute('aria-pressed', on); refresh(); };
    return c;
  }));
  refresh();
}

function start(d) {
  d.lower = d.keys.map(k => k.toLowerCase());
  const total = d.sizes.reduce((n, s) => n + Math.max(0, s), 0), wrong = d.links.filter(l => ['ring', 'dangling', 'refused'].includes(l.s)).length;
  document.title = d.tree + ' · s3fc';
  $('tree').textContent = d.tree;
  $('sum').textContent = count(d.keys.length - d.links.length, 'file') + ' (' + bytes(total) + '), ' + count(d.links.filter(l => l.t).length, 'link') + (wrong ? ', ' + wrong.toLocaleString('en') + ' with a problem' : '');
  $('n-links').textContent = d.links.length.toLocaleString('en');
  views.files = files(d);
  views.links = links(d);
  if (d.changes) { views.changes = changes(d); $('tab-changes').hidden = false; $('n-changes').textContent = d.changes.length.toLocaleString('en'); }
  for (const e of d.errors) $('errors').querySelector('ul').append(el('li', '', e));
  $('errors').hidden = !d.errors.length;
  const tabs = [...document.querySelectorAll('[role=tab]')].filter(t => !t.hidden);
  tabs.forEach((t, i) => {
    t.onclick = () => show(t.id.slice(4));
    t.onkeydown = ev => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[ev.key];
      if (to === undefined) return;
      const t = tabs[(to + tabs.length) % tabs.length];
      t.focus(); t.click(); ev.preventDefault();
    };
  });
  $('filter').oninput = refresh;
  document.addEventListener('keydown', ev => { if (ev.key === '/' && document.activeElement !== $('filter')) { $('filter').focus(); ev.preventDefault(); } });
  show('files');
  document.body.dataset.ready = 'yes';
}

fetch('data.json').then(async r => {
  if (!r.ok) throw new Error(await r.text());
  return r.json();
}).then(start).catch(err => { $('sum').textContent = 'The tree cannot be shown: ' + err.message; $('sum').className = 'error'; });
