import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { stances } from './words.js';

/** From here on the figure is marked: slower than a disk should be, or less than a show needs. */
const FSYNC_SLOW_US = 20_000;
const DISK_LOW_MB = 2048;

/** How the node itself is. */
class NodeHealth extends StoreElement {
  /** @type {Record<string, HTMLElement>} */
  #values = {};

  build() {
    const names = ['Node', 'Stance', 'Disk write', 'Disk free', 'Clock'];
    this.append(h('h2', { class: 'panel-head' }, 'Node'), h('dl', { class: 'node' }, ...names.map((name) => {
      this.#values[name] = h('dd', {});
      return h('div', {}, h('dt', {}, name), this.#values[name]);
    })));
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ gauge }) {
    const node = gauge?.node;
    if (!node) return;
    this.#set('Node', node.node.slice(0, 8), true);
    this.#set('Stance', stances[node.stance] ?? node.stance, node.stance === 'open');
    this.#set('Disk write', `${(node.fsync_us / 1000).toFixed(1)} ms`, node.fsync_us < FSYNC_SLOW_US);
    this.#set('Disk free', `${(node.disk_free_mb / 1024).toFixed(1)} GB`, node.disk_free_mb > DISK_LOW_MB);
    this.#set('Clock', node.clock_ok ? 'sure' : 'unsure', node.clock_ok);
  }

  /** @param {string} name @param {string} text @param {boolean} good */
  #set(name, text, good) {
    setText(this.#values[name], name === 'Node' ? text : `${good ? '✓' : '▲'} ${text}`);
    setAttribute(this.#values[name], 'data-tone', good ? undefined : 'warn');
  }
}

customElements.define('tl-node', NodeHealth);
