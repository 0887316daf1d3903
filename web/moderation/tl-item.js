import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { timeOfDay } from '../shared/format.js';
import { stateOf, takes } from './queue.js';
import { flags, reasons, states, whyNot } from './words.js';

/** The item under the cursor: all of its text, who did what with it, and what can be done. */
class ItemPane extends StoreElement {
  #head = h('h2', { class: 'item-head' });
  #text = h('p', { class: 'item-text', dir: 'auto' });
  #edit = h('textarea', { id: 'edit', rows: 5, 'aria-label': 'The text that is approved in its place', onkeydown: (event) => this.#typed(/** @type {KeyboardEvent} */ (event)) });
  #sent = h('p', { class: 'item-sent', dir: 'auto' });
  #flags = h('ul', { class: 'item-flags' });
  #deck = h('div', { class: 'item-deck' });
  #reasons = h('div', { class: 'item-reasons', role: 'group', 'aria-label': 'Reason' });
  /** This item, and no key: O is for what is on the screens. */
  #pull = h('button', { type: 'button', class: 'act', 'data-verb': 'pull', onclick: () => act({ do: 'pull', item: this.#pointed }) }, 'Pull');
  /** @type {string|undefined} */
  #pointed;
  #log = h('ol', { class: 'item-log', 'aria-label': 'Who did what' });
  /** @type {Record<string, HTMLButtonElement>} */
  #buttons = {};
  #editing = '';
  #drawn = '';

  build() {
    const button = (/** @type {string} */ verb, /** @type {string} */ key, /** @type {string} */ label) => {
      this.#buttons[verb] = h('button', { type: 'button', class: 'act', 'data-verb': verb, onclick: () => act({ do: verb }) }, h('kbd', {}, key), ' ', label);
      return this.#buttons[verb];
    };
    this.#deck.append(button('approve', 'A', 'Approve'), button('reject', 'R', 'Reject'), button('edit', 'E', 'Edit'), button('hide', 'H', 'Hide'), button('ban', 'B', 'Ban'), this.#pull);
    this.#reasons.append(...reasons.map(([reason, label], i) => h('button', { type: 'button', class: 'act', onclick: () => act({ do: 'reject', reason }) }, h('kbd', {}, String(i + 1)), ' ', label)));
    this.append(this.#head, this.#text, this.#edit, this.#sent, this.#flags, this.#reasons, this.#deck, this.#log);
  }

  /** @param {KeyboardEvent} event */
  #typed(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      act({ do: 'edit', text: this.#edit.value });
      this.#edit.blur();
    }
  }

  /** @param {import('./main.js').ModerationState} state */
  draw({ items, cursor, selected, choosing, editing, arming, pending, told, desk }) {
    const item = items.get(cursor ?? '');
    this.#pointed = selected.size ? undefined : cursor;
    this.hidden = !item;
    this.#reasons.hidden = !choosing;
    this.#edit.hidden = !editing;
    this.#text.hidden = Boolean(editing);
    if (editing && editing !== this.#editing) {
      this.#edit.value = items.get(editing)?.text ?? '';
      setTimeout(() => this.#edit.focus());
    }
    this.#editing = editing ?? '';
    setAttribute(this.#buttons.ban, 'data-armed', Boolean(arming && arming.item === cursor));
    if (!item) return;
    const of = stateOf(item, pending);
    const about = selected.size ? [...selected].flatMap((id) => items.get(id) ?? []) : [item];
    // Off, and not gone: who is on one with the keyboard stays there.
    for (const button of [...Object.values(this.#buttons), this.#pull]) {
      const states = takes[button.dataset.verb ?? ''];
      setAttribute(button, 'aria-disabled', !states || about.some((one) => states.includes(stateOf(one, pending))) ? undefined : 'true');
    }
    setText(this.#head, selected.size ? `${selected.size} selected` : `${states[of]}${item.reason && of === item.state ? `: ${whyNot[item.reason] ?? item.reason}` : ''}${told?.on_air === item.id ? ' · on the screens' : ''}`);
    setText(this.#text, item.text);
    setText(this.#sent, item.sent ? `As it was sent: ${item.sent}` : '');
    const text = JSON.stringify([item.id, item.v, desk?.title]);
    if (text === this.#drawn) return;
    this.#drawn = text;
    this.#flags.replaceChildren(...(item.flags ?? []).map((flag) => h('li', {}, `⚑ ${flags[flag] ?? flag}`)));
    const from = [item.entry?.segment, item.entry?.pool, item.entry?.platform].filter(Boolean).join(', ');
    const lines = [{ at: item.at, by: `device ${item.device}`, what: `sent, cue ${item.cue}${from ? `, by ${from}` : ''}` }, ...(item.log ?? [])];
    this.#log.replaceChildren(...lines.map((line) => h('li', {}, h('time', {}, timeOfDay(line.at)), ` ${line.by}: ${line.what}`)));
  }
}

/** @param {{ do: string, reason?: string, text?: string, item?: string }} detail */
function act(detail) {
  dispatchEvent(new CustomEvent('tl-act', { detail }));
}

customElements.define('tl-item', ItemPane);
