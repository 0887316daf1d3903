import { StoreElement, h, setText } from '../shared/element.js';
import { DECIDE_MS } from './desk.js';
import { listed } from './state.js';
import { refusal } from './words.js';

/** @typedef {import('./main.js').StudioState} State */

/**
 * A cue that is added or edited during the show: in the place of the rundown, so that every button of the show stays in sight and
 * works. A poll by a form; anything else as the show file says it.
 */
class Cue extends StoreElement {
  #title = h('h2', { id: 'cue-title' });
  #number = h('input', { id: 'cue-number', type: 'text', maxlength: 8, required: true, autocomplete: 'off', autocapitalize: 'off' });
  #question = h('textarea', { id: 'cue-question', rows: 2, maxlength: 300, required: true });
  #options = h('textarea', { id: 'cue-options', rows: 4, required: true });
  #window = h('input', { id: 'cue-window', type: 'number', min: 1, max: 86400, inputmode: 'numeric' });
  #opens = h('input', { id: 'cue-opens', type: 'checkbox' });
  #adlib = h('input', { id: 'cue-adlib', type: 'checkbox' });
  #toml = h('textarea', { id: 'cue-toml', rows: 12, spellcheck: 'false', autocapitalize: 'off', class: 'cue-toml' });
  #place = h('select', { id: 'cue-place' });
  #asToml = h('input', { id: 'cue-as-toml', type: 'checkbox', onchange: () => this.#shape() });
  #fields = h('div', { class: 'cue-fields' });
  #whole = h('div', { class: 'cue-fields' });
  #where = h('div', { class: 'cue-fields' });
  #told = h('p', { class: 'cue-told', role: 'alert' });
  #remove = h('button', { type: 'button', class: 'action cue-remove', onclick: () => this.#takeOut() });
  #form = h('form', { class: 'cue-form', role: 'dialog', 'aria-labelledby': 'cue-title', onsubmit: (event) => this.#save(event) });
  /** What is open: a cue's number, '' for a new one. @type {string|undefined} */
  #editing;
  /** Its text when it was opened. */
  #loaded = '';
  /** From when on a second press removes, on the page's clock; 0: it was not pressed. */
  #sure = 0;

