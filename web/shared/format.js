/** Numbers and times as text, in the reader's language and in slots of constant width. */

const whole = new Intl.NumberFormat();
const tenth = new Intl.NumberFormat(undefined, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

/** @param {number} n */
export const count = (n) => whole.format(n);
/** @param {number} share percent */
export const percent = (share) => tenth.format(share / 100);
/** @param {number} ms since 1970 */
export const timeOfDay = (ms) => clock.format(ms);

/** `0:42`, `12:05`, `1:02:05`; rounded up, so that it says 0:00 only when it is over. @param {number} ms */
export function countdown(ms) {
  const s = Math.ceil(ms / 1000);
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor(s / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}
