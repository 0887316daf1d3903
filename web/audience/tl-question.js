import { StoreElement, bdi, h, setAttribute, setText } from '../shared/element.js';
import { timeOfDay } from '../shared/format.js';
import { answersOf, scaleOf } from '../shared/kind.js';
import { phaseOf } from '../shared/phase.js';
import { isFor, mine, votesLeft } from './ballot.js';
import { say } from './words.js';
import { isTapped } from '../sdk/taps.js';

/** The middle of the page: what is on (or that nothing is), the clock, the options, and what the numbers are worth. */
class Question extends StoreElement {
  #waiting = h('section', { class: 'waiting', 'aria-live': 'polite' });
  #waitingTitle = h('h2');
  #waitingText = h('p');
  #asked = h('section', { class: 'asked', 'aria-labelledby': 'question' });
  #question = bdi();
  #hint = h('p', { class: 'hint' });
  #worth = h('p', { class: 'worth', role: 'status' });

  build() {
    this.#waiting.append(h('span', { class: 'waiting-lamp', 'aria-hidden': 'true' }), this.#waitingTitle, this.#waitingText);
    this.#asked.append(document.createElement('tl-countdown'), h(this.embedded ? 'h3' : 'h2', { id: 'question', class: 'question', part: 'question' }, this.#question), this.#hint, document.createElement('tl-options'), document.createElement('tl-scale'), document.createElement('tl-taps'), document.createElement('tl-writing'), document.createElement('tl-asked'), this.#worth, document.createElement('tl-score'));
    this.append(this.#waiting, this.#asked, document.createElement('tl-bracket'));
  }

  /** @param {import('./audience.js').AudienceState} state */
  draw(state) {
    const { show, client, link } = state;
    const run = show?.run;
    this.#waiting.hidden = Boolean(run);
    this.#asked.hidden = !run;
    if (!run) {
      const ended = link.is === 'ended';
      setText(this.#waitingTitle, say(ended ? (link.why === 'no_show' || link.why === 'bad_origin' ? `ended_${link.why}` : 'ended_other') : show ? 'waiting_title' : 'first_title'));
      setText(this.#waitingText, ended ? '' : say(show ? 'waiting_text' : 'first_text'));
      setAttribute(this.#waiting, 'data-ended', ended);
      return;
    }
    setText(this.#question, run.question);
    setAttribute(this.#question, 'lang', run.language);
    const phase = phaseOf(run, client.now());
    if (isTapped(run)) {
      setText(this.#hint, phase === 'open' ? say('tap_text') : phase === 'void' ? say('void_text') : '');
      setText(this.#worth, tapsWorth(run, state.results));
      return;
    }
    if (run.writing) {
      setText(this.#hint, phase === 'open' ? say('write_hint') : phase === 'void' ? say('void_text') : '');
      setText(this.#worth, '');
      return;
    }
    const votes = phase === 'open' || phase === 'standby';
    const left = votesLeft(state.ballots, run);
    const early = phase === 'standby' && run.prepare_ms !== undefined && left ? `. ${say('prepare_text')}` : '';
    const again = votes && run.replaces ? `${say('held_again')} ` : '';
    setText(this.#hint, votes && !isFor(run, state.entry) ? say('not_for_you') : again + hint(run, phase, left, run.changeable && mine(state.ballots, run.id).size > 0) + early);
    setText(this.#worth, worth(run, state.results, votes && run.after_vote && !mine(state.ballots, run.id).size));
  }
}

/** @param {import('../sdk/wire.js').RunView} run @param {import('../sdk/wire.js').Phase} phase @param {number} left @param {boolean|undefined} changes whether there is a ballot to change */
function hint(run, phase, left, changes) {
  if (run.own_window && phase === 'standby') return say('own_window_soon');
  if (run.own_window && phase === 'locked') return say('own_window_over');
  switch (phase) {
    case 'standby': case 'open':
      if (changes) return say('choose_change');
      if (run.votes === 1) return left ? say(scaleOf(run) ? 'choose_rating' : 'choose_one') : '';
      return left === run.votes ? say(run.per_option ? 'choose_many_most' : 'choose_many', { n: run.votes, most: run.per_option ?? 0 }) : left ? say('choose_left', { n: left }) : say('choose_done');
    case 'closing': return say('closing_text');
    case 'locked': case 'sealed': return say('locked_text');
    case 'verified': return say('verified_text');
    case 'void': return say('void_text');
    default: return '';
  }
}

/** What everybody has tapped, where it may be seen. @param {import('../sdk/wire.js').RunView} run @param {import('../sdk/wire.js').Results|undefined} results */
function tapsWorth(run, results) {
  if (results?.run !== run.id || results.state === 'hidden' || run.phase === 'standby') return '';
  return say('taps_total', { n: results.total });
}

/** @param {import('../sdk/wire.js').RunView} run @param {import('../sdk/wire.js').Results|undefined} results @param {boolean|undefined} unlocks whether a vote shows the numbers */
function worth(run, results, unlocks) {
  if (!results || results.run !== run.id || run.phase === 'void') return '';
  const carried = results.carried && !results.declared && results.total > 0 && say('result_carried');
  // What it begins with may be seen before anybody has voted.
  if (run.phase === 'standby') return carried && results.state !== 'hidden' ? `${carried} ${say('result_total', { n: results.total })}` : '';
  const corrected = answersOf(run)?.corrected && say('right_corrected');
  if (results.state === 'hidden') return [say(unlocks ? 'result_after_vote' : 'result_hidden'), corrected].filter(Boolean).join(' ');
  const state = results.declared ? say('result_declared') : say(`result_${results.state}`, { time: timeOfDay(results.as_of) });
  return [state, corrected, carried, results.excluded && say('result_excluded'), say('result_total', { n: results.total })].filter(Boolean).join(' ');
}

customElements.define('tl-question', Question);
