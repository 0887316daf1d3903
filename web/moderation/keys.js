/** The keyboard: one key for each decision. Off while somebody writes. */
import { tabs } from './queue.js';
import { reasons } from './words.js';

/** Items that one press selects. */
const SELECT = 50;

/** @param {import('../shared/store.js').Store<import('./main.js').ModerationState>} store @param {import('./judge.js').Judge} judge */
export function listen(store, judge) {
  removeEventListener('keydown', before);
  before = (event) => hear(event, store, judge);
  addEventListener('keydown', before);
}

/** @type {(event: KeyboardEvent) => void} */
let before = () => {};

/** @param {KeyboardEvent} event @param {import('../shared/store.js').Store<import('./main.js').ModerationState>} store @param {import('./judge.js').Judge} judge */
function hear(event, store, judge) {
  const { state } = store;
  if (event.ctrlKey || event.metaKey || event.altKey || !state.me) return;
  const target = event.target instanceof HTMLElement ? event.target : undefined;
  if (event.key === 'Escape') {
    target?.blur();
    return store.set({ help: false, choosing: false, editing: undefined, arming: undefined, selected: new Set() });
  }
  if (target?.matches('input, textarea, select')) return;
  if ((event.key === 'Enter' || event.key === ' ') && target?.closest('button, a, summary')) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const moves = ['j', 'k', 'ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End'].includes(key);
  if (event.repeat && !moves) return;
  if (state.choosing && /^[1-7]$/.test(key)) return done(event, () => judge.press({ do: 'reject', reason: reasons[Number(key) - 1][0] }));
  /** @type {Record<string, () => void>} */
  const does = {
    j: () => judge.move(1), ArrowDown: () => judge.move(1), k: () => judge.move(-1), ArrowUp: () => judge.move(-1),
    PageDown: () => judge.move(10), PageUp: () => judge.move(-10), Home: () => judge.to(0), End: () => judge.to(state.list.length - 1),
    a: () => judge.press({ do: 'approve' }), r: () => judge.press({ do: 'reject' }), e: () => judge.press({ do: 'edit' }),
    h: () => judge.press({ do: 'hide' }), b: () => judge.press({ do: 'ban' }), z: () => judge.press({ do: 'undo' }), o: () => judge.press({ do: 'pull' }),
    p: () => judge.press({ do: 'pause' }), x: () => select(store, event.shiftKey), f: () => nextTab(store, judge),
    '/': () => document.getElementById('search')?.focus(), '?': () => store.set({ help: !state.help }),
  };
  if (Object.hasOwn(does, key)) done(event, does[key]);
}

/** @param {KeyboardEvent} event @param {() => void} act */
function done(event, act) {
  event.preventDefault();
  act();
}

/** @param {import('../shared/store.js').Store<import('./main.js').ModerationState>} store @param {boolean} many */
function select(store, many) {
  const { selected, cursor, list, place } = store.state;
  const next = new Set(selected);
  if (many) {
    if (next.size) next.clear();
    else list.slice(place, place + SELECT).forEach((item) => next.add(item.id));
  } else if (cursor && !next.delete(cursor)) {
    next.add(cursor);
  }
  store.set({ selected: next });
}

/** @param {import('../shared/store.js').Store<import('./main.js').ModerationState>} store @param {import('./judge.js').Judge} judge */
function nextTab(store, judge) {
  const at = tabs.indexOf(store.state.filter.state);
  judge.filter({ state: tabs[(at + 1) % tabs.length] });
}
