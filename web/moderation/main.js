/** The moderators' page: enters with the one-time code, then one store fed by the wire; elements draw from it, keys decide. */
import { Client } from '../sdk/tallylight.js';
import { StoreElement } from '../shared/element.js';
import { Store } from '../shared/store.js';
import { codeOf, enter, recall } from '../studio/entry.js';
import { Judge } from './judge.js';
import { listen } from './keys.js';

/**
 * @typedef {import('./queue.js').ItemView} ItemView
 *
 * @typedef {object} ModerationState
 * @property {import('../sdk/tallylight.js').LinkState} [link]
 * @property {import('../sdk/wire.js').Welcome} [me]
 * @property {import('../sdk/wire.js').DeskView} [desk]
 * @property {import('../sdk/wire.js').Gauge} [gauge]
 * @property {Map<string, ItemView>} items
 * @property {import('../sdk/wire.js').Items} [told] the newest of everything but the items
 * @property {Map<string, import('../sdk/wire.js').ItemState>} pending what I decided and nobody has answered
 * @property {import('./queue.js').Filter} filter
 * @property {ItemView[]} list what is seen, in order
 * @property {string} [cursor]
 * @property {number} place of the cursor in the list
 * @property {Set<string>} selected
 * @property {boolean} [choosing] a reason is asked for
 * @property {string} [editing] the item that is edited
 * @property {{ item: string, until: number }} [arming] a ban that needs a second press
 * @property {{ tone: 'good'|'bad'|'plain', text: string, at: number }} [notice]
 * @property {() => number} now the server's time
 * @property {boolean} help
 * @property {string} [problem] why there is no entry
 * @property {string} [kept] the code to try again
 */

const show = decodeURIComponent(location.pathname.split('/')[2] ?? '');

/** @type {ModerationState} */
const first = {
  items: new Map(), pending: new Map(), filter: { state: 'waiting', kind: '', flag: '', text: '' }, list: [], place: 0, selected: new Set(), now: Date.now, help: false,
};
const store = new Store(first);
StoreElement.store = store;

await Promise.all([
  import('../studio/tl-entry.js'), import('./tl-head.js'), import('./tl-queue.js'), import('./tl-item.js'), import('./tl-line.js'), import('./tl-keys.js'),
]);
addEventListener('tl-enter', (event) => start(/** @type {CustomEvent} */ (event).detail));
start(codeOf(location.hash));

/** @param {string|undefined} code */
async function start(code) {
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  const entry = code ? await enter(show, code) : recall(show);
  if (!entry || 'problem' in entry) return store.set({ problem: entry?.problem ?? 'none', kept: entry?.kept });
  run(entry.token);
}

/** @param {string} token */
function run(token) {
  const client = new Client({ show, staff: token });
  const judge = new Judge(store, client);
  store.set({ now: () => client.now() });
  /** @param {string} name @param {(detail: any) => void} hear */
  const on = (name, hear) => client.addEventListener(name, (event) => hear(/** @type {CustomEvent} */ (event).detail));
  on('link', (link) => {
    store.set({ link });
    if (link.is === 'ended') store.set({ problem: link.why ?? 'bad_token' });
  });
  on('welcome', (me) => {
    store.set({ me, problem: undefined });
    document.querySelector('.desk')?.removeAttribute('hidden');
  });
  on('desk', (desk) => {
    store.set({ desk });
    document.title = `${desk.title} – Moderation`;
  });
  on('gauge', (gauge) => store.set({ gauge }));
  on('items', (items) => judge.hear(items));
  listen(store, judge);
  addEventListener('tl-filter', (event) => judge.filter(/** @type {CustomEvent} */ (event).detail));
  addEventListener('tl-place', (event) => judge.to(/** @type {CustomEvent} */ (event).detail.place));
  addEventListener('tl-act', (event) => judge.press(/** @type {CustomEvent} */ (event).detail));
  client.start();
}
