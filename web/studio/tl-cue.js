import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { cueOf, fields, has, meant, shown, stale, toml, wrong } from './cue-fields.js';
import { DECIDE_MS } from './desk.js';
import { listed } from './state.js';
import { refusal } from './words.js';

/** @typedef {import('./main.js').StudioState} State */
/** @typedef {import('./cue-fields.js').Field} Field */
/** @typedef {HTMLInputElement|HTMLTextAreaElement|HTMLSelectElement} Input */

/** The server takes so much from staff; what is around the command needs the rest. */
const COMMAND_BYTES_MAX = 16 * 1024 - 256;

/**
 * A cue that is added or edited during the show: in the place of the rundown, so that every button of the show stays in sight and
 * works. Any kind by a form, which leaves what it does not know as it was; or the whole as the show file says it.
 */
class Cue extends StoreElement {
  #title = h('h2', { id: 'cue-head' });
  /** @type {{ field: Field, input: Input, row: HTMLElement }[]} */
  #rows = [];
  #toml = h('textarea', { id: 'cue-toml', rows: 12, spellcheck: 'false', autocapitalize: 'off', class: 'cue-toml', oninput: () => this.#typed() });
  #place = h('select', { id: 'cue-place' });
  #asToml = h('input', { id: 'cue-as-toml', type: 'checkbox', onchange: () => this.#shape() });
  #fields = h('div', { class: 'cue-fields' });
  #more = h('details', { class: 'cue-more' }, h('summary', {}, 'More'));
  #kept = h('p', { class: 'cue-kept' });
  #whole = h('div', { class: 'cue-fields' });
  #where = h('div', { class: 'cue-fields' });
  #told = h('p', { class: 'cue-told', role: 'alert', id: 'cue-told' });
  #remove = h('button', { type: 'button', class: 'action cue-remove', onclick: () => this.#takeOut() });
  #cancel = h('button', { type: 'button', class: 'action', onclick: () => StoreElement.store?.set({ editing: undefined }) }, 'Cancel');
  #form = h('form', { class: 'cue-form', role: 'dialog', 'aria-labelledby': 'cue-head', novalidate: true, onsubmit: (event) => this.#save(event) });
  #keep = h('button', { class: 'plain-button cue-save' }, 'Save');
  #buttons = h('div', { class: 'cue-buttons' });
  /** What is open: a cue's number, '' for a new one. @type {string|undefined} */
  #editing;
  /** Its text when it was opened, and the same as a form has it: what was read beside each other need not be of one edit. */
  #loaded = ['', ''];
  /** What the form was made of. @type {import('./cue-fields.js').Cue} */
  #before = {};
  /** What stood in the form then. */
  #untouched = '';
  /** From when on a second press removes, on the page's clock; 0: it was not pressed. */
  #sure = 0;
  /** What was asked about once more before it is saved, and from when on a press answers. */
  #asked = { toml: '', from: 0 };

  build() {
    const label = (/** @type {HTMLElement} */ field, /** @type {string} */ text) => [h('label', { for: field.id }, text), field];
    const check = (/** @type {HTMLElement} */ field, /** @type {string} */ text) => h('label', { class: 'cue-check', for: field.id }, field, text);
    this.#rows = fields.map((field) => {
      const input = made(field);
      const row = h('div', { class: 'cue-field' }, ...(field.as === 'check' ? [check(input, field.label)] : label(input, field.label)));
      (field.more ? this.#more : this.#fields).append(row);
      return { field, input, row };
    });
    this.#input('kind').addEventListener('change', () => this.#shape());
    this.#fields.append(this.#more, this.#kept);
    this.#whole.append(...label(this.#toml, 'One [[cue]], as a show file says it'));
    this.#where.append(...label(this.#place, 'Stands'));
    this.#buttons.append(this.#keep, this.#cancel, this.#remove);
    this.#form.append(this.#title, this.#fields, this.#whole, check(this.#asToml, 'Write it as in a show file'), this.#where, this.#told, this.#buttons);
    // As everywhere: Ctrl and Enter send what is written.
    this.#form.addEventListener('keydown', (event) => event.ctrlKey && event.key === 'Enter' && this.#form.requestSubmit());
    this.append(this.#form);
    this.hidden = true;
  }

