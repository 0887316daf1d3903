import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { isVersus, kindName, scaleOf } from '../shared/kind.js';
import { cueOf } from './state.js';
import { kinds } from './words.js';

/** The cue that the next take puts on program. */
class Standby extends StoreElement {
  #cue = h('span', { class: 'standby-cue' });
  #question = h('span', { class: 'standby-question' });
  #how = h('span', { class: 'standby-how' });
  #badge = h('span', { class: 'badge standby-badge' });

  build() {
    this.append(this.#badge, this.#cue, this.#question, this.#how);
  }

  /** @param {import('./main.js').StudioState} state */
  draw(state) {
    const cue = cueOf(state, state.desk?.standby?.cue);
    const run = state.desk?.runs.find((one) => one.id === state.desk?.standby?.run);
    setAttribute(this, 'data-empty', !cue);
    setText(this.#badge, cue ? '▸ Standby' : '▹ Standby empty');
    setText(this.#cue, cue ? `${cue.number} ${cue.title}` : '');
    setText(this.#question, cue?.question === cue?.title && cue ? '' : cue?.question ?? 'Select a cue (↑ ↓), then Standby (Enter).');
    setText(this.#how, state.desk?.standby?.edited ? '▲ edited since: press Standby again to take the change in' : cue ? `${[kinds[kindName(run)], isVersus(run) ? run?.options.map((option) => option.label).join(' – ') : `${cue.options.length} ${scaleOf(run) ? 'steps' : 'options'}`].filter(Boolean).join(', ')} · ${cue.opens_on_take ? 'opens on take' : 'opens by hand'} · ${cue.window_s ? `${cue.window_s} s` : 'closed by hand'}` : '');
  }
}

customElements.define('tl-standby', Standby);
