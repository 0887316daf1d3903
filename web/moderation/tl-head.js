import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { count } from '../shared/format.js';
import { trouble } from '../studio/trouble.js';
import { onScreens, tabs } from './queue.js';
import { flags, ruled, states } from './words.js';

/** The head: what there is in each state, the filters, who is here, what is on the screens, and what is wrong. */
class Head extends StoreElement {
  #title = h('h1', {});
  #mode = h('span', { class: 'mode' });
  #pause = h('button', { type: 'button', class: 'act', 'data-verb': 'pause', onclick: () => dispatchEvent(new CustomEvent('tl-act', { detail: { do: 'pause' } })) });
  #pauseText = h('span');
  #people = h('p', { class: 'people' });
  #search = h('input', { id: 'search', type: 'search', placeholder: 'Search (/)', 'aria-label': 'Search', autocomplete: 'off', oninput: () => filter({ text: this.#search.value }) });
  #kind = h('select', { 'aria-label': 'Kind', onchange: () => filter({ kind: this.#kind.value }) }, option('', 'Questions and texts'), option('question', 'Questions'), option('text', 'Texts'));
  #flag = h('select', { 'aria-label': 'Flag', onchange: () => filter({ flag: this.#flag.value }) }, option('', 'With or without a flag'), ...Object.entries(flags).map(([name, label]) => option(name, label)));
  #undo = h('button', { type: 'button', class: 'act', onclick: () => dispatchEvent(new CustomEvent('tl-act', { detail: { do: 'undo' } })) }, h('kbd', {}, 'Z'), ' Take back');
  #air = h('p', { class: 'air', role: 'status' });
  #pull = h('button', { type: 'button', class: 'act', onclick: () => dispatchEvent(new CustomEvent('tl-act', { detail: { do: 'pull', item: this.#onAir } })) }, h('kbd', {}, 'O'), ' Pull it');
  /** @type {string|undefined} */
  #onAir;
  #trouble = h('p', { class: 'trouble', role: 'alert' });
  /** @type {Map<string, { tab: HTMLButtonElement, number: HTMLElement }>} */
  #tabs = new Map();
  #bannedHead = h('summary', {});
  #bannedList = h('ul', {});
  #banned = h('details', { class: 'banned' }, this.#bannedHead, this.#bannedList);
  #refusedHead = h('summary', {});
  #refusedList = h('ul', {});
  #refused = h('details', { class: 'banned' }, this.#refusedHead, this.#refusedList);
  #bans = '';
  #drawn = '';

  build() {
    const bar = h('div', { class: 'tabs', role: 'group', 'aria-label': 'State' });
    for (const state of tabs) {
      const number = h('span', { class: 'tab-number' });
      const tab = h('button', { type: 'button', class: 'tab', onclick: () => filter({ state }) }, `${states[state]} `, number);
      this.#tabs.set(state, { tab, number });
      bar.append(tab);
    }
    this.#pause.append(h('kbd', {}, 'P'), this.#pauseText);
    this.append(h('div', { class: 'head-line' }, this.#title, this.#mode, this.#people, this.#undo, this.#pause),
      h('div', { class: 'head-line' }, bar, this.#search, this.#kind, this.#flag, this.#banned, this.#refused),
      h('div', { class: 'head-line' }, h('div', { class: 'air-line' }, this.#air, this.#pull), this.#trouble));
  }

  /** @param {import('./main.js').ModerationState} state */
  draw({ desk, told, me, items, gauge, now, filter: { state, text } }) {
    setText(this.#title, desk?.title ?? 'Moderation');
    setText(this.#mode, desk?.rehearsal ? 'Rehearsal' : desk ? 'Live' : '');
    setAttribute(this.#mode, 'data-live', Boolean(desk && !desk.rehearsal));
    const here = (desk?.staff ?? []).filter((one) => one.role === 'moderator');
    const busy = new Set(told?.claims.filter((claim) => claim.until > now()).map((claim) => claim.session));
    setText(this.#people, here.map((one) => `${busy.has(one.session) ? '◉' : '○'} ${one.name}${one.session === me?.session ? ' (you)' : ''}`).join('  '));
    for (const [name, { tab, number }] of this.#tabs) {
      setAttribute(tab, 'aria-pressed', name === state ? 'true' : 'false');
      const n = !told ? 0 : name === 'all' ? Object.values(told.counts).reduce((sum, one) => sum + one, 0) : told.counts[/** @type {import('../sdk/wire.js').ItemState} */ (name)];
      setText(number, count(n));
    }
    const air = onScreens({ told, desk, items });
    this.#onAir = air?.id;
    setAttribute(this.#air, 'data-on', Boolean(air));
    setText(this.#air, air ? `${desk?.graphic.state === 'on_air' ? '● On the screens' : '○ On the screens with the next take or step'}: ${air.text}` : 'Nothing is on the screens.');
    this.#pull.hidden = !air;
    const wrong = trouble(gauge);
    setText(this.#trouble, wrong ? `▲ ${wrong}` : '');
    setAttribute(this.#pause, 'data-on', Boolean(told?.paused));
    setText(this.#pauseText, told?.paused ? ` Resume (${told.paused} paused)` : ' Pause');
    if (text !== this.#search.value && document.activeElement !== this.#search) this.#search.value = text;
    const refused = Object.entries(told?.refused ?? {});
    const drawn = JSON.stringify([told?.banned, refused]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    // The summaries stay, and with them the focus of who is on one.
    this.#refused.hidden = !refused.length;
    setText(this.#refusedHead, `${count(refused.reduce((sum, [, times]) => sum + times, 0))} refused by rules`);
    this.#refusedList.replaceChildren(...refused.map(([reason, times]) => h('li', {}, `${ruled[reason] ?? reason}: ${count(times)}`)));
    const bans = JSON.stringify(told?.banned ?? []);
    if (bans === this.#bans) return;
    this.#bans = bans;
    this.#banned.hidden = !told?.banned.length;
    setText(this.#bannedHead, `${told?.banned.length ?? 0} banned`);
    this.#bannedList.replaceChildren(...(told?.banned ?? []).map((ban) => h('li', {}, `${ban.device}, by ${ban.by} `,
      h('button', { type: 'button', class: 'act', onclick: () => dispatchEvent(new CustomEvent('tl-act', { detail: { do: 'unban', device: ban.device } })) }, 'Unban'))));
  }
}

/** @param {string} value @param {string} label */
function option(value, label) {
  return h('option', { value }, label);
}

/** @param {Record<string, string>} detail */
function filter(detail) {
  dispatchEvent(new CustomEvent('tl-filter', { detail }));
}

customElements.define('tl-head', Head);
