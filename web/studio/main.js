/** The studio page: enters with the one-time code, then one store fed by the wire; elements draw from it and press actions. */
import { Client } from '../sdk/tallylight.js';
import { StoreElement } from '../shared/element.js';
import { Store } from '../shared/store.js';
import { Desk } from './desk.js';
import { codeOf, enter, recall } from './entry.js';
import { listen } from './keys.js';

/**
 * @typedef {object} StudioState
 * @property {import('../sdk/tallylight.js').LinkState} [link]
 * @property {import('../sdk/wire.js').Welcome} [me]
 * @property {import('../sdk/wire.js').DeskView} [desk]
 * @property {import('../sdk/wire.js').ShowView} [seen] what audiences and screens were told last
 * @property {import('../sdk/wire.js').Gauge} [gauge]
 * @property {import('../sdk/wire.js').Results} [results]
 * @property {import('../sdk/wire.js').AsRunEntry[]} log newest last
 * @property {Map<string, import('../sdk/wire.js').ItemView>} items what was approved of what the audience wrote
 * @property {import('../sdk/wire.js').Items} [told] the rest of the moderators' news
 * @property {string} [selected] the cue that Enter puts on standby
 * @property {string} [looked] the run whose count is looked at; left out: the one on program
 * @property {Record<string, boolean>} busy commands on their way, and the second after them
 * @property {Notice} [notice]
 * @property {Arming} [arming]
 * @property {boolean} keys whether single keys work
 * @property {boolean} help
 * @property {string} [problem] why there is no entry
 * @property {string} [kept] the code to try again
 *
 * @typedef {{ tone: 'good'|'bad'|'plain', text: string, advice: string, at: number }} Notice
 * @typedef {{ what: import('../sdk/wire.js').Armable, run?: string, node?: string, until?: number, reason?: string }} Arming
 */

const show = decodeURIComponent(location.pathname.split('/')[2] ?? '');
/** How much of the as-run log the page keeps. */
const LOG_MOST = 200;

/** @type {StudioState} */
const first = { log: [], items: new Map(), busy: {}, keys: true, help: false };
const store = new Store(first);
StoreElement.store = store;

await Promise.all([
  import('./tl-entry.js'), import('./tl-action.js'), import('./tl-hold.js'), import('./tl-banner.js'), import('./tl-rundown.js'), import('./tl-program.js'),
  import('./tl-standby.js'), import('./tl-deck.js'), import('./tl-count.js'), import('./tl-control.js'), import('./tl-screens.js'), import('./tl-overlay.js'),
  import('./tl-node.js'), import('./tl-picks.js'), import('./tl-asrun.js'), import('./tl-notice.js'), import('./tl-armed.js'), import('./tl-help.js'),
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
  const desk = new Desk(store, client, show, token);
  StoreElement.desk = desk;
  /** @param {string} name @param {(detail: any) => void} hear */
  const on = (name, hear) => client.addEventListener(name, (event) => hear(/** @type {CustomEvent} */ (event).detail));
  on('link', (link) => {
    store.set({ link });
    if (link.is === 'ended') store.set({ problem: link.why ?? 'bad_token' });
  });
  on('welcome', (me) => {
    desk.joined();
    store.set({ me, problem: undefined });
  });
  on('show', (seen) => store.set({ seen }));
  on('desk', (view) => {
    const known = view.cues.some((/** @type {{ number: string }} */ cue) => cue.number === store.state.selected);
    store.set({ desk: view, selected: known ? store.state.selected : view.standby?.cue ?? view.cues[0]?.number });
    document.querySelector('.desk')?.removeAttribute('hidden');
    document.title = `${view.title} – Studio`;
  });
  on('items', (told) => {
    const { items } = store.state;
    if (told.whole) items.clear();
    for (const item of told.items) items.set(item.id, item);
    store.set({ told: { ...told, items: [] } });
  });
  on('gauge', (gauge) => store.set({ gauge }));
  on('results', (results) => store.set({ results }));
  on('log', ({ entries }) => {
    const fresh = entries.filter((/** @type {{ id: string }} */ entry) => !store.state.log.some((one) => one.id === entry.id));
    store.set({ log: [...store.state.log, ...fresh].sort((a, b) => a.at - b.at).slice(-LOG_MOST) });
  });
  on('problem', (problem) => desk.say('bad', problem.detail || problem.code, ''));
  listen(store, desk);
  client.start();
}
