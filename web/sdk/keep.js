/** What a device keeps: of a show its token, and the code of the entry link by which it came; for all shows the reader's language. */

/** @param {string} name @returns {string|undefined} */
export function recall(name) {
  try {
    return localStorage.getItem(`tallylight.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Whether this device keeps anything: in some private modes, and in frames of other sites, it does not. */
export function keeps() {
  try {
    localStorage.setItem('tallylight.kept', '1');
    localStorage.removeItem('tallylight.kept');
    return true;
  } catch {
    return false;
  }
}

/** @param {string} name @param {string|undefined} value */
export function store(name, value) {
  try {
    if (value) localStorage.setItem(`tallylight.${name}`, value);
    else localStorage.removeItem(`tallylight.${name}`);
  } catch {
    // Without storage the device is a new voter after a reload; the page cannot help that.
  }
}
