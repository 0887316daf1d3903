/**
 * Every action of the studio once: its key, its label, whether it can be done now (or why not), and what it sends. The buttons, the
 * keyboard and the help page are all made from this table.
 *
 * @typedef {import('./main.js').StudioState} State
 * @typedef {import('../sdk/wire.js').Role} Role
 * @typedef {import('./desk.js').Desk} Desk
 * @typedef {object} Action
 * @property {string} key as `KeyboardEvent.key`, `Shift+` before it where it is needed
 * @property {string} does for the help page
 * @property {(state: State) => string} label
 * @property {(state: State) => string} why_not empty: it can be done
 * @property {(state: State, desk: Desk) => void} press
 * @property {string[]} [verbs] commands that keep the button waiting
 * @property {Role[]} [roles] who may; left out: operators and producers
 * @property {(state: State) => boolean} [lit] whether the state it makes is on
 */
import { isTapped } from '../sdk/taps.js';
import { StoreElement } from '../shared/element.js';
import { kindName } from '../shared/kind.js';
import { phaseOf } from '../shared/phase.js';
import { moved, nextCue, programRun, runLooked } from './state.js';
import { steps } from './words.js';

export const EXTEND_S = 30;
/** As docs/WIRE.md says who may send what. @type {Record<'rundown'|'screens'|'count'|'show', Role[]>} */
const roles = {
  rundown: ['operator', 'producer'],
  screens: ['operator', 'producer', 'adjudicator'],
  count: ['producer', 'adjudicator'],
  show: ['producer'],
};
/** The step after which nothing comes. */
const STEP_LAST = steps.length - 1;

/** @param {string} key @param {string} does @param {Omit<Action, 'key'|'does'>} rest @returns {Action} */
const action = (key, does, rest) => ({ key, does, ...rest });

/** @param {State} state */
const nothingOn = (state) => (state.desk?.program ? '' : 'Nothing is on program.');
/** @param {State} state @param {Desk} [desk] */
const phase = (state, desk) => {
  const run = programRun(state);
  return run && phaseOf(run, desk?.now() ?? state.desk?.now ?? 0);
};

/** @param {1|-1} by @returns {Omit<Action, 'key'|'does'>} */
const mover = (by) => ({
  label: () => (by > 0 ? 'Move down' : 'Move up'),
  why_not: (state) => (moved(state, by) ? '' : 'There is no place to move it to.'),
  press: (state, desk) => desk.send({ do: 'cue_move', cue: state.selected, ...moved(state, by) }),
  verbs: ['cue_move'],
  roles: roles.show,
});

