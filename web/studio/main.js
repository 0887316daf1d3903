/** The studio page: enters with the one-time code, then one store fed by the wire; elements draw from it and press actions. */
import { StoreElement } from '../shared/element.js';
import { Store } from '../shared/store.js';
import { listen } from './keys.js';
import { enterBy } from './room.js';

/**
 * @typedef {object} StudioState
 * @property {import('../sdk/tallylight.js').LinkState} [link]
 * @property {import('../sdk/wire.js').Welcome} [me]
 * @property {import('../sdk/wire.js').DeskView} [desk]
 * @property {import('../sdk/wire.js').ShowView} [seen] what audiences and screens were told last
 * @property {import('../sdk/wire.js').Gauge} [gauge]
 * @property {import('../sdk/wire.js').Results} [results]
 * @property {import('../sdk/wire.js').Leaderboard} [leaderboard]
 * @property {number} [came_true] the option that is chosen as the one that came true
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
 * @property {{ seconds: number, platform?: string }} [late] how late the show is seen, as it is written and not yet said
 * @property {string} [editing] the cue that is edited; empty: a new one
 * @property {boolean} addresses whether the addresses of the controls are shown
 * @property {string} [problem] why there is no entry
 * @property {string} [kept] the code to try again
 *
 * @typedef {{ tone: 'good'|'bad'|'plain', text: string, advice: string, at: number }} Notice
 * @typedef {{ node?: string, right?: number[], reason?: string, proposal?: string, entries?: import('../sdk/wire.js').EntryName[], thousandths?: number[] }} Says what an armed command says beside its run
 * @typedef {Says & { what: import('../sdk/wire.js').Armable, run?: string, until?: number }} Arming
 */

/** @type {StudioState} */
const first = { log: [], items: new Map(), busy: {}, keys: true, help: false, addresses: false };
const store = new Store(first);
StoreElement.store = store;

await Promise.all([
  import('./tl-entry.js'), import('./tl-action.js'), import('./tl-hold.js'), import('./tl-banner.js'), import('./tl-rundown.js'), import('./tl-panes.js'), import('./tl-cue.js'), import('./tl-program.js'),
  import('./tl-standby.js'), import('./tl-deck.js'), import('./tl-count.js'), import('./tl-control.js'), import('./tl-screens.js'), import('./tl-overlay.js'),
  import('./tl-node.js'), import('./tl-platforms.js'), import('./tl-late.js'), import('./tl-picks.js'), import('./tl-proposals.js'), import('./tl-corrections.js'), import('./tl-asrun.js'), import('./tl-notice.js'), import('./tl-armed.js'), import('./tl-help.js'), import('./tl-triggers.js'),
]);
enterBy(store, (room) => listen(store, room));
