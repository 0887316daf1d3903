/**
 * How late this viewer's own picture is, as their player measures it. It moves what the page shows, and nothing else: the window in
 * which a ballot is taken goes by the entry link, and what is measured counts within what its platform declares.
 *
 * @typedef {import('./wire.js').RunView} RunView
 * @typedef {{ mode: 'pdt', value: number|Date } | { mode: 'latency', value: number } | { mode: 'offset', value: number }} Measure
 *   `pdt`: the programme date and time of the picture that is seen now (milliseconds since 1970, or a date); `latency`: seconds by
 *   which the player is behind the studio's output; `offset`: the same in milliseconds
 */

/** Players measure a little else each time: what is nearer moves nothing. */
const STEADY_MS = 250;

/** The messages that belong to the picture. */
const PICTURED = ['show', 'results', 'leaderboard'];

export class Player {
  /** Milliseconds that the picture is behind the output. @type {number|undefined} */
  #behind_ms;
  /** What the platform declared last. @type {{ delay_ms: number, jitter_ms: number }|undefined} */
  #declared;
  /** Whether anything was shown yet. */
  #begun = false;

  /**
   * Takes what the player measured.
   * @param {Measure|undefined} measure none: the picture is as the platform declares @param {number} now server's clock
   * @returns {boolean} whether it moves what is shown
   */
  measured(measure, now) {
    const before = this.late_ms;
    const behind_ms = measure && { pdt: now - Number(measure.value), latency: Number(measure.value) * 1000, offset: Number(measure.value) }[measure.mode];
    if (behind_ms === undefined || !Number.isFinite(behind_ms)) this.#behind_ms = undefined;
    else if (this.#behind_ms === undefined || Math.abs(behind_ms - this.#behind_ms) >= STEADY_MS) this.#behind_ms = behind_ms;
    return this.late_ms !== before;
  }

  /** Tells a message: what a later picture does not show yet is told when it does, but for the first. @param {any} message @param {() => void} take */
  tell(message, take) {
    const first = !this.#begun;
    if (message.t === 'show') {
      this.#begun = true;
      this.#declared = message.run?.behind ?? this.#declared;
    }
    const wait = !first && PICTURED.includes(message.t) ? this.late_ms : 0;
    if (wait > 0) setTimeout(take, wait);
    else take();
  }

  /** By how much the picture is later than the platform's times; less than nothing: sooner. Nobody without a platform is moved. */
  get late_ms() {
    if (this.#behind_ms === undefined || !this.#declared) return 0;
    const { delay_ms, jitter_ms } = this.#declared;
    return Math.max(-jitter_ms, Math.min(jitter_ms, this.#behind_ms - delay_ms));
  }

  /** The times of a run as they are in the picture. It never opens before ballots are taken. @param {RunView} run */
  seen(run) {
    const late = this.late_ms;
    const moved = (/** @type {number|undefined} */ at, by = late) => at === undefined ? at : at + by;
    return late === 0 || !run.behind ? run : { ...run, opens_at: moved(run.opens_at, Math.max(0, late)), closes_at: moved(run.closes_at) };
  }
}
