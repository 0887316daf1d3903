/** What a device keeps of one show beside its ballots: its token, and the code of the entry link by which it came. */

/** @param {string} show @param {'device'|'entry'} what */
export function recall(show, what) {
  try {
    return localStorage.getItem(`tallylight.${show}.${what}`) ?? undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} show @param {'device'|'entry'} what @param {string|undefined} value */
export function store(show, what, value) {
  try {
    const key = `tallylight.${show}.${what}`;
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
  } catch {
    // Without storage the device is a new voter after a reload; the page cannot help that.
  }
}
