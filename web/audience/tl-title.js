import { StoreElement, bdi, h, setAttribute, setText } from '../shared/element.js';

/** The show's name, with the lamp that is lit while a question is on. */
class Title extends StoreElement {
  #lamp = h('span', { class: 'tl-lamp', 'aria-hidden': 'true' });
  #name = bdi();

  build() {
    this.append(this.#lamp, h(this.embedded ? 'h2' : 'h1', { class: 'title-name' }, this.#name));
  }

  /** @param {import('./audience.js').AudienceState} state */
  draw({ show, link }) {
    const title = show?.title ?? (link.is === 'ended' ? 'Tallylight' : '…');
    setText(this.#name, title);
    setAttribute(this.#name, 'lang', show?.language);
    if (show && !this.embedded) document.title = show.run ? `${show.run.question} – ${show.title}` : show.title;
    setAttribute(this.#lamp, 'data-on', Boolean(show?.run));
  }
}

customElements.define('tl-title', Title);
