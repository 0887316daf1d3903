/**
 * The server's time on this device.
 *
 * The local base is monotonic, so that somebody setting the device's clock moves nothing. Two kinds of evidence:
 * a question to `/api/v1/time` (good to half its round trip), and the `now` of a welcome, which can only be too old by
 * the time it travelled: it is a lower bound and lifts the offset when it says more.
 */
export class ServerClock {
  #offset = 0;
  #known = false;
  /** What the wall clock said above the monotonic one at the last question; a jump means that the device slept. */
  #gap = 0;

  /** Milliseconds since 1970 on the server's clock. */
  now() {
    return local() + this.#offset;
  }

  /** Whether anything was heard of the server's time yet. */
  get known() {
    return this.#known;
  }

  /** Whether the device slept (or its clock jumped) since the last question, so that it should be asked again. */
  get doubtful() {
    return Math.abs(Date.now() - local() - this.#gap) > 1000;
  }

  /** Takes the `now` of a welcome that has just arrived. @param {number} now */
  hear(now) {
    const offset = now - local();
    if (!this.#known || offset > this.#offset) this.#offset = offset;
    this.#known = true;
  }

  /**
   * Asks the server three times and believes the quickest answer.
   * @param {() => Promise<number>} ask
   * @returns {Promise<boolean>} whether there was an answer
   */
  async sync(ask) {
    let best = Infinity;
    for (let i = 0; i < 3; i++) {
      const before = local();
      let now;
      try {
        now = await ask();
      } catch {
        break;
      }
      const after = local();
      if (after - before < best) {
        best = after - before;
        this.#offset = now - (before + after) / 2;
        this.#known = true;
        this.#gap = Date.now() - after;
      }
    }
    return best < Infinity;
  }
}

function local() {
  return performance.timeOrigin + performance.now();
}