  build() {
    const label = (/** @type {HTMLElement} */ field, /** @type {string} */ text) => [h('label', { for: field.id }, text), field];
    const check = (/** @type {HTMLElement} */ field, /** @type {string} */ text) => h('label', { class: 'cue-check', for: field.id }, field, text);
    this.#fields.append(...label(this.#number, 'Number, as it is said'), ...label(this.#question, 'Question'), ...label(this.#options, 'Options, one a line'),
      ...label(this.#window, 'Seconds open (empty: closed by hand)'), check(this.#opens, 'Opens on take'), check(this.#adlib, 'Ad lib: beside the rundown'));
    this.#whole.append(...label(this.#toml, 'One [[cue]], as a show file says it'));
    this.#where.append(check(this.#asToml, 'Write it as in a show file'), ...label(this.#place, 'Stands'));
    const close = h('button', { type: 'button', class: 'action', onclick: () => StoreElement.store?.set({ editing: undefined }) }, 'Cancel');
    this.#form.append(this.#title, this.#fields, this.#whole, this.#where, this.#told, h('div', { class: 'cue-buttons' }, h('button', { class: 'plain-button cue-save' }, 'Save'), close, this.#remove));
    // As everywhere: Ctrl and Enter send what is written.
    this.#form.addEventListener('keydown', (event) => event.ctrlKey && event.key === 'Enter' && this.#form.requestSubmit());
    this.append(this.#form);
    this.hidden = true;
  }

  /** The form, or the whole as text. What stands in the form goes along. */
  #shape() {
    const whole = this.#asToml.checked;
    if (whole && !this.#toml.value) this.#toml.value = this.#written();
    this.#fields.hidden = whole;
    this.#whole.hidden = !whole;
    // What is hidden must not keep the form from being sent.
    for (const field of [this.#number, this.#question, this.#options]) field.required = !whole;
    this.#toml.required = whole;
  }

  /** The form as a show file says it. */
  #written() {
    const text = (/** @type {string} */ words) => JSON.stringify(words.trim()).replaceAll('\u007f', '');
    const options = this.#options.value.split('\n').filter((line) => line.trim()).map(text);
    return [
      '[[cue]]', `number = ${text(this.#number.value)}`, `question = ${text(this.#question.value.replaceAll(/\s+/g, ' '))}`, `options = [${options.join(', ')}]`,
      ...(this.#window.value ? [`window_s = ${Number(this.#window.value)}`] : []),
      ...(this.#opens.checked ? ['opens_on_take = true'] : []), ...(this.#adlib.checked ? ['adlib = true'] : []), '',
    ].join('\n');
  }

  /** @param {Event} event */
  async #save(event) {
    event.preventDefault();
    const toml = this.#asToml.checked ? this.#toml.value : this.#written();
    const before = this.#place.value;
    if (this.#editing) {
      // Nobody's edit is written over unseen.
      const now = await this.#text(this.#editing);
      if (now === undefined) return;
      if (now !== this.#loaded) return setText(this.#told, 'Somebody else has edited this cue since. Cancel, and look at it again.');
    }
    await this.#send(this.#editing ? { do: 'cue_edit', cue: this.#editing, toml } : { do: 'cue_add', toml, ...(before ? { before } : {}) });
  }

  async #takeOut() {
    // The second half of a double click is no answer.
    if (performance.now() < this.#sure) return;
    if (!this.#sure) {
      this.#sure = performance.now() + DECIDE_MS;
      return setText(this.#remove, `Really remove ${this.#editing}`);
    }
    await this.#send({ do: 'cue_remove', cue: this.#editing });
  }

  /** @param {Record<string, unknown> & { do: string }} command */
  async #send(command) {
    const of = this.#editing;
    setText(this.#told, '');
    const done = await StoreElement.desk?.send(command);
    if (!done) setText(this.#told, 'Not sent: press again in a second.');
    if (done?.ok && this.#editing === of) StoreElement.store?.set({ editing: undefined });
    else if (done && !done.ok) {
      const { title, advice } = refusal(done.code, done.detail);
      setText(this.#told, `${title} ${advice}`);
    }
  }

  /** A cue as a show file says it; undefined: it cannot be had, and that was said. @param {string} number */
  async #text(number) {
    const { desk } = StoreElement;
    try {
      const answer = await fetch(`/api/v1/shows/${desk?.show}/cues/${encodeURIComponent(number)}`, { headers: { authorization: `Bearer ${desk?.token}` } });
      const text = await answer.text();
      if (answer.ok) return text;
      setText(this.#told, refusal(JSON.parse(text).code, '').title);
    } catch {
      setText(this.#told, 'The server does not answer. Close this, and try again.');
    }
    return undefined;
  }

  /** @param {string} number */
  async #load(number) {
    const text = await this.#text(number);
    if (this.#editing !== number || text === undefined) return;
    this.#loaded = text;
    this.#toml.value = text;
  }

  /** @param {State} state */
  draw(state) {
    const { editing, desk } = state;
    if (editing === this.#editing || !desk) return;
    const before = this.#editing;
    this.#editing = editing;
    this.hidden = editing === undefined;
    document.querySelector('.desk-rundown')?.toggleAttribute('data-editing', editing !== undefined);
    if (editing === undefined) {
      // The keys of the show work again at once.
      if (before !== undefined) /** @type {HTMLElement|null} */ (document.querySelector('.rundown-list'))?.focus();
      return;
    }
    this.#sure = 0;
    this.#form.reset();
    setText(this.#told, '');
    setText(this.#title, editing ? `Cue ${editing}` : 'A new cue');
    setText(this.#remove, 'Remove…');
    this.#remove.hidden = !editing;
    this.#where.hidden = Boolean(editing);
    this.#asToml.checked = Boolean(editing);
    this.#toml.value = '';
    if (!editing) this.#fresh(state);
    this.#shape();
    if (editing) {
      this.#toml.value = '';
      this.#load(editing);
    }
    (editing ? this.#toml : this.#question).focus();
    this.scrollIntoView({ block: 'nearest' });
  }

  /** A number that is free, and the place behind what is selected. @param {State} state */
  #fresh(state) {
    const cues = state.desk?.cues ?? [];
    let number = cues.length + 1;
    while (cues.some((cue) => cue.number === String(number))) number += 1;
    this.#number.value = String(number);
    const rundown = listed(state.desk).filter((cue) => !cue.adlib);
    this.#place.replaceChildren(...rundown.map((cue) => h('option', { value: cue.number }, `in front of ${cue.number} ${cue.title}`)), h('option', { value: '' }, 'at the end'));
    const selected = rundown.findIndex((cue) => cue.number === state.selected);
    this.#place.value = (selected >= 0 && rundown[selected + 1]?.number) || '';
  }
}

customElements.define('tl-cue', Cue);
