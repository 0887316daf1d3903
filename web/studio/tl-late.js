import { StoreElement, h, setAttribute } from '../shared/element.js';
import { timeOfDay } from '../shared/format.js';
import { verbs } from './words.js';

/** Of what really happened, what somebody who watches can see happen. */
const SEEN = ['take', 'step', 'clear', 'opened', 'closed'];
/** How many moments are offered, and how old one may be: later than that nobody is. */
const MOMENTS = 6;
const AGE_MS_MAX = 180_000;

/** How late the show is seen: said in seconds, or by pressing when something is seen that is in the as-run log. */
class Late extends StoreElement {
  #where = h('select', { 'aria-label': 'Where it is seen', oninput: () => this.#say() });
  #seconds = h('input', { type: 'number', min: 0, max: AGE_MS_MAX / 1000, step: 'any', inputmode: 'decimal', 'aria-label': 'Seconds late', oninput: () => this.#say() });
  #moment = h('select', { 'aria-label': 'What is seen there now', oninput: () => { this.#chosen = this.#moment.value; } });
  #seen = h('button', { type: 'button', class: 'action', onclick: () => this.#mark() }, h('span', { class: 'action-label' }, 'Seen now'));
  #moments = h('div', { class: 'late-line' }, this.#moment, this.#seen);
  #drawn = '';
  #kept = '';
  /** The moment that somebody waits to see: what happens meanwhile changes it not. */
  #chosen = '';

  build() {
    this.append(
      h('form', { class: 'late-line', onsubmit: (event) => this.#submit(event) }, this.#where, this.#seconds, h('span', { 'aria-hidden': 'true' }, 's late'), h('tl-action', { name: 'marker' })),
      this.#moments);
  }

  /** Where it is said. */
  ask() {
    this.#seconds.focus();
    this.#seconds.select();
  }

  #say() {
    const seconds = this.#seconds.valueAsNumber;
    const said = Number.isFinite(seconds) && this.#seconds.validity.valid;
    StoreElement.store?.set({ late: said ? { seconds: Math.round(seconds * 1000) / 1000, platform: this.#where.value || undefined } : undefined });
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    /** @type {HTMLElement|null} */ (this.querySelector('tl-action button'))?.click();
    // The keys press actions again.
    this.#seconds.blur();
  }

  async #mark() {
    const at = Number(this.#moment.value);
    const platform = this.#where.value || undefined;
    this.#chosen = '';
    StoreElement.store?.set({ late: undefined });
    if (at) await StoreElement.desk?.send({ do: 'marker', programme_time: at, ...(platform ? { platform } : {}) });
  }

  /** @param {import('./main.js').StudioState} state */
  draw(state) {
    const platforms = state.desk?.platforms ?? [];
    this.hidden = platforms.length === 0 || !['operator', 'producer'].includes(state.me?.role ?? '');
    if (this.hidden) return;
    if (!state.late && document.activeElement !== this.#seconds) this.#seconds.value = '';
    const names = platforms.map(({ platform, label }) => `${platform} ${label}`).join('\n');
    if (names !== this.#drawn) {
      this.#drawn = names;
      const { value } = this.#where;
      this.#where.replaceChildren(h('option', { value: '' }, 'Studio output'), ...platforms.map(({ platform, label }) => h('option', { value: platform }, label)));
      if (platforms.some(({ platform }) => platform === value)) this.#where.value = value;
    }
    // Whoever is about to press sees what they press.
    if (this.#moments.matches(':hover, :focus-within')) this.#chosen = this.#moment.value;
    const since = (StoreElement.desk?.now() ?? 0) - AGE_MS_MAX;
    const moments = state.log.filter((entry) => SEEN.includes(entry.what) && entry.at > since).slice(-MOMENTS).reverse();
    const kept = moments.map((entry) => entry.id).join();
    // The output is seen at once in the studio: by eye a platform is measured.
    this.#moments.hidden = moments.length === 0 || !this.#where.value;
    setAttribute(this.#seen, 'aria-disabled', state.busy.marker ? 'true' : undefined);
    if (kept === this.#kept) return;
    this.#kept = kept;
    this.#moment.replaceChildren(...moments.map((entry) => h('option', { value: entry.at }, `${verbs[entry.what] ?? entry.what}${entry.cue ? ` ${entry.cue}` : ''} · ${timeOfDay(entry.at)}`)));
    if (moments.some((entry) => String(entry.at) === this.#chosen)) this.#moment.value = this.#chosen;
  }
}

customElements.define('tl-late', Late);
