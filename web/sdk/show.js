/**
 * `<tallylight-show>`: the audience page as an element of any page, in a shadow of its own.
 *
 *     <script type="module" src="https://vote.example.org/sdk/v1/tallylight-show.js"></script>
 *     <tallylight-show show="finale"></tallylight-show>
 */
import { Audience } from '../audience/audience.js';

/** What the element passes on as its own events, with what the client says as `detail`. */
const EVENTS = ['link', 'show', 'results', 'ballots', 'problem'];
const STYLES = ['../shared/tokens.css', '../shared/base.css', '../audience/audience.css'];

export class TallylightShow extends HTMLElement {
  static observedAttributes = ['show', 'server', 'lang', 'entry'];

  /** @type {Audience|undefined} */
  #audience;
  /** Changed attributes are looked at together. */
  #waiting = false;
  #shadow = this.attachShadow({ mode: 'open' });
  #root = document.createElement('div');

  constructor() {
    super();
    this.#root.className = 'audience';
    // Nothing is seen before it looks as it should.
    this.#root.hidden = true;
    const sheets = STYLES.map((path) => {
      const sheet = document.createElement('link');
      sheet.rel = 'stylesheet';
      // Asked for as modules are, so that one kept answer serves both.
      sheet.crossOrigin = 'anonymous';
      sheet.href = new URL(path, import.meta.url).href;
      return sheet;
    });
    const there = sheets.map((sheet) => new Promise((done) => {
      sheet.onload = sheet.onerror = done;
    }));
    Promise.all(there).then(() => {
      this.#root.hidden = false;
    });
    this.#shadow.append(...sheets, this.#root);
  }

  connectedCallback() {
    this.#start();
  }

  disconnectedCallback() {
    this.#stop();
  }

  /** @param {string} _name @param {string|null} before @param {string|null} now */
  attributeChangedCallback(_name, before, now) {
    if (!this.#audience || before === now || this.#waiting) return;
    this.#waiting = true;
    queueMicrotask(() => {
      this.#waiting = false;
      this.#stop();
      if (this.isConnected) this.#start();
    });
  }

  /** What speaks with the server; undefined while the element is in no page, or names no show. */
  get client() {
    return this.#audience?.client;
  }

  /** What the parts inside draw from. */
  get store() {
    return this.#audience?.store;
  }

  #start() {
    const of = (/** @type {string} */ name) => this.getAttribute(name) ?? undefined;
    const show = of('show');
    if (!show) return;
    const server = new URL(of('server') ?? import.meta.url, document.baseURI).origin;
    const audience = new Audience({ root: this.#root, show, server, entry: of('entry'), around: of('lang') });
    this.#audience = audience;
    for (const name of EVENTS) {
      audience.client.addEventListener(name, (event) => {
        this.dispatchEvent(new CustomEvent(name, { detail: /** @type {CustomEvent} */ (event).detail }));
      });
    }
    audience.client.addEventListener('link', () => {
      if (audience.client.state.why !== 'bad_origin') return;
      console.error(`tallylight-show: ${server} does not let pages of ${location.origin} vote in ${show}: add it to origins in the show's file`);
    });
    audience.start();
  }

  #stop() {
    this.#audience?.stop();
    this.#audience = undefined;
  }
}

if (!customElements.get('tallylight-show')) customElements.define('tallylight-show', TallylightShow);
