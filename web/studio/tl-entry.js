import { StoreElement, h, setText } from '../shared/element.js';
import { codeOf } from './entry.js';

/** @type {Record<string, string>} */
const problems = {
  none: 'Open the link you were given, or paste its code here.',
  bad_token: 'This link was used before or is too old. Ask for a new one.',
  other_show: 'This link is for another show; going there.',
  forbidden: 'Your role may not enter this page.',
  no_show: 'There is no show at this address.',
  no_answer: 'The server does not answer. The code is kept below: press Enter to try it again.',
  busy: 'This link cannot be looked up now: Redis does not answer, or the server is full. The code is kept below: press Enter to try it again.',
};

/** The door of the staff pages: asks for the one-time code when there is no entry yet, or no longer. */
class Entry extends StoreElement {
  #text = h('p', { role: 'alert' });
  #code = h('input', { id: 'code', type: 'password', autocomplete: 'off', required: true });

  build() {
    const form = h('form', { class: 'entry', onsubmit: (event) => this.#enter(event) },
      h('span', { class: 'tl-lamp entry-lamp', 'aria-hidden': 'true' }),
      h('h1', {}, this.dataset.title ?? 'Studio'), this.#text,
      h('label', { for: 'code' }, 'Code or link'), this.#code,
      h('button', { class: 'plain-button' }, 'Enter'));
    this.append(h('main', { class: 'entry-page' }, form));
  }

  /** @param {Event} event */
  #enter(event) {
    event.preventDefault();
    const code = codeOf(this.#code.value);
    this.#code.value = '';
    if (code) dispatchEvent(new CustomEvent('tl-enter', { detail: code }));
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ problem, kept, desk }) {
    this.hidden = !problem;
    if (kept && !this.#code.value) this.#code.value = kept;
    // What was last seen of the desk stays in sight behind nothing: without an entry it may be old.
    if (problem && desk) document.querySelector('.desk')?.setAttribute('hidden', '');
    if (!problem && desk) document.querySelector('.desk')?.removeAttribute('hidden');
    setText(this.#text, problem ? problems[problem] ?? problems.no_answer : '');
  }
}

customElements.define('tl-entry', Entry);
