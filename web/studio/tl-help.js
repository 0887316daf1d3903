import { StoreElement, h } from '../shared/element.js';
import { actions, keyCap } from './actions.js';

/** The keys, from the same table as the buttons, and a switch for people whose software presses keys by itself. */
class Help extends StoreElement {
  #keys = h('input', { type: 'checkbox', id: 'keys', onchange: () => StoreElement.store?.set({ keys: this.#keys.checked }) });
  #dialog = h('dialog', { class: 'help', 'aria-labelledby': 'help-title' });

  build() {
    const line = (/** @type {string} */ key, /** @type {string} */ does) => h('div', {}, h('dt', {}, h('kbd', {}, key)), h('dd', {}, does));
    this.#dialog.append(
      h('div', { class: 'help-head' }, h('h2', { id: 'help-title' }, 'Keys'), h('button', { type: 'button', class: 'action', onclick: () => this.#dialog.close() }, h('span', { class: 'action-label' }, 'Close'), h('kbd', { 'aria-hidden': 'true' }, 'Esc'))),
      h('dl', { class: 'keys' }, line('↑ ↓', 'select a cue'), ...Object.values(actions).map((one) => line(keyCap(one.key), one.does)), line('U', 'addresses of the controls, for other machines'), line('Esc', 'cancels what is armed'), line('?', 'this page')),
      h('p', {}, h('a', { href: `/thumb${location.pathname.slice('/studio'.length)}` }, 'Controller for one thumb'), ', on a phone: open it in this tab, or with a link of its own (the code works on /thumb/… too).'),
      h('p', { class: 'help-switch' }, this.#keys, h('label', { for: 'keys' }, 'Single keys work (panic and Esc always do)')));
    this.#dialog.addEventListener('close', () => StoreElement.store?.set({ help: false }));
    this.append(this.#dialog);
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ help, keys }) {
    this.#keys.checked = keys;
    if (help && !this.#dialog.open) this.#dialog.showModal();
    if (!help && this.#dialog.open) this.#dialog.close();
  }
}

customElements.define('tl-help', Help);
