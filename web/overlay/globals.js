/**
 * The four functions that graphics systems call, there before anything else is loaded: CasparCG sends `update` and `play` as soon
 * as the page is open. What comes early is kept in order. None of them ever throws; `window.remove` stays the host's own.
 *
 * Plain scripts and not modules, here and in the other files of this folder: the graphic must also work from a folder on the
 * playout machine, where a browser loads no modules, and with no server at all.
 */
(() => {
  /** @type {[string, unknown[]][]} */
  const early = [];
  /** @type {Record<string, (...args: unknown[]) => void>|undefined} */
  let screen;

  /** @param {string} name */
  const call = (name) => (/** @type {unknown[]} */ ...args) => {
    try {
      if (screen) screen[name](...args);
      else early.push([name, args]);
    } catch {
      // Silent on air: the last good frame stays.
    }
  };

  const page = /** @type {any} */ (window);
  page.update = call('update');
  page.play = call('play');
  page.stop = call('stop');
  page.next = call('next');
  page.tallylight = {
    /** The screen takes over, first what was called before it was there. @param {Record<string, (...args: unknown[]) => void>} ready */
    take(ready) {
      screen = ready;
      for (const [name, args] of early.splice(0)) page[name](...args);
    },
  };
})();
