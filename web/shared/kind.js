/** What kind of question a run is. Pure. */
import { decimal } from './format.js';

/** @typedef {import('../sdk/wire.js').RunView} RunView */

/** Whether two sides stand against each other. @param {Pick<RunView, 'kind'>|undefined} run */
export function isVersus(run) {
  return run?.kind === 'head_to_head' || run?.kind === 'tug_of_war';
}

/** The first side's part of both, 0 to 1; a half while there is nothing to tell. @param {import('../sdk/wire.js').Results|undefined} results */
export function firstSide(results) {
  const [first, second] = results?.options ?? [];
  return first && second && first.share + second.share > 0 ? first.share / (first.share + second.share) : 0.5;
}

/** The scale of a rating. @param {Pick<RunView, 'kind'>|undefined} run */
export function scaleOf(run) {
  return typeof run?.kind === 'object' && 'rating' in run.kind ? run.kind.rating : undefined;
}

/** What a step of a scale is. @param {import('../sdk/wire.js').Scale} scale @param {number} n the option's number */
export const valueOf = (scale, n) => (scale.from + (n - 1) * (scale.step ?? 1)) / 10 ** (scale.decimals ?? 0);

/** A number with the unit of its scale. @param {Pick<import('../sdk/wire.js').Scale, 'unit'>|undefined} scale @param {string} text */
export const withUnit = (scale, text) => (scale?.unit ? `${text}\u00a0${scale.unit}` : text);

/** A step as its reader writes numbers. @param {import('../sdk/wire.js').Scale} scale @param {number} n */
export const stepNumber = (scale, n) => decimal(valueOf(scale, n), scale.decimals ?? 0);

/** The same with the unit. @param {import('../sdk/wire.js').Scale} scale @param {number} n */
export const stepLabel = (scale, n) => withUnit(scale, stepNumber(scale, n));

/** An option as its reader reads it. @param {Pick<RunView, 'kind'|'options'>|undefined} run @param {number} n */
export function labelOf(run, n) {
  const scale = scaleOf(run);
  return scale ? stepLabel(scale, n) : run?.options.find((option) => option.n === n)?.label ?? `${n}`;
}

/** The word of a kind. @param {Pick<RunView, 'kind'>|undefined} run */
export function kindName(run) {
  return typeof run?.kind === 'object' ? Object.keys(run.kind)[0] : run?.kind ?? 'poll';
}

/** What is known of the answers of a quiz or a prediction; undefined: it is neither. @param {Pick<RunView, 'kind'>|undefined} run */
export function answersOf(run) {
  if (typeof run?.kind !== 'object') return undefined;
  if ('quiz' in run.kind) return run.kind.quiz;
  return 'prediction' in run.kind ? run.kind.prediction : undefined;
}
