import { StoreElement, h, setText } from '../shared/element.js';

/** How many are drawn of what was approved; the moderators' page has all. */
const MOST = 40;
/** @type {Record<string, number>} */
const order = { used: 0, picked: 1, approved: 2 };

/** What was approved of what the audience wrote: the producer's list for the screens. */
class Picks extends StoreElement {
  #head = h('h2', { class: 'panel-head' }, 'From the audience');
  #note = h('p', { class: 'picks-note' });
  #list = h('ol', { class: 'picks' });
  #drawn = '';

  build() {
    this.append(this.#head, this.#note, this.#list);
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ items, told, desk }) {
    const shown = [...items.values()].filter((item) => item.state in order);
    this.hidden = !told || (!shown.length && !told.counts.waiting);
    if (!told || this.hidden) return;
    setText(this.#note, `${told.counts.waiting} waiting for a moderator${told.paused ? ` · paused by ${told.paused}` : ''}`);
    const rank = (/** @type {import('../sdk/wire.js').ItemView} */ item) => (item.id === told.on_air ? -1 : order[item.state]);
    shown.sort((a, b) => rank(a) - rank(b) || (b.upvotes ?? 0) - (a.upvotes ?? 0) || a.at - b.at);
    const text = JSON.stringify([told.on_air, desk?.program?.run, shown.slice(0, MOST).map(({ id, v, upvotes }) => [id, v, upvotes])]);
    if (text === this.#drawn) return;
    this.#drawn = text;
    this.#list.replaceChildren(...shown.slice(0, MOST).map((item) => this.#line(item, item.id === told.on_air, item.run === desk?.program?.run)));
  }

  /** @param {import('../sdk/wire.js').ItemView} item @param {boolean} on it is the one for the screens @param {boolean} seen its cue is on program, too */
  #line(item, on, seen) {
    const it = { id: item.id, v: item.v };
    const button = (/** @type {string} */ label, /** @type {Record<string, unknown> & { do: string }} */ act) =>
      h('button', { type: 'button', class: 'pick-act', 'aria-label': `${label}: ${item.text}`, onclick: () => StoreElement.desk?.moderate(act) }, label);
    const acts = [];
    if (item.state !== 'picked' && !on) acts.push(button('Pick', { do: 'pick', items: [it] }));
    if (item.state === 'picked') acts.push(button('Use', { do: 'use', item: it }), button('Unpick', { do: 'unpick', items: [it] }));
    if (on) acts.push(button('Take off', { do: 'unpick', items: [it] }));
    acts.push(button('Pull', { do: 'pull', items: [item.id] }));
    const state = on ? (seen ? '● On the screens' : '○ Not seen: its cue is not on') : { approved: 'Approved', picked: 'Picked', used: 'Used' }[/** @type {string} */ (item.state)] ?? '';
    const note = [state, item.upvotes ? `▲ ${item.upvotes}` : '', `cue ${item.cue}`].filter(Boolean).join(' · ');
    return h('li', { class: 'pick', 'data-on': on && seen }, h('p', { dir: 'auto' }, item.text), h('p', { class: 'pick-note' }, note), h('div', { class: 'pick-acts' }, ...acts));
  }
}

customElements.define('tl-picks', Picks);
