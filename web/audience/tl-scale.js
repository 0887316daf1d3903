import { StoreElement, bdi, h, setAttribute, setText } from '../shared/element.js';
import { mean } from '../shared/format.js';
import { scaleOf, stepLabel as label, stepNumber as number, withUnit } from '../shared/kind.js';
import { phaseOf } from '../shared/phase.js';
import { allCounted, closedTo, isFor, mine, votesLeft } from './ballot.js';
import { say } from './words.js';

/** So many steps stand beside each other on a phone; more are a slider. */
const BUTTONS_MOST = 10;
/** More than these are two rows on a phone. */
const ROW_MOST = 6;
/** So many steps from one upwards are stars. */
const STARS_MOST = 5;

/** A rating: stars, numbers, or a slider where there are too many; then what I gave, and what all gave together. */
class ScaleChoice extends StoreElement {
  /** What it was built for: a run is immutable. */
  #built = '';
  /** @type {HTMLInputElement[]} one a step, or the slider alone */
  #inputs = [];
  /** @type {HTMLElement[]} one a step */
  #bars = [];
  #own = h('p', { class: 'scale-own', role: 'status' });
  #value = h('output', { class: 'scale-value', dir: 'ltr', 'aria-hidden': 'true' });
  #rated = h('p', { class: 'scale-rated' });
  #chart = h('div', { class: 'scale-chart', role: 'img' });

  /** @param {import('./audience.js').AudienceState} state */
  draw(state) {
    const run = state.show?.run;
    const scale = scaleOf(run);
    this.hidden = !scale;
    if (!run || !scale) {
      this.#built = '';
      return this.replaceChildren();
    }
    if (this.#built !== run.id) this.#make(run, scale);
    const phase = phaseOf(run, state.client.now());
    const may = votesLeft(state.ballots, run) > 0 && (phase === 'open' || phase === 'standby') && isFor(run, state.entry);
    const closed = closedTo(run, state.entry);
    const [given] = mine(state.ballots, run.id).keys();
    const chosen = state.chosen.run === run.id ? state.chosen.picks[0] : undefined;
    const at = may ? chosen : given;
    for (const input of this.#inputs) {
      const n = Number(input.dataset.n);
      input.disabled = !may || closed.includes(n);
      if (input.type === 'radio') {
        input.checked = n === at;
        // Stars up to the chosen one.
        setAttribute(input, 'data-on', at !== undefined && n <= at);
      } else {
        if (at !== undefined) input.value = String(at - 1);
        input.setAttribute('aria-valuetext', at === undefined ? '' : label(scale, at));
        setAttribute(input, 'data-on', at !== undefined);
      }
    }
    setText(this.#value, at === undefined ? '–' : label(scale, at));
    const own = given && { label: label(scale, given) };
    setText(this.#own, own ? `${allCounted(state.ballots, run.id) ? `✓ ${say('rating_mine', own)}` : `◔ ${say('rating_pending', own)}`}` : '');
    const results = state.results?.run === run.id && state.results.state !== 'hidden' && phase !== 'void' ? state.results : undefined;
    this.#drawResult(scale, results, given);
  }

  /** @param {import('../sdk/wire.js').Scale} scale @param {import('../sdk/wire.js').Results|undefined} results @param {number|undefined} given */
  #drawResult(scale, results, given) {
    const rated = results?.rated;
    setText(this.#rated, rated ? say('rating_mean', { mean: withUnit(scale, mean(rated.mean)), median: withUnit(scale, mean(rated.median)) }) : '');
    setAttribute(this.#chart, 'data-live', Boolean(rated));
    const most = Math.max(1, ...(results?.options ?? []).map((option) => option.votes));
    const said = (results?.options ?? []).filter((option) => option.votes).map(({ n, votes }) => say('rating_step', { label: label(scale, n), n: votes }));
    setAttribute(this.#chart, 'aria-label', said.join(', ') || say('result_hidden'));
    for (const [i, bar] of this.#bars.entries()) {
      setAttribute(bar, 'data-mine', given === i + 1);
      bar.style.setProperty('--part', ((rated ? results.options[i]?.votes ?? 0 : 0) / most).toFixed(4));
    }
  }

  /** @param {import('../sdk/wire.js').RunView} run @param {import('../sdk/wire.js').Scale} scale */
  #make(run, scale) {
    this.#built = run.id;
    const steps = run.options.length;
    const stars = scale.from === 1 && !scale.decimals && !scale.unit && steps <= STARS_MOST;
    const choose = (/** @type {number} */ n) => this.store?.set({ chosen: { run: run.id, picks: [n] } });
    if (steps <= BUTTONS_MOST) {
      this.#inputs = run.options.map(({ n }) => h('input', { type: 'radio', name: run.id, value: n, 'data-n': n, class: 'scale-input', onchange: () => choose(n) }));
    } else {
      const slider = h('input', { type: 'range', min: 0, max: steps - 1, value: Math.floor((steps - 1) / 2), class: 'scale-slider', 'aria-label': run.question, oninput: () => choose(Number(slider.value) + 1) });
      // A tap on the middle, where it stands already, is a choice too.
      slider.addEventListener('click', () => choose(Number(slider.value) + 1));
      this.#inputs = [slider];
    }
    const words = (/** @type {string|undefined} */ text, /** @type {number} */ n) => {
      const node = bdi();
      node.textContent = text || (steps > BUTTONS_MOST || scale.unit ? label(scale, n + 1) : '');
      return node;
    };
    const row = this.#inputs.length > 1
      ? run.options.map(({ n }, i) => h('label', { class: 'scale-step' }, this.#inputs[i], h('span', { class: 'scale-sign', dir: 'ltr', 'aria-hidden': stars ? 'true' : undefined }, stars ? '★' : number(scale, n)), ...(stars ? [h('span', { class: 'tl-unseen' }, label(scale, n))] : [])))
      : [h('div', { class: 'scale-slide' }, this.#value, this.#inputs[0])];
    const all = h('div', { class: 'scale-row', 'data-two': row.length > ROW_MOST }, ...row);
    all.style.setProperty('--half', String(Math.ceil(row.length / 2)));
    this.#bars = run.options.map(() => h('span', { class: 'scale-bar' }));
    this.#chart.replaceChildren(...this.#bars);
    this.replaceChildren(
      h('fieldset', { class: 'scale', 'data-look': stars ? 'stars' : steps <= BUTTONS_MOST ? 'numbers' : 'slider' }, h('legend', { class: 'tl-unseen' }, run.question),
        all,
        h('div', { class: 'scale-ends' }, words(scale.low, 0), words(scale.high, steps - 1))),
      this.#own, this.#rated, this.#chart);
  }
}

customElements.define('tl-scale', ScaleChoice);
