/** When to come back after a loss. Pure, but for chance. */

/** First wait after a loss, doubled at each failure. */
const RETRY_MS = 1000;
export const RETRY_MAX_MS = 30_000;
/** A link that lived this long starts the doubling anew. */
export const STEADY_MS = 10_000;
/** On a fallback, how often a WebSocket is tried again. */
export const UPGRADE_MS = 90_000;

/** @param {import('./links.js').Down} why @param {number} failures in a row before this one */
export function waitMs(why, failures) {
  const most = Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** failures);
  if (why.retry_ms !== undefined && why.code !== 4001) return why.retry_ms + Math.random() * most;
  if (why.code === 1008 || why.code === 1009) return RETRY_MAX_MS;
  if (why.code === 1013) return 2000 + Math.random() * most * 2;
  return Math.random() * most;
}
