import { isTapped } from '../sdk/taps.js';
import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { count, countdown, mean, percent, timeOfDay } from '../shared/format.js';
import { answersOf, firstSide, isVersus, kindName, scaleOf, withUnit } from '../shared/kind.js';
import { leaders } from '../shared/leaders.js';
import { leftMs, phaseOf } from '../shared/phase.js';
import { cueOf, programRun } from './state.js';
import { graphics, phases, steps } from './words.js';

/** A scale with more steps shows those that somebody gave. */
const STEPS_MOST = 10;

/** What is on program: the question, the clock of its window, the numbers as they are, and what could still change them. */
class Program extends StoreElement {
  #air = h('span', { class: 'badge program-air' });
  #cue = h('span', { class: 'program-cue' });
  #graphic = h('span', { class: 'program-graphic' });
  #question = h('h2', { class: 'program-question' });
  #phase = h('span', { class: 'program-phase' });
  #time = h('span', { class: 'program-time', role: 'timer' });
  #lock = h('span', { class: 'program-lock' });
  #rows = h('ol', { class: 'bars', tabindex: 0, 'aria-label': 'Numbers by option' });
  /** Two sides: how much of the line, or of the rope, is whose. */
  #versus = h('div', { class: 'versus', hidden: true, 'aria-hidden': 'true' }, h('span', { class: 'versus-mark' }));
  #rated = h('p', { class: 'program-rated', hidden: true });
  #built = '';
  /** @type {Record<string, HTMLElement>} */
  #figures = {};

