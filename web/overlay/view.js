/**
 * What the results graphic shows, from what is known. Pure: everything comes in, a picture goes out.
 */
(() => {
  /**
   * @typedef {object} Known
   * @property {Record<string, string>} fields from `update`
   * @property {'server'|'playout'} control
   * @property {boolean} playing whether `play` was called last, and no clear or panic came since
   * @property {number} step of `next`
   * @property {import('../sdk/wire.js').ShowView} [show]
   * @property {import('../sdk/wire.js').Results} [results]
   * @property {import('../sdk/wire.js').Leaderboard} [leaderboard]
   * @property {string} graphic of its address: the view that is shown where `f1` names none
   * @property {number} now server's clock
   * @property {string} [code] address of the QR code that leads to the audience page
   * @property {string} [lang] what the graphic speaks
   * @property {boolean} preview whether it shows what is on standby as a take will show it, where nothing else is asked for
   *
   * @typedef {object} Picture
   * @property {boolean} visible
   * @property {boolean} next whether it is what a take will show
   * @property {'ltr'|'rtl'} dir which way its language is written
   * @property {boolean} at_once whether it goes without animation
   * @property {string} key what it is a picture of: another key is another question
   * @property {number} step 0 question, 1 bars, 2 result, 3 winner
   * @property {string} head
   * @property {string} [left] until the close, as it is read
   * @property {string} question
   * @property {{ label: string, share: number, number: string, front: boolean }[]} options
   * @property {string[]} winners empty: none may be named
   * @property {string} winner_number
   * @property {boolean} numbers whether any number may be seen
   * @property {string} [code] the QR code that is shown in place of all numbers
   * @property {string} kind `head_to_head` and `tug_of_war` stand as two sides, anything else as bars
   * @property {string} rated what a rating came to; empty: it is none, or not to be seen
   * @property {string} rated_note
   * @property {string[]} ends what the first and the last step of a scale mean
   * @property {number} side the first side's part of both, 0 to 1
   * @property {{ meter: boolean, counts: number[], level: number, peak: number }} [taps] of a run of reactions, in place of the board:
   *   by option as they may be seen; level and peak 0 to 1 of the highest pace
   * @property {string} item what is shown of what the audience wrote
   * @property {{ name: string, matches: { label: string, is: 'won'|'out'|'known'|'open' }[][] }[]} [bracket] a column per round, in place of the board
   * @property {boolean} ticker one line along the bottom in place of the board
   * @typedef {{ words: Record<string, string>, dir: 'ltr'|'rtl', whole: Intl.NumberFormat, tenth: Intl.NumberFormat, mean: Intl.NumberFormat, points: (n: number) => string, time: (ms: number) => string }} Speech of words.js
   */

  /** Of what most pictures have nothing. */
  const plain = { kind: '', rated: '', rated_note: '', ends: /** @type {string[]} */ ([]), won: '', item: '' };
  /** The step that a view stands at, where it has one of its own. @type {Record<string, number|undefined>} */
  const views = { results: undefined, leaderboard: undefined, bracket: undefined, ticker: 2, qr: undefined, question: 0, live: 1, final: 2, winner: 3 };
  /** So many options are shown of a question that has more, where nobody says another number. */
  const OPTIONS_MOST = 20;

  Object.assign(/** @type {any} */ (window).tallylight, { picture, views: Object.keys(views) });

  /** @param {Known} known @returns {Picture} */
  function picture(known) {
    const { fields } = known;
    const speech = /** @type {Speech} */ (/** @type {any} */ (window).tallylight.speech(known.lang));
    const { words } = speech;
    const byHand = fields.f0 === 'manual' || (!fields.f0 && Boolean(fields.m_q || fields.m_o1));
    const view = fields.f1 || known.graphic;
    const code = view === 'qr' ? known.code : undefined;
    const leads = !byHand && view === 'leaderboard';
    const bracket = !byHand && view === 'bracket';
    const next = known.preview && !byHand && !leads && !bracket && !fields.f0;
    const shown = byHand ? manual(fields, speech) : bracket ? rounds(known, speech) : leads ? leaders(known, speech) : live(known, speech, next);
    const own = byHand || known.control === 'playout';
    let step = leads || bracket ? 2 : views[view] ?? (next ? 0 : own ? known.step : known.show?.graphic.step ?? 0);
    const visible = Boolean(shown.key || code) && (next || (own ? known.playing : known.show?.graphic.state === 'on_air'));
    // A winner is named from a final result alone; before that the step shows the bars.
    if (step === 3 && !shown.winners.length) step = 2;
    // Two right answers are no tie.
    const tie = shown.winners.length > 1 && !shown.won;
    // All steps of a scale, or none of them: a part of it says something else.
    const most = shown.kind === 'rating' ? shown.options.length : Math.min(OPTIONS_MOST, Number(fields.f4) || OPTIONS_MOST);
    const more = shown.options.length > most ? ` · ${speech.whole.format(most)} / ${speech.whole.format(shown.options.length)}` : '';
    return {
      ...shown, visible, next, code, dir: speech.dir,
      ticker: view === 'ticker',
      side: firstSide(shown),
      step: code ? 0 : step,
      at_once: !next && known.show?.graphic.state === 'panic',
      question: fields.f2 || shown.question,
      options: shown.options.slice(0, most),
      numbers: shown.numbers && step > 0 && fields.f3 !== 'none',
      head: step === 3 ? (tie ? words.tie : shown.won || (shown.evict ? words.evict : words.winner)) : shown.head && shown.head + more,
    };
  }

  /** @param {{ numbers: boolean, options: { share: number }[] }} shown */
  function firstSide({ numbers, options: [first, second] }) {
    return numbers && first && second && first.share + second.share > 0 ? first.share / (first.share + second.share) : 0.5;
  }

  /** @param {Known} known @param {Speech} speech */
  function leaders({ leaderboard, fields }, { words, whole }) {
    const { runs = [], players = 0, top = [], round = '' } = leaderboard ?? {};
    const most = top[0]?.points || 1;
    const rows = top.slice(0, Number(fields.f4) || 8).map(({ rank, name, points }) => ({ label: `${whole.format(rank)}. ${name}`, share: (100 * points) / most, number: whole.format(points), front: rank === 1 }));
    return {
      ...plain, kind: 'leaderboard', key: players ? `leaderboard ${runs.join()}` : '', evict: false, left: undefined, numbers: players > 0, winners: [], winner_number: '',
      question: round || words.leaderboard, head: `${words.players}: ${whole.format(players)}`, options: rows,
    };
  }

  /** @param {Known} known @param {Speech} speech */
  function rounds({ show }, { words }) {
    const matches = show?.bracket?.matches ?? [];
    const numbers = [...new Set(matches.map((match) => match.round))].sort((a, b) => a - b);
    const columns = numbers.map((round) => {
      const here = matches.filter((match) => match.round === round);
      return {
        name: [...new Set(here.map((match) => match.segment ?? ''))].filter(Boolean).join(' · '),
        matches: here.map(({ sides, winner }) => sides.map(({ label }, i) => ({
          label: label ?? '…', is: /** @type {'won'|'out'|'known'|'open'} */ (label === undefined ? 'open' : winner === undefined ? 'known' : winner === i + 1 ? 'won' : 'out'),
        }))),
      };
    });
    return {
      ...plain, key: matches.length ? 'bracket' : '', kind: 'bracket', head: '', evict: false, left: undefined, numbers: false, options: [], winners: [], winner_number: '',
      question: show?.title || words.bracket, bracket: columns,
    };
  }

  /** No server needed. @param {Record<string, string>} fields @param {Speech} speech */
  function manual(fields, speech) {
    const options = [];
    for (let n = 1; n <= 8; n++) {
      const label = fields[`m_o${n}`];
      if (!label) continue;
      const share = parseFloat((fields[`m_p${n}`] ?? '').replace(',', '.'));
      options.push({ label, share: Number.isFinite(share) ? Math.min(100, Math.max(0, share)) : NaN });
    }
    const known = options.filter((option) => Number.isFinite(option.share));
    const most = Math.max(...known.map((option) => option.share));
    const front = known.filter((option) => option.share === most && most > 0);
    return {
      ...plain, key: `manual ${fields.m_q ?? ''} ${options.map((option) => option.label).join('|')}`,
      head: '', evict: false, question: fields.m_q ?? '', left: undefined, numbers: known.length > 0,
      options: options.map(({ label, share }) => ({
        label, share: Number.isFinite(share) ? share : 0, number: Number.isFinite(share) ? percent(share, speech) : '', front: front.some((one) => one.label === label),
      })),
      winners: front.map((option) => option.label),
      winner_number: front.length ? percent(most, speech) : '',
    };
  }

  /** @param {Known} known @param {Speech} speech @param {boolean} preview */
  function live({ fields, show, results, now }, speech, preview) {
    const { whole, points, time, words } = speech;
    const { run: current, next } = show ?? {};
    const named = { '': preview ? next : current, current, next }[fields.f0 ?? ''];
    const run = named ?? [current, next].find((one) => one && one.cue === fields.f0);
    if (!run) return { ...plain, key: '', head: '', evict: false, question: '', left: undefined, numbers: false, options: [], winners: [], winner_number: '' };
    const counted = results?.run === run.id ? results : undefined;
    const numbers = Boolean(counted) && counted?.state !== 'hidden' && run.phase !== 'void';
    const most = numbers ? Math.max(0, ...(counted?.options ?? []).map((option) => option.votes)) : 0;
    const final = counted?.state === 'final' && numbers;
    const tapped = run.kind === 'reactions' || run.kind === 'applause';
    const answers = typeof run.kind !== 'object' ? undefined : 'quiz' in run.kind ? run.kind.quiz : 'prediction' in run.kind ? run.kind.prediction : undefined;
    const right = answers?.right ?? [];
    const rows = run.options.map(({ n, label }) => {
      const option = numbers ? counted?.options.find((one) => one.n === n) : undefined;
      const place = numbers ? counted?.outcome?.places.find((one) => one.n === n) : undefined;
      const share = place && counted?.outcome?.unit === 'points' ? points(place.points) : percent(option?.share ?? 0, speech);
      const number = option ? (fields.f3 === 'votes' || tapped ? whole.format(option.votes) : share) : '';
      const front = place ? place.rank === 1 && place.points > 0 : most > 0 && option?.votes === most;
      // The most frequent step of a scale is nobody's win, nor is the most frequent answer where one is right.
      const wins = typeof run.kind === 'object' ? right.includes(n) : front;
      return { label, share: option?.share ?? 0, number, front: final && wins };
    });
    const front = rows.filter((row) => row.front);
    return {
      ...plain, key: run.id, kind: typeof run.kind === 'object' ? Object.keys(run.kind)[0] : run.kind ?? '', question: run.question, numbers: numbers && !run.writing, options: rows,
      item: (run.writing && run === current && show?.item?.text) || '',
      taps: tapped ? taps(run, numbers ? counted : undefined) : undefined,
      won: !answers ? '' : typeof run.kind === 'object' && 'quiz' in run.kind ? words.right : words.came_true,
      head: tapped ? (run.phase === 'open' ? words.tap : '') : head(run, counted, now, speech), evict: counted?.outcome?.polarity === 'evict',
      left: run.phase === 'open' && !run.hold && run.closes_at !== undefined ? time(Math.max(0, run.closes_at - now)) : undefined,
      winners: front.map((row) => row.label),
      winner_number: front[0]?.number ?? '',
      ...rating(run, counted, numbers, speech),
    };
  }

  /** @param {import('../sdk/wire.js').RunView} run @param {import('../sdk/wire.js').Results|undefined} results */
  function taps(run, results) {
    const { now = 0, highest = 0 } = results?.pace ?? {};
    const counts = run.options.map((_, i) => results?.options[i]?.votes ?? 0);
    return { meter: run.kind === 'applause', counts, level: highest ? Math.min(1, now / highest) : 0, peak: highest ? 1 : 0 };
  }

  /** @param {import('../sdk/wire.js').RunView} run @param {import('../sdk/wire.js').Results|undefined} results @param {boolean} numbers @param {Speech} speech */
  function rating(run, results, numbers, { words, mean }) {
    if (typeof run.kind !== 'object' || !('rating' in run.kind)) return {};
    const { from, to, decimals = 0, unit, low, high } = run.kind.rating;
    const amount = (/** @type {number} */ n, /** @type {Intl.NumberFormat} */ as) => as.format(n) + (unit ? `\u00a0${unit}` : '');
    const step = new Intl.NumberFormat(mean.resolvedOptions().locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    const rated = numbers ? results?.rated : undefined;
    const ends = [low || amount(from / 10 ** decimals, step), high || amount(to / 10 ** decimals, step)];
    return { ends, rated: rated ? amount(rated.mean, mean) : '–', rated_note: rated ? words.mean : '' };
  }

  /** @param {import('../sdk/wire.js').RunView} run @param {import('../sdk/wire.js').Results|undefined} results @param {number} now @param {Speech} speech */
  function head(run, results, now, { words }) {
    if (run.phase === 'void') return words.void;
    if (run.writing) return run.phase === 'open' ? words.write : run.phase === 'standby' ? words.standby : words.done;
    const over = results?.state === 'final' || results?.state === 'provisional';
    if (over && results.declared) return words.declared;
    if (over && results.excluded) return words.corrected;
    if (over) return words[/** @type {'final'|'provisional'} */ (results.state)];
    if (run.phase === 'standby') return words.standby;
    const closed = run.closes_at !== undefined && now >= run.closes_at && !run.hold;
    return run.phase === 'open' && !closed ? words.open : words.closed;
  }

  /** @param {number} share @param {Speech} speech */
  function percent(share, { tenth }) {
    return tenth.format(share / 100);
  }
})();
