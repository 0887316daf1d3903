/**
 * Where a run is now. The phase moves with the clock, so a page need not wait for the message that says so.
 * @param {Pick<import('../sdk/wire.js').RunView, 'phase'|'hold'|'opens_at'|'closes_at'|'locks_at'>} run
 * @param {number} now server's clock
 * @returns {import('../sdk/wire.js').Phase}
 */
export function phaseOf(run, now) {
  let phase = run.phase;
  if (phase === 'standby' && run.opens_at !== undefined && now >= run.opens_at && !run.hold) phase = 'open';
  if (phase === 'open' && run.closes_at !== undefined && now >= run.closes_at && !run.hold) phase = 'closing';
  if (phase === 'closing' && run.locks_at !== undefined && now >= run.locks_at && !run.hold) phase = 'locked';
  return phase;
}

/** Milliseconds until the run closes; undefined: by hand, on hold or not open. @param {Pick<import('../sdk/wire.js').RunView, 'phase'|'hold'|'opens_at'|'closes_at'|'locks_at'>} run @param {number} now */
export function leftMs(run, now) {
  if (run.closes_at === undefined || run.hold || phaseOf(run, now) !== 'open') return undefined;
  return Math.max(0, run.closes_at - now);
}
