/**
 * What an operator can do: sends commands with the revision that was seen, keeps double presses back, arms what cannot be taken
 * back, and says in words what came of it.
 */
import { h } from '../shared/element.js';
import { refusal, verbs } from './words.js';

/** The server refuses the same kind of command within this time; so the button waits as long. */
const DEBOUNCE_MS = 1000;
/** How long something stays armed, if the server's own time has not come yet. */
const ARMED_MS = 5000;
/** A second press sooner than this is the first one bouncing, not a decision. */
export const DECIDE_MS = 600;

/** These wait for nothing that was pressed before. */
const urgent = ['clear', 'panic', 'freeze'];

/** @typedef {import('../sdk/wire.js').Done} Done */

/** @param {Done} before what was pressed before @returns {Done|undefined} the answer to what was pressed on top of it, if that is not sent */
function notSent(before) {
  return before.ok ? undefined : { ...before, code: 'not_sent', detail: refusal(before.code, before.detail).title };
}

export class Desk {
  #store;
  #client;
  /** The revision after this operator's own last command: the show as this operator made it. */
  #own_rev = 0;
  /**
   * The answer to what was pressed last, until it is there. Who presses faster than the line answers means the show as that press
   * leaves it: so the next one waits, and is not sent if it came to nothing. @type {Promise<Done>|undefined}
   */
  #asked;

  /**
   * @param {import('../shared/store.js').Store<import('./main.js').StudioState>} store
   * @param {import('../sdk/tallylight.js').Client} client @param {string} show @param {string} token
   */
  constructor(store, client, show, token) {
    this.#store = store;
    this.#client = client;
    this.show = show;
    this.token = token;
  }

  /** A new connection: revisions may count anew. */
  joined() {
    this.#own_rev = 0;
  }

  /** The server's time. */
  now() {
    return this.#client.now();
  }

  /** Local time of the last message. */
  get heard_at() {
    return this.#client.heard_at;
  }

  /**
   * @param {Record<string, unknown> & { do: string }} command
   * @returns {Promise<Done|undefined>} undefined: kept back as a double press
   */
  async send(command) {
    const verb = command.do;
    if (this.#store.state.busy[verb]) return undefined;
    this.#busy(verb, true);
    const before = this.#asked;
    const asked = (async () => (before && !urgent.includes(verb) && notSent(await before)) || this.#ask(command))();
    this.#asked = asked;
    const done = await asked;
    if (this.#asked === asked) this.#asked = undefined;
    // From the answer on, like the server, which counts from when it was done.
    setTimeout(() => this.#busy(verb, false), DEBOUNCE_MS);
    if (done.ok) {
      if (done.proposal) this.say('plain', `${verbs[verb] ?? verb}: proposed, not done.`, refusal('busy', done.detail).advice);
      else if (verb !== 'arm') this.say('good', `${verbs[verb] ?? verb}: done${done.detail ? ',' : '.'}`, done.detail ? `${done.detail}.` : '');
    } else {
      const { title, advice } = refusal(done.code, done.detail);
      this.say('bad', `${verbs[verb] ?? verb}: ${title}`, advice);
    }
    return done;
  }

  /** Does something with what the audience wrote. @param {Record<string, unknown> & { do: string }} act */
  async moderate(act) {
    const done = await this.#client.moderate(act);
    const verb = verbs[act.do] ?? act.do;
    if (done.ok) return this.say('good', `${verb}: done.`, done.detail ? `${done.detail}.` : '');
    const { title, advice } = refusal(done.code, done.detail);
    this.say('bad', `${verb}: ${title}`, advice);
  }

  /** Asks for the server's consent to an irrevocable action; the second press does it, with what it is to say. @param {import('../sdk/wire.js').Armable} what @param {string} [run] @param {import('./main.js').Says} [says] */
  async arm(what, run, says = {}) {
    const done = await this.send({ do: 'arm', what, ...(run ? { run } : {}) });
    if (!done?.ok) return this.#store.set({ arming: undefined });
    this.#store.set({ arming: { what, run, ...says, until: this.now() + ARMED_MS } });
  }

  /** Does what is armed. */
  async fire() {
    const { arming } = this.#store.state;
    if (!arming?.until || arming.until < this.now() || arming.until - this.now() > ARMED_MS - DECIDE_MS) return;
    this.#store.set({ arming: undefined });
    const { what, run, until: _, ...says } = arming;
    await this.send({ do: what, ...(run && what !== 'go_live' && what !== 'confirm' ? { run } : {}), ...says });
  }

  /** Takes a file of the show away. @param {string} what in words @param {string} path @param {string} name */
  async save(what, path, name) {
    try {
      const answer = await fetch(`/api/v1/shows/${this.show}/${path}`, { headers: { authorization: `Bearer ${this.token}` } });
      if (!answer.ok) {
        const problem = await answer.json().catch(() => ({}));
        const { title, advice } = refusal(problem.code, problem.detail);
        return this.say('bad', `${what}: ${title}`, advice);
      }
      const address = URL.createObjectURL(await answer.blob());
      h('a', { href: address, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    } catch {
      this.say('bad', `${what}: the server does not answer.`, 'Try again.');
    }
  }

  cancel() {
    if (!this.#store.state.arming) return;
    this.#store.set({ arming: undefined });
    this.say('plain', 'Cancelled. Nothing was done.', '');
  }

  /** @param {Record<string, unknown> & { do: string }} command */
  async #ask(command) {
    // Panic is never refused for being late: it carries no revision.
    const expect = command.do === 'panic' ? undefined : Math.max(this.#store.state.desk?.rev ?? 0, this.#own_rev);
    const done = await this.#client.command(command, expect);
    if (done.ok && expect !== undefined) this.#own_rev = done.rev;
    return done;
  }

  /** @param {'good'|'bad'|'plain'} tone @param {string} text @param {string} advice */
  say(tone, text, advice) {
    this.#store.set({ notice: { tone, text, advice, at: this.now() } });
  }

  /** @param {string} verb @param {boolean} is */
  #busy(verb, is) {
    this.#store.set({ busy: { ...this.#store.state.busy, [verb]: is } });
  }
}
