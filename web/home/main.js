/** The way to every page: one card per show. */
import { request } from '../sdk/tallylight.js';
import { h, setText } from '../shared/element.js';

/** How long to wait before asking again when the server does not answer. */
const AGAIN_MS = 3000;

class Shows extends HTMLElement {
  #state = h('p', { role: 'status', class: 'state' }, 'Asking which shows there are.');
  #list = h('div', { class: 'shows' });

  connectedCallback() {
    this.append(this.#state, this.#list);
    this.#ask();
  }

  async #ask() {
    try {
      const { shows } = await request('/api/v1/shows');
      setText(this.#state, shows.length ? '' : 'There is no show yet.');
      this.#list.replaceChildren(...shows.map(card));
    } catch {
      setText(this.#state, 'The server does not say which shows there are. Asking again.');
      setTimeout(() => this.#ask(), AGAIN_MS);
    }
  }
}

/** @param {{ id: string, title: string }} show */
function card({ id, title }) {
  const link = (/** @type {string} */ href, /** @type {string} */ name, /** @type {string} */ what) => h('li', {}, h('a', { href }, name), ' ', h('span', {}, what));
  return h('section', { class: 'show', 'aria-labelledby': `show-${id}` },
    h('h2', { id: `show-${id}` }, title), h('p', { class: 'show-id' }, id),
    h('ul', { class: 'links' },
      link(`/s/${id}`, 'Audience', 'where viewers vote; the address to share'),
      link(`/studio/${id}`, 'Studio', 'where operators run the show; needs a staff link'),
      link(`/moderate/${id}`, 'Moderation', 'where moderators decide what viewers wrote; needs a staff link'),
      link(`/embed/${id}`, 'Embed', 'the audience page in a page of another site, ready to copy'),
      link(`/o/${id}/results?output=preview`, 'Overlay preview', 'the results graphic with its state written on it, with the numbers that viewers see; the address for screens is in the studio')));
}

customElements.define('tl-shows', Shows);
