import { recall, store as keep } from '../sdk/keep.js';
import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { count } from '../shared/format.js';
import { say } from './words.js';

/** The approved questions of others, with an upvote for each that counts once. */
class Asked extends StoreElement {
  #list = h('ol', {});
  #note = h('p', { class: 'hint' });
  /** @type {Set<string>} what this device has upvoted */
  #mine = new Set();
  #drawn = '';

  build() {
    this.append(h('h3', {}, say('asked_title')), this.#list, this.#note);
  }

  /** @param {string} id @param {HTMLButtonElement} button */
  async #upvote(id, button) {
    /** @type {import('./audience.js').AudienceState} */
    const { client, show } = this.store?.state;
    button.disabled = true;
    try {
      const upvoted = await client.ask('upvotes', { item: id });
      if (!upvoted.ok) return;
      this.#mine.add(id);
      if (show) keep(`${show.id}.upvoted`, [...this.#mine].slice(-200).join(' '));
      this.#drawn = '';
      this.draw(this.store?.state);
    } catch {
      button.disabled = false;
    }
  }

  /** @param {import('./audience.js').AudienceState} state */
  draw({ show, asked }) {
    const run = show?.run;
    const questions = run?.kind === 'questions' && asked?.run === run.id ? asked.questions : undefined;
    this.hidden = !questions?.length;
    if (!show || !run || !questions) return;
    if (!this.#mine.size) this.#mine = new Set((recall(`${show.id}.upvoted`) ?? '').split(' ').filter(Boolean));
    const text = JSON.stringify([questions, run.writing?.upvotes, this.#mine.size]);
    if (text === this.#drawn) return;
    this.#drawn = text;
    setText(this.#note, asked?.more ? say('asked_more') : '');
    const focused = this.#list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.item : undefined;
    this.#list.replaceChildren(...questions.map((question) => this.#line(question, run)));
    // Who has a question under the finger keeps it, wherever it moved to.
    if (focused) /** @type {HTMLElement|null} */ (this.#list.querySelector(`[data-item="${focused}"]`))?.focus();
  }

  /** @param {{ id: string, text: string, upvotes: number }} question @param {import('../sdk/wire.js').RunView} run */
  #line(question, run) {
    const line = h('li', { class: 'asked-line' }, h('p', { dir: 'auto' }, question.text));
    if (!run.writing?.upvotes) return line;
    const own = this.#mine.has(question.id);
    const button = h('button', { type: 'button', class: 'asked-vote', 'data-item': question.id, onclick: () => this.#upvote(question.id, button) });
    button.append(h('span', { 'aria-hidden': 'true' }, own ? '✓' : '▲'), h('span', {}, count(question.upvotes)), h('span', { class: 'tl-unseen' }, own ? say('asked_upvoted') : say('asked_upvote', { text: question.text })));
    button.disabled = own;
    setAttribute(button, 'data-own', own);
    line.append(button);
    return line;
  }
}

customElements.define('tl-asked', Asked);
