import { StoreElement, h } from '../shared/element.js';
import { timeOfDay } from '../shared/format.js';
import { verbs } from './words.js';

/** How many lines are drawn. */
const LINES = 60;

/** What really happened, newest first, and the way to take it away as a file. */
class AsRun extends StoreElement {
  #list = h('ol', { class: 'asrun', tabindex: 0, 'aria-label': 'As-run log, newest first' });
  #drawn = '';

  build() {
    const save = (/** @type {'csv'|'json'} */ format) => h('button', { type: 'button', class: 'link-button', onclick: () => StoreElement.desk?.save('As-run', `asrun${format === 'csv' ? '?format=csv' : ''}`, `${StoreElement.desk.show}-asrun.${format}`) }, `Save ${format.toUpperCase()}`);
    this.append(h('div', { class: 'asrun-head' }, h('h2', { class: 'panel-head' }, 'As-run'), save('csv'), save('json')), this.#list);
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ log }) {
    const last = log.at(-1)?.id ?? '';
    if (this.#drawn === `${last} ${log.length}`) return;
    this.#drawn = `${last} ${log.length}`;
    this.#list.replaceChildren(...log.slice(-LINES).reverse().map((entry) => h('li', { 'data-rehearsal': entry.rehearsal },
      h('time', {}, timeOfDay(entry.at)), h('span', { class: 'asrun-what' }, `${verbs[entry.what] ?? entry.what}${entry.cue ? ` ${entry.cue}` : ''}`),
      h('span', { class: 'asrun-by' }, [entry.by, entry.note].filter(Boolean).join(' · ')))));
  }
}

customElements.define('tl-asrun', AsRun);