/** @type {Record<string, Action>} */
export const actions = {
  take: action('T', 'puts the standby cue on program', {
    label: () => 'Take',
    why_not: (state) => {
      if (!state.desk?.standby) return 'Nothing is on standby. Select a cue and press Enter.';
      return ['open', 'closing'].includes(phase(state) ?? '') ? `Cue ${programRun(state)?.cue} still takes ballots: close it first.` : '';
    },
    press: (_, desk) => desk.send({ do: 'take' }),
  }),
  step: action('S', 'advances the graphic: question, bars, result, winner', {
    label: (state) => {
      const graphic = state.desk?.graphic;
      if (!graphic || !state.desk?.program) return 'Step';
      if (graphic.state !== 'on_air') return 'Bring back';
      const next = steps[graphic.step + 1];
      return next ? `Step: ${next}` : 'Step';
    },
    why_not: (state) => {
      const graphic = state.desk?.graphic;
      return nothingOn(state) || (graphic?.state === 'on_air' && graphic.step >= STEP_LAST ? 'The graphic is at its last step.' : '');
    },
    press: (_, desk) => desk.send({ do: 'step' }),
  }),
  open: action('O', 'opens the window of the run on program', {
    label: () => 'Open',
    why_not: (state) => nothingOn(state) || (phase(state) === 'standby' ? '' : 'The run on program is not waiting to open.'),
    press: (_, desk) => desk.send({ do: 'open' }),
  }),
  close: action('C', 'announces the close, 1.5 s ahead', {
    label: () => 'Close',
    why_not: (state) => nothingOn(state) || (phase(state) === 'open' ? '' : 'The window is not open.'),
    press: (_, desk) => desk.send({ do: 'close' }),
  }),
  extend: action('E', `moves the close by ${EXTEND_S} s, or reopens`, {
    label: (state) => (programRun(state)?.extend_reopens ? `Reopen +${EXTEND_S} s` : `Extend +${EXTEND_S} s`),
    why_not: (state) => nothingOn(state) || (['open', 'closing', 'locked'].includes(phase(state) ?? '') ? '' : 'There is no window to extend.'),
    press: (_, desk) => desk.send({ do: 'extend', seconds: EXTEND_S }),
  }),
  hold: action('H', 'hold: nothing moves by itself; again: release', {
    label: (state) => (programRun(state)?.hold ? 'Release' : 'Hold'),
    why_not: (state) => nothingOn(state) || (programRun(state)?.hold || phase(state) === 'open' ? '' : 'Only an open window can be held.'),
    press: (state, desk) => desk.send({ do: programRun(state)?.hold ? 'release' : 'hold' }),
    verbs: ['hold', 'release'],
    lit: (state) => Boolean(programRun(state)?.hold),
  }),
  freeze: action('F', 'freeze: screens keep their numbers; again: unfreeze', {
    label: (state) => (state.desk?.graphic.frozen ? 'Unfreeze' : 'Freeze'),
    why_not: (state) => (state.desk?.graphic.frozen && state.me?.role === 'adjudicator' ? 'An operator or producer unfreezes.' : ''),
    press: (state, desk) => desk.send({ do: state.desk?.graphic.frozen ? 'unfreeze' : 'freeze' }),
    verbs: ['freeze', 'unfreeze'],
    lit: (state) => Boolean(state.desk?.graphic.frozen),
    roles: roles.screens,
  }),
  marker: action('M', 'says how late the show is seen: the output, or one platform', {
    label: ({ late }) => (late ? `Set ${late.seconds} s` : 'Set'),
    why_not: (state) => (state.desk?.platforms?.length ? '' : 'This show has no platforms: name them in its file.'),
    press: ({ late }, desk) => {
      const element = /** @type {any} */ (document.querySelector('tl-late'));
      if (!late) return element.ask();
      const { seconds, platform } = late;
      StoreElement.store?.set({ late: undefined });
      desk.send({ do: 'marker', programme_time: Math.round(desk.now() - seconds * 1000), ...(platform ? { platform } : {}) });
    },
  }),
  next: action('N', 'puts the next cue on standby', {
    label: () => 'Next',
    why_not: (state) => (nextCue(state, 1) ? '' : 'There is no cue after it.'),
    press: (_, desk) => desk.send({ do: 'next' }),
  }),
  back: action('B', 'puts the cue before on standby', {
    label: () => 'Back',
    why_not: (state) => (nextCue(state, -1) ? '' : 'There is no cue before it.'),
    press: (_, desk) => desk.send({ do: 'back' }),
  }),
  clear: action('X', 'animates all graphics out', {
    label: () => 'Clear',
    why_not: () => '',
    press: (_, desk) => desk.send({ do: 'clear' }),
    lit: (state) => state.desk?.graphic.state === 'cleared',
    roles: roles.screens,
  }),
  panic: action('Shift+Escape', 'removes all graphics at once', {
    label: () => 'Panic',
    why_not: () => '',
    press: (_, desk) => desk.send({ do: 'panic' }),
    lit: (state) => state.desk?.graphic.state === 'panic',
    roles: roles.screens,
  }),
  standby: action('Enter', 'puts the selected cue on standby', {
    label: (state) => (state.selected ? `Standby ${state.selected}` : 'Standby'),
    why_not: (state) => (state.selected ? '' : 'Select a cue first.'),
    press: (state, desk) => desk.send({ do: 'standby', cue: state.selected }),
  }),
  add: action('A', 'adds a cue to the rundown', {
    label: () => 'Add a cue',
    why_not: () => '',
    press: () => StoreElement.store?.set({ editing: '' }),
    verbs: [],
    roles: roles.show,
  }),
  edit: action('Shift+E', 'edits the selected cue, or removes it', {
    label: () => 'Edit',
    why_not: (state) => (state.selected ? '' : 'Select a cue first.'),
    press: (state) => StoreElement.store?.set({ editing: state.selected }),
    verbs: [],
    roles: roles.show,
  }),
  move_up: action('Shift+ArrowUp', 'moves the selected cue up', mover(-1)),
  move_down: action('Shift+ArrowDown', 'moves the selected cue down', mover(1)),
  seal: action('L', 'closes the buckets of a locked run and sums them', {
    label: () => 'Seal',
    why_not: (state) => {
      if (isTapped(runLooked(state))) return 'Reactions are no ballots: there is nothing to seal.';
      return runLooked(state)?.phase === 'locked' ? '' : 'Only a locked run can be sealed.';
    },
    press: (state, desk) => desk.send({ do: 'seal', run: runLooked(state)?.id }),
    roles: roles.count,
  }),
  verify: action('V', 'signs a sealed run off after its recount', {
    label: () => 'Verify',
    why_not: (state) => (runLooked(state)?.phase === 'sealed' ? '' : 'Only a sealed run can be verified.'),
    press: (state, desk) => desk.send({ do: 'verify', run: runLooked(state)?.id }),
    roles: roles.count,
  }),
  reveal: action('R', 'publishes a verified result (arms first)', {
    label: (state) => (state.arming?.what === 'reveal' ? 'Reveal now' : 'Reveal…'),
    why_not: (state) => (runLooked(state)?.phase === 'verified' ? '' : 'Only a verified run can be revealed.'),
    press: (state, desk) => (state.arming?.what === 'reveal' ? desk.fire() : desk.arm('reveal', runLooked(state)?.id)),
    verbs: ['arm', 'reveal'],
    roles: roles.count,
  }),
  resolve: action('Shift+R', 'says what came true of a revealed prediction (arms first)', {
    label: (state) => (state.arming?.what === 'resolve' ? 'Resolve now' : 'Resolve…'),
    why_not: (state) => {
      const run = runLooked(state);
      if (kindName(run) !== 'prediction') return 'Only a prediction comes true.';
      return run?.phase === 'revealed' ? '' : 'Only a revealed prediction can be resolved.';
    },
    press: (state, desk) => (state.arming?.what === 'resolve' ? desk.fire() : desk.arm('resolve', runLooked(state)?.id, { right: [state.came_true ?? 1] })),
    verbs: ['arm', 'resolve'],
    roles: roles.count,
  }),
  void: action('Shift+V', 'declares a run void for ever (asks why, arms first)', {
    label: () => 'Void…',
    why_not: (state) => {
      const run = runLooked(state);
      if (!run) return 'There is no run to void.';
      return run.phase === 'void' ? 'The run is void already.' : '';
    },
    press: (state, desk) => {
      if (state.arming?.what === 'void' && state.arming.until) return void desk.fire();
      const element = /** @type {any} */ (document.querySelector('tl-armed'));
      element.askReason({ what: 'void', run: runLooked(state)?.id });
    },
    verbs: ['arm', 'void'],
    roles: roles.show,
  }),
  again: action('Shift+N', 'puts the cue of a void run on standby, to hold it again', {
    label: () => 'Hold again',
    why_not: (state) => (runLooked(state)?.phase === 'void' ? '' : 'Only what was declared void is held again.'),
    press: (state, desk) => desk.send({ do: 'standby', cue: runLooked(state)?.cue }),
    verbs: ['standby'],
  }),
  go_live: action('Shift+G', 'leaves rehearsal (arms first); in the live show: goes back to rehearsal', {
    label: (state) => (!state.desk?.rehearsal ? 'Rehearse' : state.arming?.what === 'go_live' ? 'Go live now' : 'Go live…'),
    why_not: () => '',
    press: (state, desk) => {
      if (!state.desk?.rehearsal) desk.send({ do: 'rehearse' });
      else if (state.arming?.what === 'go_live') desk.fire();
      else desk.arm('go_live');
    },
    verbs: ['arm', 'go_live', 'rehearse'],
    roles: roles.show,
  }),
  control: action('K', 'asks for control, or gives it up', {
    label: (state) => (state.desk?.owner?.session === state.me?.session ? 'Give up control' : state.desk?.owner ? 'Ask for control' : 'Take control'),
    why_not: () => '',
    press: (state, desk) => desk.send({ do: 'control', action: state.desk?.owner?.session === state.me?.session ? 'release' : 'request' }),
  }),
  grant: action('G', 'gives control to the first who asked', {
    label: (state) => `Give to ${state.desk?.requests[0]?.name ?? ''}`,
    why_not: (state) => {
      if (state.desk?.owner?.session !== state.me?.session) return 'You do not have control.';
      return state.desk?.requests.length ? '' : 'Nobody asked for control.';
    },
    press: (state, desk) => desk.send({ do: 'control', action: 'grant', to: state.desk?.requests[0]?.session }),
    verbs: ['control'],
  }),
};

/** How a key is written on a button. @param {string} key */
export function keyCap(key) {
  return key.replace('Shift+', '⇧').replace('Escape', 'Esc').replace('Enter', '↵').replace('ArrowUp', '↑').replace('ArrowDown', '↓');
}

/** Why an action cannot be done now; empty: it can. @param {Action} one @param {State} state */
export function whyNot(one, state) {
  const role = state.me?.role;
  if (role && !(one.roles ?? roles.rundown).includes(role)) return `The role ${role} may not do that.`;
  return one.why_not(state);
}

/** Presses an action, or says why it cannot be done. @param {string} name @param {State} state @param {Desk|undefined} desk */
export function press(name, state, desk) {
  const one = actions[name];
  if (!desk || !one || waits(one, name, state)) return;
  const why = whyNot(one, state);
  if (why) desk.say('bad', `${one.label(state)}: ${why}`, '');
  else one.press(state, desk);
}

/** Whether its command is on its way or was pressed within the second. @param {Action} one @param {string} name @param {State} state */
export function waits(one, name, state) {
  return (one.verbs ?? [name]).some((verb) => state.busy[verb]) && !state.arming;
}
