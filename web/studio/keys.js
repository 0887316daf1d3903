/** The keyboard: single keys press the same actions as the buttons. Off while somebody writes, and by a switch in the help. */
import { actions, press } from './actions.js';
import { listed } from './state.js';

/** @param {import('../shared/store.js').Store<import('./main.js').StudioState>} store @param {import('./desk.js').Desk} desk */
export function listen(store, desk) {
  removeEventListener('keydown', before);
  before = (event) => hear(event, store, desk);
  addEventListener('keydown', before);
}

/** @type {(event: KeyboardEvent) => void} */
let before = () => {};

/** @param {KeyboardEvent} event @param {import('../shared/store.js').Store<import('./main.js').StudioState>} store @param {import('./desk.js').Desk} desk */
function hear(event, store, desk) {
  const { state } = store;
  if (event.repeat && !event.key.startsWith('Arrow')) return;
  if (event.ctrlKey || event.metaKey || event.altKey || !state.desk) return;
  const target = event.target instanceof HTMLElement ? event.target : undefined;
  const writes = target?.matches('input:not([type=checkbox], [readonly]), textarea');
  const key = (event.shiftKey && event.key.length > 0 && event.key !== '?' ? 'Shift+' : '') + (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  // Panic works whatever is open or focused.
  if (key === actions.panic.key) return done(event, () => press('panic', state, desk));
  if (target?.closest('dialog.corrections')) return;
  if (key === 'Escape' && state.addresses) return done(event, () => store.set({ addresses: false }));
  if (key === 'Escape' && state.editing !== undefined && !state.arming && !state.help) return done(event, () => store.set({ editing: undefined }));
  // Whoever leaves a field has the keys again.
  if (key === 'Escape' && writes) target?.blur();
  if (key === 'Escape') return state.help ? done(event, () => store.set({ help: false })) : done(event, () => desk.cancel());
  if (target?.closest('.cue-form')) return;
  // A list keeps the keys that choose in it, and no others: who chose with the mouse goes on with the keyboard.
  const chooses = target?.matches('select') && (key.startsWith('Arrow') || key === 'Enter' || key === ' ');
  if (writes || chooses || !state.keys) return;
  if (event.key === '?') return done(event, () => store.set({ help: !state.help }));
  if (state.help || state.addresses) return;
  if (key === 'U') return done(event, () => store.set({ addresses: true }));
  if ((key === 'Enter' || key === ' ') && target?.closest('button, a, summary')) return;
  if (key === 'ArrowDown' || key === 'ArrowUp') return done(event, () => move(store, key === 'ArrowDown' ? 1 : -1));
  const name = Object.keys(actions).find((one) => actions[one].key === key);
  // A key leads to the field of seconds, and never sends what was written there before.
  if (name) done(event, () => press(name, name === 'marker' ? { ...state, late: undefined } : state, desk));
}

/** @param {KeyboardEvent} event @param {() => void} act */
function done(event, act) {
  event.preventDefault();
  act();
}

/** @param {import('../shared/store.js').Store<import('./main.js').StudioState>} store @param {number} by */
function move(store, by) {
  const cues = listed(store.state.desk);
  const index = cues.findIndex((cue) => cue.number === store.state.selected);
  const next = cues[Math.max(0, Math.min(cues.length - 1, index + by))];
  if (next) store.set({ selected: next.number });
}
