import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { count } from '../shared/format.js';
import { answersOf } from '../shared/kind.js';
import { mine } from './ballot.js';
import { say } from './words.js';

/** Once an answer is known: what mine was worth, where I stand, and who is in front. */
class Score extends StoreElement {
  #verdict = h('p', { class: 'score-verdict', role: 'status' });
  #place = h('p', { class: 'score-place' });
  #name = h('p', { class: 'score-name' });
  #list = h('ol', { class: 'leaders', tabindex: 0, 'aria-label': say('leaderboard') });
  #all = h('button', { type: 'button', class: 'change', onclick: () => this.#more() }, say('leaderboard_all'));
  #failed = h('span', { role: 'status' });
  /** The first hundred, and of which leaderboard. @type {{ of?: object, top?: import('../sdk/wire.js').ScoreLine[] }} */
  #asked = {};
  #drawn = '';

  build() {
    this.append(this.#verdict, this.#place, this.#name, h('h3', { class: 'leaders-head' }, say('leaderboard')), this.#list, this.#all, this.#failed);
  }

  async #more() {
    /** @type {import('./audience.js').AudienceState} */
    const { client, leaderboard } = this.store?.state;
    try {
      const { top } = await client.ask('leaderboard');
      setText(this.#failed, '');
      this.#asked = { of: leaderboard, top };
      this.draw(this.store?.state);
    } catch {
      setText(this.#failed, say('leaderboard_failed'));
    }
  }

  /** @param {import('./audience.js').AudienceState} state */
  draw({ show, leaderboard, score, ballots }) {
    const run = show?.run;
    const right = answersOf(run)?.right;
    const of = run && right?.length && run.phase !== 'void' && leaderboard?.runs.includes(run.id) ? leaderboard : undefined;
    this.hidden = !of;
    if (!run || !of || !right) return;
    const own = score && of.runs.at(-1) === score.run ? score : undefined;
    const gained = own?.run === run.id ? own.gained : undefined;
    const picks = [...mine(ballots, run.id).keys()];
    const hit = picks.some((n) => right.includes(n));
    setText(this.#verdict, gained === undefined ? (own?.run === run.id ? say('score_silent') : '') : hit || gained ? say('score_right', { n: gained }) : say('score_wrong'));
    setAttribute(this.#verdict, 'data-right', hit && gained !== undefined);
    const line = own?.line;
    setText(this.#place, line ? `${say('score_rank', { rank: count(line.rank), n: of.players })} · ${say('points', { n: line.points })}` : '');
    setText(this.#name, line ? say('score_name', { name: line.name }) : '');
    const top = this.#asked.of === of && this.#asked.top ? this.#asked.top : of.top;
    this.#all.hidden = top.length >= Math.min(of.players, 100);
    const drawn = JSON.stringify([top, line]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#list.replaceChildren(...top.map((one) => h('li', { class: 'leader', 'data-mine': one.name === line?.name && one.rank === line.rank },
      h('span', { class: 'leader-rank' }, count(one.rank)), h('bdi', { class: 'leader-name' }, one.name), h('span', { class: 'leader-points' }, count(one.points)))));
  }
}

customElements.define('tl-score', Score);
