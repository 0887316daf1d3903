import { StoreElement, h, setText } from '../shared/element.js';
import { countdown } from '../shared/format.js';
import { cueOf, declaredWords, labelsOf, leftOut } from './state.js';
import { verbs } from './words.js';

/** What one person has proposed and another one has to confirm, on everybody's desk. */
class Proposals extends StoreElement {
  #head = h('h2', { class: 'panel-head' }, 'Needs a second person');
  #said = h('p', { class: 'proposals-said', role: 'status' });
  #list = h('ol', { class: 'picks' });
  #drawn = '';

  build() {
    this.append(this.#head, this.#said, this.#list);
    setInterval(() => StoreElement.store && this.draw(StoreElement.store.state), 500);
  }

  /** @param {import('./main.js').StudioState} state */
  draw(state) {
    const now = StoreElement.desk?.now() ?? 0;
    const proposals = (state.desk?.proposals ?? []).filter((one) => one.until > now);
    this.hidden = !proposals.length;
    const last = proposals.at(-1);
    setText(this.#said, last ? `▲ ${last.by} proposes: ${proposed(state, last)}` : '');
    const text = proposals.map((one) => one.id).join() + state.me?.session;
    if (text !== this.#drawn) {
      this.#drawn = text;
      this.#list.replaceChildren(...proposals.map((one) => this.#line(state, one)));
    }
    for (const [i, one] of proposals.entries()) setText(/** @type {Element} */ (this.#list.children[i].querySelector('.pick-note')), `by ${one.by}, for ${countdown(one.until - now)} more`);
  }

  /** @param {import('./main.js').StudioState} state @param {import('../sdk/wire.js').ProposalView} one */
  #line(state, one) {
    const what = proposed(state, one);
    const own = state.desk?.staff.find((other) => other.session === state.me?.session)?.name;
    const mine = one.session === state.me?.session || one.by.toLowerCase() === own?.toLowerCase();
    const counts = ['producer', 'adjudicator'].includes(state.me?.role ?? '');
    const button = (/** @type {string} */ label, /** @type {() => void} */ onclick) => h('button', { type: 'button', class: 'pick-act', 'aria-label': `${label}: ${what}`, onclick }, label);
    const acts = !counts || mine ? [] : [button('Confirm…', () => StoreElement.desk?.arm('confirm', one.run, { proposal: one.id }))];
    if (counts) acts.push(button(mine ? 'Withdraw' : 'Decline', () => StoreElement.desk?.send({ do: 'decline', proposal: one.id })));
    return h('li', { class: 'pick' }, h('p', { dir: 'auto' }, what), h('p', { class: 'pick-note' }), h('div', { class: 'pick-acts' }, ...acts));
  }
}

/** What somebody proposes, in words. @param {import('./main.js').StudioState} state @param {import('../sdk/wire.js').ProposalView} one */
export function proposed(state, one) {
  const run = state.desk?.runs.find((other) => other.id === one.run);
  const cue = run ? `${run.cue} ${cueOf(state, run.cue)?.title ?? ''}`.trim() : '';
  const what = one.exclude ? ` ${leftOut(one.exclude) || 'nothing'}` : one.what !== 'override' ? '' : one.declare?.length ? ` ${declaredWords(run, one.declare)}` : one.right?.length ? ` ${labelsOf(run, one.right)} right` : '';
  const of = one.exclude || one.what === 'override' ? `${what} of` : '';
  return `${verbs[one.what] ?? one.what}${of} ${cue}${one.reason ? `: “${one.reason}”` : ''}`;
}

customElements.define('tl-proposals', Proposals);
