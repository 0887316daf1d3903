import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { phaseOf } from '../shared/phase.js';
import { say } from './words.js';

/** How often it is asked what became of what waits: nothing is pushed for it. */
const ASK_MS = 5000;

/** The box in which a viewer writes, and what became of what was sent. */
class Writing extends StoreElement {
  #text = h('textarea', { id: 'write', rows: 3, 'aria-describedby': 'write-said', oninput: () => this.#typed() });
  #label = h('label', { for: 'write' });
  #left = h('span', { class: 'write-left' });
  #send = h('button', { class: 'write-send' });
  #said = h('p', { id: 'write-said', class: 'write-said', role: 'status' });
  #form = h('form', { class: 'write', onsubmit: (event) => this.#give(event) }, this.#label, this.#text, h('div', { class: 'write-row' }, this.#left, this.#send), this.#said);
  #own = h('section', { class: 'own', 'aria-label': say('own_title') });
  /** @type {import('../sdk/wire.js').RunView|undefined} */
  #run;
  /** The id of the text that is on its way: the same until it is answered. */
  #id = '';
  #busy = false;
  /** @type {import('../sdk/wire.js').Said[]} */
  #items = [];
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #tick;

  build() {
    this.append(this.#form, this.#own);
    this.#tick = setInterval(() => this.#items.some((item) => item.is === 'waiting' || item.is === 'approved') && this.#ask(), ASK_MS);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#tick);
  }

  /** @returns {import('../sdk/tallylight.js').Client} */
  get #client() {
    return this.store?.state.client;
  }

  /** Another text is another item. */
  #typed() {
    this.#id = '';
    this.#count();
  }

  #count() {
    const most = this.#run?.writing?.chars_max ?? 0;
    const left = most - [...this.#text.value.trim()].length;
    setText(this.#left, say('write_left', { n: left }));
    setAttribute(this.#left, 'data-over', left < 0);
  }

  /** @param {Event} event */
  async #give(event) {
    event.preventDefault();
    const run = this.#run;
    const text = this.#text.value.trim();
    if (!run || !text || this.#busy) return;
    this.#id ||= [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    this.#busy = true;
    this.#send.disabled = true;
    setText(this.#said, say('write_sending'));
    try {
      /** @type {import('../sdk/wire.js').Said} */
      const said = await this.#client.ask('items', { run: run.id, id: this.#id, text });
      if (said.is === 'unknown') throw new Error('no answer');
      this.#id = '';
      if (said.is === 'refused') {
        setText(this.#said, say('write_refused', { why: why(said) }));
      } else {
        this.#text.value = '';
        this.#count();
        setText(this.#said, '');
        await this.#ask();
      }
    } catch {
      setText(this.#said, say('write_not_sent'));
    } finally {
      this.#busy = false;
      this.draw(this.store?.state);
    }
  }

  /** What became of it. */
  async #ask() {
    try {
      const { said } = await this.#client.ask('items/mine');
      this.#items = said;
      this.#drawOwn();
    } catch {
      // As of before; it is asked again.
    }
  }

  #drawOwn() {
    const own = this.#items.filter((item) => item.run === this.#run?.id).reverse();
    this.#own.hidden = !own.length;
    this.#own.replaceChildren(h('h3', {}, say('own_title')), h('ul', {}, ...own.map((item) => h('li', { 'data-is': item.is },
      h('p', { class: 'own-text', dir: 'auto' }, item.text ?? ''),
      h('p', { class: 'own-state' }, `${{ waiting: '◔', approved: '✓', shown: '★', refused: '✕', unknown: '◔' }[item.is]} ${state(item)}`)))));
  }

  /** @param {import('./audience.js').AudienceState} state */
  draw({ show, client }) {
    const run = show?.run?.writing ? show.run : undefined;
    this.hidden = !run;
    const fresh = run && run.id !== this.#run?.id;
    this.#run = run;
    if (!run) return;
    const open = phaseOf(run, client.now()) === 'open';
    this.#form.hidden = !open && !this.#text.value;
    this.#send.disabled = !open || this.#busy;
    setText(this.#label, say(run.kind === 'texts' ? 'write_label_texts' : 'write_label_questions'));
    setText(this.#send, say(this.#id ? 'write_again' : 'write_send'));
    if (fresh) {
      this.#id = '';
      setText(this.#said, '');
      this.#count();
      this.#drawOwn();
      this.#ask();
    }
  }
}

/** Why, in the reader's language; a reason of a newer server as it says it. @param {import('../sdk/wire.js').Said} item */
function why({ reason, detail }) {
  return say(/** @type {any} */ (`why_${reason}`)) || detail || '';
}

/** @param {import('../sdk/wire.js').Said} item */
function state(item) {
  switch (item.is) {
    case 'approved': return say('own_approved');
    case 'shown': return say('own_shown');
    case 'refused': return say('own_refused', { why: why(item) });
    default: return say('own_waiting');
  }
}

customElements.define('tl-writing', Writing);
