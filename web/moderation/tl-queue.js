import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { timeOfDay } from '../shared/format.js';
import { stateOf } from './queue.js';
import { flags, states } from './words.js';

/** Height of a row, as in moderation.css. */
const ROW = 58;
/** Rows beyond the edge that are drawn, so that a quick wheel finds them there. */
const MORE = 8;

/** The list: as long as it likes, only what is seen is in the page. */
class QueueList extends StoreElement {
  #rows = h('div', { class: 'rows', role: 'listbox', tabindex: 0, 'aria-label': 'Items', 'aria-multiselectable': 'true' });
  #empty = h('p', { class: 'empty' });
  /** Rows by their item. @type {Map<string, Row>} */
  #drawn = new Map();
  /** Rows that are free to be used again. @type {Row[]} */
  #free = [];
  #shown = '';

  build() {
    this.append(this.#rows, this.#empty);
    this.addEventListener('scroll', () => this.#fill(StoreElement.store?.state), { passive: true });
    new ResizeObserver(() => StoreElement.store && this.#fill(StoreElement.store.state)).observe(this);
  }

  /** @param {import('./main.js').ModerationState} state */
  draw(state) {
    const { list, cursor, place, filter, told, me } = state;
    this.#rows.style.height = `${list.length * ROW}px`;
    this.#rows.hidden = !list.length;
    this.#empty.hidden = Boolean(list.length);
    setText(this.#empty, !told ? 'Asking for the queue.' : filter.text || filter.kind || filter.flag ? 'Nothing here matches.' : me?.role === 'operator' && !['approved', 'picked', 'used'].includes(filter.state) ? 'Operators see what is approved; this is for moderators.' : filter.state === 'waiting' ? 'Nothing waits.' : 'Nothing here.');
    if (cursor !== this.#shown) {
      this.#shown = cursor ?? '';
      const top = place * ROW;
      const { scrollTop, clientHeight } = this;
      if (top < scrollTop || top + ROW > scrollTop + clientHeight) this.scrollTo(0, top < scrollTop ? top : top + ROW - clientHeight);
    }
    this.#fill(state);
  }

  /** @param {import('./main.js').ModerationState} state */
  #fill(state) {
    const { list } = state;
    const from = Math.max(0, Math.floor(this.scrollTop / ROW) - MORE);
    const to = Math.min(list.length, Math.ceil((this.scrollTop + this.clientHeight) / ROW) + MORE);
    const seen = list.slice(from, to);
    const ids = new Set(seen.map((item) => item.id));
    for (const [id, row] of this.#drawn) {
      if (ids.has(id)) continue;
      this.#drawn.delete(id);
      this.#free.push(row);
      row.node.remove();
    }
    seen.forEach((item, i) => {
      let row = this.#drawn.get(item.id);
      if (!row) {
        row = this.#free.pop() ?? new Row();
        this.#drawn.set(item.id, row);
        this.#rows.append(row.node);
      }
      row.draw(item, from + i, state);
    });
    setAttribute(this.#rows, 'aria-activedescendant', state.cursor && this.#drawn.has(state.cursor) ? `item-${state.cursor}` : undefined);
  }
}

class Row {
  #place = 0;
  #sign = h('span', { class: 'row-sign', 'aria-hidden': 'true' });
  #text = h('span', { class: 'row-text', dir: 'auto' });
  #note = h('span', { class: 'row-note' });
  #time = h('time', { class: 'row-time' });
  node = h('div', { class: 'row', role: 'option', onclick: () => this.#choose() }, this.#sign, h('span', { class: 'row-main' }, this.#text, this.#note), this.#time);

  #choose() {
    dispatchEvent(new CustomEvent('tl-place', { detail: { place: this.#place } }));
  }

  /** @param {import('./queue.js').ItemView} item @param {number} place @param {import('./main.js').ModerationState} state */
  draw(item, place, { cursor, selected, pending, told, me, list, filter, now }) {
    this.#place = place;
    const { node } = this;
    node.style.transform = `translateY(${place * ROW}px)`;
    const of = stateOf(item, pending);
    const claim = told?.claims.find((one) => one.item === item.id && one.session !== me?.session && one.until > now());
    setAttribute(node, 'id', `item-${item.id}`);
    setAttribute(node, 'data-cursor', item.id === cursor);
    setAttribute(node, 'aria-selected', selected.has(item.id) ? 'true' : 'false');
    setAttribute(node, 'aria-posinset', String(place + 1));
    setAttribute(node, 'aria-setsize', String(list.length));
    setAttribute(node, 'data-state', of);
    setText(this.#sign, selected.has(item.id) ? '☑' : { waiting: '○', approved: '✓', picked: '▸', used: '★', rejected: '✕', hidden: '–' }[of]);
    setText(this.#text, item.text);
    const notes = [
      told?.on_air === item.id ? '● on the screens' : '', claim ? `◉ ${claim.name} decides` : '', filter.state === 'all' ? states[of] : '', ...(item.flags ?? []).map((flag) => `⚑ ${flags[flag] ?? flag}`),
      item.sent ? 'edited' : '', item.upvotes ? `▲ ${item.upvotes}` : '', `cue ${item.cue}`,
    ];
    setText(this.#note, notes.filter(Boolean).join(' · '));
    setText(this.#time, timeOfDay(item.at));
  }
}

customElements.define('tl-queue', QueueList);
