import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { say } from './words.js';

/** A small panel to bring others: the address and its QR code, both made by this server. */
class Share extends StoreElement {
  #address = `${location.origin}${location.pathname}`;
  #panel = h('dialog', { class: 'share-panel', 'aria-labelledby': 'share-title' });
  #copy = h('button', { type: 'button', class: 'share-copy', onclick: () => this.#copied() }, say('share_copy'));
  #code = h('img', { class: 'share-code', width: 240, height: 240, alt: say('share_qr', { address: this.#address }) });

  build() {
    const close = h('button', { type: 'button', class: 'share-close', 'aria-label': say('share_close'), onclick: () => this.#panel.close() }, '✕');
    const short = this.#address.replace(/^https?:\/\//, '');
    this.#panel.append(
      close,
      h('h2', { id: 'share-title' }, say('share_title')),
      h('p', {}, say('share_text')),
      this.#code,
      h('p', { class: 'share-address', dir: 'ltr' }, short),
      this.#copy,
    );
    this.#panel.addEventListener('click', (event) => event.target === this.#panel && this.#panel.close());
    this.append(h('button', { type: 'button', class: 'share-open', onclick: () => this.#open() }, say('share')), this.#panel);
  }

  #open() {
    setAttribute(this.#code, 'src', `${location.pathname.replace(/\/$/, '')}/qr.svg`);
    this.#panel.showModal();
  }

  async #copied() {
    try {
      await navigator.clipboard.writeText(this.#address);
      setText(this.#copy, say('share_copied'));
      setTimeout(() => setText(this.#copy, say('share_copy')), 2000);
    } catch {
      // Without the clipboard (plain http) the address is there to be selected.
    }
  }
}

customElements.define('tl-share', Share);
