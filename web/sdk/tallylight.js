/**
 * The wire, for every page and for integrators: joins a show, keeps and offers ballots until a receipt settles them, keeps the
 * server's time, sends commands, comes back after every loss, and falls back from WebSocket to server-sent events to polling.
 *
 *     const client = new Client({ show: 'finale' });
 *     client.addEventListener('show', (event) => draw(event.detail));
 *     client.start();
 *
 * Events: `link` (LinkState), `show`, `results`, `leaderboard`, `score`, `asked`, `desk`, `items`, `gauge`, `log`, `welcome`, `problem` (the messages of docs/WIRE.md, newest
 * wins), `ballots` (Ballot[]; some ballot changed), `taps` (number[] by option). Nothing here draws, and nothing throws at the page.
 */

import { BallotBox } from './ballots.js';
import { Boundary } from './boundary.js';
import { ServerClock } from './clock.js';
import { Commands } from './commands.js';
import { keeps, recall, store } from './keep.js';
import { inLanguage } from './languages.js';
import { openLink, request } from './links.js';
import { Leaders } from './leaders.js';
import { Newest } from './newest.js';
import { RETRY_MAX_MS, waitMs } from './retry.js';
import { Taps, isTapped } from './taps.js';

export { settled } from './ballots.js';
export { HttpProblem, request } from './links.js';
export { isTapped } from './taps.js';

/**
 * @typedef {import('./links.js').LinkKind} LinkKind
 * @typedef {import('./wire.js').Done} Done
 *
 * @typedef {object} LinkState
 * @property {'connecting'|'up'|'down'|'ended'} is `ended`: nothing more is tried
 * @property {LinkKind} kind
 * @property {string} [why] a code of src/wire/codes.rs, if the server said one
 * @property {number} since when it came up, or since when it is not up; local milliseconds since 1970
 * @property {number} [next_at] when the next try starts, local
 * @property {boolean} offline the device itself says that it has no network
 */

/** A link that lived this long starts the doubling anew. */
const STEADY_MS = 10_000;
/** On a fallback, how often a WebSocket is tried again. */
const UPGRADE_MS = 90_000;
/** Staff hears a gauge every second; a connection silent for this long is taken for dead. */
const STAFF_SILENCE_MS = 6000;
/** How often the server's time is asked. */
const SYNC_MS = 300_000;

export class Client extends EventTarget {
  clock = new ServerClock();
  /** Whether ballots and the device's token outlive this page. */
  lasting = keeps();
  /** Local time of the last message. */
  heard_at = 0;
  /** @type {LinkState} */
  state = { is: 'connecting', kind: 'websocket', since: Date.now(), offline: false };
  /** @type {import('./wire.js').ShowView|undefined} in the reader's language */
  show;
  /** @type {import('./wire.js').Results|undefined} */
  results;
  /** @type {import('./wire.js').DeskView|undefined} */
  desk;

  /** @type {import('./wire.js').ShowView|undefined} as it was sent */
  #told;
  /** @type {readonly string[]} */
  #languages = [];
  /** @type {import('./links.js').Entry} */
  #entry;
  /** @type {import('./links.js').Link|undefined} */
  #link;
  /** @type {LinkKind} */
  #kind = 'websocket';
  #failures = 0;
  /** Attempts in a row that never got through, of the present kind. */
  #deaf = 0;
  #up_at = 0;
  /** @type {number|undefined} */
  #after_ms;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #retry;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #tick;
  #synced_at = 0;
  #upgrade_at = 0;
  #boundary = new Boundary();
  #newest = new Newest();
  #box;
  #commands;
  #taps = new Taps();
  /** What the device keeps it by: a page may show shows of several servers. */
  #kept;
  #leaders = new Leaders((name, detail) => this.#emit(name, detail));

