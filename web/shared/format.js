/** Numbers and times as text, in the reader's language and in slots of constant width. */

/** @type {Intl.NumberFormat} */
let whole;
/** @type {Intl.NumberFormat} */
let tenth;
/** @type {Intl.NumberFormat} */
let hundredth;
/** @type {Intl.NumberFormat} */
let two;
/** @type {Intl.DateTimeFormat} */
let clock;
/** @type {string|undefined} */
let spoken;

useLocale();

/** Writes numbers as this language and region do from now on; without one, as the browser's. @param {string} [locale] */
export function useLocale(locale) {
  spoken = locale;
  whole = new Intl.NumberFormat(locale);
  tenth = new Intl.NumberFormat(locale, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });
  hundredth = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  two = new Intl.NumberFormat(locale, { minimumIntegerDigits: 2 });
  clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
}

/** @param {number} n */
export const count = (n) => whole.format(n);
/** @param {number} share percent */
export const percent = (share) => tenth.format(share / 100);
/** A mean, with two decimals at most. @param {number} n */
export const mean = (n) => hundredth.format(n);
/** A number with so many decimals. @param {number} n @param {number} places */
export const decimal = (n, places) => n.toLocaleString(spoken, { minimumFractionDigits: places, maximumFractionDigits: places });
/** @param {number} ms since 1970 */
export const timeOfDay = (ms) => clock.format(ms);

/** `0:42`, `12:05`, `1:02:05`; rounded up, so that it says 0:00 only when it is over. @param {number} ms */
export function countdown(ms) {
  const s = Math.ceil(ms / 1000);
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor(s / 60) % 60;
  return hours ? `${count(hours)}:${two.format(minutes)}:${two.format(s % 60)}` : `${count(minutes)}:${two.format(s % 60)}`;
}
