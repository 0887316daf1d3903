/**
 * The queue on this page, pure: what is seen of all items by filter and search, where the cursor goes, and what this moderator has
 * decided and the server has not answered yet.
 *
 * @typedef {import('../sdk/wire.js').ItemView} ItemView
 * @typedef {import('../sdk/wire.js').ItemState} ItemState
 * @typedef {{ state: 'all'|ItemState, kind: ''|'question'|'text', flag: string, text: string }} Filter
 */

/** The states in the order of their tabs. @type {('all'|ItemState)[]} */
export const tabs = ['waiting', 'approved', 'picked', 'used', 'rejected', 'hidden', 'all'];

/** The state that an item has once the server agrees. @param {ItemView} item @param {Map<string, ItemState>} pending */
export const stateOf = (item, pending) => pending.get(item.id) ?? item.state;

/**
 * The items that are seen, oldest first.
 * @param {Iterable<ItemView>} items @param {Filter} filter @param {Map<string, ItemState>} pending
 */
export function seen(items, filter, pending) {
  const text = filter.text.trim().toLowerCase();
  const list = [];
  for (const item of items) {
    if (filter.state !== 'all' && stateOf(item, pending) !== filter.state) continue;
    if (filter.kind && item.kind !== filter.kind) continue;
    if (filter.flag && !item.flags?.includes(filter.flag)) continue;
    if (text && !item.text.toLowerCase().includes(text) && item.device !== text) continue;
    list.push(item);
  }
  return list.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}

/**
 * Where the cursor is to be: where it was, or where what it was on stood; past what colleagues decide about, if there is more.
 * @param {ItemView[]} list @param {string|undefined} cursor @param {number} place of the cursor before @param {(id: string) => boolean} taken
 */
export function cursorIn(list, cursor, place, taken) {
  if (!list.length) return undefined;
  if (cursor && list.some((item) => item.id === cursor)) return cursor;
  const from = Math.max(0, Math.min(place, list.length - 1));
  const free = list.slice(from).find((item) => !taken(item.id)) ?? list.find((item) => !taken(item.id));
  return (free ?? list[from]).id;
}

/**
 * What is on the screens, while its cue is on program.
 * @param {Pick<import('./main.js').ModerationState, 'told'|'desk'|'items'>} state
 */
export function onScreens({ told, desk, items }) {
  const item = items.get(told?.on_air ?? '');
  return item && item.run === desk?.program?.run ? item : undefined;
}

/** What each verb makes of an item, if the server agrees. @type {Record<string, ItemState>} */
export const makes = { approve: 'approved', edit: 'approved', reject: 'rejected', hide: 'hidden', pull: 'hidden' };

/** Which states each verb takes. @type {Record<string, ItemState[]>} */
export const takes = {
  approve: ['waiting', 'rejected', 'hidden'], edit: ['waiting', 'rejected', 'hidden', 'approved'], reject: ['waiting', 'approved', 'hidden'],
  hide: ['approved', 'picked', 'used'], pull: ['approved', 'picked', 'used'],
};
