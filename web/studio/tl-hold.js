import { h } from '../shared/element.js';

/** How long it has to be held. */
const HOLD_MS = 2000;

/** A button that acts only after it was held for two seconds, with pointer or key; sends `tl-held`. `<tl-hold label="Take over">` */
class HoldButton extends HTMLElement {
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;
  #button = h('button', { type: 'button', class: 'action hold-button' });

  connectedCallback() {
    this.#button.append(h('span', { class: 'hold-fill', 'aria-hidden': 'true' }), h('span', { class: 'action-label' }, this.getAttribute('label') ?? ''), h('kbd', { 'aria-hidden': 'true' }, 'hold 2 s'));
    this.#button.setAttribute('aria-description', 'Hold for two seconds');
    this.append(this.#button);
    const begin = () => this.#begin();
    const end = () => this.#end();
    this.#button.addEventListener('pointerdown', begin);
    for (const name of ['pointerup', 'pointerleave', 'pointercancel', 'blur']) this.#button.addEventListener(name, end);
    this.#button.addEventListener('keydown', (event) => [' ', 'Enter'].includes(event.key) && !event.repeat && begin());
    this.#button.addEventListener('keyup', end);
    this.#button.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  #begin() {
    this.#button.dataset.held = '';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#end();
      this.dispatchEvent(new CustomEvent('tl-held'));
    }, HOLD_MS);
  }

  #end() {
    clearTimeout(this.#timer);
    delete this.#button.dataset.held;
  }
}

customElements.define('tl-hold', HoldButton);
