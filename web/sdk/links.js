/**
 * The three ways to a show: a WebSocket, server-sent events with POST, and polling with an ETag. All speak the same messages
 * upwards, so that nobody above knows which one is in use, except to say it on the page. Staff and screens have the WebSocket alone.
 *
 * @typedef {import('./wire.js').Receipt} Receipt
 * @typedef {{ server: string, show: string, device?: string, staff?: string, key?: string, name?: string, code?: string }} Entry `code`: of
 *   the entry link
 * @typedef {{ code?: number, problem?: string, retry_ms?: number, joined: boolean }} Down why a link ended, when to come back if the
 *   server said it, and whether it ever worked
 * @typedef {{ message: (message: any) => void, down: (why: Down) => void, failed: (id: string) => void, heard: (heard: boolean) => void }} Ears
 *   `failed`: no answer came for this ballot; `heard`: whether the last taps were
 * @typedef {{ kind: LinkKind, joined: boolean, send: (message: any) => boolean, close: () => void }} Link
 * @typedef {'websocket'|'sse'|'polling'} LinkKind
 *
 * @typedef {object} LinkState
 * @property {'connecting'|'up'|'down'|'ended'} is `ended`: nothing more is tried
 * @property {LinkKind} kind
 * @property {string} [why] a code of src/wire/codes.rs, if the server said one
 * @property {number} since when it came up, or since when it is not up; local milliseconds since 1970
 * @property {number} [next_at] when the next try starts, local
 * @property {boolean} offline the device itself says that it has no network
 */

import { SUBPROTOCOL } from './wire.js';

/** How long the way from connecting to the welcome may take. */
const JOIN_MS = 8000;
/** How often a polling client asks; the answer is mostly 304. */
const POLL_MS = 2000;
/** After so many taps in a row that were not heard, the node of the join is taken for gone. */
const UNHEARD_MOST = 8;

/** @param {LinkKind} kind @param {Entry} entry @param {Ears} ears @returns {Link} */
export function openLink(kind, entry, ears) {
  if (kind === 'websocket') return new WebSocketLink(entry, ears);
  return kind === 'sse' ? new EventsLink(entry, ears) : new PollingLink(entry, ears);
}

class WebSocketLink {
  /** @type {LinkKind} */
  kind = 'websocket';
  joined = false;
  #socket;
  #ears;
  #deadline;
  #over = false;
  /** @type {{ code: string, retry_ms?: number }|undefined} the last problem the server told, often the reason of the close after it */
  #problem;

