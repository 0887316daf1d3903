/**
 * The ballots of this device in one show, kept until a receipt settles them: in localStorage, so that a tunnel, a reload or
 * a closed browser loses none. Without storage (some private modes) they live as long as the page.
 *
 * @typedef {import('./wire.js').Receipt} Receipt
 * @typedef {import('./wire.js').RunView} RunView
 *
 * @typedef {object} Ballot
 * @property {string} run
 * @property {string} id made here, 128 random bits
 * @property {number[]} picks
 * @property {string} question as it was asked, so that the receipt can be read when the show has gone on
 * @property {string[]} labels of the picks
 * @property {number} given when the viewer gave it, server's clock
 * @property {number} [closes_at] the close that was announced then
 * @property {'kept'|import('./wire.js').Answer} is `kept`: no answer yet
 * @property {import('./wire.js').Reason} [reason]
 * @property {number} [left]
 * @property {number} [at] when the server received it
 * @property {number} [change] where a later ballot replaces the one before: its number, higher than that of any before
 * @property {number} [change_seen] the highest that the server knows of this viewer
 * @property {string} [instead] if void: the run in which the same is asked again
 * @property {boolean} [excluded] counted, and left out of the result by a decision
 * @property {boolean} [in_force] whether it is the one in the tally; left out: as far as is known
 * @property {number} tries offers since the last answer
 * @property {number} due when to offer or ask next; not stored across loads
 * @property {number} [prepared] given before the window opened and not sent yet: its own moment in the time that these are spread
 *   over, 0 to 1
 */

/** A ballot is forgotten a day after it was given: every run is decided long before. */
const KEEP_MS = 24 * 3600 * 1000;
/** How long an offer may go without an answer before it is made again. */
const ANSWER_MS = 5000;
/** The longest wait between two offers of one ballot. */
const WAIT_MAX_MS = 30_000;

/** Whether there is nothing left to do for a ballot. @param {Ballot} ballot */
export function settled(ballot) {
  if (ballot.is === 'counted') return true;
  return ballot.is === 'refused' && ballot.reason !== 'not_open' && ballot.reason !== 'busy';
}

/** 128 random bits as the wire writes them. */
function newBallotId() {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}