  /** @param {string} path @returns {Input} */
  #input(path) {
    const row = this.#rows.find(({ field }) => field.path === path);
    return /** @type {Input} */ (row?.input);
  }

  /** The form, or the whole as text. What stands in the form goes along. */
  #shape() {
    const whole = this.#asToml.checked;
    if (whole) {
      const now = this.#written();
      this.#toml.value = this.#editing && now === this.#untouched ? this.#loaded[0] : now;
    }
    this.#fields.hidden = whole;
    this.#whole.hidden = !whole;
    const kind = this.#input('kind').value;
    for (const { field, row } of this.#rows) row.hidden = !has(field, kind);
  }

  /** The form cannot read what is written here: there is no way back to it. */
  #typed() {
    this.#asToml.disabled = true;
  }

  /** What stands in a field. @param {Field} field */
  #read(field) {
    const input = this.#input(field.path);
    return input instanceof HTMLInputElement && input.type === 'checkbox' ? input.checked : input.value;
  }

  /** The cue as the form says it. */
  #cue() {
    return cueOf((field) => this.#read(field), this.#before);
  }

  /** Whether what stands in the form may be sent; else it was said why not. @param {string} toml */
  #stands(toml) {
    const kind = this.#input('kind').value;
    const bad = fields.find((field) => has(field, kind) && wrong(field, this.#read(field)));
    if (bad) this.#tell(wrong(bad, this.#read(bad)), bad);
    if (bad || toml === this.#asked.toml) return !bad && performance.now() > this.#asked.from;
    /** @type {State|undefined} */
    const state = StoreElement.store?.state;
    const carriers = (state?.desk?.cues ?? []).filter((cue) => this.#editing && cue.carry_from === this.#editing);
    const left = stale(this.#before, this.#cue(), carriers.map((cue) => cue.number));
    if (!left.length) return true;
    this.#asked = { toml, from: performance.now() + DECIDE_MS };
    this.#tell(`This leaves as they were: ${left.join(', ')}. Save again if they still fit; else write the cue as in a show file.`);
    return false;
  }

  #written() {
    return toml(this.#cue());
  }

  /** Puts a cue into the form, or what a new one says. @param {import('./cue-fields.js').Cue} [cue] */
  #fill(cue) {
    this.#before = cue ?? {};
    for (const { field, input } of this.#rows) {
      const value = shown(field, cue);
      if (input instanceof HTMLInputElement && input.type === 'checkbox') input.checked = Boolean(value);
      else input.value = String(value);
    }
    const { text, rules } = this.#before;
    const kept = [text && `texts in ${Object.keys(text).join(', ')}`, rules?.pool && 'pools', rules?.not_from && 'what is closed to segments', rules?.windows && 'windows of segments', rules?.tie_pool && 'tie_pool', rules?.polarity && 'who goes'];
    const said = kept.filter(Boolean).join('; ');
    setText(this.#kept, said && `Kept as it is: ${said}. To change that, write the cue as in a show file.`);
  }

  /** @param {Event} event */
  async #save(event) {
    event.preventDefault();
    const toml = this.#asToml.checked ? this.#toml.value : this.#written();
    if (!this.#asToml.checked && !this.#stands(toml)) return;
    const before = this.#place.value;
    const editing = this.#editing;
    if (editing) {
      // Nobody's edit is written over unseen.
      const now = await this.#both(editing);
      // Who closes it while that is looked at hears that nothing came of it.
      if (this.#editing !== editing) return StoreElement.desk?.say('bad', `Cue ${editing}: not saved.`, 'Its form was closed before.');
      if (!now) return;
      if (now.some((text, i) => text !== this.#loaded[i])) return this.#tell('Somebody else has edited this cue since. Cancel, and look at it again.');
    }
    await this.#send(editing ? { do: 'cue_edit', cue: editing, toml } : { do: 'cue_add', toml, ...(before ? { before } : {}) });
  }

  /** Says what is wrong, beside the field that it is about. @param {string} text @param {Field} [of] */
  #tell(text, of) {
    for (const { field, input, row } of this.#rows) {
      const is = field === of;
      setAttribute(input, 'aria-invalid', is ? 'true' : undefined);
      setAttribute(input, 'aria-describedby', is ? this.#told.id : undefined);
      if (!is) continue;
      if (field.more) this.#more.open = true;
      row.append(this.#told);
      input.focus();
    }
    if (!of) this.#buttons.before(this.#told);
    setText(this.#told, text);
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
    const bytes = new TextEncoder().encode(JSON.stringify(command)).length;
    if (bytes > COMMAND_BYTES_MAX) {
      return this.#tell(`This cue takes ${Math.ceil(bytes / 1024)} KiB, and the server takes 16 in one message: shorten it, or put it into the show file.`);
    }
    this.#tell('');
    const done = await StoreElement.desk?.send(command);
    if (!done) return this.#tell('Not sent: press again in a second.');
    if (done.ok) {
      if (this.#editing === of) StoreElement.store?.set({ editing: undefined });
      return;
    }
    // Who has closed it reads the notice, and another form is about something else.
    if (this.#editing !== of) return;
    const { title, advice } = refusal(done.code, done.detail);
    // Whoever reads a form sees no lines.
    if (this.#asToml.checked) return this.#tell(`${title} ${advice}`);
    this.#tell(`${title} ${advice.replace(/^line \d+, column \d+: /i, '')}`, done.detail ? meant(done.detail, this.#cue()) : undefined);
  }

  /** A cue as a show file says it, or with `form` as a form has it; undefined: it cannot be had, and that was said. @param {string} number @param {boolean} [form] */
  async #ask(number, form) {
    const { desk } = StoreElement;
    try {
      const headers = { authorization: `Bearer ${desk?.token}`, ...(form ? { accept: 'application/json' } : {}) };
      const answer = await fetch(`/api/v1/shows/${desk?.show}/cues/${encodeURIComponent(number)}`, { headers });
      const text = await answer.text();
      if (answer.ok) return text;
      this.#tell(refusal(JSON.parse(text).code, '').title);
    } catch {
      this.#tell('The server does not answer. Close this, and try again.');
    }
    return undefined;
  }

  /** A cue as text and as a form has it. @param {string} number */
  async #both(number) {
    const [text, form] = await Promise.all([this.#ask(number), this.#ask(number, true)]);
    return text === undefined || form === undefined ? undefined : [text, form];
  }

  /** @param {string} number */
  async #load(number) {
    const loaded = await this.#both(number);
    if (this.#editing !== number || !loaded) return;
    this.#loaded = loaded;
    this.#fill(JSON.parse(loaded[1]));
    this.#untouched = this.#written();
    this.#waits(false);
    this.#shape();
    this.#input('question').focus();
  }

  /** Nothing can be written or saved before it is loaded; what closes it works always. @param {boolean} is */
  #waits(is) {
    for (const part of this.#form.children) /** @type {HTMLElement} */ (part).inert = is && part !== this.#buttons && part !== this.#told;
    for (const button of this.#buttons.children) /** @type {HTMLElement} */ (button).inert = is && button !== this.#cancel;
  }

  /** @param {State} state */
  draw(state) {
    const { editing, desk, busy } = state;
    setAttribute(this.#keep, 'aria-disabled', busy[editing ? 'cue_edit' : 'cue_add'] ? 'true' : undefined);
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
    this.#asked.toml = '';
    this.#tell('');
    setText(this.#title, editing ? `Cue ${editing}` : 'A new cue');
    setText(this.#remove, 'Remove…');
    this.#remove.hidden = !editing;
    this.#where.hidden = Boolean(editing);
    this.#asToml.checked = this.#asToml.disabled = this.#more.open = false;
    this.#fill();
    this.#input('number').toggleAttribute('readonly', Boolean(editing));
    if (!editing) this.#fresh(state);
    this.#shape();
    // Nothing is written over by what comes in later.
    this.#waits(Boolean(editing));
    if (editing) this.#load(editing);
    else this.#input('question').focus();
    this.scrollIntoView({ block: 'nearest' });
  }

  /** A number that is free, and the place behind what is selected. @param {State} state */
  #fresh(state) {
    const cues = state.desk?.cues ?? [];
    let number = cues.length + 1;
    while (cues.some((cue) => cue.number === String(number))) number += 1;
    this.#input('number').value = String(number);
    const rundown = listed(state.desk).filter((cue) => !cue.adlib);
    this.#place.replaceChildren(...rundown.map((cue) => h('option', { value: cue.number }, `in front of ${cue.number} ${cue.title}`)), h('option', { value: '' }, 'at the end'));
    const selected = rundown.findIndex((cue) => cue.number === state.selected);
    this.#place.value = (selected >= 0 && rundown[selected + 1]?.number) || '';
  }
}

/** What a field is written into. @param {Field} field @returns {Input} */
function made({ path, as, choices = {} }) {
  const id = `cue-${path.replaceAll(/[._]/g, '-')}`;
  if (as === 'choice') return h('select', { id }, ...Object.entries(choices).map(([value, words]) => h('option', { value }, words)));
  if (as === 'lines' || as === 'long') return h('textarea', { id, rows: as === 'long' ? 2 : 4 });
  const type = as === 'check' ? 'checkbox' : 'text';
  return h('input', { id, type, autocomplete: 'off', autocapitalize: 'off', inputmode: as === 'number' ? 'numeric' : as === 'decimal' ? 'decimal' : undefined });
}

customElements.define('tl-cue', Cue);
