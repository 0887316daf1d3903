import { StoreElement, h } from '../shared/element.js';

/** The buttons of the show, always in the same places. */
class Deck extends StoreElement {
  build() {
    const row = (/** @type {string[]} */ ...names) => names.map((name) => h('tl-action', { name }));
    this.append(h('h2', { class: 'tl-unseen' }, 'Commands'), ...row('take', 'step', 'open', 'close', 'extend', 'hold', 'freeze', 'clear', 'panic'));
  }
}

customElements.define('tl-deck', Deck);
