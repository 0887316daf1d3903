import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { timeOfDay } from '../shared/format.js';
import { trouble } from './trouble.js';

/** After this silence the page says how old it is. */
const OLD_MS = 2500;

/** The top: which show, rehearsal or live in words and pattern, what is wrong, the server's clock, and how fresh all this is. */
class Banner extends StoreElement {
  #title = h('h1', { class: 'banner-title' });
  #mode = h('p', { class: 'banner-mode', role: 'status' });
  #trouble = h('p', { class: 'banner-trouble', role: 'alert' });
  #clock = h('span', { class: 'banner-clock' });
  #sign = h('span', { 'aria-hidden': 'true' });
  #link = h('span');
  #connection = h('p', { class: 'banner-link', role: 'status' }, this.#sign, ' ', this.#link);
  #asOf = h('span', { class: 'banner-as-of' });

  build() {
    const help = h('button', { type: 'button', class: 'action', onclick: () => StoreElement.store?.set({ help: true }) },
      h('span', { class: 'action-label' }, 'Help'), h('kbd', { 'aria-hidden': 'true' }, '?'));
    this.append(
      h('span', { class: 'tl-lamp', 'aria-hidden': 'true' }), this.#title, this.#mode, h('tl-action', { name: 'go_live' }), this.#trouble,
      h('div', { class: 'banner-right' }, h('div', { class: 'banner-fresh' }, this.#connection, this.#asOf), this.#clock, help));
    setInterval(() => this.#tick(), 250);
  }

  #tick() {
    const { desk } = StoreElement;
    const state = StoreElement.store?.state;
    if (!desk || !state?.link) return;
    setText(this.#clock, timeOfDay(desk.now()));
    const age = Date.now() - desk.heard_at;
    const up = state.link.is === 'up';
    const old = !up || age > OLD_MS;
    const tone = !up ? 'down' : old ? 'old' : 'up';
    setAttribute(this.#connection, 'data-is', tone);
    setAttribute(this, 'data-is', tone);
    setText(this.#sign, tone === 'up' ? '●' : '▲');
    setText(this.#link, up ? (old ? 'Connected, but silent' : 'Connected') : state.link.offline ? 'No network' : state.link.is === 'connecting' ? 'Connecting…' : 'No connection');
    setText(this.#asOf, desk.heard_at ? `as of ${timeOfDay(desk.now() - age)}` : '');
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ desk, gauge }) {
    if (!desk) return;
    const wrong = trouble(gauge);
    setText(this.#trouble, wrong ? `▲ ${wrong}` : '');
    setText(this.#title, desk.title);
    const air = desk.graphic.state === 'on_air' && Boolean(desk.program);
    setAttribute(/** @type {Element} */ (this.firstElementChild), 'data-on', air);
    setText(this.#mode, desk.rehearsal ? 'Rehearsal – nothing here counts' : 'Live show');
    setAttribute(this, 'data-mode', desk.rehearsal ? 'rehearsal' : 'live');
  }
}

customElements.define('tl-banner', Banner);
