/**
 * The texts of the audience page, in the reader's language: `say('key', { values })`. A new text is a line in `words/en.js` and one
 * in each other catalogue; English stands where a language has none yet. One page has one reader, so it has one language.
 */
import { useLocale } from '../shared/format.js';
import en from './words/en.js';

/**
 * @typedef {keyof typeof en} Word
 * @typedef {string | Partial<Record<Intl.LDMLPluralRule, string>>} Text one text, or its forms by the number `n`
 * @typedef {Partial<Record<Word, Text>>} Catalogue
 */

/** The languages there are, each in its own name. */
export const languages = { en: 'English', nl: 'Nederlands', fr: 'Français', de: 'Deutsch', ar: 'العربية' };
/** @typedef {keyof typeof languages} Language */

/** Those that are written from right to left. @type {string[]} */
const leftwards = ['ar'];
/** What has a direction of its own that is not English's. */
const turns = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** @type {Catalogue} */
let words = en;
/** @type {Language} */
let language = 'en';
let plural = new Intl.PluralRules('en');
let whole = new Intl.NumberFormat('en');

/** The language that is spoken, and which way it is written. @returns {{ lang: Language, dir: 'ltr'|'rtl' }} */
export function spoken() {
  return { lang: language, dir: leftwards.includes(language) ? 'rtl' : 'ltr' };
}

/**
 * The first of some wanted languages that there is a catalogue of, and the region whose numbers it is written with.
 * @param {readonly string[]} wanted as browsers name them: `de-CH` @returns {{ lang: Language, locale: string }|undefined}
 */
export function understood(wanted) {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0];
    if (base in languages) return { lang: /** @type {Language} */ (base), locale: locale(tag, base) };
  }
  return undefined;
}

/** A tag that is wrong is the language alone. @param {string} tag @param {string} base */
function locale(tag, base) {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return base;
  }
}

/** Speaks a language from now on. If its catalogue cannot be had, everything stays as it is. @param {Language} next @param {string} [region] */
export async function speak(next, region = next) {
  words = next === 'en' ? en : (await import(`./words/${next}.js`)).default;
  language = next;
  plural = new Intl.PluralRules(next);
  whole = new Intl.NumberFormat(region);
  useLocale(region);
}

/**
 * A text of the catalogue. Numbers are written as the language does.
 * @param {Word} key
 * @param {Record<string, string|number>} [values]
 * @returns {string}
 */
export function say(key, values = {}) {
  /** @type {Text} */
  const text = words[key] ?? en[key] ?? '';
  const form = typeof text === 'string' ? text : text[plural.select(Number(values.n))] ?? text.other ?? '';
  return form.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name] ?? '';
    return typeof value === 'number' ? whole.format(value) : alone(value);
  });
}

/** A name in a sentence that is written the other way: it must not carry the punctuation beside it away. @param {string} value */
function alone(value) {
  return spoken().dir === 'rtl' || turns.test(value) ? `\u2068${value}\u2069` : value;
}
