/**
 * The fields of the form for a cue: which kinds have them, and how what is written there becomes a cue of a show file. What the form
 * does not know stays as it was. Pure.
 */
import { kinds as names } from './words.js';

/** @typedef {Record<string, any>} Cue a cue with the keys and values of a show file */
/**
 * @typedef {object} Field
 * @property {string} path of its value in the cue: `rating.from`
 * @property {string} label
 * @property {'text'|'long'|'lines'|'number'|'decimal'|'numbers'|'words'|'sources'|'check'|'choice'} as
 * @property {readonly string[]} [of] the kinds that have it; left out: all
 * @property {Record<string, string>} [choices]
 * @property {string} [usual] what a new cue says
 * @property {boolean} [more] folded away
 */

export const kinds = { poll: 'poll', ...names, reactions: 'reactions', applause: 'applause', questions: 'questions', texts: 'texts' };
const options = ['poll', 'head_to_head', 'tug_of_war'];
const ballots = [...options, 'rating', 'quiz', 'prediction'];
const writes = ['questions', 'texts'];
/** Kinds with a table of their own in place of a word. */
const tables = ['rating', 'quiz', 'prediction'];
const sees = { always: 'always', after_close: 'after the close', on_reveal: 'when revealed', never: 'never' };

/** @type {readonly Field[]} */
export const fields = [
  { path: 'number', label: 'Number, as it is said', as: 'text' },
  { path: 'kind', label: 'Kind', as: 'choice', choices: kinds, usual: 'poll' },
  { path: 'question', label: 'Question', as: 'long' },
  { path: 'options', label: 'Options, one a line', as: 'lines', of: [...options, 'quiz', 'prediction'] },
  { path: 'quiz.right', label: 'Right answers, by their numbers', as: 'numbers', of: ['quiz'] },
  { path: 'rating.from', label: 'The scale begins at', as: 'decimal', of: ['rating'] },
  { path: 'rating.to', label: 'It ends at', as: 'decimal', of: ['rating'] },
  { path: 'rating.step', label: 'One step (empty: 1)', as: 'decimal', of: ['rating'] },
  { path: 'rating.unit', label: 'Unit, written behind the number: km', as: 'text', of: ['rating'] },
  { path: 'rating.low', label: 'What the first step means', as: 'text', of: ['rating'] },
  { path: 'rating.high', label: 'What the last step means', as: 'text', of: ['rating'] },
  { path: 'reactions.emoji', label: 'Emoji, with spaces between them', as: 'words', of: ['reactions'] },
  { path: 'writing.chars_max', label: 'Characters at most (empty: 200)', as: 'number', of: writes },
  { path: 'writing.upvotes', label: 'Viewers upvote', as: 'check', of: ['questions'] },
  { path: 'window_s', label: 'Seconds open (empty: closed by hand)', as: 'number' },
  { path: 'opens_on_take', label: 'Opens on take', as: 'check' },
  { path: 'adlib', label: 'Ad lib: beside the rundown', as: 'check' },
  { path: 'options_from', label: 'Options from results: cues, 3:2 is place 2 of cue 3', as: 'sources', of: options, more: true },
  { path: 'carry_from', label: 'Begins with the votes of cue (empty: of none)', as: 'text', of: options, more: true },
  { path: 'carry_options', label: 'Their numbers there, 0 is new (empty: by name)', as: 'numbers', of: options, more: true },
  { path: 'votes', label: 'Votes of a voter (empty: 1)', as: 'number', of: options, more: true },
  { path: 'per_option', label: 'Of these for one option at most (empty: all)', as: 'number', of: options, more: true },
  { path: 'changeable', label: 'Viewers may change their vote', as: 'check', of: [...options, 'rating'], more: true },
  { path: 'confirm', label: 'The page asks once more', as: 'check', of: ballots, more: true },
  { path: 'prepare', label: 'May be prepared before it opens', as: 'check', of: ballots, more: true },
  { path: 'rules.threshold', label: 'Goal, percent of all points (empty: none)', as: 'number', of: options, more: true },
  { path: 'quiz.points_max', label: 'Points at most (empty: 1000)', as: 'number', of: ['quiz'], more: true },
  { path: 'quiz.points_min', label: 'Points at least (empty: half of it)', as: 'number', of: ['quiz'], more: true },
  { path: 'quiz.full_ms', label: 'All points until, milliseconds (empty: 0)', as: 'number', of: ['quiz'], more: true },
  { path: 'quiz.least_ms', label: 'The fewest from, milliseconds (empty: the window)', as: 'number', of: ['quiz'], more: true },
  { path: 'quiz.round', label: 'Round of the leaderboard', as: 'text', of: ['quiz'], more: true },
  { path: 'prediction.points', label: 'Points (empty: 1000)', as: 'number', of: ['prediction'], more: true },
  { path: 'prediction.round', label: 'Round of the leaderboard', as: 'text', of: ['prediction'], more: true },
  { path: 'segment', label: 'Part of the show', as: 'text', more: true },
  { path: 'title', label: 'Title in the rundown (empty: the question)', as: 'text', more: true },
  { path: 'viewers_see', label: 'Viewers see numbers', as: 'choice', choices: { ...sees, after_vote: 'after their vote' }, usual: 'after_close', more: true },
  { path: 'screens_see', label: 'Screens see numbers', as: 'choice', choices: sees, usual: 'always', more: true },
  { path: 'operators_see', label: 'Operators see numbers', as: 'choice', choices: sees, usual: 'always', more: true },
  { path: 'grace_ms', label: 'Grace after the close, milliseconds', as: 'number', more: true },
];

