import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { isVersus, kindName, scaleOf } from '../shared/kind.js';
import { carriedByOption, cueOf, partsOf } from './state.js';
import { kinds } from './words.js';

/** The cue that the next take puts on program. */
class Standby extends StoreElement {
  #cue = h('span', { class: 'standby-cue' });
  #question = h('span', { class: 'standby-question' });
  #how = h('span', { class: 'standby-how' });
  /** What it begins with, and who votes when. */
  #begins = h('span', { class: 'standby-begins' });
  #badge = h('span', { class: 'badge standby-badge' });

  build() {
    this.append(this.#badge, this.#cue, this.#question, this.#how, this.#begins);
  }

  /** @param {import('./main.js').StudioState} state */
  draw(state) {
    const cue = cueOf(state, state.desk?.standby?.cue);
    const run = state.desk?.runs.find((one) => one.id === state.desk?.standby?.run);
    setAttribute(this, 'data-empty', !cue);
    setText(this.#badge, cue ? '▸ Standby' : '▹ Standby empty');
    setText(this.#cue, cue ? `${cue.number} ${cue.title}` : '');
    // What a take airs, also while the cue says something else by now.
    const question = state.desk?.standby?.edited ? run?.question : cue?.question;
    setText(this.#question, question === cue?.title && cue ? '' : question ?? 'Select a cue (↑ ↓), then Standby (Enter).');
    const how = state.desk?.standby?.edited ? '▲ edited since: press Standby again to take the change in' : cue ? says(cue, run) : '';
    setText(this.#how, how);
    const parts = partsOf(run);
    const begins = cue ? [carriedByOption(run), parts && `segments: ${parts}`].filter(Boolean).join(' · ') : '';
    setText(this.#begins, begins);
    // Two lines have room for some options.
    setAttribute(this.#begins, 'title', begins || undefined);
  }
}

/** What a take of it does. @param {import('../sdk/wire.js').CueView} cue @param {import('../sdk/wire.js').DeskRun|undefined} run */
function says(cue, run) {
  const options = isVersus(run) ? run?.options.map((option) => option.label).join(' – ') : `${cue.options.length} ${scaleOf(run) ? 'steps' : 'options'}`;
  const kind = [kinds[kindName(run)], options].filter(Boolean).join(', ');
  return [kind, cue.opens_on_take ? 'opens on take' : 'opens by hand', cue.window_s ? `${cue.window_s} s` : 'closed by hand'].join(' · ');
}

customElements.define('tl-standby', Standby);
