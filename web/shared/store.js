/**
 * One store per page: the last snapshots of the server and the few choices of the person, nothing else.
 * Elements watch it and draw; everything that changed within one frame is drawn at once.
 *
 * @template {object} T
 */
export class Store {
  /** @type {Set<(state: T) => void>} */
  #watchers = new Set();
  #waiting = false;

  /** @param {T} state */
  constructor(state) {
    this.state = state;
  }

  /** @param {Partial<T>} change */
  set(change) {
    this.state = { ...this.state, ...change };
    if (this.#waiting) return;
    this.#waiting = true;
    // Not requestAnimationFrame: a hidden tab must stay true too, it is read aloud and its title is seen.
    setTimeout(() => {
      this.#waiting = false;
      for (const watcher of this.#watchers) watcher(this.state);
    });
  }

  /** @param {(state: T) => void} watcher @returns {() => void} stops watching */
  watch(watcher) {
    this.#watchers.add(watcher);
    watcher(this.state);
    return () => this.#watchers.delete(watcher);
  }
}
