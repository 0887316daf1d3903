/** The commands of staff that wait for their answers. */
import { hex } from './ballots.js';
import { HttpProblem, request } from './links.js';

/** @typedef {import('./wire.js').Done} Done */

/** How long a command may go without an answer before it is sent again by the other way, with the same id. */
const COMMAND_MS = 3000;

export class Commands {
  #entry;
  /** @type {Map<string, (done: Done) => void>} */
  #asked = new Map();

  /** @param {import('./links.js').Entry} entry */
  constructor(entry) {
    this.#entry = entry;
  }

  /**
   * Sends a command, or with `act` something about what the audience wrote. Without a connection, or without an answer, it goes by POST with the same id; the same id is never done twice.
   * @param {Record<string, unknown>} command with `do`
   * @param {{ expect?: number, rev: number, link?: import('./links.js').Link, act?: boolean }} now `rev`: the newest revision that is known
   * @returns {Promise<Done>}
   */
  async send(command, { expect, rev, link, act }) {
    const id = hex(crypto.getRandomValues(new Uint8Array(12)));
    const body = { id, ...(expect === undefined ? {} : { expect }), ...command };
    if (link?.send({ t: act ? 'moderate' : 'command', ...body })) {
      const done = await this.#answer(id);
      if (done) return done;
    }
    try {
      return await request(new URL(`/api/v1/shows/${this.#entry.show}/${act ? 'moderation' : 'commands'}`, this.#entry.server), {
        method: 'POST', body: JSON.stringify(body), headers: { authorization: `Bearer ${this.#entry.staff}` },
      });
    } catch (error) {
      const known = error instanceof HttpProblem ? error : undefined;
      return { id, ok: false, rev, code: known?.code ?? 'no_answer', detail: known?.detail ?? '' };
    }
  }

  /** @param {Done} done */
  done(done) {
    this.#asked.get(done.id)?.(done);
  }

  /** @param {string} id @returns {Promise<Done|undefined>} */
  #answer(id) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#asked.delete(id) && resolve(undefined), COMMAND_MS);
      this.#asked.set(id, (done) => {
        clearTimeout(timer);
        this.#asked.delete(id);
        resolve(done);
      });
    });
  }
}
