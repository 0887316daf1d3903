/**
 * The show's own texts in the language of its reader: title, questions, options, the ends of a scale and
 * the bracket. A show sends all languages that it has; a text
 * that is missing in one is in the first.
 */

/** @typedef {import('./wire.js').ShowView} ShowView @typedef {import('./wire.js').RunView} RunView */

/**
 * The show as somebody reads it who wants these languages, the dearest first.
 * @param {ShowView} show as it was sent @param {readonly string[]} wanted as browsers name them: `de-CH` @returns {ShowView}
 */
export function inLanguage(show, wanted) {
  const has = show.languages ?? [];
  const language = best(has, wanted) ?? has[0];
  const words = (/** @type {RunView|undefined} */ run) => run && worded(run, language, has[0]);
  return { ...show, language: show.titles?.[language] ? language : has[0], title: show.titles?.[language] ?? show.title, run: words(show.run), next: words(show.next),
    ...(show.bracket ? { bracket: { matches: show.bracket.matches.map((match) => ({
      ...match, name: match.names?.[language] ?? match.name, segment: match.segments?.[language] ?? match.segment,
      sides: match.sides.map((side) => ({ ...side, label: side.labels?.[language] ?? side.label })),
    })) } } : {}),
  };
}

/** @param {RunView} run @param {string} language @param {string} first @returns {RunView} */
function worded(run, language, first) {
  const words = run.texts?.[language];
  if (!words) return { ...run, language: first };
  // Of a bracket a language may have names alone: what is as in the first language is read as that.
  const spoken = (/** @type {string|undefined} */ text, /** @type {string} */ own) => (text === undefined || text === own ? first : language);
  const options = run.options.map((option, i) => ({ ...option, label: words.options?.[i] ?? option.label, language: spoken(words.options?.[i], option.label) }));
  return { ...run, language: spoken(words.question, run.question), question: words.question, options, ...(typeof run.kind === 'object' && 'rating' in run.kind ? { kind: { rating: ends(run.kind.rating, words) } } : {}) };
}

/** @param {import('./wire.js').Scale} scale @param {import('./wire.js').Wording} words @returns {import('./wire.js').Scale} */
function ends(scale, { low = scale.low, high = scale.high, unit = scale.unit }) {
  return { ...scale, low, high, unit };
}

/** The same language and region before the same language alone. @param {readonly string[]} has @param {readonly string[]} wanted */
function best(has, wanted) {
  const base = (/** @type {string} */ tag) => tag.toLowerCase().split('-')[0];
  for (const tag of wanted) {
    const found = has.find((one) => one.toLowerCase() === tag.toLowerCase()) ?? has.find((one) => base(one) === base(tag));
    if (found) return found;
  }
  return undefined;
}
