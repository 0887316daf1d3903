/** What a viewer's ballots say of one run. */
import { settled } from '../sdk/ballots.js';
import { labelOf } from '../shared/kind.js';
import { say } from './words.js';

/** @typedef {import('../sdk/ballots.js').Ballot} Ballot */

/** The ballots of a run that were not refused. @param {Ballot[]} ballots @param {string} run */
function standing(ballots, run) {
  return ballots.filter((ballot) => ballot.run === run && !(ballot.is === 'refused' && settled(ballot)));
}

/**
 * Of ballots that replace each other the one that stands: the last change.
 * @param {Ballot[]} ballots @param {string} run @returns {Ballot[]} the others, where each counts by itself: all of them
 */
function inForce(ballots, run) {
  const own = standing(ballots, run);
  const last = own.reduce((/** @type {Ballot|undefined} */ last, one) => ((one.change ?? 0) >= (last?.change ?? 0) ? one : last), undefined);
  return last?.change ? [last] : own;
}

/** How many votes the viewer has left, as far as this device knows. @param {Ballot[]} ballots @param {import('../sdk/wire.js').RunView} run */
export function votesLeft(ballots, run) {
  // A change is all that the viewer says.
  if (run.changeable) return run.votes;
  const own = standing(ballots, run.id);
  const told = own.filter((ballot) => ballot.is === 'counted' && ballot.left !== undefined).at(-1);
  const open = own.filter((ballot) => ballot.is !== 'counted').reduce((sum, ballot) => sum + ballot.picks.length, 0);
  if (told) return Math.max(0, (told.left ?? 0) - open);
  return Math.max(0, run.votes - own.reduce((sum, ballot) => sum + ballot.picks.length, 0));
}

/** Votes per option number in standing ballots. @param {Ballot[]} ballots @param {string} run @returns {Map<number, number>} */
export function mine(ballots, run) {
  const votes = new Map();
  for (const ballot of inForce(ballots, run)) for (const n of ballot.picks) votes.set(n, (votes.get(n) ?? 0) + 1);
  return votes;
}

/**
 * Whether a viewer may vote on a question at all, by where they came in.
 * @param {import('../sdk/wire.js').RunView} run @param {{ pool?: string }} entry
 */
export function isFor(run, entry) {
  return !run.pools?.length || run.pools.includes(entry.pool ?? '');
}

/**
 * The options that a viewer may not choose.
 * @param {import('../sdk/wire.js').RunView} run @param {{ segment?: string }} entry @returns {number[]}
 */
export function closedTo(run, entry) {
  return run.not_from?.[entry.segment ?? ''] ?? [];
}

/** Whether every standing ballot of a run is counted. @param {Ballot[]} ballots @param {string} run */
export function allCounted(ballots, run) {
  return inForce(ballots, run).every((ballot) => ballot.is === 'counted');
}

/**
 * A choice in words: `Ada`, `2 × Ada, Grace`; by the question itself, if that is on, and else as it was when it was given.
 * @param {Pick<Ballot, 'picks'> & { labels?: string[] }} ballot @param {import('../sdk/wire.js').RunView} [run]
 */
export function choiceText({ picks, labels: given }, run) {
  /** @type {Map<string, number>} */
  const labels = new Map();
  const named = !run && given?.length ? given : picks.map((n) => labelOf(run, n));
  for (const label of named) labels.set(label, (labels.get(label) ?? 0) + 1);
  return [...labels].map(([label, n]) => (n > 1 ? say('choice_many', { n, label }) : label)).join(say('choice_and'));
}
