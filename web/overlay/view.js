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
   * @property {number} now server's clock
   * @property {string} [code] address of the QR code that leads to the audience page
   *
   * @typedef {object} Picture
   * @property {boolean} visible
   * @property {boolean} at_once whether it goes without animation
   * @property {string} key what it is a picture of: another key is another question
   * @property {number} step 0 question, 1 bars, 2 result, 3 winner
   * @property {string} head
   * @property {number} [left_ms] until the close
   * @property {string} question
   * @property {{ label: string, share: number, number: string, front: boolean }[]} options
   * @property {string[]} winners empty: none may be named
   * @property {string} winner_number
   * @property {boolean} numbers whether any number may be seen
   * @property {string} [code] the QR code that is shown in place of all numbers
   * @property {string} kind `head_to_head` and `tug_of_war` stand as two sides, anything else as bars
   * @property {number} side the first side's part of both, 0 to 1
   * @property {{ meter: boolean, counts: number[], level: number, peak: number }} [taps] of a run of reactions, in place of the board:
   *   by option as they may be seen; level and peak 0 to 1 of the highest pace
   * @property {boolean} ticker one line along the bottom in place of the board
   */

  const words = {
    open: 'Vote now', standby: 'Get ready', closed: 'Voting is closed', provisional: 'Provisional result',
    tap: 'Tap along', final: 'Result', winner: 'Winner', tie: 'Tie', evict: 'Leaves', void: 'Void',
  };
  /** @type {Record<string, number>} */
  const views = { question: 0, live: 1, ticker: 2, final: 2, winner: 3 };
  const whole = new Intl.NumberFormat();

  /** @type {any} */ (window).tallylight.picture = picture;

  /** @param {Known} known @returns {Picture} */
  function picture(known) {
    const { fields } = known;
    const byHand = fields.f0 === 'manual' || (!fields.f0 && Boolean(fields.m_q || fields.m_o1));
    const code = fields.f1 === 'qr' ? known.code : undefined;
    const shown = byHand ? manual(fields) : live(known);
    const own = byHand || known.control === 'playout';
    const fixed = views[fields.f1 ?? ''];
    let step = fixed ?? (own ? known.step : known.show?.graphic.step ?? 0);
    const visible = Boolean(shown.key || code) && (own ? known.playing : known.show?.graphic.state === 'on_air');
    // A winner is named from a final result alone; before that the step shows the bars.
    if (step === 3 && !shown.winners.length) step = 2;
    const most = Number(fields.f4) || 8;
    return {
      ...shown, visible, code,
      ticker: fields.f1 === 'ticker',
      kind: shown.kind ?? '',
      side: firstSide(shown),
      step: code ? 0 : step,
      at_once: known.show?.graphic.state === 'panic',
      question: fields.f2 || shown.question,
      options: shown.options.slice(0, most),
      numbers: shown.numbers && step > 0 && fields.f3 !== 'none',
      head: step === 3 ? (shown.winners.length > 1 ? words.tie : shown.evict ? words.evict : words.winner) : shown.head,
    };
  }

  /** @param {{ numbers: boolean, options: { share: number }[] }} shown */
  function firstSide({ numbers, options: [first, second] }) {
    return numbers && first && second && first.share + second.share > 0 ? first.share / (first.share + second.share) : 0.5;
  }

  /** No server needed. @param {Record<string, string>} fields */
  function manual(fields) {
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
      kind: '', key: `manual ${fields.m_q ?? ''} ${options.map((option) => option.label).join('|')}`,
      head: '', evict: false, question: fields.m_q ?? '', left_ms: undefined, numbers: known.length > 0,
      options: options.map(({ label, share }) => ({
        label, share: Number.isFinite(share) ? share : 0, number: Number.isFinite(share) ? percent(share) : '', front: front.some((one) => one.label === label),
      })),
      winners: front.map((option) => option.label),
      winner_number: front.length ? percent(most) : '',
    };
  }

  /** @param {Known} known */
  function live({ fields, show, results, now }) {
    const { run: current, next } = show ?? {};
    const named = { '': current, current, next }[fields.f0 ?? ''];
    const run = named ?? [current, next].find((one) => one && one.cue === fields.f0);
    if (!run) return { key: '', kind: '', head: '', evict: false, question: '', left_ms: undefined, numbers: false, options: [], winners: [], winner_number: '' };
    const counted = results?.run === run.id ? results : undefined;
    const numbers = Boolean(counted) && counted?.state !== 'hidden' && run.phase !== 'void';
    const most = numbers ? Math.max(0, ...(counted?.options ?? []).map((option) => option.votes)) : 0;
    const final = counted?.state === 'final' && numbers;
    const tapped = run.kind === 'reactions' || run.kind === 'applause';
    const rows = run.options.map(({ n, label }) => {
      const option = numbers ? counted?.options.find((one) => one.n === n) : undefined;
      const place = numbers ? counted?.outcome?.places.find((one) => one.n === n) : undefined;
      const share = place && counted?.outcome?.unit === 'points' ? whole.format(place.points) : percent(option?.share ?? 0);
      const number = option ? (fields.f3 === 'votes' || tapped ? whole.format(option.votes) : share) : '';
      const front = place ? place.rank === 1 && place.points > 0 : most > 0 && option?.votes === most;
      return { label, share: option?.share ?? 0, number, front: final && front };
    });
    const front = rows.filter((row) => row.front);
    return {
      key: run.id, kind: run.kind, question: run.question, numbers, options: rows,
      taps: tapped ? taps(run, numbers ? counted : undefined) : undefined,
      head: tapped ? (run.phase === 'open' ? words.tap : '') : head(run, counted, now), evict: counted?.outcome?.polarity === 'evict',
      left_ms: run.phase === 'open' && !run.hold && run.closes_at !== undefined ? Math.max(0, run.closes_at - now) : undefined,
      winners: front.map((row) => row.label),
      winner_number: front[0]?.number ?? '',
    };
  }

  /** @param {import('../sdk/wire.js').RunView} run @param {import('../sdk/wire.js').Results|undefined} results */
  function taps(run, results) {
    const { now = 0, highest = 0 } = results?.pace ?? {};
    const counts = run.options.map((_, i) => results?.options[i]?.votes ?? 0);
    return { meter: run.kind === 'applause', counts, level: highest ? Math.min(1, now / highest) : 0, peak: highest ? 1 : 0 };
  }

  /** @param {import('../sdk/wire.js').RunView} run @param {import('../sdk/wire.js').Results|undefined} results @param {number} now */
  function head(run, results, now) {
    if (run.phase === 'void') return words.void;
    if (results?.state === 'final' || results?.state === 'provisional') return words[results.state];
    if (run.phase === 'standby') return words.standby;
    const over = run.closes_at !== undefined && now >= run.closes_at && !run.hold;
    return run.phase === 'open' && !over ? words.open : words.closed;
  }

  /** @param {number} share */
  function percent(share) {
    return new Intl.NumberFormat(undefined, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(share / 100);
  }
})();
