/** Whether the server should have told a step of the run by now: a connection that is silent then only looks alive. */

/** How long after a boundary of a run (open, close, lock) the new `show` may take, before the connection is taken for dead. */
const BOUNDARY_MS = 4000;

/** Staff hears a gauge every second; a connection silent for this long is taken for dead. */
export const STAFF_SILENCE_MS = 6000;

export class Boundary {
  /** The run of the last `show`, as it was sent. @type {import('./wire.js').RunView|undefined} */
  #run;
  /** The boundary whose `show` we wait for, server's clock. @type {number|undefined} */
  #awaited;

  /** A `show` came. @param {import('./wire.js').RunView|undefined} run */
  told(run) {
    this.#run = run;
    this.#awaited = undefined;
  }

  /** @param {number} now server's clock @param {number} heard_at local time of the last message */
  isOverdue(now, heard_at) {
    const run = this.#run;
    if (!run || run.hold) return false;
    const next = { standby: run.opens_at, open: run.closes_at, closing: run.locks_at }[/** @type {string} */ (run.phase)];
    if (!next || now < next + BOUNDARY_MS || this.#awaited === next) return false;
    this.#awaited = next;
    return Date.now() - heard_at > BOUNDARY_MS;
  }
}
