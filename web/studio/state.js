/** Questions to the studio's state that several elements ask. Pure. */

import { count, countdown } from '../shared/format.js';

/** @typedef {import('./main.js').StudioState} State */

/** The run on program. @param {State} state */
export function programRun(state) {
  const id = state.desk?.program?.run;
  return state.desk?.runs.find((run) => run.id === id);
}

/** The run whose count is looked at: the chosen one, else the one on program, else the last that was open. @param {State} state */
export function runLooked(state) {
  const runs = state.desk?.runs ?? [];
  const begun = runs.filter((run) => run.phase !== 'standby');
  return runs.find((run) => run.id === state.looked) ?? begun.find((run) => run.id === state.desk?.program?.run) ?? begun.at(-1) ?? programRun(state);
}

/** The cue that next or back would put on standby. @param {State} state @param {1|-1} by */
export function nextCue(state, by) {
  return cueOf(state, by > 0 ? state.desk?.next_cue : state.desk?.back_cue);
}

/** All cues as they stand on the page: the rundown, then what stands beside it. @param {State['desk']} desk */
export function listed(desk) {
  const cues = desk?.cues ?? [];
  return [...cues.filter((cue) => !cue.adlib), ...cues.filter((cue) => cue.adlib)];
}

/** In front of which cue the selected one stands once it is moved by one place; undefined: it cannot be. @param {State} state @param {1|-1} by @returns {{ before?: string }|undefined} */
export function moved(state, by) {
  const chosen = cueOf(state, state.selected);
  const row = (state.desk?.cues ?? []).filter((cue) => cue.adlib === chosen?.adlib);
  const to = row.findIndex((cue) => cue.number === chosen?.number) + by;
  if (!chosen || to < 0 || to >= row.length) return undefined;
  const before = row[by > 0 ? to + 1 : to];
  return before ? { before: before.number } : {};
}

/** @param {State} state @param {string|undefined} number */
export function cueOf(state, number) {
  return state.desk?.cues.find((cue) => cue.number === number);
}

/** How a part of the audience is called. @param {{ of: string, name: string }} part */
export function partName({ of, name }) {
  return name ? `${of} ${name}` : `no ${of}`;
}

/** What is left out, in words. @param {import('../sdk/wire.js').EntryName[]} what */
export function leftOut(what) {
  return what.map((one) => Object.entries(one).map(([of, name]) => partName({ of, name })).join(' with ')).join(', ');
}

/** Which votes a run begins with, and what became of them. @param {import('../sdk/wire.js').DeskRun|undefined} run */
export function carriedWords(run) {
  const one = run?.carried;
  if (!one) return '';
  const votes = one.votes?.reduce((sum, n) => sum + n, 0);
  const since = one.changed === 'void' ? ' ▲ a round that these votes come from was declared void since' : one.changed ? ' ▲ a round that these votes come from has another result since' : '';
  return `carries over from ${one.cue}${votes === undefined ? '' : ` (${votes === 1 ? '1 vote' : `${count(votes)} votes`})`}${since}`;
}

/** The same, option by option. @param {import('../sdk/wire.js').DeskRun|undefined} run */
export function carriedByOption(run) {
  const options = (run?.carried?.votes ?? []).map((n, i) => `${run?.options[i]?.label} ${count(n)}`).join(' · ');
  return `${carriedWords(run)}${options && `: ${options}`}`;
}

/** What a segment has of the window. @param {{ from_s?: number, to_s?: number }} own */
export function partOf({ from_s = 0, to_s }) {
  return to_s === undefined ? `from ${countdown(from_s * 1000)}` : `${countdown(from_s * 1000)} to ${countdown(to_s * 1000)}`;
}

/** Which segments have a part of the window, each once. @param {import('../sdk/wire.js').DeskRun|undefined} run */
export function partsOf(run) {
  const own = (run?.platforms ?? []).filter((one) => one.segment).map((one) => `${one.segment} ${partOf(one)}`);
  return [...new Set(own)].join(', ');
}

/** The names of options. @param {import('../sdk/wire.js').RunView|undefined} run @param {number[]} numbers */
export function labelsOf(run, numbers) {
  return numbers.map((n) => run?.options.find((option) => option.n === n)?.label ?? n).join(', ');
}

/** What is declared, in words. @param {import('../sdk/wire.js').RunView|undefined} run @param {number[]} thousandths */
export function declaredWords(run, thousandths) {
  return thousandths.map((value, i) => `${run?.options[i]?.label} ${value / 1000}`).join(', ');
}
