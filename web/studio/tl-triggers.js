import { HttpProblem, request } from '../sdk/tallylight.js';
import { StoreElement, h, setText } from '../shared/element.js';
import { actions } from './actions.js';
import { address, NO_KEY, triggerOf, triggers } from './triggers.js';
import { refusal } from './words.js';

/** What a key may be made for. */
const groups = /** @type {const} */ ([
  ['rundown', 'Rundown'], ['window', 'Window'], ['screens', 'Screens'], ['result', 'Result'], ['show', 'Show'],
]);

/** The addresses of all controls, for buttons on other machines, and the keys that make them work. */
class Triggers extends StoreElement {
  #lines = h('ul', { class: 'trigger-lines' });
  #keys = h('ul', { class: 'trigger-keys' });
  #made = h('input', { class: 'overlay-address', readonly: true, hidden: true, 'aria-label': 'The new key', onfocus: () => this.#made.select() });
  #told = h('p', { role: 'status' });
  #name = h('input', { id: 'key-name', type: 'text', maxlength: 40, required: true, autocomplete: 'off' });
  #get = h('input', { type: 'checkbox', id: 'key-get' });
  #form = h('form', { class: 'trigger-form', onsubmit: (event) => this.#make(event) });
  #dialog = h('dialog', { class: 'triggers', 'aria-labelledby': 'triggers-title' });
  /** The key that was made in this tab: addresses carry it. @type {string|undefined} */
  #key;
  #drawn = '';

  build() {
    const boxes = groups.map(([group, label]) => h('label', {}, h('input', { type: 'checkbox', name: 'may', value: group, ...(group === 'result' || group === 'show' ? {} : { checked: true }) }), ` ${label}`));
    this.#form.append(
      h('label', { for: 'key-name' }, 'Name'), this.#name,
      h('fieldset', { class: 'trigger-may' }, h('legend', {}, 'May fire'), ...boxes),
      h('p', {}, this.#get, h('label', { for: 'key-get' }, ' Also by GET, for machines that cannot POST')),
      h('button', { class: 'plain-button' }, 'Make a key'));
    this.#dialog.append(
      h('div', { class: 'help-head' }, h('h2', { id: 'triggers-title' }, 'Addresses of the controls'), h('button', { type: 'button', class: 'action', onclick: () => this.#dialog.close() }, h('span', { class: 'action-label' }, 'Close'), h('kbd', { 'aria-hidden': 'true' }, 'Esc'))),
      h('p', {}, 'A button on another machine presses these by POST. Press the right mouse button on a control to copy its own.'),
      this.#lines, h('h3', {}, 'Keys'), this.#keys, this.#form, this.#told, this.#made);
    this.#dialog.addEventListener('close', () => StoreElement.store?.set({ addresses: false }));
    this.append(this.#dialog);
    document.addEventListener('contextmenu', this.#menu);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener('contextmenu', this.#menu);
  }

  /** Copies the address of the control under the pointer. */
  #menu = (/** @type {MouseEvent} */ event) => {
    const control = event.target instanceof Element ? event.target.closest('tl-action') : undefined;
    const name = control?.getAttribute('name') ?? '';
    const path = StoreElement.store && triggerOf(name, StoreElement.store.state);
    if (!path) return;
    event.preventDefault();
    this.#copy(path);
  };

  /** @param {string} path */
  async #copy(path) {
    const { desk } = StoreElement;
    if (!desk) return;
    const text = address(desk.show, path, this.#key);
    const advice = this.#key ? 'It carries the key that was made here.' : `Put a key in the place of ${NO_KEY}: press U to make one.`;
    try {
      await navigator.clipboard.writeText(text);
      desk.say('good', `Address of ${path}: copied`, advice);
      setText(this.#told, `Copied: ${path}. ${advice}`);
    } catch {
      // Plain http from another machine has no clipboard.
      StoreElement.store?.set({ addresses: true });
      this.#show(text, 'Copy it from the field.');
    }
  }

  /** @param {string} text @param {string} told */
  #show(text, told) {
    this.#made.hidden = false;
    this.#made.value = text;
    setText(this.#told, told);
    this.#made.focus();
  }

  /** @param {string} [path] @param {RequestInit} [init] */
  async #ask(path = '', init = {}) {
    const { desk } = StoreElement;
    try {
      return await request(`/api/v1/shows/${desk?.show}/keys${path}`, { ...init, headers: { authorization: `Bearer ${desk?.token}` } });
    } catch (error) {
      const { title, advice } = refusal(error instanceof HttpProblem ? error.code : 'no_answer', error instanceof HttpProblem ? error.detail : '');
      setText(this.#told, `${title} ${advice}`);
      return undefined;
    }
  }

  /** @param {Event} event */
  async #make(event) {
    event.preventDefault();
    const may = [...this.#form.querySelectorAll('[name=may]')].filter((box) => /** @type {HTMLInputElement} */ (box).checked).map((box) => /** @type {HTMLInputElement} */ (box).value);
    const made = await this.#ask('', { method: 'POST', body: JSON.stringify({ name: this.#name.value.trim(), may, get: this.#get.checked }) });
    if (!made) return;
    this.#key = made.key;
    this.#name.value = '';
    this.#drawn = '';
    StoreElement.store?.set({});
    await this.#list();
    this.#show(made.key, 'This is the key. Keep it: nobody can tell it again. The addresses above carry it until this page is closed.');
  }

  async #list() {
    const listed = await this.#ask();
    const keys = (listed?.keys ?? []).filter((/** @type {any} */ key) => key.revoked_at === undefined);
    this.#keys.replaceChildren(...keys.map((/** @type {any} */ key) => h('li', {},
      h('span', {}, `${key.name}: ${key.may.join(', ')}${key.get ? ', also by GET' : ''}`),
      h('button', { type: 'button', class: 'link-button', 'aria-label': `Revoke ${key.name}`, onclick: () => this.#revoke(key.id) }, 'Revoke'))));
    if (listed && !keys.length) this.#keys.replaceChildren(h('li', {}, 'No key yet.'));
  }

  /** @param {string} id */
  async #revoke(id) {
    await this.#ask(`/${id}`, { method: 'DELETE' });
    await this.#list();
  }

  /** @param {import('./main.js').StudioState} state */
  draw(state) {
    if (state.addresses && !this.#dialog.open) {
      this.#dialog.showModal();
      setText(this.#told, '');
      this.#form.hidden = state.me?.role !== 'producer';
      if (state.me?.role === 'producer') this.#list();
      else this.#keys.replaceChildren(h('li', {}, 'Producers make keys and revoke them.'));
    }
    if (!state.addresses && this.#dialog.open) this.#dialog.close();
    if (!state.addresses || !StoreElement.desk) return;
    const { show } = StoreElement.desk;
    const lines = Object.entries(triggers).flatMap(([name, of]) => of(state).map(([path, words]) => ({ path, label: words || actions[name].label(state) })));
    const shape = lines.map(({ path, label }) => path + label).join() + this.#key;
    if (shape === this.#drawn) return;
    this.#drawn = shape;
    this.#lines.replaceChildren(...lines.map(({ path, label }) => h('li', {},
      h('span', { class: 'trigger-name' }, label), h('code', {}, address(show, path, this.#key)),
      h('button', { type: 'button', class: 'link-button', 'aria-label': `Copy the address of ${label}`, onclick: () => this.#copy(path) }, 'Copy'))));
  }
}

customElements.define('tl-triggers', Triggers);
