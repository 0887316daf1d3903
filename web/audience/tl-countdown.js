import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { countdown } from '../shared/format.js';
import { leftMs, phaseOf } from '../shared/phase.js';
import { say } from './words.js';
import { isTapped } from '../sdk/taps.js';

/** What the clock means for the question: opens in, closes in, time is up, result. On the server's clock, in a slot of fixed size. */
class Countdown extends StoreElement {
  #words = h('span', { class: 'countdown-words' });
  #time = h('span', { class: 'countdown-time', role: 'timer' });
  #bar = h('span', { class: 'countdown-bar' });
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #tick;

  build() {
    this.append(this.#words, this.#time, h('span', { class: 'countdown-track', 'aria-hidden': 'true' }, this.#bar));
    this.#tick = setInterval(() => this.draw(this.store?.state), 200);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#tick);
  }

  /** @param {import('./audience.js').AudienceState} state */
  draw({ show, client }) {
    const run = show?.run;
    this.hidden = !run;
    if (!run) return;
    const now = client.now();
    const phase = phaseOf(run, now);
    const left = leftMs(run, now);
    const waits = phase === 'standby' && run.opens_at !== undefined && !run.hold ? Math.max(0, run.opens_at - now) : undefined;
    const time = left ?? waits;
    const text = run.writing ? writingWords(phase, left, waits) : words(phase, run, left, waits);
    setText(this.#words, text);
    setText(this.#time, time === undefined ? '' : countdown(time));
    setAttribute(this, 'data-phase', phase);
    setAttribute(this, 'data-last', left !== undefined && left <= 10_000);
    setAttribute(this, 'data-timed', time !== undefined);
    const whole = (run.closes_at ?? 0) - (run.opens_at ?? 0);
    this.#bar.style.setProperty('transform', `scaleX(${left !== undefined && whole > 0 ? Math.min(1, left / whole).toFixed(4) : 0})`);
  }
}

/**
 * @param {import('../sdk/wire.js').Phase} phase @param {import('../sdk/wire.js').RunView} run
 * @param {number|undefined} left @param {number|undefined} waits
 */
function words(phase, run, left, waits) {
  if (isTapped(run) && phase !== 'void') {
    if (phase === 'standby') return say('tap_soon');
    return say(phase === 'open' ? (left === undefined ? 'tap_open' : 'tap_until') : 'tap_closed');
  }
  switch (phase) {
    case 'standby': return say(waits === undefined ? 'opens_soon' : 'opens_in');
    case 'open': return say(run.hold ? 'on_hold' : left === undefined ? 'open_by_hand' : 'open_until');
    case 'closing': return say('closing');
    case 'revealed': return say('revealed');
    case 'void': return say('void');
    default: return say('locked');
  }
}

/** @param {import('../sdk/wire.js').Phase} phase @param {number|undefined} left @param {number|undefined} waits */
function writingWords(phase, left, waits) {
  if (phase === 'standby') return say(waits === undefined ? 'write_soon' : 'opens_in');
  if (phase === 'open') return say(left === undefined ? 'write_open' : 'write_until');
  return say(phase === 'closing' ? 'closing' : phase === 'void' ? 'void' : 'write_closed');
}

customElements.define('tl-countdown', Countdown);
