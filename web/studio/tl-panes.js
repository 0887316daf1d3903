import { HttpProblem, request } from '../sdk/tallylight.js';
import { recall, store } from '../sdk/keep.js';
import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { refusal } from './words.js';

/** What the overlays in the panes call their host: they stand in no list of screens. */
export const PANE_HOST = 'studio';
/** The raster that they draw. */
const RASTER = 1920;
/** Where the choice is kept, and from which size of the page the pictures are there if nobody chose. */
const KEPT = 'studio.panes';
const ROOM = '(min-width: 75rem) and (min-height: 54rem)';
/** What is said of the graphic on program, by what the screens say. */
const programs = {
  on_air: 'on air, a screen confirms it',
  coming: 'not confirmed by any screen',
  going: 'still seen on a screen',
  off_air: 'nothing on the screens',
};
const signs = { on_air: '●', coming: '▲', going: '▲', off_air: '○' };

/**
 * What comes next and what is on, as the overlay itself draws it, and what the screens say that they have painted. Folded away, the
 * overlays are not loaded.
 */
class Panes extends StoreElement {
  #preview = pane('Preview');
  #program = pane('Program');
  #fold = h('button', { type: 'button', class: 'link-button panes-fold', onclick: () => this.#choose(!this.#open) });
  #open = recall(KEPT) ? recall(KEPT) === 'open' : matchMedia(ROOM).matches;
  #asked = false;

  build() {
    this.append(this.#preview.figure, this.#program.figure, this.#fold);
    const size = new ResizeObserver(() => this.style.setProperty('--scale', String(this.#program.frame.clientWidth / RASTER)));
    size.observe(this.#program.frame);
  }

  /** @param {boolean} open */
  #choose(open) {
    this.#open = open;
    store(KEPT, open ? 'open' : 'folded');
    StoreElement.store?.set({});
  }

  async #load() {
    const { desk } = StoreElement;
    if (!desk || this.#asked) return;
    this.#asked = true;
    try {
      const { key } = await request(`/api/v1/shows/${desk.show}/screen-key`, { headers: { authorization: `Bearer ${desk.token}` } });
      for (const [{ frame, name }, output] of /** @type {const} */ ([[this.#preview, 'preview'], [this.#program, 'monitor']])) {
        const query = new URLSearchParams({ key, output, host: PANE_HOST });
        frame.replaceChildren(h('iframe', { title: `${name}, as the overlay draws it`, src: `/o/${encodeURIComponent(desk.show)}/results?${query}`, tabindex: -1, class: 'pane-picture' }));
      }
    } catch (error) {
      // For now; the choice stays.
      [this.#asked, this.#open] = [false, false];
      StoreElement.store?.set({});
      const { title, advice } = refusal(error instanceof HttpProblem ? error.code : 'no_answer', '');
      desk.say('bad', `Pictures: ${title}`, advice);
    }
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ desk, gauge }) {
    if (!desk) return;
    setAttribute(this, 'data-open', this.#open);
    setAttribute(this.#fold, 'aria-expanded', String(this.#open));
    setText(this.#fold, this.#open ? 'Hide pictures' : 'Show pictures');
    if (this.#open) this.#load();
    else if (this.#asked) {
      this.#asked = false;
      for (const { frame } of [this.#preview, this.#program]) frame.replaceChildren();
    }
    const { program = false, preview = false, graphic = 'off_air', stale = [] } = gauge?.tally ?? {};
    const next = desk.standby?.cue;
    this.#preview.say(preview ? 'next' : 'off', !next ? '▹ Preview: nothing on standby' : `${preview ? '▸' : '▹'} Preview: cue ${next}${preview || !this.#open ? '' : ', not painted yet'}`);
    const late = stale.length ? ` · ▲ stale: ${stale.join(', ')}` : '';
    const on = graphic === 'off_air' || !desk.program ? '' : `cue ${desk.program.cue} `;
    this.#program.say(program ? 'air' : graphic === 'off_air' && !late ? 'off' : 'look', `${signs[graphic]} Program: ${on}${programs[graphic]}${late}`);
  }
}

/** @param {string} name */
function pane(name) {
  const frame = h('div', { class: 'pane-frame' });
  const words = h('figcaption', { class: 'pane-words' });
  const figure = h('figure', { class: 'pane' }, words, frame);
  const say = (/** @type {string} */ is, /** @type {string} */ text) => {
    setAttribute(figure, 'data-is', is);
    setText(words, text);
    setAttribute(words, 'title', text);
  };
  return { name, figure, frame, say };
}

customElements.define('tl-panes', Panes);
