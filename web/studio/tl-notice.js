import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { timeOfDay } from '../shared/format.js';

/** A loss shorter than this is not worth a word. */
const SHORT_MS = 1200;

/** The last answer to this operator, or that there is no connection, in a slot that is always there. */
class NoticeLine extends StoreElement {
  #sign = h('span', { class: 'notice-sign', 'aria-hidden': 'true' });
  #text = h('strong');
  #advice = h('span');
  #time = h('time', { class: 'notice-time' });

  build() {
    this.append(this.#sign, h('p', { role: 'status', class: 'notice-text' }, this.#text, ' ', this.#advice), this.#time);
    setInterval(() => StoreElement.store && this.draw(StoreElement.store.state), 500);
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ notice, link, desk, keys }) {
    if (desk && link && link.is !== 'up' && Date.now() - link.since > SHORT_MS && StoreElement.desk) {
      const { desk: wire } = StoreElement;
      setAttribute(this, 'data-tone', 'warn');
      setText(this.#sign, '▲');
      setText(this.#text, 'No connection.');
      setText(this.#advice, `All of this is as of ${timeOfDay(wire.now() - (Date.now() - wire.heard_at))}. The show goes on; commands are still tried, panic too.`);
      setText(this.#time, '');
      return;
    }
    setAttribute(this, 'data-tone', notice?.tone ?? 'plain');
    setText(this.#sign, notice ? { good: '✓', bad: '✕', plain: '·' }[notice.tone] : '·');
    setText(this.#text, notice?.text ?? 'Ready.');
    setText(this.#advice, notice?.advice ?? (notice || !keys ? '' : 'Press ? for the keys.'));
    setText(this.#time, notice ? timeOfDay(notice.at) : '');
  }
}

customElements.define('tl-notice', NoticeLine);