  /** @param {Entry} entry @param {Ears} ears */
  constructor(entry, ears) {
    this.#ears = ears;
    const address = new URL(`/ws/${encodeURIComponent(entry.show)}`, entry.server);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#socket = new WebSocket(address, SUBPROTOCOL);
    this.#deadline = setTimeout(() => this.#end({}), JOIN_MS);
    this.#socket.onopen = () => {
      const { device, staff, key, name, code } = entry;
      this.#socket.send(JSON.stringify({ t: 'join', device, staff, key, name, entry: code }));
    };
    this.#socket.onmessage = (event) => this.#hear(event.data);
    this.#socket.onclose = (event) => this.#end({ code: event.code });
  }

  /** @param {any} message */
  send(message) {
    if (!this.joined || this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    // What a socket takes is there, or the connection ends.
    if (message.t === 'react') this.#ears.heard(true);
    return true;
  }

  close() {
    this.#over = true;
    clearTimeout(this.#deadline);
    this.#socket.close();
  }

  /** @param {any} data */
  #hear(data) {
    if (this.#over) return;
    const message = parse(data);
    if (!message) return;
    if (message.t === 'welcome') {
      this.joined = true;
      clearTimeout(this.#deadline);
    }
    if (message.t === 'problem') this.#problem = message;
    this.#ears.message(message);
  }

  /** @param {{ code?: number }} why */
  #end(why) {
    if (this.#over) return;
    this.close();
    this.#ears.down({ ...why, problem: this.#problem?.code, retry_ms: this.#problem?.retry_ms, joined: this.joined });
  }
}

/** What both ways over plain HTTP share, for viewers alone: join, ballots and receipts by request. */
class HttpLink {
  joined = false;
  over = false;
  /** @type {string|undefined} */
  #device;
  /** Runs in which a ballot of this device is counted. @type {Set<string>} */
  #counted = new Set();
  /** What this join is known by, and how often in a row another node got the taps. */
  #session = { node: '', session: '' };
  /** On what this viewer watches, and of which segment they are, as their entry link says. */
  #place = '';
  #unheard = 0;

  /** @param {Entry} entry @param {Ears} ears */
  constructor(entry, ears) {
    this.entry = entry;
    this.ears = ears;
    this.#device = entry.device;
  }

  /** @param {string} path */
  address(path) {
    return new URL(path, this.entry.server);
  }

  /** An address of what is on, as it is where this viewer watches. @param {string} path */
  view(path) {
    return this.address(path + this.#place);
  }

  async join() {
    const body = JSON.stringify({ device: this.#device, entry: this.entry.code });
    const welcome = await request(this.address(`/api/v1/shows/${this.entry.show}/join`), { method: 'POST', body });
    if (this.over) return;
    this.#device = welcome.device ?? this.#device;
    this.joined = true;
    this.#session = { node: welcome.node, session: welcome.session };
    const { platform, segment } = welcome.entry ?? {};
    const said = new URLSearchParams({ ...(platform && { platform }), ...(segment && { segment }) }).toString();
    this.#place = said && `?${said}`;
    for (const receipt of welcome.mine ?? []) this.#note(receipt);
    this.ears.message({ ...welcome, t: 'welcome' });
  }

  /** @param {Receipt} receipt */
  #note(receipt) {
    if (receipt.is === 'counted') this.#counted.add(receipt.run);
  }

  /** What shows the server that this device has voted in a run, once it has. @param {string} run @returns {Record<string, string>} */
  voted(run) {
    return this.#counted.has(run) ? { authorization: `Bearer ${this.#device}` } : {};
  }

  /** @param {any} message */
  send(message) {
    if (!this.joined || !this.#device) return false;
    const show = this.entry.show;
    if (message.t === 'vote') {
      const body = JSON.stringify({ run: message.run, id: message.id, picks: message.picks });
      this.#ask(message.id, `/api/v1/shows/${show}/ballots`, { method: 'POST', body });
      return true;
    }
    if (message.t === 'ask') {
      for (const id of message.ids) this.#ask(id, `/api/v1/shows/${show}/receipts/${message.run}/${id}`, {});
      return true;
    }
    if (message.t === 'react') {
      this.#react(message);
      return true;
    }
    return false;
  }

  /** Only the node of this join may count them: another one does not know what was said before. @param {any} message */
  async #react({ run, counts }) {
    const init = { method: 'POST', body: JSON.stringify({ ...this.#session, run, counts }), headers: { authorization: `Bearer ${this.#device}` } };
    const { heard } = await request(this.address(`/api/v1/shows/${this.entry.show}/reactions`), init).catch(() => ({ heard: false }));
    if (this.over) return;
    this.#unheard = heard ? 0 : this.#unheard + 1;
    this.ears.heard(heard);
    if (this.#unheard >= UNHEARD_MOST) this.end();
  }

  /** @param {string} id of the ballot @param {string} path @param {RequestInit} init */
  async #ask(id, path, init) {
    try {
      const receipt = await request(this.address(path), { ...init, headers: { authorization: `Bearer ${this.#device}` } });
      if (this.over || !receipt.is) return;
      this.#note(receipt);
      this.ears.message({ ...receipt, t: 'receipt' });
    } catch (error) {
      // No answer promises nothing: the ballot is offered again when it is due. Only a token that is no longer good needs a new join.
      if (error instanceof HttpProblem && error.code === 'bad_token') this.end(error);
      else if (!this.over) this.ears.failed(id);
    }
  }

  /** @param {unknown} [error] */
  end(error) {
    if (this.over) return;
    const joined = this.joined;
    this.close();
    const known = error instanceof HttpProblem ? error : undefined;
    this.ears.down({ problem: known?.code, code: known && CLOSES[known.code], retry_ms: known?.retry_ms, joined });
  }

  close() {
    this.over = true;
    this.joined = false;
  }
}

/** The close code that means the same as a problem over HTTP, from the table of src/wire/codes.rs. @type {Record<string, number>} */
const CLOSES = { bad_token: 4001, forbidden: 4003, bad_origin: 4003, no_show: 4004, too_many: 1008, busy: 1013, storage: 1013, draining: 1012, internal: 1011 };

class EventsLink extends HttpLink {
  /** @type {LinkKind} */
  kind = 'sse';
  /** @type {EventSource|undefined} */
  #source;

  /** @param {Entry} entry @param {Ears} ears */
  constructor(entry, ears) {
    super(entry, ears);
    this.#start();
  }

  async #start() {
    try {
      await this.join();
    } catch (error) {
      return this.end(error);
    }
    if (this.over) return;
    let worked = false;
    this.#source = new EventSource(this.view(`/sse/${this.entry.show}`));
    this.#source.onmessage = (event) => {
      const message = parse(event.data);
      if (!message || this.over) return;
      worked = true;
      this.ears.message(message);
    };
    this.#source.onerror = () => {
      this.joined = worked;
      this.end();
    };
    setTimeout(() => {
      if (!worked) this.#source?.onerror?.(new Event('error'));
    }, JOIN_MS);
  }

  close() {
    super.close();
    this.#source?.close();
  }
}

class PollingLink extends HttpLink {
  /** @type {LinkKind} */
  kind = 'polling';
  /** @type {string|undefined} */
  #etag;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;
  /** The run on program, if its numbers are for those who have voted. @type {string|undefined} */
  #run;

  /** @param {Entry} entry @param {Ears} ears */
  constructor(entry, ears) {
    super(entry, ears);
    this.#start();
  }

  async #start() {
    try {
      await this.join();
      await this.#poll();
    } catch (error) {
      this.end(error);
    }
  }

  async #poll() {
    /** @type {Record<string, string>} */
    const headers = { ...(this.#etag ? { 'if-none-match': this.#etag } : {}), ...(this.#run ? this.voted(this.#run) : {}) };
    const answer = await fetch(this.view(`/api/v1/shows/${this.entry.show}/live`), { headers, cache: 'no-store', signal: deadline() });
    if (this.over) return;
    if (answer.status === 200) {
      this.#etag = answer.headers.get('etag') ?? undefined;
      const live = await answer.json();
      if (this.over) return;
      this.#run = live.show?.run?.after_vote ? live.show.run.id : undefined;
      if (live.show) this.ears.message({ ...live.show, t: 'show' });
      if (live.results) this.ears.message({ ...live.results, t: 'results' });
      if (live.leaderboard) this.ears.message({ ...live.leaderboard, t: 'leaderboard' });
      if (live.asked) this.ears.message(live.asked);
    } else if (answer.status !== 304) {
      throw await HttpProblem.of(answer);
    }
    this.#timer = setTimeout(() => this.#poll().catch((error) => this.end(error)), POLL_MS * (0.8 + 0.4 * Math.random()));
  }

  close() {
    super.close();
    clearTimeout(this.#timer);
  }
}

/** An answer that is not 2xx, with the code of its problem+json. */
export class HttpProblem extends Error {
  /** @param {number} status @param {string} code @param {string} detail @param {number} [retry_ms] */
  constructor(status, code, detail, retry_ms) {
    super(detail || code);
    this.retry_ms = retry_ms;
    this.status = status;
    this.code = code;
    this.detail = detail;
  }

  /** @param {Response} answer */
  static async of(answer) {
    const problem = await answer.json().catch(() => ({}));
    return new HttpProblem(answer.status, problem.code ?? `http_${answer.status}`, problem.detail ?? problem.title ?? '', problem.retry_after_ms);
  }
}

/**
 * One request with a JSON answer. A receipt is a receipt whatever its status.
 * @param {URL|string} address @param {RequestInit} [init] @returns {Promise<any>}
 */
export async function request(address, init = {}) {
  const headers = { ...(init.body ? { 'content-type': 'application/json' } : {}), ...init.headers };
  const answer = await fetch(address, { cache: 'no-store', signal: deadline(), ...init, headers });
  if (answer.ok) return answer.status === 204 ? undefined : answer.json();
  throw await HttpProblem.of(answer);
}

/** Ends a request that hangs; phones of before 2022 wait as long as they like. */
function deadline() {
  return AbortSignal.timeout?.(JOIN_MS);
}

/** @param {any} text */
function parse(text) {
  try {
    const message = JSON.parse(text);
    return message && typeof message === 'object' ? message : undefined;
  } catch {
    return undefined;
  }
}
