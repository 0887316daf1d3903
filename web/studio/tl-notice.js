import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { timeOfDay } from '../shared/format.js';

/** The last answer to this operator, in a slot that is always there. */
class NoticeLine extends StoreElement {
  #sign = h('span', { class: 'notice-sign', 'aria-hidden': 'true' });
  #text = h('strong');
  #advice = h('span');
  #time = h('time', { class: 'notice-time' });

  build() {
    this.append(this.#sign, h('p', { role: 'status', class: 'notice-text' }, this.#text, ' ', this.#advice), this.#time);
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ notice }) {
    setAttribute(this, 'data-tone', notice?.tone ?? 'plain');
    setText(this.#sign, notice ? { good: '✓', bad: '✕', plain: '·' }[notice.tone] : '·');
    setText(this.#text, notice?.text ?? 'Ready.');
    setText(this.#advice, notice?.advice ?? (notice ? '' : 'Press ? for the keys.'));
    setText(this.#time, notice ? timeOfDay(notice.at) : '');
  }
}

customElements.define('tl-notice', NoticeLine);
