/** What the graphic says by itself, in the language of its show or of `?lang=`. A plain script, as all of this folder. */
(() => {
  /** @typedef {'open'|'standby'|'closed'|'provisional'|'final'|'declared'|'corrected'|'winner'|'tie'|'evict'|'void'|'mean'|'tap'|'leaderboard'|'bracket'|'players'|'right'|'came_true'|'write'|'done'} Head */
  /** @type {Record<string, Record<Head, string>>} */
  const catalogues = {
    en: {
      open: 'Vote now', standby: 'Get ready', closed: 'Voting is closed', provisional: 'Provisional result',
      final: 'Result', declared: 'Declared result', corrected: 'Corrected result', winner: 'Winner', tie: 'Tie', evict: 'Leaves', void: 'Void', tap: 'Tap along', mean: 'on average',
      leaderboard: 'Leaderboard', bracket: 'Bracket', players: 'Players', right: 'Right answer', came_true: 'Came true',
      write: 'Write to us', done: 'Closed',
    },
    nl: {
      open: 'Stem nu', standby: 'Maak je klaar', closed: 'Stemmen kan niet meer', provisional: 'Voorlopige uitslag',
      final: 'Uitslag', declared: 'Vastgestelde uitslag', corrected: 'Gecorrigeerde uitslag', winner: 'Winnaar', tie: 'Gelijk', evict: 'Valt af', void: 'Ongeldig', tap: 'Tik mee', mean: 'gemiddeld',
      leaderboard: 'Ranglijst', bracket: 'Schema', players: 'Spelers', right: 'Goed antwoord', came_true: 'Uitgekomen',
      write: 'Schrijf ons', done: 'Gesloten',
    },
    fr: {
      open: 'Votez', standby: 'Préparez-vous', closed: 'Le vote est clos', provisional: 'Résultat provisoire',
      final: 'Résultat', declared: 'Résultat déclaré', corrected: 'Résultat corrigé', winner: 'Gagnant', tie: 'Égalité', evict: 'Éliminé', void: 'Annulé', tap: 'Tapez avec nous', mean: 'en moyenne',
      leaderboard: 'Classement', bracket: 'Tableau', players: 'Joueurs', right: 'Bonne réponse', came_true: 'C’est arrivé',
      write: 'Écrivez-nous', done: 'Fermé',
    },
    de: {
      open: 'Jetzt abstimmen', standby: 'Gleich geht es los', closed: 'Die Abstimmung ist beendet', provisional: 'Vorläufiges Ergebnis',
      final: 'Ergebnis', declared: 'Festgelegtes Ergebnis', corrected: 'Berichtigtes Ergebnis', winner: 'Gewonnen', tie: 'Gleichstand', evict: 'Scheidet aus', void: 'Ungültig', tap: 'Tippt mit', mean: 'im Durchschnitt',
      leaderboard: 'Rangliste', bracket: 'Turnierbaum', players: 'Dabei', right: 'Richtige Antwort', came_true: 'Eingetroffen',
      write: 'Schreibt uns', done: 'Geschlossen',
    },
    ar: {
      open: 'صوّت الآن', standby: 'استعد', closed: 'أُغلق التصويت', provisional: 'نتيجة أولية',
      final: 'النتيجة', declared: 'نتيجة مُعلنة', corrected: 'نتيجة مُصحّحة', winner: 'الفائز', tie: 'تعادل', evict: 'يغادر', void: 'مُلغى', tap: 'انقر معنا', mean: 'في المتوسط',
      leaderboard: 'لوحة الصدارة', bracket: 'جدول المواجهات', players: 'اللاعبون', right: 'الإجابة الصحيحة', came_true: 'تحقق',
      write: 'اكتب لنا', done: 'مغلق',
    },
  };
  /** What pools give, by the number. @type {Record<string, Partial<Record<Intl.LDMLPluralRule, string>>>} */
  const points = {
    en: { one: '{n} point', other: '{n} points' },
    nl: { one: '{n} punt', other: '{n} punten' },
    fr: { one: '{n} point', other: '{n} points' },
    de: { one: '{n} Punkt', other: '{n} Punkte' },
    ar: { zero: 'لا نقاط', one: 'نقطة واحدة', two: 'نقطتان', few: '{n} نقاط', other: '{n} نقطة' },
  };
  /** @type {Record<string, any>} */
  const made = {};

  /**
   * How a language says it. Without one: in English, with numbers as the machine writes them.
   * @param {string} [lang] as browsers name it: `de-CH`
   * @returns {{ words: Record<Head, string>, dir: 'ltr'|'rtl', whole: Intl.NumberFormat, tenth: Intl.NumberFormat, mean: Intl.NumberFormat, points: (n: number) => string, time: (ms: number) => string }}
   */
  /** @type {any} */ (window).tallylight.speech = (/** @type {string|undefined} */ lang) => (made[lang ?? ''] ??= speech(lang));

  /** @param {string} [lang] */
  function speech(lang) {
    const base = (lang ?? 'en').toLowerCase().split('-')[0];
    const known = base in catalogues;
    const locale = known ? lang : undefined;
    const whole = new Intl.NumberFormat(locale);
    const two = new Intl.NumberFormat(locale, { minimumIntegerDigits: 2 });
    const plural = new Intl.PluralRules(known ? lang : 'en');
    const forms = points[known ? base : 'en'];
    return {
      words: catalogues[known ? base : 'en'],
      dir: base === 'ar' ? 'rtl' : 'ltr',
      whole,
      points: (/** @type {number} */ n) => (forms[plural.select(n)] ?? forms.other ?? '').replace('{n}', whole.format(n)),
      /** Until something, rounded up: `0:42`. */
      time: (/** @type {number} */ ms) => `${whole.format(Math.floor(Math.ceil(ms / 1000) / 60))}:${two.format(Math.ceil(ms / 1000) % 60)}`,
      mean: new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 2 }),
      tenth: new Intl.NumberFormat(locale, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    };
  }
})();
