import { StoreElement, bdi, h, setAttribute, setText } from '../shared/element.js';
import { count, percent } from '../shared/format.js';
import { answersOf, firstSide, isVersus, kindName, scaleOf } from '../shared/kind.js';
import { leaders } from '../shared/leaders.js';
import { phaseOf } from '../shared/phase.js';
import { allCounted, closedTo, isFor, mine, votesLeft } from './ballot.js';
import { say, spoken } from './words.js';
import { isTapped } from '../sdk/taps.js';

/**
 * The options, in one tile each that never changes its size: a choice while voting is open, then what I voted, then the result.
 * One vote: radio buttons. Several: a plus and a minus on each tile.
 */
class Options extends StoreElement {
  /** What the tiles were built for: a run is immutable. */
  #built = '';
  /** @type {Map<number, Tile>} */
  #tiles = new Map();
  /** Between two sides: the rope, and where it stands. */
  #rope = h('div', { class: 'rope', 'aria-hidden': 'true' }, h('span', { class: 'rope-mark' }));

  /** @param {import('./audience.js').AudienceState} state */
  draw(state) {
    const run = state.show?.run;
    // A scale is drawn by tl-scale, what is tapped by tl-taps, what is written by tl-writing.
    this.hidden = Boolean(scaleOf(run)) || isTapped(run) || Boolean(run?.writing);
    if (!run || this.hidden) return this.#clear();
    if (this.#built !== run.id) this.#make(run);
    const phase = phaseOf(run, state.client.now());
    const left = votesLeft(state.ballots, run);
    const chosen = state.chosen.run === run.id ? state.chosen.picks : [];
    const given = mine(state.ballots, run.id);
    const counted = allCounted(state.ballots, run.id);
    const results = state.results?.run === run.id && state.results.state !== 'hidden' && phase !== 'void' ? state.results : undefined;
    const answers = phase === 'void' ? undefined : answersOf(run);
    // Where there is a right answer, having most votes is nothing.
    const front = results?.state === 'final' && !answersOf(run) ? leaders(results) : [];
    const may = left > 0 && (phase === 'open' || phase === 'standby') && isFor(run, state.entry);
    const closed = closedTo(run, state.entry);
    setAttribute(this, 'data-may', may);
    setAttribute(this.#rope, 'data-live', Boolean(results));
    this.#rope.style.setProperty('--side', firstSide(results).toFixed(4));
    for (const [n, tile] of this.#tiles) {
      tile.draw({
        may: may && !closed.includes(n),
        closed: closed.includes(n),
        full: chosen.length >= left || chosen.filter((pick) => pick === n).length + (run.changeable ? 0 : given.get(n) ?? 0) >= (run.per_option ?? run.votes),
        chosen: chosen.filter((pick) => pick === n).length,
        given: given.get(n) ?? 0,
        counted,
        right: answers?.right?.includes(n) && (kindName(run) === 'quiz' ? 'right' : 'came_true'),
        result: results?.options.find((option) => option.n === n),
        place: results?.outcome?.places.find((place) => place.n === n),
        unit: results?.outcome?.unit,
        won: front.includes(n) ? (front.length > 1 ? 'tie' : results?.outcome?.polarity === 'evict' ? 'leaves' : 'winner') : undefined,
      });
    }
  }

  #clear() {
    this.#built = '';
    this.#tiles.clear();
    this.replaceChildren();
  }

  /** @param {import('../sdk/wire.js').RunView} run */
  #make(run) {
    this.#built = run.id;
    this.#tiles.clear();
    const versus = isVersus(run);
    const list = h('fieldset', { class: 'options', 'data-kind': versus && kindName(run), 'data-many': run.options.length > 5 }, h('legend', { class: 'tl-unseen', lang: run.language }, run.question));
    for (const option of run.options) {
      const tile = run.votes > 1 ? new CountTile(option, run, this.store) : new RadioTile(option, run, this.store);
      this.#tiles.set(option.n, tile);
      list.append(tile.node);
    }
    if (versus) list.append(this.#rope);
    this.replaceChildren(list);
  }
}

/** @typedef {import('../shared/store.js').Store<any>} Store */

/**
 * @typedef {object} TileState
 * @property {boolean} may whether a choice may be made now
 * @property {boolean} closed whether this viewer may never choose it
 * @property {boolean} full whether all votes are chosen, or all that this option may get
 * @property {number} chosen
 * @property {number} given
 * @property {boolean} counted whether what was given has its receipt
 * @property {import('../sdk/wire.js').OptionResult} [result]
 * @property {import('../sdk/wire.js').Place} [place] what the rules of the question make of it
 * @property {import('../sdk/wire.js').Outcome['unit']} [unit]
 * @property {'winner'|'tie'|'leaves'} [won]
 * @property {'right'|'came_true'|false} [right]
 */

/** The parts of a tile that both kinds share. */
class Tile {
  bar = h('span', { class: 'tile-bar', 'aria-hidden': 'true' });
  note = h('span', { class: 'tile-note' });
  share = h('span', { class: 'tile-share' });

