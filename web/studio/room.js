/** The way of staff into a show: the one-time code, then one store fed by the wire. For every page of the desk. */
import { Client } from '../sdk/tallylight.js';
import { StoreElement } from '../shared/element.js';
import { Desk } from './desk.js';
import { codeOf, enter, recall } from './entry.js';

/** How much of the as-run log a page keeps. */
const LOG_MOST = 200;

/** The show in the address. */
export const show = decodeURIComponent(location.pathname.split('/')[2] ?? '');

/**
 * Enters with the code in the address, or as this tab did before, and again whenever somebody gives a code.
 * @param {import('../shared/store.js').Store<import('./main.js').StudioState>} store @param {(desk: Desk) => void} [joined]
 */
export function enterBy(store, joined = () => {}) {
  addEventListener('tl-enter', (event) => start(/** @type {CustomEvent} */ (event).detail));
  start(codeOf(location.hash));

  /** @param {string|undefined} code */
  async function start(code) {
    if (location.hash) history.replaceState(null, '', location.pathname + location.search);
    const entry = code ? await enter(show, code) : recall(show);
    if (!entry || 'problem' in entry) return store.set({ problem: entry?.problem ?? 'none', kept: entry?.kept });
    joined(run(store, entry.token));
  }
}

/** @param {import('../shared/store.js').Store<import('./main.js').StudioState>} store @param {string} token */
function run(store, token) {
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
    // What is looked at is the run on program again once that is another one: the keys of the count go there.
    const looked = view.program?.run === store.state.desk?.program?.run ? store.state.looked : undefined;
    store.set({ desk: view, looked, selected: known ? store.state.selected : view.standby?.cue ?? view.cues[0]?.number });
    document.querySelector('.desk')?.removeAttribute('hidden');
    document.title = `${view.title} – Studio`;
  });
  on('gauge', (gauge) => store.set({ gauge }));
  on('results', (results) => store.set({ results }));
  on('leaderboard', (leaderboard) => store.set({ leaderboard }));
  on('items', (told) => {
    const { items } = store.state;
    if (told.whole) items.clear();
    for (const item of told.items) items.set(item.id, item);
    store.set({ told: { ...told, items: [] } });
  });
  on('log', ({ entries }) => {
    const fresh = entries.filter((/** @type {{ id: string }} */ entry) => !store.state.log.some((one) => one.id === entry.id));
    store.set({ log: [...store.state.log, ...fresh].sort((a, b) => a.at - b.at).slice(-LOG_MOST) });
  });
  on('problem', (problem) => desk.say('bad', problem.detail || problem.code, ''));
  client.start();
  return desk;
}
