import { StoreElement, h } from '../shared/element.js';
import { keys } from './words.js';

/** The keys, over everything while they are wanted. */
class Keys extends StoreElement {
  build() {
    const list = h('dl', {}, ...keys.flatMap(([key, does]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, does)]));
    this.append(h('section', { class: 'keys', 'aria-label': 'Keys' }, h('h2', {}, 'Keys'), list, h('p', {}, '? or Escape closes this.')));
  }

  /** @param {import('./main.js').ModerationState} state */
  draw({ help }) {
    this.hidden = !help;
  }
}

customElements.define('tl-keys', Keys);
