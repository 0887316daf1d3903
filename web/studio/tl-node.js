import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { timeOfDay } from '../shared/format.js';
import { redisAway } from './trouble.js';
import { stances } from './words.js';

/** From here on the figure is marked: slower than a disk should be, or less than a show needs. */
const FSYNC_SLOW_US = 20_000;
const DISK_LOW_MB = 1000;

/** @param {import('../sdk/wire.js').RedisGauge} redis */
function redisWords(redis) {
  if (redis.ok) return `answers in ${(redis.round_trip_us / 1000).toFixed(1)} ms${redis.buckets_away ? `; ${redis.buckets_away} buckets of ballots wait for a server of it` : ''}`;
  return `${redisAway(redis)}${redis.detail ? ` (${redis.detail})` : ''}`;
}

/** How the node itself is. */
class NodeHealth extends StoreElement {
  /** @type {Record<string, HTMLElement>} */
  #values = {};
  /** @type {HTMLElement} Redis and the other nodes, where there are many. */
  #many = h('dl', { class: 'node nodes' });
  #lost = h('dl', { class: 'node nodes' });
  #drawn = '';

  build() {
    const names = ['Node', 'Stance', 'Disk write', 'Disk free', 'Clock'];
    this.append(h('h2', { class: 'panel-head' }, 'Node'), h('dl', { class: 'node' }, ...names.map((name) => {
      this.#values[name] = h('dd', {});
      return h('div', {}, h('dt', {}, name), this.#values[name]);
    })), this.#many, this.#lost);
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ gauge, desk, me }) {
    if (!gauge) return;
    const { node } = gauge;
    this.#set('Node', node.node.slice(0, 8), true);
    this.#set('Stance', stances[node.stance] ?? node.stance, node.stance === 'open');
    this.#set('Disk write', `${(node.fsync_us / 1000).toFixed(1)} ms`, node.fsync_us < FSYNC_SLOW_US);
    this.#set('Disk free', `${(node.disk_free_mb / 1000).toFixed(1)} GB`, node.disk_free_mb > DISK_LOW_MB);
    this.#set('Clock', node.clock_ok ? 'sure' : 'unsure', node.clock_ok);
    this.#drawMany(gauge);
    this.#drawLost(gauge, desk, me?.role);
  }

  /** @param {import('../sdk/wire.js').Gauge} gauge */
  #drawMany({ redis, nodes = [], node }) {
    // What nodes say of themselves comes by Redis: without it, it is old.
    const heard = !redis || redis.ok;
    /** @type {[string, string, boolean][]} */
    const rows = nodes.map(({ node: id, stance, viewers, held, rev }) => [
      id === node.node ? 'This node' : `Node ${id.slice(0, 8)}`,
      heard ? `${stances[stance] ?? stance} · ${viewers} viewing · ${held} held · rev ${rev}` : 'not known while Redis is away',
      heard && stance === 'open' && held === 0,
    ]);
    if (redis) rows.unshift(['Redis', redisWords(redis), redis.ok && !redis.buckets_away]);
    const row = (/** @type {[string, string, boolean]} */ [name, text, good]) => {
      const value = h('dd', {}, `${good ? '✓' : '▲'} ${text}`);
      setAttribute(value, 'data-tone', good ? undefined : 'warn');
      return h('div', {}, h('dt', {}, name), value);
    };
    this.#many.replaceChildren(...rows.map(row));
  }

  /**
   * Data directories that are waited for while their node is away, each with the way to give it up; and those given up.
   * @param {import('../sdk/wire.js').Gauge} gauge @param {import('../sdk/wire.js').DeskView|undefined} desk @param {string|undefined} role
   */
  #drawLost({ redis, nodes = [], node }, desk, role) {
    const here = [node.node, ...nodes.map((one) => one.node)];
    const away = redis?.ok ? (desk?.roster ?? []).filter((one) => !here.includes(one)) : [];
    const lost = desk?.written_off ?? [];
    const drawn = JSON.stringify([away, lost, role]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const may = role === 'producer' || role === 'adjudicator';
    const ask = (/** @type {string} */ one) => /** @type {any} */ (document.querySelector('tl-armed')).askReason({ what: 'write_off', node: one });
    const row = (/** @type {string} */ one, /** @type {string} */ text, /** @type {HTMLElement[]} */ ...more) =>
      h('div', {}, h('dt', {}, `Node ${one.slice(0, 8)}`), h('dd', { 'data-tone': 'warn' }, `▲ ${text}`, ...more));
    this.#lost.replaceChildren(
      ...away.map((one) => row(one, 'away: its disk may hold ballots that no other has. Start it again. Only if the disk is gone for good, an adjudicator writes it off.',
        ...(may ? [h('button', { type: 'button', class: 'action', onclick: () => ask(one) }, h('span', { class: 'action-label' }, 'Write off…'))] : []))),
      ...lost.map(({ node: one, by, reason, at, returned_at }) => row(one, returned_at
        ? `was written off and came back at ${timeOfDay(returned_at)}`
        : `written off by ${by} at ${timeOfDay(at)}: “${reason}”. Later seals name what may be lost with it.`)));
  }

  /** @param {string} name @param {string} text @param {boolean} good */
  #set(name, text, good) {
    setText(this.#values[name], name === 'Node' ? text : `${good ? '✓' : '▲'} ${text}`);
    setAttribute(this.#values[name], 'data-tone', good ? undefined : 'warn');
  }
}

customElements.define('tl-node', NodeHealth);