/** Whether a kind has a field. @param {Field} field @param {string} kind */
export const has = (field, kind) => !field.of || field.of.includes(kind);

/** The kind of a cue. @param {Cue} cue @returns {string} */
export const kindOf = (cue) => tables.find((table) => cue[table]) ?? cue.kind ?? 'poll';

/** What stands in a field; of a check whether it is on. @param {Field} field @param {Cue|undefined} cue of a new one: undefined @returns {string|boolean} */
export function shown(field, cue) {
  if (field.path === 'kind') return cue ? kindOf(cue) : 'poll';
  const value = field.path.split('.').reduce((/** @type {any} */ at, key) => at?.[key], cue);
  switch (field.as) {
    case 'check': return Boolean(value);
    case 'lines': return (value ?? []).join('\n');
    case 'numbers': return (value ?? []).join(', ');
    case 'words': return (value ?? []).join(' ');
    case 'sources': return (value ?? []).map((/** @type {any} */ one) => (typeof one === 'string' ? one : `${one.cue}:${one.place}`)).join(', ');
    default: return String(value ?? field.usual ?? '');
  }
}

/**
 * The cue that a form says.
 * @param {(field: Field) => string|boolean} read what stands in a field @param {Cue} before what it was
 * @returns {Cue}
 */
export function cueOf(read, before) {
  const kind = String(read(fields[1]));
  const cue = structuredClone(before);
  for (const key of [...tables, 'reactions']) {
    if (key !== kind) delete cue[key];
    else cue[key] ??= {};
  }
  if (!ballots.includes(kind)) delete cue.rules;
  if (!writes.includes(kind)) delete cue.writing;
  for (const field of fields) {
    if (field.path !== 'kind') put(cue, field.path.split('.'), has(field, kind) ? value(field, read(field)) : undefined);
  }
  if (cue.options_from) delete cue.options;
  if (tables.includes(kind) || kind === 'poll') delete cue.kind;
  else cue.kind = kind;
  return cue;
}

/** @param {Cue} cue @param {string[]} path @param {unknown} value undefined: it is not said */
function put(cue, [key, leaf], value) {
  if (!leaf) {
    if (value === undefined) delete cue[key];
    else cue[key] = value;
    return;
  }
  if (value !== undefined) cue[key] = { ...cue[key], [leaf]: value };
  else if (cue[key]) {
    delete cue[key][leaf];
    // What has a table of its own is what it is by having it.
    if (!Object.keys(cue[key]).length && !tables.includes(key)) delete cue[key];
  }
}

const WHOLE = /^-?\d+$/;
/** "1,000" and "1.500" may be a thousand and more, or one and a half: nobody guesses. */
const DECIMAL = /^-?\d+([.,](\d{1,2}|\d\d[1-9]))?$/;