  /** @param {import('../sdk/wire.js').OptionView} option @param {import('../sdk/wire.js').RunView} run @param {Store|undefined} store */
  constructor(option, run, store) {
    this.option = option;
    this.run = run;
    this.store = store;
    const label = bdi();
    label.textContent = option.label;
    setAttribute(label, 'lang', option.language ?? run.language);
    this.text = h('span', { class: 'tile-text' }, h('span', { class: 'tile-label' }, label), this.note);
    /** @type {HTMLElement} */
    this.node = h('div', { class: 'tile' });
  }

  /** @param {TileState} state */
  draw({ may, closed, chosen, given, counted, result, place, unit, won, right }) {
    const notes = closed ? [say('closed_to_you')] : [];
    // While the plus and minus are there, the share goes under the label: the label needs the width.
    const inline = may && this.run.votes > 1;
    if (inline && result) notes.push(percent(result.share));
    if (won) notes.push(`${{ winner: '★', tie: '=', leaves: spoken().dir === 'rtl' ? '↖' : '↗' }[won]} ${say(won)}`);
    if (right) notes.push(`✓ ${say(right)}`);
    if (place?.reached !== undefined) notes.push(place.reached ? `✓ ${say('reached')}` : say('not_reached'));
    if (given) notes.push(counted ? `✓ ${say('mine', { n: given })}` : `◔ ${say('mine_pending')}`);
    setText(this.note, notes.join(' · '));
    const points = place && unit === 'points' ? say('points', { n: place.points }) : undefined;
    setText(this.share, result && !inline ? points ?? percent(result.share) : '');
    setAttribute(this.node, 'data-chosen', chosen > 0);
    setAttribute(this.node, 'data-mine', given > 0);
    setAttribute(this.node, 'data-won', won || right);
    setAttribute(this.node, 'data-result', Boolean(result));
    // Two sides stand beside each other: what they have grows from below.
    this.bar.style.setProperty('transform', `${isVersus(this.run) ? 'scaleY' : 'scaleX'}(${((result?.share ?? 0) / 100).toFixed(4)})`);
  }

  /** @param {(picks: number[]) => number[]} change */
  choose(change) {
    const { chosen } = this.store?.state ?? {};
    this.store?.set({ chosen: { run: this.run.id, picks: change(chosen.run === this.run.id ? chosen.picks : []) } });
  }
}

class RadioTile extends Tile {
  /** @param {import('../sdk/wire.js').OptionView} option @param {import('../sdk/wire.js').RunView} run @param {Store|undefined} store */
  constructor(option, run, store) {
    super(option, run, store);
    this.input = h('input', { type: 'radio', name: run.id, value: option.n, class: 'tile-input', onchange: () => this.choose(() => [option.n]) });
    this.node = h('label', { class: 'tile', part: 'option' }, this.bar, this.input, h('span', { class: 'tile-mark', 'aria-hidden': 'true' }), this.text, this.share);
  }

  /** @param {TileState} state */
  draw(state) {
    super.draw(state);
    this.input.disabled = !state.may;
    this.input.checked = state.may ? state.chosen > 0 : state.given > 0;
    setAttribute(this.node, 'data-off', !state.may);
  }
}

class CountTile extends Tile {
  /** @param {import('../sdk/wire.js').OptionView} option @param {import('../sdk/wire.js').RunView} run @param {Store|undefined} store */
  constructor(option, run, store) {
    super(option, run, store);
    const { n, label } = option;
    this.less = h('button', { type: 'button', class: 'tile-step', 'aria-label': say('fewer', { label }), onclick: () => this.choose((picks) => picks.filter((_, i) => i !== picks.indexOf(n))) }, '−');
    this.more = h('button', { type: 'button', class: 'tile-step', 'aria-label': say('more', { label }), onclick: () => this.choose((picks) => [...picks, n]) }, '+');
    this.number = h('output', { class: 'tile-number' });
    this.steps = h('span', { class: 'tile-steps' }, this.less, this.number, this.more);
    this.node = h('div', { class: 'tile', part: 'option', role: 'group', 'aria-label': label }, this.bar, this.text, this.share, this.steps);
  }

  /** @param {TileState} state */
  draw(state) {
    super.draw(state);
    this.steps.hidden = !state.may;
    this.less.disabled = state.chosen === 0;
    this.more.disabled = state.full;
    setText(this.number, count(state.chosen));
    setAttribute(this.node, 'data-off', !state.may);
  }
}

customElements.define('tl-options', Options);
