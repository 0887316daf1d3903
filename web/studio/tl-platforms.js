import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { countdown } from '../shared/format.js';
import { leftMs, phaseOf } from '../shared/phase.js';
import { partOf, programRun } from './state.js';
import { phases } from './words.js';

/** Where viewers see the show later, and segments with windows of their own: how much later, what they see now of the run on program, and until when. Nothing where there are none. */
class Platforms extends StoreElement {
  #head = h('h2', { class: 'panel-head' });
  #rows = h('ul', { class: 'platforms' });
  #eta = h('p', { class: 'platforms-eta', role: 'timer' });
  #clock = h('p', { class: 'platforms-clock', hidden: true }, 'A segment’s window counts from the first opening and ends with the run at the latest. On hold no segment begins or ends. Extend moves only what has no end of its own.');

  build() {
    this.hidden = true;
    this.append(this.#head, this.#rows, this.#clock, this.#eta, h('tl-late'));
    setInterval(() => this.#tick(), 200);
  }

  /** @param {import('./main.js').StudioState} state */
  draw(state) {
    const behind = platforms(state);
    this.hidden = behind.length === 0;
    const segments = behind.some((own) => 'segment' in own);
    this.#clock.hidden = !segments;
    setText(this.#head, !segments ? 'Platforms' : behind.every((own) => !own.platform) ? 'Segments of the audience' : 'Platforms, and segments of the audience');
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
      const segment = 'segment' in own && own.segment;
      setAttribute(this.#rows.children[i], 'data-segment', Boolean(segment));
      setText(name, [segment, own.label].filter(Boolean).join(' · '));
      const late = own.platform && `+${seconds(delay_ms)} s${declared === undefined || declared === delay_ms ? '' : ` (file: ${seconds(declared)})`}`;
      // How late its platform is stands in the row of that.
      setText(delay, segment ? partOf(own) : late);
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
