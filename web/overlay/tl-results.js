/**
 * The results graphic: draws a Picture. Fixed slots, text that shrinks a little and is then cut with an ellipsis, and only transform
 * and opacity move, so that a playout machine without a graphics card keeps its frame rate.
 */
(() => {
  /** Time of the way out, as in overlay.css. */
  const OUT_MS = 420;
  /** The least size a text may shrink to before it is cut. */
  const FIT_LEAST = 0.72;
  /** Three lines of a question, or of a name that has half the board, fit at this size. */
  const QUESTION_FIT_LEAST = 0.62;
  const LABEL_FIT_LEAST = 0.62;
  /** More rows than these stand in two columns, where a picture is wide. */
  const ROWS_MOST = 8;
  /** A unit may be long: the number is whole all the same. */
  const MEAN_FIT_LEAST = 0.4;
  /** Who wins is read from afar, but all of them are named. */
  const WINNER_FIT_LEAST = 0.4;

  class Results extends HTMLElement {
    #key = '';
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    #swap;
    /** @type {any} the newest picture */
    #picture;
    /** @type {{ row: HTMLElement, bar: HTMLElement, label: HTMLElement, number: HTMLElement }[]} */
    #rows = [];
    #head = slot('head-text');
    #time = slot('head-time');
    #question = slot('question');
    #item = slot('item');
    #list = slot('rows');
    #mean = slot('mean');
    #meanNote = slot('mean-note');
    #low = slot('end');
    #high = slot('end');
    #rope = slot('rope');
    #ropeMark = slot('rope-mark');
    #winnerHead = slot('winner-head');
    #winner = slot('winner-name');
    #winnerQuestion = slot('winner-question');
    #winnerNumber = slot('winner-number');
    #tickerQuestion = slot('ticker-question');
    #tickerOptions = slot('ticker-options');
    #code = document.createElement('img');

    connectedCallback() {
      const head = slot('head');
      head.append(slot('lamp'), this.#head, this.#time);
      const winner = slot('winner');
      winner.append(this.#winnerHead, this.#winner, this.#winnerNumber, this.#winnerQuestion);
      const board = slot('board');
      const question = slot('question-slot');
      question.append(this.#question);
      this.#rope.append(this.#ropeMark);
      const rated = slot('rated');
      rated.append(this.#mean, this.#meanNote);
      const ends = slot('ends');
      ends.append(this.#low, this.#high);
      board.append(head, question, rated, this.#item, this.#list, ends, this.#rope);
      const stage = slot('stage');
      this.#code.className = 'code';
      this.#code.alt = '';
      const ticker = slot('ticker');
      ticker.append(slot('lamp'), this.#tickerQuestion, this.#tickerOptions);
      stage.append(board, winner, ticker, this.#code);
      this.append(stage);
      this.dataset.visible = 'false';
      // All sizes follow the picture's; only its shape moves what is beside what.
      matchMedia('(orientation: portrait)').addEventListener('change', () => this.#fitAll());
    }

    /** What it is a picture of, once it is there. */
    get painted() {
      return this.dataset.visible === 'true' ? this.#key : '';
    }

    /** @param {any} picture */
    draw(picture) {
      this.#picture = picture;
      this.dir = picture.dir;
      this.dataset.panic = String(picture.at_once && !picture.visible);
      const visible = this.dataset.visible === 'true';
      if (picture.at_once && !picture.visible) this.#cancel();
      if (!picture.visible) {
        this.dataset.visible = 'false';
        return;
      }
      if (picture.key === this.#key && !this.#swap) return this.#fill();
      if (!visible && !this.#swap) return this.#build();
      if (this.#swap) return;
      // Another question while one is seen: out, change, in.
      this.dataset.visible = 'false';
      this.#swap = setTimeout(() => {
        this.#swap = undefined;
        if (this.#picture.visible) this.#build();
      }, OUT_MS);
    }

    #cancel() {
      clearTimeout(this.#swap);
      this.#swap = undefined;
    }

    /** Fits every text to the room that it has now. */
    #fitAll() {
      for (const { label } of this.#rows) fit(label, 1, LABEL_FIT_LEAST);
      for (const node of [this.#tickerQuestion, this.#tickerOptions]) fit(node);
      fit(this.#question, 1.36, QUESTION_FIT_LEAST);
      fit(this.#item, 1.2);
      fit(this.#mean, 1, MEAN_FIT_LEAST);
      fit(this.#winner, 1, WINNER_FIT_LEAST);
    }

    #build() {
      const picture = this.#picture;
      this.#key = picture.key;
      this.#list.replaceChildren();
      this.#list.dataset.count = String(picture.options.length);
      // Two columns where there is room beside each other.
      this.dataset.many = String(picture.kind !== 'rating' && picture.options.length > ROWS_MOST);
      this.#list.style.setProperty('--lines', String(Math.ceil(picture.options.length / 2)));
      this.dataset.kind = picture.kind;
      this.#rows = picture.options.map((/** @type {{ label: string }} */ option, /** @type {number} */ i) => {
        const row = slot('row');
        const bar = slot('bar');
        const label = slot('label');
        const number = slot('number');
        // However many there are, the last one comes in soon.
        row.style.setProperty('--i', String(i * Math.min(1, ROWS_MOST / picture.options.length)));
        label.textContent = option.label;
        row.append(bar, label, number);
        this.#list.append(row);
        fit(label, 1, LABEL_FIT_LEAST);
        return { row, bar, label, number };
      });
      this.#fill(false);
      // One frame in the first position, so that the way in is seen.
      requestAnimationFrame(() => requestAnimationFrame(() => {
        if (this.#picture.visible && !this.#swap) this.dataset.visible = 'true';
      }));
    }

    /** @param {boolean} [enter] whether the graphic may come in with this call */
    #fill(enter = true) {
      const picture = this.#picture;
      if (this.#rows.length !== picture.options.length) return this.#build();
      this.dataset.step = String(picture.step);
      this.dataset.numbers = String(picture.numbers);
      this.dataset.running = String(picture.left !== undefined);
      this.dataset.head = String(Boolean(picture.head));
      this.dataset.code = String(Boolean(picture.code));
      // What is not seen has no size that a text could be fitted to.
      const folds = this.dataset.ticker !== String(picture.ticker);
      this.dataset.ticker = String(picture.ticker);
      this.dataset.item = String(Boolean(picture.item));
      if (write(this.#item, picture.item)) fit(this.#item, 1.2);
      if (write(this.#tickerQuestion, picture.question)) fit(this.#tickerQuestion);
      const line = picture.kind === 'rating' ? (picture.numbers ? `${picture.rated} ${picture.rated_note}` : '') : picture.item || undefined;
      const ticked = write(this.#tickerOptions, line ?? picture.options.map((/** @type {any} */ option) => `${option.label} ${picture.numbers ? option.number : ''}`.trim()).join('  ·  '));
      if (ticked) fit(this.#tickerOptions);
      if (picture.code && this.#code.getAttribute('src') !== picture.code) this.#code.src = picture.code;
      write(this.#head, picture.head);
      write(this.#time, picture.left ?? '');
      if (write(this.#question, picture.question)) fit(this.#question, 1.36, QUESTION_FIT_LEAST);
      write(this.#meanNote, picture.numbers ? picture.rated_note : '');
      if (write(this.#mean, picture.numbers ? picture.rated : '')) fit(this.#mean, 1, MEAN_FIT_LEAST);
      write(this.#low, picture.ends[0] ?? '');
      write(this.#high, picture.ends[1] ?? '');
      const most = Math.max(1, ...picture.options.map((/** @type {{ share: number }} */ option) => option.share));
      this.#ropeMark.style.setProperty('transform', `translateX(${(100 * (picture.kind === 'tug_of_war' ? 0.5 - picture.side : picture.side - 0.5)).toFixed(2)}%)`);
      picture.options.forEach((/** @type {any} */ option, /** @type {number} */ i) => {
        const { row, bar, number } = this.#rows[i];
        write(number, picture.numbers ? option.number : '');
        const [way, whole] = picture.kind === 'rating' ? ['scaleY', most] : ['scaleX', 100];
        bar.style.setProperty('transform', `${way}(${picture.numbers ? (option.share / whole).toFixed(4) : 0})`);
        row.dataset.front = String(picture.step >= 2 && picture.numbers && option.front);
      });
      if (picture.step === 3) {
        write(this.#winnerHead, picture.head);
        write(this.#winnerQuestion, picture.question);
        // The number first: the name has the room that it leaves.
        const narrows = write(this.#winnerNumber, picture.numbers ? picture.winner_number : '');
        if (write(this.#winner, picture.winners.join(' / ')) || narrows) fit(this.#winner, 1, WINNER_FIT_LEAST);
      }
      if (folds) this.#fitAll();
      if (enter && !this.#swap && picture.visible && picture.key === this.#key && this.dataset.visible === 'false') this.dataset.visible = 'true';
    }
  }

  /** @param {string} name */
  function slot(name) {
    const node = document.createElement('div');
    node.className = name;
    return node;
  }

  /** @param {HTMLElement} node @param {string} text @returns {boolean} whether it changed */
  function write(node, text) {
    if (node.textContent === text) return false;
    node.textContent = text;
    return true;
  }

  /**
   * Shrinks a text to its slot, down to a limit; what still does not fit is cut by the style.
   * @param {HTMLElement} node @param {number} [most] the size to begin with @param {number} [least] the size to end with
   */
  function fit(node, most = 1, least = FIT_LEAST) {
    node.style.setProperty('--fit', String(most));
    for (let size = most; size > least && (node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight + 1); size -= 0.07) {
      node.style.setProperty('--fit', size.toFixed(2));
    }
  }

  customElements.define('tl-results', Results);
})();
