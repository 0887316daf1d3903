/**
 * What a moderator can do: takes the server's news into the store, decides at once on this page and lets the server agree or not,
 * keeps the item under the cursor claimed, and says in words what came of it.
 */
import { cursorIn, makes, onScreens, seen, stateOf, takes } from './queue.js';
import { refusal, verbs } from './words.js';

/** How often a claim is said again: well within its lease. */
const CLAIM_MS = 5000;
/** A cursor that moves on within this time claims nothing. */
const REST_MS = 150;
/** Items after the cursor that are claimed with it, so that a colleague begins elsewhere. */
const AHEAD = 2;
/** A ban needs a second press within this time, and not sooner than a key bounces. */
const ARMED_MS = 5000;
const BOUNCE_MS = 150;
/** Whoever touches nothing for so long keeps nothing from others. */
const AWAY_MS = 60_000;
/** Items of one action. */
const AT_ONCE = 250;

export class Judge {
  #store;
  #client;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #rest;
  #claimed = '';
  #used = Date.now();

  /** @param {import('../shared/store.js').Store<import('./main.js').ModerationState>} store @param {import('../sdk/tallylight.js').Client} client */
  constructor(store, client) {
    this.#store = store;
    this.#client = client;
    setInterval(() => this.#claim(true), CLAIM_MS);
    for (const used of ['keydown', 'pointerdown', 'pointermove', 'wheel']) addEventListener(used, () => this.#uses(), { passive: true });
  }

  get #state() {
    return this.#store.state;
  }

  /** News of the queue. @param {import('../sdk/wire.js').Items} told */
  hear(told) {
    const { items, pending } = this.#state;
    if (told.whole) items.clear();
    for (const item of told.items) {
      items.set(item.id, item);
      // What the server says of it is so, also where I wanted something else.
      pending.delete(item.id);
    }
    this.#store.set({ told: { ...told, items: [] } });
    this.#list();
  }

  /** @param {Partial<import('./queue.js').Filter>} change */
  filter(change) {
    this.#store.set({ filter: { ...this.#state.filter, ...change }, selected: new Set() });
    this.#list();
  }

  /** Makes the list anew. The cursor stays where it is in the list when its item leaves it. */
  #list() {
    const { items, filter, pending, cursor, place, selected } = this.#state;
    const list = seen(items.values(), filter, pending);
    const next = cursorIn(list, cursor, place, (id) => Boolean(this.taken(id)));
    const at = list.findIndex((item) => item.id === next);
    for (const id of selected) if (!items.has(id)) selected.delete(id);
    this.#store.set({ list, cursor: next, place: Math.max(0, at) });
    this.#claim();
  }

  /** Who else decides about an item. @param {string} id */
  taken(id) {
    const { told, me } = this.#state;
    const claim = told?.claims.find((one) => one.item === id);
    return claim && claim.session !== me?.session && claim.until > this.#client.now() ? claim.name : undefined;
  }

  /** @param {number} by */
  move(by) {
    const { list, place } = this.#state;
    this.to(Math.max(0, Math.min(list.length - 1, place + by)));
  }

  /** @param {number} place */
  to(place) {
    const item = this.#state.list[place];
    if (!item) return;
    this.#store.set({ cursor: item.id, place, choosing: false, editing: undefined, arming: undefined });
    this.#claim();
  }

