import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { countdown } from '../shared/format.js';
import { leftMs, phaseOf } from '../shared/phase.js';
import { programRun } from './state.js';
import { phases } from './words.js';

/** Where viewers see the show later: how much, what they see now of the run on program, and until when. Nothing where nobody is behind. */
class Platforms extends StoreElement {
  #rows = h('ul', { class: 'platforms' });
  #eta = h('p', { class: 'platforms-eta', role: 'timer' });

  build() {
    this.hidden = true;
    this.append(h('h2', { class: 'panel-head' }, 'Platforms'), this.#rows, this.#eta, h('tl-late'));
    setInterval(() => this.#tick(), 200);
  }

  /** @param {import('./main.js').StudioState} state */
  draw(state) {
    const behind = platforms(state);
    this.hidden = behind.length === 0;
    while (this.#rows.children.length > behind.length) this.#rows.lastChild?.remove();
    while (this.#rows.children.length < behind.length) {
      this.#rows.append(h('li', {}, h('span', { class: 'platform-name' }), h('span', { class: 'platform-delay' }), h('span', { class: 'platform-phase' }), h('span', { class: 'platform-time' })));
    }
    this.#tick();
  }

  #tick() {
    /** @type {import('./main.js').StudioState|undefined} */
    const state = StoreElement.store?.state;
    if (!state || !StoreElement.desk) return;
    const run = programRun(state);
    const now = StoreElement.desk.now();
    for (const [i, own] of platforms(state).entries()) {
      const [name, delay, words, time] = this.#rows.children[i]?.children ?? [];
      if (!time) return;
      // As it is from now on: a run that is sealed keeps the one that it had.
      const { declared_ms: declared, delay_ms } = state.desk?.platforms?.find((one) => one.platform === own.platform) ?? { declared_ms: undefined, ...own };
      setText(name, own.label);
      setText(delay, `+${seconds(delay_ms)} s${declared === undefined || declared === delay_ms ? '' : ` (file: ${seconds(declared)})`}`);
      if (!('phase' in own)) {
        setText(words, '');
        setText(time, '');
        setAttribute(this.#rows.children[i], 'data-phase', undefined);
        continue;
      }
      const seen = { ...own, hold: Boolean(run?.hold) };
      const phase = phaseOf(seen, now);
      const until = phase === 'standby' ? own.opens_at : leftMs(seen, now) !== undefined ? own.closes_at : phase === 'closing' ? own.locks_at : undefined;
      setText(words, phase === 'standby' ? (until === undefined ? phases.standby : 'opens in') : phases[phase]);
      setText(time, until === undefined ? '' : countdown(Math.max(0, until - now)));
      setAttribute(this.#rows.children[i], 'data-phase', phase);
    }
    const waits = run?.locks_at !== undefined && !run.hold && now < run.locks_at && run.phase !== 'standby';
    setText(this.#eta, waits ? `Locked everywhere in ${countdown(/** @type {number} */ (run?.locks_at) - now)}` : '');
  }
}

/** Those of the run on program, as it has them; else as the next run will. @param {import('./main.js').StudioState} state */
const platforms = (state) => programRun(state)?.platforms ?? state.desk?.platforms ?? [];

/** @param {number} ms */
const seconds = (ms) => (ms / 1000).toFixed(ms % 1000 ? 1 : 0);

customElements.define('tl-platforms', Platforms);
