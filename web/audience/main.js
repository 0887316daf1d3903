/** The audience page: one store, fed by the wire; the elements draw from it and give ballots to it. */
import { Client } from '../sdk/tallylight.js';
import { StoreElement } from '../shared/element.js';
import { Store } from '../shared/store.js';

/**
 * @typedef {object} AudienceState
 * @property {Client} client
 * @property {import('../sdk/tallylight.js').LinkState} link
 * @property {import('../sdk/wire.js').ShowView} [show]
 * @property {import('../sdk/wire.js').Results} [results]
 * @property {import('../sdk/ballots.js').Ballot[]} ballots
 * @property {{ segment?: string, pool?: string }} entry where this viewer came in
 * @property {boolean} astray the link that led here is not one of this show
 * @property {{ run: string, picks: number[], asked?: number }} chosen what is chosen and not yet given; `asked`: since when
 *   (local milliseconds) it waits for a second yes
 */

const id = decodeURIComponent(location.pathname.split('/')[2] ?? '');
const client = new Client({ show: id, entry: entryCode() });
// The same page, opened by another link.
addEventListener('hashchange', () => {
  const code = entryCode();
  if (code) client.enter(code);
});

/** The code of an entry link (`#e=…`), taken out of the address bar: who copies the address passes on the show, not the entry. */
function entryCode() {
  const code = /^#e=(.+)$/.exec(location.hash)?.[1];
  if (code) history.replaceState(null, '', location.pathname + location.search);
  return code;
}


/** @type {AudienceState} */
const first = { client, link: client.state, ballots: client.ballots, entry: {}, astray: false, chosen: { run: '', picks: [] } };
const store = new Store(first);
StoreElement.store = store;

for (const name of /** @type {const} */ (['link', 'show', 'results'])) {
  client.addEventListener(name, (event) => store.set({ [name]: /** @type {CustomEvent} */ (event).detail }));
}
client.addEventListener('welcome', (event) => {
  const { entry, problem } = /** @type {CustomEvent} */ (event).detail;
  store.set({ entry: entry ?? {} });
  if (entry || problem) store.set({ astray: Boolean(problem) });
});
client.addEventListener('ballots', () => store.set({ ballots: [...client.ballots] }));

await Promise.all([
  import('./tl-title.js'), import('./tl-rehearsal.js'), import('./tl-question.js'), import('./tl-options.js'), import('./tl-countdown.js'),
  import('./tl-receipt.js'), import('./tl-connection.js'), import('./tl-share.js'),
  import('./tl-mine.js'),
]);
client.start();
