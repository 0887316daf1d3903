/** What kind of question a run is. Pure. */

/** Whether two sides stand against each other. @param {{ kind?: import('../sdk/wire.js').Kind }|undefined} run */
export function isVersus(run) {
  return run?.kind === 'head_to_head' || run?.kind === 'tug_of_war';
}

/** The first side's part of both, 0 to 1; a half while there is nothing to tell. @param {import('../sdk/wire.js').Results|undefined} results */
export function firstSide(results) {
  const [first, second] = results?.options ?? [];
  return first && second && first.share + second.share > 0 ? first.share / (first.share + second.share) : 0.5;
}
