import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { say } from './words.js';

/** The show's name, with the lamp that is lit while a question is on, and the word of rehearsal. */
class Title extends StoreElement {
  #lamp = h('span', { class: 'tl-lamp', 'aria-hidden': 'true' });
  #name = h('h1', { class: 'title-name' });
  #rehearsal = h('p', { class: 'title-rehearsal' });

  build() {
    this.append(this.#lamp, this.#name, this.#rehearsal);
  }

  /** @param {import('./main.js').AudienceState} state */
  draw({ show, link }) {
    const title = show?.title ?? (link.is === 'ended' ? 'Tallylight' : '…');
    setText(this.#name, title);
    if (show) document.title = show.run ? `${show.run.question} – ${show.title}` : show.title;
    setAttribute(this.#lamp, 'data-on', Boolean(show?.run));
    setText(this.#rehearsal, show?.rehearsal ? say('rehearsal') : '');
    this.#rehearsal.hidden = !show?.rehearsal;
  }
}

customElements.define('tl-title', Title);
