/**
 * Reactions on air: emoji that rise from the bottom, a few for many, or a meter; beside it a plate with the question and the counts.
 * At most NODES_MOST emoji are in the page, made once; only transform and opacity move.
 */
(() => {
  /** Emoji that rise at once, whatever is tapped. */
  const NODES_MOST = 28;
  /** Of one picture to the next at most so many begin to rise. */
  const BEGIN_MOST = 8;
  /** Their beginnings are spread over this time, about that between two pictures. */
  const SPREAD_MS = 500;
  const calm = matchMedia('(prefers-reduced-motion: reduce)');

  class TapsGraphic extends HTMLElement {
    #key = '';
    /** @type {number[]} what was tapped in the last picture */
    #before = [];
    /** @type {HTMLElement[]} */
    #idle = [];
    #rise = slot('rise');
    #head = slot('taps-head');
    #question = slot('taps-question');
    #counts = slot('taps-counts');
    #level = slot('meter-level');
    #peak = slot('meter-peak');

    connectedCallback() {
      const meter = slot('meter');
      meter.append(this.#level, this.#peak);
      const plate = slot('taps-plate');
      plate.append(this.#head, this.#question, meter, this.#counts);
      for (let i = 0; i < NODES_MOST; i += 1) {
        const emoji = slot('rise-emoji');
        emoji.addEventListener('animationend', () => {
          emoji.classList.remove('rising');
          this.#idle.push(emoji);
        });
        this.#idle.push(emoji);
        this.#rise.append(emoji);
      }
      this.append(this.#rise, plate);
    }

    /** @param {any} picture */
    draw(picture) {
      this.dataset.panic = String(picture.at_once && !picture.visible);
      this.dataset.visible = String(picture.visible);
      if (!picture.visible || !picture.taps) {
        this.#before = [];
        return;
      }
      const { meter, counts, level, peak } = picture.taps;
      if (this.#key !== picture.key) {
        this.#key = picture.key;
        this.#before = [];
        this.#counts.replaceChildren(...picture.options.map(() => slot('taps-count')));
      }
      this.dataset.kind = meter ? 'meter' : 'emoji';
      this.dataset.counts = String(!meter && picture.numbers);
      write(this.#head, picture.head);
      write(this.#question, picture.question);
      picture.options.forEach((/** @type {any} */ option, /** @type {number} */ i) => write(this.#counts.children[i], `${option.label} ${option.number}`.trim()));
      this.#level.style.setProperty('transform', `scaleX(${level.toFixed(3)})`);
      this.#peak.style.setProperty('opacity', String(peak));
      if (!meter) this.#begin(picture.options.map((/** @type {any} */ option) => option.label), counts);
      this.#before = counts;
    }

    /** Lets a few emoji rise for what was tapped since the last picture. @param {string[]} labels @param {number[]} counts */
    #begin(labels, counts) {
      if (calm.matches || this.#before.length !== counts.length) return;
      const more = counts.map((count, i) => Math.max(0, count - this.#before[i]));
      const all = more.reduce((sum, one) => sum + one, 0);
      const begin = Math.min(all, BEGIN_MOST, this.#idle.length);
      for (let i = 0; i < begin; i += 1) {
        // Each as likely as it was tapped.
        let at = Math.random() * all;
        const which = Math.max(0, more.findIndex((one) => (at -= one) < 0));
        const emoji = /** @type {HTMLElement} */ (this.#idle.shift());
        emoji.textContent = labels[which];
        emoji.style.setProperty('--x', Math.random().toFixed(3));
        emoji.style.setProperty('--drift', (Math.random() * 2 - 1).toFixed(3));
        emoji.style.setProperty('animation-delay', `${Math.round((i / begin) * SPREAD_MS)}ms`);
        emoji.classList.add('rising');
      }
    }
  }

  /** @param {string} name */
  function slot(name) {
    const node = document.createElement('div');
    node.className = name;
    return node;
  }

  /** @param {Element} node @param {string} text */
  function write(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  customElements.define('tl-taps', TapsGraphic);
})();
