/** Who is in front. Pure. */

/** The numbers of the options in front; empty while there is nothing to say. @param {import('../sdk/wire.js').Results|undefined} results */
export function leaders(results) {
  if (results?.outcome) return results.outcome.places.filter((place) => place.rank === 1 && place.points > 0).map((place) => place.n);
  const most = Math.max(0, ...(results?.options ?? []).map((option) => option.votes));
  return most ? (results?.options ?? []).filter((option) => option.votes === most).map((option) => option.n) : [];
}
