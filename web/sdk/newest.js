/** Tells old snapshots from new ones. */
export class Newest {
  /** The snapshots that have not come since the welcome: their first is believed whatever its revision. @type {Set<string>} */
  #awaited = new Set();

  /** A new connection may lead to a show whose data was made anew, at revision 1. */
  anew() {
    this.#awaited = new Set(['show', 'desk', 'results']);
  }

  /**
   * Whether a snapshot is older than the known one of its kind.
   * @param {'show'|'desk'|'results'} kind @param {any} next @param {any} known @param {'rev'|'version'} field
   */
  isOld(kind, next, known, field) {
    const first = this.#awaited.delete(kind);
    return Boolean(known) && !first && older(next, known, field);
  }
}

/**
 * Whether `one` is older than `other` by epoch and then `field`.
 * @param {any} one @param {any} other @param {'rev'|'version'} field
 */
function older(one, other, field) {
  if (one.epoch !== other.epoch) return one.epoch < other.epoch;
  return one[field] < other[field];
}