/** What is wrong with what stands in a field of a number; '': nothing. @param {Field} field @param {string|boolean} written */
export function wrong({ as, path }, written) {
  const text = typeof written === 'string' ? written.trim() : '';
  if (!text) return path === 'quiz.right' ? 'Say which options are right, by their numbers: 2, or 1, 3.' : '';
  if (as === 'number' && !WHOLE.test(text)) return 'Write a whole number in digits alone: 1000.';
  if (as === 'decimal' && !DECIMAL.test(text)) return 'Write a number in digits: 1000, or 2.5.';
  return '';
}

/**
 * What an edit leaves as it was though it was said of something else: other languages and segments name options by their places.
 * @param {Cue} before @param {Cue} after @param {string[]} [carriers] numbers of the cues that carry its votes over @returns {string[]}
 */
export function stale(before, after, carriers = []) {
  const changed = (/** @type {string} */ key) => JSON.stringify(before[key] ?? before.rating?.[key]) !== JSON.stringify(after[key] ?? after.rating?.[key]);
  const texts = Object.entries(after.text ?? {}).flatMap(([language, words]) => Object.keys(words).filter(changed).map((key) => `${key} in ${language}`));
  const others = changed('options') || changed('options_from');
  if (after.carry_options && (others || changed('carry_from')) && !changed('carry_options')) texts.push('numbers of options whose votes are carried over');
  if (others) texts.push(...carriers.map((number) => `carry_options of cue ${number}, if it has any`));
  return after.rules?.not_from && changed('options') ? [...texts, 'options that are closed to segments'] : texts;
}

/** @param {Field} field @param {string|boolean} written */
function value(field, written) {
  if (typeof written === 'boolean') return written || undefined;
  const text = written.trim();
  if (!text) return undefined;
  const parts = (/** @type {RegExp} */ by) => text.split(by).map((part) => part.trim()).filter(Boolean);
  switch (field.as) {
    case 'number': case 'decimal': return wrong(field, text) ? text : Number(text.replace(',', '.'));
    case 'numbers': return parts(/[\s,]+/).map((part) => (WHOLE.test(part) ? Number(part) : part));
    case 'lines': return parts(/\n/);
    case 'words': return parts(/\s+/);
    case 'sources': return parts(/[\s,]+/).map((one) => (/:\d+$/.test(one) ? { cue: one.replace(/:\d+$/, ''), place: Number(one.split(':')[1]) } : one));
    default: return text.replaceAll(/\s+/g, ' ');
  }
}

/** A cue as a show file says it, each key on a line of its own. @param {Cue} cue */
export function toml(cue) {
  return ['[[cue]]', ...Object.entries(cue).map(([key, value]) => `${bare(key)} = ${written(value)}`), ''].join('\n');
}

/** @param {string} key */
const bare = (key) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key));

/** @param {any} value @returns {string} */
function written(value) {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (typeof value === 'object') return `{ ${Object.entries(value).map(([key, one]) => `${bare(key)} = ${written(one)}`).join(', ')} }`;
  return typeof value === 'string' ? JSON.stringify(value).replaceAll('\u007f', '') : String(value);
}

/**
 * The field that a refusal means; undefined: none of these.
 * @param {string} detail `line 3, column 9: …` @param {Cue} cue as it was sent @returns {Field|undefined}
 */
export function meant(detail, cue) {
  const key = Object.keys(cue)[Number(/^line (\d+)/.exec(detail)?.[1] ?? 0) - 2];
  const kind = kindOf(cue);
  const weight = (/** @type {Field} */ { path }) => {
    const [top, leaf = top] = path.split('.');
    const line = top === key ? (leaf === top ? 1 : 4) : 0;
    return line + (new RegExp(`\\b${leaf}\\b`).test(detail) ? 2 : 0) + (detail.includes(`${leaf}: `) ? 1 : 0) + (leaf === 'options' && /\boptions?\b/.test(detail) ? 2 : 0);
  };
  const all = fields.filter((field) => has(field, kind)).map((field) => ({ field, weight: weight(field) })).filter((one) => one.weight > 0);
  return all.reduce((/** @type {typeof all[0]|undefined} */ best, one) => (best && best.weight >= one.weight ? best : one), undefined)?.field;
}
