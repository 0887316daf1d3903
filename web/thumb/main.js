/** The controller for one thumb: the same staff session and the same actions as the studio page, on a phone. */
import { StoreElement } from '../shared/element.js';
import { Store } from '../shared/store.js';
import { enterBy } from '../studio/room.js';

/** @type {import('../studio/main.js').StudioState} */
const first = { log: [], items: new Map(), busy: {}, keys: false, help: false, addresses: false };
const store = new Store(first);
StoreElement.store = store;

await Promise.all([
  import('../studio/tl-entry.js'), import('../studio/tl-action.js'), import('../studio/tl-hold.js'), import('../studio/tl-notice.js'), import('./tl-thumb.js'),
]);
enterBy(store, awake);

/** Keeps the screen on while the page is looked at, where the browser lets it; it gives up by itself when it is hidden. */
function awake() {
  const ask = () => document.visibilityState === 'visible' && /** @type {any} */ (navigator).wakeLock?.request('screen').catch(() => {});
  document.addEventListener('visibilitychange', ask);
  ask();
}
