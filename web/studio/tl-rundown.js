import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { listed } from './state.js';

/** The rundown by segments: what is on program (now), what is on standby (next), and which cue the keys have selected. */
class Rundown extends StoreElement {
  #list = h('div', { class: 'rundown-list', role: 'listbox', tabindex: 0, 'aria-label': 'Cues' });
  #built = '';
  /** What was brought into sight, on program and selected. @type {string|undefined} */
  #now;
  /** @type {string|undefined} */
  #selected;
  /** For producers. */
  #edits = h('div', { class: 'rundown-edits', hidden: true }, h('tl-action', { name: 'add' }), h('tl-action', { name: 'edit' }));
  #saver = h('button', { type: 'button', class: 'link-button', hidden: true, onclick: () => StoreElement.desk?.save('Show file', 'file', `${StoreElement.desk.show}.toml`) }, 'Save as file');

  build() {
    this.append(h('div', { class: 'rundown-head' }, h('h2', { class: 'panel-head' }, 'Rundown'), this.#saver), this.#list,
      h('div', { class: 'rundown-foot' }, this.#edits, h('tl-action', { name: 'back' }), h('tl-action', { name: 'next' }), h('tl-action', { name: 'standby' })));
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ desk, selected, me }) {
    if (!desk) return;
    const edits = me?.role === 'producer';
    this.#edits.hidden = !edits;
    this.#saver.hidden = !edits;
    const shape = JSON.stringify(desk.cues);
    if (shape !== this.#built) this.#make(listed(desk), shape);
    for (const row of this.#list.querySelectorAll('.cue')) {
      const number = /** @type {HTMLElement} */ (row).dataset.cue;
      const is = number === desk.program?.cue ? 'now' : number === desk.standby?.cue ? 'next' : undefined;
      // What comes on program is in sight, whoever took it.
      if (is === 'now' && number !== this.#now) this.#show(row);
      setAttribute(row, 'data-is', is);
      setText(row.querySelector('.cue-is'), is === 'now' ? '● Now' : is === 'next' ? '▸ Next' : '');
      const chosen = number === selected;
      // By one's own keys, but for the first.
      if (chosen && this.#selected && number !== this.#selected) row.scrollIntoView({ block: 'nearest' });
      setAttribute(row, 'aria-selected', String(chosen));
      if (chosen) setAttribute(this.#list, 'aria-activedescendant', row.id);
    }
    [this.#now, this.#selected] = [desk.program?.cue, selected];
  }

  /** Only the list moves: the page has the buttons of the show, and a finger on its way to them. @param {Element} row */
  #show(row) {
    const [list, own] = [this.#list.getBoundingClientRect(), row.getBoundingClientRect()];
    this.#list.scrollTop += Math.min(0, own.top - list.top) + Math.max(0, own.bottom - list.bottom);
  }

  /** @param {import('../sdk/wire.js').CueView[]} cues @param {string} shape */
  #make(cues, shape) {
    this.#built = shape;
    /** @type {HTMLElement[]} */
    const groups = [];
    for (const [i, cue] of cues.entries()) {
      // In the order of the show: a segment that comes again is another group.
      const name = (/** @type {import('../sdk/wire.js').CueView} */ one) => (one.adlib ? 'Ad lib' : one.segment);
      const same = i > 0 && name(cues[i - 1]) === name(cue);
      const group = same ? groups[groups.length - 1] : h('div', { role: 'group', 'aria-label': name(cue) || 'Cues', class: cue.adlib ? 'shelf' : undefined }, h('p', { class: 'segment', 'aria-hidden': 'true' }, name(cue)));
      if (!same) groups.push(group);
      // First: a narrow rundown cuts the end off.
      const how = [cue.carry_from ? `carries over from ${cue.carry_from}` : '', cue.window_s ? `${cue.window_s} s` : 'by hand', cue.opens_on_take ? 'opens on take' : 'opens by hand', cue.votes > 1 ? `${cue.votes} votes` : ''].filter(Boolean).join(' · ');
      group.append(h('div', {
        class: 'cue', id: `cue-${i}`, role: 'option', 'data-cue': cue.number, 'aria-selected': 'false',
        onclick: () => StoreElement.store?.set({ selected: cue.number }),
        ondblclick: () => StoreElement.desk?.send({ do: 'standby', cue: cue.number }),
      },
      h('span', { class: 'cue-number' }, cue.number),
      h('span', { class: 'cue-text' }, h('span', { class: 'cue-title' }, cue.title), h('span', { class: 'cue-question' }, cue.question === cue.title ? '' : cue.question), h('span', { class: 'cue-how' }, how)),
      h('span', { class: 'cue-is' })));
    }
    this.#list.replaceChildren(...groups);
  }
}

customElements.define('tl-rundown', Rundown);
