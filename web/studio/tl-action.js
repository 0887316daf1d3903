import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { actions, keyCap, press, waits, whyNot } from './actions.js';

/** A button for one action of the table: label, key, and whether it can be pressed. `<tl-action name="take">` */
class ActionButton extends StoreElement {
  #label = h('span', { class: 'action-label' });
  #button = h('button', { type: 'button', class: 'action', onclick: () => this.#press() });

  build() {
    const name = this.getAttribute('name') ?? '';
    this.#button.append(this.#label, h('kbd', { 'aria-hidden': 'true' }, keyCap(actions[name].key)));
    setAttribute(this.#button, 'aria-keyshortcuts', actions[name].key);
    this.append(this.#button);
  }

  #press() {
    press(this.getAttribute('name') ?? '', StoreElement.store?.state, StoreElement.desk);
  }

  /** @param {import('./main.js').StudioState} state */
  draw(state) {
    const name = this.getAttribute('name') ?? '';
    const one = actions[name];
    if (!state.desk) return;
    const why = whyNot(one, state);
    setText(this.#label, one.label(state));
    setAttribute(this.#button, 'aria-disabled', why ? 'true' : undefined);
    setAttribute(this.#button, 'title', why || undefined);
    setAttribute(this.#button, 'data-waits', waits(one, name, state));
    setAttribute(this.#button, 'data-lit', Boolean(one.lit?.(state)));
  }
}

customElements.define('tl-action', ActionButton);