  build() {
    this.append(
      h('div', { class: 'program-head' }, this.#air, this.#cue, this.#graphic),
      h('div', { class: 'program-body' }, this.#question, h('div', { class: 'program-clock' }, this.#phase, this.#time, this.#lock)),
      h('div', { class: 'program-numbers' }, this.#versus, this.#rated, this.#rows),
      h('dl', { class: 'figures' }, ...['Counted', 'Per second', 'Viewers', 'Margin', 'Outstanding', 'Late'].map((name) => this.#figure(name))));
    setInterval(() => this.#tick(), 200);
  }

  /** @param {string} name */
  #figure(name) {
    this.#figures[name] = h('span', { class: 'figure-value' });
    this.#figures[`${name} note`] = h('span', { class: 'figure-note' });
    return h('div', { class: 'figure' }, h('dt', {}, name), h('dd', {}, this.#figures[name], this.#figures[`${name} note`]));
  }

  #tick() {
    const state = StoreElement.store?.state;
    const run = state && programRun(state);
    if (!run || !StoreElement.desk) return;
    const now = StoreElement.desk.now();
    const phase = phaseOf(run, now);
    const left = leftMs(run, now);
    setAttribute(this, 'data-phase', phase);
    setText(this.#phase, run.hold ? '‖ On hold' : phases[phase]);
    const locks = run.locks_at !== undefined && now < run.locks_at && !run.hold ? run.locks_at - now : undefined;
    setText(this.#time, left !== undefined ? countdown(left) : phase === 'closing' && locks !== undefined ? countdown(locks) : phase === 'open' ? 'by hand' : '');
    setAttribute(this.#time, 'data-last', left !== undefined && left <= 10_000);
    setText(this.#lock, run.locks_at === undefined || run.hold ? '' : locks === undefined ? `locked at ${timeOfDay(run.locks_at)}` : `locks at ${timeOfDay(run.locks_at)}`);
  }

  /** @param {import('./main.js').StudioState} state */
  draw(state) {
    const { desk, gauge, results } = state;
    if (!desk) return;
    const run = programRun(state);
    const air = Boolean(run) && desk.graphic.state === 'on_air';
    setAttribute(this, 'data-air', air);
    setText(this.#air, air ? '● On air' : run ? '○ Off air' : '○ Program empty');
    const cue = cueOf(state, desk.program?.cue);
    setText(this.#cue, cue ? `${cue.number} ${cue.title}${desk.program?.edited ? ' (edited since; on as it was)' : ''}` : '');
    setText(this.#graphic, run ? `Graphic: ${graphics[desk.graphic.state]} · ${steps[desk.graphic.step] ?? ''}${desk.graphic.frozen ? ' · ❄ frozen' : ''}` : '');
    setText(this.#question, run?.question ?? 'Nothing is on program');
    this.#bars(run, results);
    const told = gauge?.run?.run === run?.id ? gauge?.run : undefined;
    const figures = told?.hidden ? undefined : told;
    const taps = isTapped(run);
    // Who writes casts no ballot.
    for (const name of Object.keys(this.#figures).filter((one) => !/^Viewers|note$/.test(one))) /** @type {HTMLElement} */ (this.#figures[name].closest('.figure')).hidden = Boolean(run?.writing);
    const pace = taps && results?.run === run?.id ? results?.pace : undefined;
    const ballots = figures?.superseded ? `ballots, ${count(figures.superseded)} replaced` : 'ballots';
    this.#set('Counted', figures ? count(figures.counted) : '–', told?.hidden ? 'hidden from your role' : taps ? 'taps' : ballots);
    this.#set('Per second', pace ? count(pace.now) : figures ? count(figures.rate) : '–', pace ? `of ${count(pace.highest)} at most` : 'now');
    this.#set('Viewers', gauge ? count(gauge.viewers) : '–', 'connected');
    // A vote of a small pool may weigh more than many of a large one; taps and steps of a scale have no margin.
    const voted = figures && !taps && !scaleOf(run);
    this.#set('Margin', voted && !run?.pools?.length ? count(figures.margin) : '–', voted ? (figures.decisive ? '✓ decisive' : '≈ not decisive') : '');
    this.#set('Outstanding', told && !taps ? count(told.outstanding) : '–', taps ? 'no ballots' : 'not decided yet');
    this.#set('Late', figures && !taps ? count(figures.late) : '–', taps ? 'no ballots' : told?.hidden ? '' : !figures?.late ? 'stored apart' : figures.late_would_change_order ? '▲ order would change' : '✓ order stands');
    setAttribute(this.#figures['Margin note'], 'data-tone', voted ? (figures.decisive ? 'good' : 'warn') : undefined);
    setAttribute(this.#figures['Late note'], 'data-tone', figures?.late && figures.late_would_change_order ? 'warn' : undefined);
    this.#tick();
  }

  /** @param {string} name @param {string} value @param {string} note */
  #set(name, value, note) {
    setText(this.#figures[name], value);
    setText(this.#figures[`${name} note`], note);
  }

  /** @param {import('../sdk/wire.js').DeskRun|undefined} run @param {import('../sdk/wire.js').Results|undefined} results */
  #bars(run, results) {
    if (this.#built !== (run?.id ?? '')) {
      this.#built = run?.id ?? '';
      this.#rows.replaceChildren(...(run?.options ?? []).map((option) => h('li', { class: 'bar-row' },
        h('span', { class: 'bar-n' }, String(option.n)), h('span', { class: 'bar-label', title: option.label }, option.label),
        h('span', { class: 'bar-track', 'aria-hidden': 'true' }, h('span', { class: 'bar-fill' })),
        h('span', { class: 'bar-votes' }), h('span', { class: 'bar-share' }))));
      setAttribute(this.#rows, 'data-many', (run?.options.length ?? 0) > 4);
    }
    const mine = run && results?.run === run.id && results.state !== 'hidden' ? results : undefined;
    const front = answersOf(run) || scaleOf(run) ? [] : leaders(mine);
    const right = run?.right ?? answersOf(run)?.right ?? [];
    this.#rated.hidden = !scaleOf(run);
    setText(this.#rated, mine?.rated ? `Mean ${withUnit(scaleOf(run), mean(mine.rated.mean))} · median ${withUnit(scaleOf(run), mean(mine.rated.median))}` : 'No mean yet');
    this.#versus.hidden = !isVersus(run);
    setAttribute(this.#versus, 'data-kind', kindName(run));
    setAttribute(this.#versus, 'data-live', Boolean(mine));
    this.#versus.style.setProperty('--side', firstSide(mine).toFixed(4));
    for (const [i, row] of [...this.#rows.children].entries()) {
      const option = mine?.options[i];
      setText(row.querySelector('.bar-votes'), option ? count(option.votes) : '–');
      setText(row.querySelector('.bar-share'), option ? percent(option.share) : '–');
      setAttribute(row, 'data-front', Boolean(option && front.includes(option.n)));
      // Of a long scale what nobody gave would hide what somebody did.
      setAttribute(row, 'hidden', Boolean(scaleOf(run)) && this.#rows.children.length > STEPS_MOST && !option?.votes);
      const isRight = right.includes(i + 1);
      setAttribute(row, 'data-right', isRight);
      setText(row.querySelector('.bar-n'), `${isRight ? '✓ ' : ''}${i + 1}`);
      /** @type {HTMLElement} */ (row.querySelector('.bar-fill')).style.setProperty('transform', `scaleX(${((option?.share ?? 0) / 100).toFixed(4)})`);
    }
  }
}

customElements.define('tl-program', Program);
