/** The little that all elements share: making nodes without HTML text, and changing only what changed. */

/**
 * Makes an element. Text is always text, never HTML.
 * @template {keyof HTMLElementTagNameMap | `tl-${string}`} K
 * @param {K} tag
 * @param {Record<string, string|number|boolean|EventListener|undefined>} [attributes] `class`, `on…` listeners, anything else as an attribute; `true` is empty, `false` and `undefined` are left out
 * @param {...(Node|string)} children
 * @returns {K extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[K] : HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== undefined) node.setAttribute(name, String(value));
  }
  node.append(...children);
  return /** @type {any} */ (node);
}

/** Writes a text only if it changed, so that nothing is read aloud or laid out twice. @param {Element|null} node @param {string} text */
export function setText(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}

/** Sets or removes an attribute only if it changed. @param {Element} node @param {string} name @param {string|boolean|undefined} value */
export function setAttribute(node, name, value) {
  if (value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
    return;
  }
  const text = value === true ? '' : value;
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/** A text of the show, which may be written the other way than the page. */
export function bdi() {
  return document.createElement('bdi');
}

/** An element that draws from its store while it is in the page: that of the shadow it stands in, or the page's. */
export class StoreElement extends HTMLElement {
  /** @type {import('./store.js').Store<any>|undefined} set by the page before its elements are defined */
  static store;
  /** @type {import('../studio/desk.js').Desk|undefined} what the studio's elements press; other pages have none */
  static desk;
  /** @type {(() => void)|undefined} */
  #unwatch;
  /** @type {import('./store.js').Store<any>|undefined} */
  #own;

  /** @returns {import('./store.js').Store<any>|undefined} what it draws from and gives its choices to; in `build` and later */
  get store() {
    return this.#own ?? StoreElement.store;
  }

  /** Whether it stands in a page of another site. */
  get embedded() {
    return this.#own !== undefined;
  }

  connectedCallback() {
    // Taken out again before it was its turn.
    if (!this.isConnected) return;
    const root = this.getRootNode();
    if (root instanceof ShadowRoot) this.#own = /** @type {any} */ (root.host).store;
    this.build();
    this.#unwatch = this.store?.watch((state) => this.draw(state));
  }

  disconnectedCallback() {
    this.#unwatch?.();
  }

  /** Makes the fixed parts, once. */
  build() {}

  /** Shows the state. @param {any} _state */
  draw(_state) {}
}