/** @param {Uint8Array} bytes */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export class BallotBox {
  #key;
  /** @type {Ballot[]} */
  #ballots = [];

  /** @param {string} kept the show's name on this device */
  constructor(kept) {
    this.#key = `tallylight.${kept}.ballots`;
    this.#load();
  }

  /** All ballots, oldest first. */
  get all() {
    return this.#ballots;
  }

  /** The ballots of one run, oldest first. @param {string} run */
  of(run) {
    return this.#ballots.filter((ballot) => ballot.run === run);
  }

  /**
   * Makes a ballot and keeps it.
   * @param {RunView} run @param {number[]} picks @param {number} now server's clock
   */
  give(run, picks, now) {
    this.#load();
    const label = (/** @type {number} */ n) => run.options.find((option) => option.n === n)?.label ?? `${n}`;
    /** @type {Ballot} */
    const ballot = {
      run: run.id, id: newBallotId(), picks, question: run.question, labels: picks.map(label),
      given: now, closes_at: run.closes_at, is: 'kept', tries: 0, due: 0,
    };
    if (run.changeable) ballot.change = 1 + Math.max(0, ...this.of(run.id).map((one) => Math.max(one.change ?? 0, one.change_seen ?? 0)));
    if (run.prepare_ms !== undefined && run.phase === 'standby' && now < (run.opens_at ?? Infinity)) ballot.prepared = Math.random();
    this.#ballots.push(ballot);
    this.#save();
    return ballot;
  }

  /** Takes a prepared ballot back that was not sent. @param {string} run @returns {number[]} its picks; empty: there is none */
  takeBack(run) {
    const ballot = this.#ballots.find((one) => one.run === run && one.prepared !== undefined);
    this.#ballots = this.#ballots.filter((one) => one !== ballot);
    if (ballot) this.#save();
    return ballot?.picks ?? [];
  }

  /**
   * Takes a receipt, also one of a ballot that this device forgot (`mine` after its storage was emptied).
   * @param {Receipt} receipt @param {number} now @param {RunView} [run] the run it may belong to
   */
  take(receipt, now, run) {
    let ballot = this.#ballots.find((one) => one.id === receipt.id && one.run === receipt.run);
    if (!ballot) {
      if (!receipt.picks?.length) return;
      ballot = {
        run: receipt.run, id: receipt.id, picks: receipt.picks, question: '', labels: [], given: receipt.at ?? now,
        is: 'kept', tries: 0, due: 0, change: receipt.change,
      };
      this.#ballots.push(ballot);
    }
    if (run?.id === ballot.run && !ballot.question) this.#describe(ballot, run);
    // A settled ballot stays as it is, except that a counted one may be found displaced or void later.
    const was = settled(ballot);
    if (was && receipt.is !== 'counted' && receipt.is !== 'refused') return;
    ballot.is = receipt.is;
    ballot.reason = receipt.reason;
    ballot.at = receipt.at ?? ballot.at;
    ballot.left = receipt.left;
    ballot.change_seen = receipt.change_seen ?? ballot.change_seen;
    ballot.in_force = receipt.in_force;
    ballot.instead = receipt.instead;
    ballot.excluded = receipt.excluded;
    const wait = receipt.reason === 'after_seal' ? WAIT_MAX_MS : receipt.retry_ms ?? backoff(ballot.tries);
    ballot.tries = receipt.is === 'unknown' ? ballot.tries : 0;
    ballot.due = now + wait * (1 + Math.random() / 4);
    this.#save();
  }

  /** Fills in what a ballot from `mine` was about. @param {RunView} run */
  describe(run) {
    for (const ballot of this.#ballots) if (ballot.run === run.id && !ballot.question) this.#describe(ballot, run);
  }

  /** Makes every unsettled ballot due: the connection is new. */
  wake() {
    for (const ballot of this.#ballots) if (!settled(ballot)) Object.assign(ballot, { due: 0, tries: 0 });
  }

  /**
   * What to say to the server now: one ballot of a run is settled before the next is offered.
   * @param {number} now @param {RunView} [run] the one on program @returns {Ballot[]}
   */
  due(now, run) {
    const seen = new Set();
    const due = [];
    for (const ballot of this.#ballots) {
      if (settled(ballot) || seen.has(ballot.run)) continue;
      seen.add(ballot.run);
      if (ballot.prepared !== undefined && !isTime(ballot.prepared, now, run?.id === ballot.run ? run : undefined)) continue;
      if (ballot.due <= now) due.push(ballot);
    }
    return due;
  }

  /** Notes that a ballot is on its way. @param {Ballot} ballot @param {number} now */
  sent(ballot, now) {
    if (ballot.prepared !== undefined) {
      // From here on it may be counted, so it cannot be taken back: not after a reload either.
      delete ballot.prepared;
      this.#save();
    }
    ballot.tries += 1;
    ballot.due = now + ANSWER_MS + backoff(ballot.tries) / 2;
  }

  /** Notes that the way of an offer failed, so that there is no answer to wait for. @param {string} id @param {number} now */
  failed(id, now) {
    const ballot = this.#ballots.find((one) => one.id === id);
    if (ballot) ballot.due = now + backoff(ballot.tries - 1) * (1 + Math.random() / 4);
  }

  /**
   * Takes over what another page of this device has stored.
   * @param {string|null} key of what was stored @returns {Ballot[]|undefined} those that are now known to be counted; undefined: it was no ballot
   */
  reload(key) {
    if (key !== this.#key) return undefined;
    const before = new Set(this.#ballots.filter((ballot) => ballot.is === 'counted'));
    const stored = this.#load();
    // What another page took back is not sent by this one.
    if (stored) this.#ballots = this.#ballots.filter((ballot) => ballot.prepared === undefined || stored.some((one) => one.id === ballot.id));
    return this.#ballots.filter((ballot) => ballot.is === 'counted' && !before.has(ballot));
  }

  /** @param {Ballot} ballot @param {RunView} run */
  #describe(ballot, run) {
    ballot.question = run.question;
    ballot.labels = ballot.picks.map((n) => run.options.find((option) => option.n === n)?.label ?? `${n}`);
  }

  /** Reads what is stored, also what another tab of the same device added. @returns {Ballot[]|undefined} */
  #load() {
    let stored;
    try {
      stored = JSON.parse(localStorage.getItem(this.#key) ?? '[]');
    } catch {
      return undefined;
    }
    if (!Array.isArray(stored)) return undefined;
    const oldest = Date.now() - KEEP_MS;
    for (const ballot of stored) {
      const known = this.#ballots.find((one) => one.id === ballot.id);
      if (known && !settled(known) && settled(ballot)) Object.assign(known, ballot);
      if (known && ballot.prepared === undefined) delete known.prepared;
      if (ballot.given >= oldest && !known) this.#ballots.push({ ...ballot, tries: 0, due: 0 });
    }
    this.#ballots.sort((a, b) => a.given - b.given);
    return stored;
  }

  #save() {
    try {
      localStorage.setItem(this.#key, JSON.stringify(this.#ballots));
    } catch {
      // Private mode or full: the ballots stay in memory and are still offered.
    }
  }
}

/** Whether a prepared ballot goes out now. @param {number} prepared @param {number} now @param {RunView|undefined} run */
function isTime(prepared, now, run) {
  if (!run || run.phase === 'void' || run.opens_at === undefined || (run.hold && run.phase === 'standby')) return false;
  return now >= run.opens_at + prepared * (run.prepare_ms ?? 0) && now < (run.locks_at ?? Infinity);
}

/** One second, doubled at each try. @param {number} tries */
function backoff(tries) {
  return Math.min(WAIT_MAX_MS, 1000 * 2 ** Math.min(tries, 5));
}
