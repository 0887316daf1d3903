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

/** An element that draws from the page's store while it is in the page. */
export class StoreElement extends HTMLElement {
  /** @type {import('./store.js').Store<any>|undefined} set by the page before its elements are defined */
  static store;
  /** @type {import('../studio/desk.js').Desk|undefined} what the studio's elements press; other pages have none */
  static desk;
  /** @type {(() => void)|undefined} */
  #unwatch;

  connectedCallback() {
    this.build();
    this.#unwatch = StoreElement.store?.watch((state) => this.draw(state));
  }

  disconnectedCallback() {
    this.#unwatch?.();
  }

  /** Makes the fixed parts, once. */
  build() {}

  /** Shows the state. @param {any} _state */
  draw(_state) {}
}
