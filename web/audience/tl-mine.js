import { StoreElement, h, setText } from '../shared/element.js';
import { say } from './words.js';

/** What the service keeps of this viewer, as a file of their own. */
class Mine extends StoreElement {
  #said = h('span', { role: 'status' });

  build() {
    this.append(h('button', { type: 'button', class: 'mine-get', onclick: () => this.#get() }, say('mine_get')), this.#said);
  }

  async #get() {
    setText(this.#said, say('mine_asking'));
    try {
      const text = JSON.stringify(await this.store?.state.client.mine(), null, 2);
      const href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
      h('a', { href, download: say('mine_file') }).click();
      // Some browsers read it only after the click.
      setTimeout(() => URL.revokeObjectURL(href), 60_000);
      setText(this.#said, say('mine_done'));
    } catch {
      setText(this.#said, say('mine_failed'));
    }
  }
}

customElements.define('tl-mine', Mine);
