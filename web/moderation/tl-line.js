import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { timeOfDay } from '../shared/format.js';

/** A loss shorter than this is not worth a word. */
const SHORT_MS = 1200;

/** The last answer to this moderator, or that there is no connection. */
class Line extends StoreElement {
  #text = h('p', { role: 'status' });

  build() {
    this.append(this.#text);
    setInterval(() => StoreElement.store && this.draw(StoreElement.store.state), 500);
  }

  /** @param {import('./main.js').ModerationState} state */
  draw({ notice, link, choosing, arming, editing }) {
    const lost = link && link.is !== 'up' && Date.now() - link.since > SHORT_MS;
    const armed = arming && arming.until > Date.now();
    setAttribute(this, 'data-tone', lost || armed ? 'warn' : notice?.tone ?? 'plain');
    if (lost) setText(this.#text, `▲ No connection since ${timeOfDay(link.since)}. What you see is as of then; a pull is still tried.`);
    else if (armed) setText(this.#text, '▲ Press B again to ban this device for the show. Escape leaves it.');
    else if (choosing) setText(this.#text, 'Why? 1 to 7. The sender reads it. Escape leaves it.');
    else if (editing) setText(this.#text, 'Ctrl+Enter approves the new text. Escape leaves it as it was.');
    else setText(this.#text, notice ? `${{ good: '✓', bad: '✕', plain: '·' }[notice.tone]} ${notice.text}` : 'Ready. Press ? for the keys.');
  }
}

customElements.define('tl-line', Line);
