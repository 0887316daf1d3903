import { StoreElement, h, setAttribute } from '../shared/element.js';

/** How often it is looked at while nothing is done: it is told in days, and in minutes at the end. */
const LOOK_MS = 60_000;

/** What will be destroyed of the show and when, what waits, and what is destroyed already. Nothing where its file says nothing of it. */
class Keep extends StoreElement {
  #list = h('ul', { class: 'keep' });
  /** @type {number|undefined} the revision that was looked at */
  #rev;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #timer;

  build() {
    this.hidden = true;
    this.append(h('h2', { class: 'panel-head' }, 'Destroyed by itself'), this.#list);
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ desk }) {
    if (!desk || desk.rev === this.#rev) return;
    this.#rev = desk.rev;
    this.#look();
  }

  /** The node says it in words, for every show. */
  async #look() {
    /** @type {{ componentId: string, status: string, output: string }[]|undefined} */
    const all = await fetch('/health').then((answer) => answer.json()).then((health) => health.checks['show:keep'] ?? []).catch(() => undefined);
    // Without an answer what was said last stands: it moves by days.
    if (!all) return;
    const own = all.find((one) => one.componentId === StoreElement.desk?.show);
    this.hidden = !own;
    const lines = own?.output.split('; ') ?? [];
    this.#list.replaceChildren(...lines.map((line) => h('li', {}, line[0].toUpperCase() + line.slice(1))));
    setAttribute(this.#list, 'data-tone', own?.status === 'warn' ? 'warn' : undefined);
  }
}

customElements.define('tl-keep', Keep);
