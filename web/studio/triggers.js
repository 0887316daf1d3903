/** Which address does what a control of the studio does: `/c/{show}/{verb}[/{target}]`. Pure, but for the key of this tab. */
import { kindName } from '../shared/kind.js';
import { EXTEND_S } from './actions.js';
import { programRun } from './state.js';

/** @typedef {import('./main.js').StudioState} State */

/** What an address needs before a key is put into it. */
export const NO_KEY = 'KEY';

/** For each control the triggers that do the same, with words where it has more than one. @type {Record<string, (state: State) => [string, string][]>} */
export const triggers = {
  take: () => [['take', '']],
  step: () => [['step', '']],
  open: () => [['open', '']],
  close: () => [['close', '']],
  extend: () => [[`extend/${EXTEND_S}`, '']],
  hold: () => [['hold', 'Hold'], ['release', 'Release']],
  freeze: () => [['freeze', 'Freeze'], ['unfreeze', 'Unfreeze']],
  marker: ({ desk, late }) => (desk?.platforms?.length ? [[`marker/${late?.seconds ?? 0}${late?.platform ? `?platform=${encodeURIComponent(late.platform)}` : ''}`, `${late?.platform ?? 'Output'} ${late?.seconds ?? 0} s late`]] : []),
  next: () => [['next', '']],
  back: () => [['back', '']],
  clear: () => [['clear', '']],
  panic: () => [['panic', '']],
  standby: (state) => (state.desk?.cues ?? []).map(({ number }) => [`standby/${encodeURIComponent(number)}`, `Standby ${number}`]),
  seal: () => [['seal', '']],
  verify: () => [['verify', '']],
  reveal: () => [['arm/reveal', 'Arm reveal'], ['reveal', 'Reveal']],
  resolve: (state) => {
    const run = programRun(state);
    if (kindName(run) !== 'prediction') return [];
    return [['arm/resolve', 'Arm resolve'], ...(run?.options ?? []).map(({ n, label }) => /** @type {[string, string]} */ ([`resolve/${n}`, `Resolve: ${label}`]))];
  },
  go_live: () => [['arm/go_live', 'Arm go live'], ['go_live', 'Go live'], ['rehearse', 'Rehearse']],
};

/** The trigger that does what a control would do now. @param {string} name @param {State} state */
export function triggerOf(name, state) {
  const all = triggers[name]?.(state) ?? [];
  const run = state.desk?.runs.find((one) => one.id === state.desk?.program?.run);
  if (name === 'standby') return all.find(([path]) => path === `standby/${encodeURIComponent(state.selected ?? '')}`)?.[0];
  if (name === 'hold') return run?.hold ? 'release' : 'hold';
  if (name === 'freeze') return state.desk?.graphic.frozen ? 'unfreeze' : 'freeze';
  if (name === 'go_live' && !state.desk?.rehearsal) return 'rehearse';
  return all[0]?.[0];
}

/** The whole address. @param {string} show @param {string} path @param {string} [key] */
export function address(show, path, key = NO_KEY) {
  return `${location.origin}/c/${show}/${path}${path.includes('?') ? '&' : '?'}key=${key}&soft=1`;
}
