import { StoreElement, h } from '../shared/element.js';
import { say } from './words.js';

/** Who meets whom, and who came on: folded away under what is on. */
class BracketList extends StoreElement {
  #rounds = h('div', { class: 'bracket-rounds' });
  #drawn = '';

  build() {
    this.append(h('details', { class: 'bracket' }, h('summary', {}, say('bracket')), this.#rounds));
  }

  /** @param {import('./audience.js').AudienceState} state */
  draw({ show }) {
    const matches = show?.bracket?.matches ?? [];
    this.hidden = !matches.length;
    const drawn = JSON.stringify([matches, show?.run?.cue]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const rounds = [...new Set(matches.map((match) => match.round))].sort((a, b) => a - b);
    this.#rounds.replaceChildren(...rounds.map((round) => h('ul', { class: 'bracket-round' },
      ...matches.filter((match) => match.round === round).map((match) => h('li', { class: 'bracket-match', 'data-now': match.cue === show?.run?.cue },
        h('span', { class: 'bracket-name' }, h('bdi', {}, match.segment || match.name)),
        ...match.sides.map((side, i) => h('span', { class: 'bracket-side', 'data-is': is(match, i, side) }, h('bdi', {}, side.label ?? '…'),
          match.winner === i + 1 ? h('span', { class: 'bracket-won' }, say('bracket_won')) : '')))))));
  }
}

/** @param {import('../sdk/wire.js').BracketMatch} match @param {number} i @param {{ label?: string }} side */
function is(match, i, side) {
  if (side.label === undefined) return 'open';
  return match.winner === undefined ? 'known' : match.winner === i + 1 ? 'won' : 'out';
}

customElements.define('tl-bracket', BracketList);