  /**
   * @param {object} options
   * @param {string} options.show
   * @param {string} [options.server] origin, default: where the page came from
   * @param {string} [options.staff] a staff token
   * @param {string} [options.key] a screen's key
   * @param {string} [options.entry] the code of the entry link by which a viewer came; kept, and sent with every join
   * @param {string} [options.name] a screen's name; without a key it is an onlooker, who sees what viewers see and gives no ballots
   */
  constructor({ show, server = location.origin, staff, key, name, entry }) {
    super();
    this.viewer = !staff && !key && !name;
    this.#kept = server === location.origin ? show : `${show}@${new URL(server).host}`;
    this.#entry = { show, server, staff, key, name, device: this.viewer ? recall(`${this.#kept}.device`) : undefined };
    if (this.viewer) this.#came(entry ?? recall(`${this.#kept}.entry`));
    this.#commands = new Commands(this.#entry);
    this.#box = this.viewer ? new BallotBox(this.#kept) : undefined;
  }

  start() {
    if (this.#tick) return;
    this.#tick = setInterval(() => this.#beat(), 500);
    addEventListener('online', this.#online);
    addEventListener('offline', this.#offline);
    document.addEventListener('visibilitychange', this.#visible);
    addEventListener('storage', this.#stored);
    this.#connect();
  }

  stop() {
    clearInterval(this.#tick);
    clearTimeout(this.#retry);
    this.#tick = undefined;
    removeEventListener('online', this.#online);
    removeEventListener('offline', this.#offline);
    document.removeEventListener('visibilitychange', this.#visible);
    removeEventListener('storage', this.#stored);
    this.#link?.close();
    this.#link = undefined;
  }

  /** Comes in again by another entry link; the newest counts. @param {string} code */
  enter(code) {
    if (!this.viewer) return;
    this.#came(code);
    if (this.#tick && this.state.is !== 'ended') this.#connect();
  }

  /** The languages that the reader wants the show's own texts in, the dearest first; else they are in the show's first. @param {readonly string[]} languages */
  speak(languages) {
    this.#languages = languages;
    if (this.#told) this.#tell(this.#told);
  }

  /** The server's time, milliseconds since 1970. */
  now() {
    return this.clock.now();
  }

  /** This viewer's ballots, oldest first. */
  get ballots() {
    return this.#box?.all ?? [];
  }

  /**
   * Gives a ballot: kept first, then offered until it is settled. Before the window of a run that lets viewers prepare, it is
   * kept until the opening.
   * @param {import('./wire.js').RunView} run @param {number[]} picks
   */
  vote(run, picks) {
    if (!this.#box) return;
    this.#box.give(run, picks, this.now());
    this.#offer();
    this.#emit('ballots', this.ballots);
  }

  /** Taps an option of the run on program, where viewers tap. It is said within half a second. @param {number} n the option, from 1 */
  tap(n) {
    if (!this.viewer) return;
    this.#taps.tap(n);
    this.#emit('taps', this.taps);
  }

  /** How often this page has tapped each option of the run on program. */
  get taps() {
    return [...this.#taps.counts];
  }

  /** Takes back a ballot that waits for the opening. @param {string} run @returns {number[]} its picks; empty: it was sent, or there is none */
  takeBack(run) {
    const picks = this.#box?.takeBack(run) ?? [];
    this.#emit('ballots', this.ballots);
    return picks;
  }

  /** Tells what this screen shows. @param {import('./wire.js').Shown} shown */
  shown(shown) {
    if (this.#entry.key) this.#link?.send({ t: 'shown', ...shown });
  }

  /**
   * Sends a command and waits for its answer.
   * @param {Record<string, unknown>} command with `do`
   * @param {number} [expect] the revision the operator saw
   * @returns {Promise<Done>}
   */
  command(command, expect) {
    return this.#commands.send(command, { expect, rev: this.desk?.rev ?? 0, link: this.#link });
  }

  /** Everything that is kept of this viewer in this show. @returns {Promise<Record<string, unknown>>} */
  mine() {
    return this.ask('mine');
  }

  /** Does something with what the audience wrote. @param {Record<string, unknown>} act with `do` */
  moderate(act) {
    return this.#commands.send(act, { rev: this.desk?.rev ?? 0, link: this.#link, act: true });
  }

  /** A viewer's request about this show; with a body it is a POST. @param {string} path @param {unknown} [body] @returns {Promise<any>} */
  ask(path, body) {
    const headers = { authorization: `Bearer ${this.#entry.device}` };
    const init = body === undefined ? { headers } : { method: 'POST', body: JSON.stringify(body), headers };
    return request(new URL(`/api/v1/shows/${this.#entry.show}/${path}`, this.#entry.server), init);
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#link?.close();
    this.#after_ms = undefined;
    this.#set({ is: 'connecting', next_at: undefined });
    this.#link = this.#open(this.#kind);
  }

  /** @param {LinkKind} kind */
  #open(kind) {
    /** @type {import('./links.js').Link} */
    let link;
    try {
      link = openLink(kind, this.#entry, {
        message: (message) => this.#link === link && this.#hear(message),
        down: (why) => this.#link === link && this.#down(why),
        failed: (id) => this.#box?.failed(id, this.now()),
        heard: (heard) => this.#link === link && this.#taps.heard(heard),
      });
    } catch {
      // An address that no socket can be made of, or a policy against sockets: the next way may do.
      this.#down({ joined: false });
      return undefined;
    }
    return link;
  }

  /** @param {import('./links.js').Down} why */
  async #down(why) {
    this.#link = undefined;
    if (Date.now() - this.#up_at > STEADY_MS && why.joined) this.#failures = 0;
    if (why.code === 4003 || why.code === 4004 || why.code === 4009 || (why.code === 4001 && !this.viewer)) {
      return this.#set({ is: 'ended', why: why.problem ?? { 4001: 'bad_token', 4003: 'forbidden', 4004: 'no_show', 4009: 'replaced' }[why.code] });
    }
    if (why.code === 4001) this.#remember(undefined);
    this.#deaf = why.joined ? 0 : this.#deaf + 1;
    const wait = this.#after_ms ?? waitMs(why, this.#failures);
    this.#failures = Math.min(this.#failures + 1, 5);
    this.#after_ms = undefined;
    this.#set({ is: 'down', why: why.problem, next_at: Date.now() + wait });
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), wait);
    // Only viewers have other ways: what staff and screens may see comes over the WebSocket alone.
    if (this.#deaf >= 2 && !this.#entry.staff && !this.#entry.key) await this.#fall();
  }

  /** Takes the next way, but only if the server answers plain HTTP: otherwise it is just not there. */
  async #fall() {
    if (this.#kind === 'polling' || !(await this.#sync())) return;
    this.#kind = this.#kind === 'websocket' ? 'sse' : 'polling';
    this.#deaf = 0;
    this.#failures = 0;
    this.#upgrade_at = Date.now() + UPGRADE_MS * (0.75 + Math.random() / 2);
    if (this.state.is !== 'up') this.#connect();
  }

  /** @param {any} message */
  #hear(message) {
    this.heard_at = Date.now();
    // No other message: what was encoded once for many may have waited for this connection.
    if (message.t === 'welcome') this.clock.hear(message.now);
    // Over plain HTTP the welcome says little: the way is open when the first snapshot came through it.
    const opens = message.t === 'welcome' ? this.#link?.kind === 'websocket' : message.t !== 'problem' && message.t !== 'reconnect';
    if (this.state.is !== 'up' && opens) this.#joined();
    switch (message.t) {
      case 'welcome': return this.#welcome(message);
      case 'show': return this.#showed(message);
      case 'results': return this.#counted(message);
      case 'leaderboard': return this.#leaders.hear(message, this.viewer && this.#kind !== 'websocket' ? () => this.ask('score') : undefined);
      case 'receipt': return this.#receipt(message);
      case 'desk':
        if (this.#newest.isOld('desk', message, this.desk, 'rev')) return;
        this.desk = message;
        return this.#emit('desk', message);
      case 'done': return this.#commands.done(message);
      case 'reconnect': return this.#leave(message.after_ms);
      case 'gauge': case 'log': case 'problem': case 'score': case 'asked': case 'items': return this.#emit(message.t, message);
    }
  }

  #joined() {
    this.#up_at = Date.now();
    this.#deaf = 0;
    // A link that is up is a network, whatever the device says of itself.
    this.#set({ is: 'up', why: undefined, next_at: undefined, offline: false });
    if (Date.now() - this.#synced_at > SYNC_MS || this.clock.doubtful) this.#sync();
    this.#box?.wake();
    queueMicrotask(() => this.#offer());
  }

  /** @param {import('./wire.js').Welcome} welcome */
  #welcome(welcome) {
    if (this.viewer && welcome.device) this.#remember(welcome.device);
    // Whatever the link was, the viewer is in: a link that is not good is not offered again.
    if (welcome.problem) {
      this.#came(undefined);
      this.#emit('problem', welcome.problem);
    }
    this.#newest.anew();
    this.#taps.joined();
    this.#leaders.welcomed();
    for (const receipt of welcome.mine ?? []) this.#box?.take(receipt, this.now(), this.show?.run);
    this.#emit('welcome', welcome);
    if (welcome.mine?.length) this.#emit('ballots', this.ballots);
  }

  /** @param {import('./wire.js').ShowView} show */
  #showed(show) {
    if (this.#newest.isOld('show', show, this.show, 'rev')) return;
    this.#boundary.told();
    this.#tell(show);
  }

  /** @param {import('./wire.js').ShowView} show as it was sent */
  #tell(show) {
    this.#told = show;
    this.show = inLanguage(show, this.#languages);
    if (this.show.run) this.#box?.describe(this.show.run);
    if (show.run && isTapped(show.run)) this.#taps.follow(show.run);
    this.#emit('show', this.show);
    this.#sayTaps();
  }

  /** Says what was tapped since the last time. */
  #sayTaps() {
    const run = this.show?.run;
    if (!this.viewer || this.state.is !== 'up' || !run || run.id !== this.#taps.run) return;
    const counts = this.#taps.next();
    if (counts && !this.#link?.send({ t: 'react', run: run.id, counts })) this.#taps.heard(false);
  }

  /** @param {import('./wire.js').Results} results */
  #counted(results) {
    const same = this.results?.run === results.run ? this.results : undefined;
    // Hidden numbers carry no version, so that it tells nothing: they are always the news.
    if (this.#newest.isOld('results', results, same, 'version') && results.state !== 'hidden') return;
    this.results = results;
    this.#emit('results', results);
    this.#askOwn();
  }

  /** Server-sent events are the same for everybody: who has voted and may see more than others asks for it by polling. */
  #askOwn() {
    const run = this.show?.run;
    if (this.#kind !== 'sse' || !run?.after_vote || this.results?.run !== run.id || this.results.state !== 'hidden') return;
    if (!this.#box?.of(run.id).some((ballot) => ballot.is === 'counted')) return;
    this.#kind = 'polling';
    this.#connect();
  }

  /** @param {import('./wire.js').Receipt} receipt */
  #receipt(receipt) {
    this.#box?.take(receipt, this.now(), this.show?.run);
    this.#emit('ballots', this.ballots);
    this.#offer();
    this.#askOwn();
  }

  /** The node goes away at a time of its own: come back when it said. @param {number} after_ms */
  #leave(after_ms) {
    this.#after_ms = after_ms;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), after_ms);
  }

  #offer() {
    if (!this.#box || this.state.is !== 'up') return;
    const now = this.now();
    for (const ballot of this.#box.due(now, this.show?.run)) {
      // Two offers without any answer: the connection only looks alive.
      if (ballot.is === 'kept' && ballot.tries >= 2 && this.#link?.kind === 'websocket') return this.#dead();
      const { run, id, picks, change } = ballot;
      const message = ballot.is === 'held' ? { t: 'ask', run, ids: [id] } : { t: 'vote', run, id, picks, change };
      if (this.#link?.send(message)) this.#box.sent(ballot, now);
    }
  }

  /** Twice a second: offers what is due, and notices a connection that died without a word. */
  #beat() {
    this.#offer();
    this.#sayTaps();
    const silent = Date.now() - this.heard_at;
    if (this.state.is === 'up' && this.#entry.staff && silent > STAFF_SILENCE_MS) return this.#dead();
    if (this.state.is === 'up' && this.#kind !== 'polling' && this.#boundary.isOverdue(this.show?.run, this.now(), this.heard_at)) return this.#dead();
    if (this.state.is === 'up' && Date.now() - this.#synced_at > SYNC_MS) this.#sync();
    if (this.state.is === 'up' && this.#kind !== 'websocket' && Date.now() > this.#upgrade_at) this.#upgrade();
  }

  #dead() {
    this.#link?.close();
    this.#down({ joined: true });
  }

  /** Tries the WebSocket again beside a working fallback, and changes over if it gets through. */
  #upgrade() {
    this.#upgrade_at = Date.now() + UPGRADE_MS * (0.75 + Math.random() / 2);
    const trial = openLink('websocket', this.#entry, {
      message: (message) => {
        if (message.t === 'welcome' && this.#link !== trial) {
          this.#link?.close();
          this.#link = trial;
          this.#kind = 'websocket';
          this.#set({ is: 'up' });
        }
        if (this.#link === trial) this.#hear(message);
      },
      down: (why) => this.#link === trial && this.#down(why),
      failed: (id) => this.#box?.failed(id, this.now()),
      heard: (heard) => this.#link === trial && this.#taps.heard(heard),
    });
  }

  async #sync() {
    this.#synced_at = Date.now();
    const ok = await this.clock.sync((t0) => request(new URL(`/api/v1/time?t0=${t0}`, this.#entry.server)));
    if (!ok) this.#synced_at = Date.now() - SYNC_MS + RETRY_MAX_MS;
    return ok;
  }

  /** Another page of this device has changed the ballots. Its session may be on another node: this one asks for what was counted. */
  #stored = (/** @type {StorageEvent} */ event) => {
    const counted = this.#box?.reload(event.key);
    if (!counted) return;
    this.#emit('ballots', this.ballots);
    const ids = counted.filter((ballot) => ballot.run === this.show?.run?.id).map((ballot) => ballot.id);
    if (ids.length) this.#link?.send({ t: 'ask', run: this.show?.run?.id, ids });
  };

  #online = () => {
    this.#failures = 0;
    this.#set({ offline: false });
    if (this.state.is !== 'ended') this.#connect();
  };

  #offline = () => {
    this.#set({ offline: true });
    if (this.state.is === 'up') this.#dead();
  };

  /** A phone that was in a pocket: its sockets may be dead and its clock asleep. */
  #visible = async () => {
    if (document.hidden || this.state.is === 'ended') return;
    if (this.state.is !== 'up') return this.#connect();
    if (this.clock.doubtful || Date.now() - this.heard_at > 15_000) {
      await this.#sync();
      if (this.state.is === 'up' && this.clock.doubtful) this.#dead();
    }
  };

  /** @param {Partial<LinkState>} change */
  #set(change) {
    // Trying again is no news: it counts since when there is, or is no, connection.
    const since = change.is && (change.is === 'up') !== (this.state.is === 'up') ? Date.now() : this.state.since;
    this.state = { ...this.state, kind: this.#kind, since, ...change };
    this.#emit('link', this.state);
  }

  /** @param {string|undefined} device */
  #remember(device) {
    this.#entry.device = device;
    store(`${this.#kept}.device`, device);
  }

  /** @param {string|undefined} code of the newest entry link; kept, so that a device whose token has expired comes in the same way */
  #came(code) {
    this.#entry.code = code;
    store(`${this.#kept}.entry`, code);
  }

  /** @param {string} name @param {unknown} detail */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
