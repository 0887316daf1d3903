/** @typedef {{ t0?: number, t1: number, t2: number, now?: number }} Answer of `/api/v1/time`: what this device said, and when the server had the question and sent this; an older server says `now` alone */

/**
 * The server's time on this device.
 *
 * The local base is monotonic, so that somebody setting the device's clock moves nothing. Two kinds of evidence:
 * a question to `/api/v1/time` (good to half its way there and back), and the `now` of a welcome, which can only be too old by
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
   * Asks the server three times and believes the answer that was least on its way; none to another question, out of some cache.
   * @param {(t0: number) => Promise<Answer>} ask
   * @returns {Promise<boolean>} whether there was an answer
   */
  async sync(ask) {
    let best = Infinity;
    let answered = false;
    for (let i = 0; i < 3; i++) {
      const t0 = Math.round(local());
      let answer;
      try {
        answer = await ask(t0);
      } catch {
        break;
      }
      const t3 = local();
      answered = true;
      const { t1, t2 } = answer.t1 === undefined && answer.now !== undefined ? { t1: answer.now, t2: answer.now } : answer;
      if (answer.t0 !== t0 && answer.t1 !== undefined) continue;
      const way = t3 - t0 - (t2 - t1);
      if (way < best) {
        best = way;
        this.#offset = (t1 - t0 + (t2 - t3)) / 2;
        this.#known = true;
        this.#gap = Date.now() - t3;
      }
    }
    return answered;
  }
}

function local() {
  return performance.timeOrigin + performance.now();
}
