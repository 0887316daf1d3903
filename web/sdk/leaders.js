/** The leaderboard, and this viewer's own place in it. */

/** Over how long viewers without a WebSocket ask for their place in a new leaderboard, each at a moment of its own. */
const SCORE_SPREAD_MS = 3000;
/** How long after a welcome a leaderboard that was there may take. */
const LEADERBOARD_MS = 1000;

export class Leaders {
  /** @type {import('./wire.js').Leaderboard|undefined} */
  newest;
  #awaited = false;
  #tell;

  /** @param {(name: 'leaderboard'|'score', detail: unknown) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /**
   * @param {import('./wire.js').Leaderboard} next
   * @param {() => Promise<import('./wire.js').Score>} [ask] for this viewer's own place, where it does not come by itself
   */
  hear(next, ask) {
    this.#awaited = false;
    if (JSON.stringify(this.newest) === JSON.stringify(next)) return;
    this.newest = next;
    this.#tell('leaderboard', next);
    if (!ask || !next.players) return;
    setTimeout(async () => {
      const score = await ask().catch(() => undefined);
      if (score && this.newest === next) this.#tell('score', score);
    }, Math.random() * SCORE_SPREAD_MS);
  }

  /** One that is not told again after a welcome is no more. It stays until then, so that nothing blinks. */
  welcomed() {
    if (!this.newest?.players) return;
    this.#awaited = true;
    setTimeout(() => this.#awaited && this.hear({ t: 'leaderboard', runs: [], players: 0, top: [] }), LEADERBOARD_MS);
  }
}
