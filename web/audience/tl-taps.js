import { isTapped } from '../sdk/taps.js';
import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { count } from '../shared/format.js';
import { phaseOf } from '../shared/phase.js';
import { say } from './words.js';

/** Emoji that fly up from a button at once, at most. */
const FLYING_MOST = 6;

/** The big buttons of a run of reactions. A tap counts here at once; the server hears of it by and by. */
class TapButtons extends StoreElement {
  #built = '';
  #list = h('div', { class: 'taps', role: 'group', 'aria-labelledby': 'question' });
  #offline = h('p', { class: 'taps-offline', role: 'status' });
  /** @type {{ button: HTMLButtonElement, number: HTMLElement, label: string }[]} */
  #buttons = [];
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #tick;

  build() {
    this.append(this.#list, this.#offline);
    // They go when the window closes, also if no message comes.
    this.#tick = setInterval(() => this.draw(this.store?.state), 250);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#tick);
  }

  /** @param {import('./audience.js').AudienceState} state */
  draw({ show, client, taps, link }) {
    const run = show?.run;
    this.hidden = !isTapped(run);
    if (!run || this.hidden) return;
    if (this.#built !== run.id) this.#make(run);
    const open = phaseOf(run, client.now()) === 'open';
    setText(this.#offline, open && (link.is !== 'up' || link.offline) ? say('tap_offline') : '');
    for (const [i, { button, number, label }] of this.#buttons.entries()) {
      const n = client.taps[i] ?? taps[i] ?? 0;
      button.disabled = !open;
      setText(number, n ? count(n) : '');
      setAttribute(button, 'aria-label', say('tap_button', { emoji: label, n }));
    }
  }

  /** @param {import('../sdk/wire.js').RunView} run */
  #make(run) {
    this.#built = run.id;
    this.#buttons = run.options.map(({ n, label }) => {
      const number = h('span', { class: 'tap-number', 'aria-hidden': 'true' });
      const face = h('span', { class: 'tap-face', 'aria-hidden': 'true' }, label);
      /** @type {HTMLButtonElement} */
      const button = h('button', { type: 'button', class: 'tap', onclick: () => this.#tap(n, button, label) }, face, number);
      return { button, number, label };
    });
    setAttribute(this.#list, 'data-count', String(run.options.length));
    this.#list.replaceChildren(...this.#buttons.map(({ button }) => button));
  }

  /** @param {number} n @param {HTMLElement} button @param {string} label */
  #tap(n, button, label) {
    this.store?.state.client.tap(n);
    if (button.querySelectorAll('.tap-fly').length >= FLYING_MOST || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const fly = h('span', { class: 'tap-fly', 'aria-hidden': 'true', onanimationend: () => fly.remove() }, label);
    fly.style.setProperty('--drift', `${Math.round(Math.random() * 60 - 30)}%`);
    button.append(fly);
  }
}

customElements.define('tl-taps', TapButtons);
