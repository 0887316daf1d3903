import { HttpProblem, request } from '../sdk/tallylight.js';
import { StoreElement, h } from '../shared/element.js';
import { refusal } from './words.js';

/** Gives the overlay's address with the key that screens need; the address is shown too, where the clipboard cannot be used. */
class OverlayAddress extends StoreElement {
  #address = h('input', { class: 'overlay-address', readonly: true, hidden: true, 'aria-label': 'Overlay address', onfocus: () => this.#address.select() });

  build() {
    this.append(h('button', { type: 'button', class: 'link-button', onclick: () => this.#copy() }, 'Copy overlay address'),
      h('button', { type: 'button', class: 'link-button', onclick: () => StoreElement.store?.set({ addresses: true }) }, 'Control addresses'), this.#address);
  }

  async #copy() {
    const { desk } = StoreElement;
    if (!desk) return;
    let key;
    try {
      ({ key } = await request(`/api/v1/shows/${desk.show}/screen-key`, { headers: { authorization: `Bearer ${desk.token}` } }));
    } catch (error) {
      const { title, advice } = refusal(error instanceof HttpProblem ? error.code : 'no_answer', '');
      return desk.say('bad', `Overlay address: ${title}`, advice);
    }
    this.#address.value = `${location.origin}/o/${desk.show}/results?key=${key}`;
    this.#address.hidden = false;
    try {
      await navigator.clipboard.writeText(this.#address.value);
      desk.say('good', 'Overlay address: copied', 'Paste it as a browser source. Its key reads this show and can do nothing.');
    } catch {
      // Plain http from another machine has no clipboard.
      this.#address.focus();
      desk.say('plain', 'Overlay address: copy it from the field.', '');
    }
  }
}

customElements.define('tl-overlay', OverlayAddress);
