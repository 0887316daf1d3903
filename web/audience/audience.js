/** The audience's view of a show: one store, fed by the wire; the elements draw from it and give ballots to it. */
import { recall, store as keep } from '../sdk/keep.js';
import { Client } from '../sdk/tallylight.js';
import { h } from '../shared/element.js';
import { Store } from '../shared/store.js';
import { speak, spoken, understood } from './words.js';

/**
 * @typedef {object} AudienceState
 * @property {Client} client
 * @property {import('../sdk/tallylight.js').LinkState} link
 * @property {import('../sdk/wire.js').ShowView} [show]
 * @property {import('../sdk/wire.js').Results} [results]
 * @property {import('../sdk/wire.js').Leaderboard} [leaderboard]
 * @property {import('../sdk/wire.js').Score} [score] where this viewer stands in it
 * @property {import('../sdk/wire.js').Asked} [asked] approved questions of others
 * @property {import('../sdk/ballots.js').Ballot[]} ballots
 * @property {number[]} taps of this page in the run on program, by option
 * @property {{ segment?: string, pool?: string }} entry where this viewer came in
 * @property {boolean} astray the link that led here is not one of this show
 * @property {{ run: string, picks: number[], asked?: number }} chosen what is chosen and not yet given; `asked`: since when
 *   (local milliseconds) it waits for a second yes
 * @property {(language: string) => void} speak the viewer chooses a language
 */

const parts = Promise.all([
  import('./tl-title.js'), import('./tl-rehearsal.js'), import('./tl-question.js'), import('./tl-options.js'), import('./tl-scale.js'),
  import('./tl-score.js'), import('./tl-taps.js'), import('./tl-writing.js'), import('./tl-asked.js'), import('./tl-countdown.js'),
  import('./tl-bracket.js'), import('./tl-receipt.js'), import('./tl-connection.js'), import('./tl-share.js'), import('./tl-language.js'), import('./tl-mine.js'),
]);

/** A page speaks one language, however many shows there are on it. @type {Set<Audience>} */
const drawn = new Set();

export class Audience {
  #root;
  /** The language that the address asks for. @type {string|undefined} */
  #asked;
  /** The language of the page around. @type {string|undefined} */
  #around;
  #stopped = false;
  /** The languages of the show that the choice was made with. */
  #known = '';

  /**
   * @param {{ root: HTMLElement, show: string, server?: string, entry?: string, lang?: string, around?: string }} options `root` is
   *   filled; `lang`: asked for by the address; `around`: of the page around
   */
  constructor({ root, show, server, entry, lang, around }) {
    this.#root = root;
    this.#asked = lang;
    this.#around = around;
    this.client = new Client({ show, server, entry });
    const { client } = this;
    /** @type {AudienceState} */
    const first = {
      client, link: client.state, ballots: client.ballots, taps: [], entry: {}, astray: false, chosen: { run: '', picks: [] },
      speak: (language) => this.choose(language),
    };
    this.store = new Store(first);
    // A show that tells its languages may settle which one this page speaks.
    client.addEventListener('show', () => `${client.show?.languages}` !== this.#known && this.#respeak());
    for (const name of /** @type {const} */ (['link', 'show', 'results', 'leaderboard', 'score', 'asked'])) {
      client.addEventListener(name, (event) => this.store.set({ [name]: /** @type {CustomEvent} */ (event).detail }));
    }
    client.addEventListener('welcome', (event) => {
      const { entry, problem } = /** @type {CustomEvent} */ (event).detail;
      this.store.set({ entry: entry ?? {} });
      if (entry || problem) this.store.set({ astray: Boolean(problem) });
    });
    client.addEventListener('taps', () => this.store.set({ taps: client.taps }));
    client.addEventListener('ballots', () => this.store.set({ ballots: [...client.ballots] }));
  }

  /** Whether it is a page of its own, and no part of another. */
  get #page() {
    return this.#root === document.body;
  }

  /** Draws it and joins. */
  async start() {
    await Promise.all([parts, this.#respeak()]);
    if (this.#stopped) return;
    drawn.add(this);
    this.#draw();
    this.client.start();
  }

  stop() {
    this.#stopped = true;
    drawn.delete(this);
    this.client.stop();
    this.#root.replaceChildren();
  }

  /** The viewer's own choice of a language, kept on this device. @param {string} language */
  async choose(language) {
    this.#asked = language;
    if (this.#page) {
      const address = new URL(location.href);
      address.searchParams.delete('lang');
      history.replaceState(null, '', address);
    }
    keep('language', language);
    await this.#respeak();
    this.#root.querySelector('select')?.focus();
  }

  async #respeak() {
    const { lang } = spoken();
    await this.#speak();
    if (spoken().lang !== lang) for (const audience of drawn) audience.#draw();
  }

  /** Speaks what the address asks for, then what this viewer chose before, then what is around, then what their browser is set to, then as the show does. */
  async #speak() {
    const wanted = [this.#asked, recall('language'), this.#around, ...navigator.languages].filter((tag) => tag !== undefined);
    this.#known = `${this.client.show?.languages}`;
    const { lang, locale } = understood([...wanted, ...(this.client.show?.languages ?? [])]) ?? { lang: 'en', locale: 'en' };
    // A browser set to the same language knows the region, too.
    const region = navigator.languages.find((tag) => tag.startsWith(`${lang}-`));
    // Without its catalogue the page stays as it is.
    await speak(lang, locale === lang ? region : locale).catch(() => {});
    this.client.speak(wanted);
  }

  /** Made anew for each language: every text is written where it is made. */
  #draw() {
    const { lang, dir } = spoken();
    Object.assign(this.#page ? document.documentElement : this.#root, { lang, dir });
    const page = this.#page;
    // In a page of another site there is a main part already, and an address of its own to share.
    this.#root.replaceChildren(
      h('header', { part: 'header' }, h('div', { class: 'top' }, h('tl-title'), h('div', { class: 'tools' }, h('tl-language'), ...(page ? [h('tl-share')] : []))), h('tl-rehearsal')),
      h(page ? 'main' : 'div', { class: 'stage' }, h('tl-question')),
      h(page ? 'footer' : 'div', { class: 'dock' }, h('tl-receipt'), h('tl-connection', { part: 'connection' })),
      h(page ? 'aside' : 'div', { part: 'about' }, h('tl-mine')),
    );
  }
}