  #uses() {
    const was_away = this.#isAway();
    this.#used = Date.now();
    if (was_away) this.#claim(true);
  }

  #isAway() {
    return Date.now() - this.#used > AWAY_MS;
  }

  /** Says which items are mine for now. @param {boolean} [again] also if they are the same */
  #claim(again = false) {
    const { list, place, filter, link } = this.#state;
    clearTimeout(this.#rest);
    if (link?.is !== 'up' || filter.state !== 'waiting' || this.#isAway()) return;
    this.#rest = setTimeout(() => {
      const items = list.slice(place, place + 1 + AHEAD).map((item) => item.id).filter((id) => !this.taken(id));
      const now = items.join(' ');
      if (!items.length && !this.#claimed || now === this.#claimed && !again) return;
      this.#claimed = now;
      this.#client.moderate({ do: 'claim', items });
    }, again ? 0 : REST_MS);
  }

  /** What a decision is about: all that are selected, or the one under the cursor. */
  #chosen() {
    const { selected, cursor, items } = this.#state;
    const ids = selected.size ? [...selected] : cursor ? [cursor] : [];
    return ids.map((id) => items.get(id)).filter((item) => item !== undefined).slice(0, AT_ONCE);
  }

  /** @param {{ do: string, reason?: string, text?: string, device?: string, item?: string }} what */
  press(what) {
    const { do: verb } = what;
    switch (verb) {
      case 'approve': case 'hide': case 'reject': return this.#decide(verb, what);
      case 'edit': return this.#edit(what.text);
      case 'ban': return this.#ban();
      case 'pull': return this.#pull(what.item);
      case 'pause': return this.#send({ do: this.#state.told?.paused ? 'resume' : 'pause' });
      default: return this.#send(what);
    }
  }

  /** @param {string} verb @param {{ reason?: string }} what */
  #decide(verb, { reason }) {
    const items = this.#chosen().filter((item) => takes[verb].includes(stateOf(item, this.#state.pending)));
    if (!items.length) return this.#say('plain', 'Not possible in this state.');
    if (verb === 'reject' && !reason) return this.#store.set({ choosing: true });
    const seen = items.map(({ id, v }) => ({ id, v }));
    this.#expect(items, verb);
    return this.#send({ do: verb, items: seen, ...(reason ? { reason } : {}) }, items);
  }

  /** @param {string|undefined} text */
  #edit(text) {
    const { cursor, items, editing } = this.#state;
    const item = items.get(editing ?? cursor ?? '');
    if (!item || !takes.edit.includes(stateOf(item, this.#state.pending))) return this.#say('plain', 'Not possible in this state.');
    if (text === undefined) return this.#store.set({ editing: item.id, selected: new Set() });
    this.#expect([item], 'edit');
    return this.#send({ do: 'edit', item: { id: item.id, v: item.v }, text }, [item]);
  }

  #ban() {
    const { cursor, arming } = this.#state;
    if (!cursor) return;
    const now = Date.now();
    if (arming?.item !== cursor || arming.until < now) return this.#store.set({ arming: { item: cursor, until: now + ARMED_MS } });
    if (arming.until - now > ARMED_MS - BOUNCE_MS) return;
    this.#store.set({ arming: undefined });
    return this.#send({ do: 'ban', item: cursor });
  }

  /**
   * Off go what was pointed at, or all that are selected; else what is on the screens, wherever the cursor is: who presses the key
   * in a hurry means that; else what the cursor is on.
   * @param {string} [pointed]
   */
  #pull(pointed) {
    const { selected, items, cursor } = this.#state;
    const shown = (/** @type {(string|undefined)[]} */ ...ids) => ids.flatMap((id) => items.get(id ?? '') ?? []).filter((item) => takes.pull.includes(item.state));
    const named = pointed ? shown(pointed) : shown(...selected);
    const off = named.length || pointed ? named : shown(onScreens(this.#state)?.id ?? cursor);
    if (!off.length) return this.#say('plain', 'Nothing of this is on a screen.');
    return this.#send({ do: 'pull', items: off.map((item) => item.id) }, off);
  }

  /** The page goes on as if it were done. @param {import('./main.js').ItemView[]} items @param {string} verb */
  #expect(items, verb) {
    const { pending } = this.#state;
    for (const item of items) pending.set(item.id, makes[verb]);
    this.#store.set({ selected: new Set(), choosing: false, editing: undefined, arming: undefined });
    this.#list();
  }

  /** @param {Record<string, unknown> & { do: string }} act @param {import('./main.js').ItemView[]} [items] */
  async #send(act, items = []) {
    this.#store.set({ choosing: false, editing: undefined });
    const done = await this.#client.moderate(act);
    const one = act.do === 'pull' && items.length === 1 ? `: “${items[0].text}”` : '';
    const text = `${verbs[act.do] ?? act.do}${one}`;
    if (done.ok) this.#say(done.detail ? 'plain' : 'good', done.detail ? `${text}. ${refusal(done)}` : `${text}${items.length > 1 ? `: ${items.length}` : ''}.`);
    else this.#say('bad', refusal(done));
    // What was left out, or refused, is as it was.
    const { pending } = this.#state;
    if (!done.ok || done.detail) {
      for (const item of items) pending.delete(item.id);
      this.#list();
    }
  }

  /** @param {'good'|'bad'|'plain'} tone @param {string} text */
  #say(tone, text) {
    this.#store.set({ notice: { tone, text, at: Date.now() } });
  }
}
