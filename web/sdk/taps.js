/**
 * What this viewer taps in a run of reactions: counted here at once, and said now and then as a running count. The first that a
 * connection says adds nothing at the server, so it is what was said before; then what is more counts. What is lost stays lost.
 */
export class Taps {
  /** The run that is tapped. */
  run = '';
  /** Taps by option. @type {number[]} */
  counts = [];
  /** @type {number[]} */
  #said = [];
  /** Whether this connection has said anything. */
  #begun = false;
  /** What is on its way and has no answer. @type {{ counts: number[], first: boolean }|undefined} */
  #flying;

  /** Another run is on. @param {import('./wire.js').RunView} run */
  follow(run) {
    if (this.run === run.id) return;
    this.run = run.id;
    this.counts = run.options.map(() => 0);
    this.#said = [...this.counts];
    this.joined();
  }

  /** A new connection. */
  joined() {
    this.#begun = false;
    this.#flying = undefined;
  }

  /** @param {number} n the option, from 1 */
  tap(n) {
    if (this.counts[n - 1] !== undefined) this.counts[n - 1] += 1;
  }

  /** What is to be said now, if anything. @returns {number[]|undefined} */
  next() {
    if (!this.run || this.#flying) return undefined;
    const first = !this.#begun;
    const counts = first ? this.#said : this.counts;
    if (!first && counts.every((count, i) => count === this.#said[i])) return undefined;
    this.#flying = { counts: [...counts], first };
    return this.#flying.counts;
  }

  /** What became of it: what was not heard is said again. @param {boolean} heard */
  heard(heard) {
    if (heard && this.#flying) {
      this.#begun = true;
      this.#said = this.#flying.counts;
    }
    this.#flying = undefined;
  }
}

/** Whether viewers tap in a run and do not vote. @param {{ kind?: import('./wire.js').Kind }|undefined} run */
export function isTapped(run) {
  return run?.kind === 'reactions' || run?.kind === 'applause';
}
