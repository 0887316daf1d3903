import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { timeOfDay } from '../shared/format.js';
import { labelOf, scaleOf } from '../shared/kind.js';
import { phaseOf } from '../shared/phase.js';
import { settled } from '../sdk/tallylight.js';
import { choiceText, votesLeft } from './ballot.js';
import { say } from './words.js';

/** @typedef {import('../sdk/ballots.js').Ballot} Ballot */

/** How soon a yes may follow the question. */
const ANSWER_MS = 400;

/** The foot of the page: the button that gives the ballot, and in the same place what became of it. */
class ReceiptDock extends StoreElement {
  #send = h('button', { type: 'button', class: 'send', part: 'button', 'aria-describedby': 'confirm', onclick: () => this.#give() });
  #ask = h('p', { class: 'confirm', id: 'confirm', role: 'status' });
  #change = h('button', { type: 'button', class: 'change', onclick: () => this.#reconsider() }, say('change'));
  #sign = h('span', { class: 'receipt-sign', 'aria-hidden': 'true' });
  #head = h('strong', { class: 'receipt-head' });
  #text = h('span', { class: 'receipt-text' });
  #time = h('span', { class: 'receipt-time' });
  #receipt = h('div', { class: 'receipt', part: 'receipt' }, this.#sign, h('p', { class: 'receipt-words', role: 'status' }, this.#head, ' ', this.#text, ' ', this.#time));
  #list = h('ul', { 'aria-label': say('earlier') });
  #earlier = h('div', { class: 'earlier', role: 'status' }, this.#list);
  /** Of which ballots the viewer closed what is told. @type {Set<string>} */
  #read = new Set();
  #drawn = '';
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #tick;

  build() {
    this.tabIndex = -1;
    this.append(this.#earlier, this.#receipt, this.#ask, this.#send, this.#change);
    this.addEventListener('keydown', (event) => event.key === 'Escape' && !this.#change.hidden && this.#reconsider());
    // The button must go when the window closes, also if no message comes.
    this.#tick = setInterval(() => this.draw(this.store?.state), 250);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#tick);
  }

  #give() {
    const { store } = this;
    /** @type {import('./audience.js').AudienceState} */
    const { client, show, chosen } = store?.state;
    if (!show?.run || chosen.run !== show.run.id || !chosen.picks.length) return;
    if (show.run.confirm && !chosen.asked) return store?.set({ chosen: { ...chosen, asked: Date.now() } });
    // The second tap of a nervous finger, or a key held down, is no answer.
    if (chosen.asked && Date.now() - chosen.asked < ANSWER_MS) return;
    store?.set({ chosen: { run: '', picks: [] } });
    client.vote(show.run, [...chosen.picks].sort((a, b) => a - b));
  }

  /** Goes back to the choice, from the second question or from what waits for the opening. */
  #reconsider() {
    const { store } = this;
    /** @type {import('./audience.js').AudienceState} */
    const { client, show, chosen } = store?.state;
    if (!show?.run) return;
    const back = client.takeBack(show.run.id);
    store?.set({ chosen: { run: show.run.id, picks: back.length ? back : chosen.picks } });
    // Behind the store, which draws in a moment.
    setTimeout(() => this.#send.focus());
  }

  /** @param {import('./audience.js').AudienceState} state */
  draw(state) {
    const run = state.show?.run;
    const own = state.ballots.filter((ballot) => ballot.run === run?.id);
    const last = own.find((ballot) => !settled(ballot)) ?? own.at(-1);
    this.#receipt.hidden = !last;
    const phase = run && phaseOf(run, state.client.now());
    if (last) this.#drawReceipt(last, state, phase);

    const may = run && !run.writing && (phase === 'open' || phase === 'standby') && votesLeft(state.ballots, run) > 0 && !own.some((ballot) => !settled(ballot));
    this.#send.hidden = !may;
    const picks = run && state.chosen.run === run.id ? state.chosen.picks : [];
    const early = phase === 'standby' && run?.prepare_ms !== undefined;
    const asking = Boolean(may && (phase === 'open' || early) && picks.length && state.chosen.asked);
    setText(this.#ask, asking ? say('confirm_ask', { choice: choiceText({ picks }, run) }) : '');
    this.#change.hidden = !asking && (last?.prepared === undefined || (phase !== 'standby' && phase !== 'open'));
    if (run && may) {
      const label = picks.length ? labelOf(run, picks[0]) : '';
      /** @type {import('./words.js').Word[]} */
      const [one, many] = early ? ['prepare_one', 'prepare_many'] : run.changeable && own.some((ballot) => ballot.is === 'counted') ? ['change_one', 'change_many'] : [scaleOf(run) ? 'send_rating' : 'send_one', 'send_many'];
      const send = picks.length === 0 ? say('send_none') : run.votes > 1 ? say(many, { n: picks.length }) : say(one, { label });
      setText(this.#send, asking ? say('confirm_yes') : send);
      this.#send.disabled = picks.length === 0 || (phase !== 'open' && !early);
    }
    this.#drawEarlier(state.ballots.filter((ballot) => ballot.run !== run?.id && ballot.question && !this.#read.has(ballot.id) && worthTelling(ballot, state.client.now())));
  }

  /** @param {Ballot} ballot @param {import('./audience.js').AudienceState} state @param {import('../sdk/wire.js').Phase} [phase] */
  #drawReceipt(ballot, state, phase) {
    const { sign, tone, head, text } = words(ballot, state.link.is === 'up' && !state.link.offline, state.client.lasting, state.show?.run, phase);
    setText(this.#sign, sign);
    setText(this.#head, head);
    setText(this.#text, text);
    setText(this.#time, ballot.is === 'counted' && ballot.at ? say('receipt_at', { time: timeOfDay(ballot.at) }) : ballot.is === 'refused' ? '' : say('receipt_given', { time: timeOfDay(ballot.given) }));
    setAttribute(this.#receipt, 'data-tone', tone);
  }

  /** @param {Ballot[]} ballots */
  #drawEarlier(ballots) {
    const focused = /** @type {Document|ShadowRoot} */ (this.getRootNode()).activeElement;
    const at = [...this.#list.querySelectorAll('button')].findIndex((button) => button === focused);
    this.#earlier.hidden = !ballots.length;
    const { link, client } = this.store?.state ?? {};
    const told = ballots.slice(-3).map((ballot) => {
      const { head, text, sign } = words(ballot, link?.is === 'up', client?.lasting, undefined, undefined, this.store?.state.show?.run?.replaces === ballot.run);
      return { ballot, line: `${sign} ${say('earlier_line', { question: ballot.question, state: head })}. ${text}` };
    });
    const drawn = JSON.stringify(told.map(({ ballot, line }) => [ballot.id, line, settled(ballot)]));
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#list.replaceChildren(...told.map(({ ballot, line }) => h('li', { class: 'earlier-line' }, h('span', {}, line),
      settled(ballot) ? h('button', { type: 'button', class: 'earlier-close', 'aria-label': say('share_close'), onclick: () => this.#close(ballot) }, h('span', { 'aria-hidden': 'true' }, '✕')) : '')));
    // Where the focus was is another line now, or nothing: it goes on from here, and not from the top of the page.
    const closes = this.#list.querySelectorAll('button');
    if (at >= 0) (closes[Math.min(at, closes.length - 1)] ?? this).focus();
  }

  /** @param {Ballot} ballot */
  #close(ballot) {
    this.#read.add(ballot.id);
    this.draw(this.store?.state);
  }
}

/** A ballot of a question that is gone: told while it is open, and for a while if it did not count. @param {Ballot} ballot @param {number} now */
function worthTelling(ballot, now) {
  if (ballot.prepared !== undefined) return now - ballot.given < 600_000;
  if (!settled(ballot)) return true;
  return ballot.is === 'refused' && now - ballot.given < 600_000;
}

/**
 * @param {Ballot} ballot @param {boolean} up @param {boolean} lasting whether it outlives this page
 * @param {import('../sdk/wire.js').RunView} [run] its question, if that is on
 * @param {import('../sdk/wire.js').Phase} [phase] of it
 * @param {boolean} [again] its question is asked again
 */
function words(ballot, up, lasting, run, phase, again) {
  const choice = choiceText(ballot, run);
  // The page hears of it before the ballot's own answer says so.
  if (phase === 'void' && ballot.prepared === undefined) return { sign: '✕', tone: 'bad', head: say('receipt_refused'), text: say('refused_void') };
  if (ballot.prepared !== undefined && phase === 'standby') return { sign: '◷', tone: 'plain', head: say('receipt_prepared'), text: say(lasting ? 'receipt_prepared_text' : 'receipt_prepared_page_text', { choice }) };
  if (ballot.prepared !== undefined && (phase === 'open' || phase === 'closing') && up) return { sign: '◷', tone: 'plain', head: say('receipt_prepared'), text: say('receipt_prepared_open_text', { choice }) };
  if (ballot.prepared !== undefined && phase !== 'open' && phase !== 'closing') return { sign: '✕', tone: 'bad', head: say('receipt_not_sent'), text: say('receipt_not_sent_text', { choice }) };
  switch (ballot.is) {
    case 'counted':
      if (ballot.excluded) return { sign: '–', tone: 'plain', head: say('receipt_excluded'), text: say('receipt_excluded_text', { choice }) };
      if (ballot.in_force === false) return { sign: '↻', tone: 'plain', head: say('receipt_replaced'), text: say('receipt_replaced_text', { choice }) };
      return { sign: '✓', tone: 'good', head: say('receipt_counted'), text: say('receipt_counted_text', { choice }) };
    case 'held': {
      const late = ballot.reason === 'after_seal';
      return { sign: '◔', tone: 'warn', head: say('receipt_held'), text: late ? say('receipt_after_seal_text') : say('receipt_held_text', { choice }) };
    }
    case 'unknown': return { sign: '?', tone: 'warn', head: say('receipt_unknown'), text: say('receipt_unknown_text', { choice }) };
    case 'refused':
      if (!settled(ballot)) {
        const text = say(ballot.reason === 'busy' ? 'receipt_busy_text' : 'receipt_not_open_text', { choice });
        return { sign: '◔', tone: 'warn', head: say('receipt_waiting'), text };
      }
      return { sign: '✕', tone: 'bad', head: say('receipt_refused'), text: refusal(ballot, again) };
    default: return up
      ? { sign: '↑', tone: 'plain', head: say('receipt_kept'), text: say('receipt_kept_text', { choice }) }
      : { sign: '◔', tone: 'warn', head: say(lasting ? 'receipt_kept_offline' : 'receipt_kept_page'), text: say(lasting ? 'receipt_kept_offline_text' : 'receipt_kept_page_text', { choice }) };
  }
}

/** @param {Ballot} ballot @param {boolean} [again] */
function refusal(ballot, again) {
  const given = timeOfDay(ballot.given);
  switch (ballot.reason) {
    case 'late': return ballot.at ? say('refused_late', { at: timeOfDay(ballot.at), given }) : say('refused_late_plain', { given });
    case 'budget': return say('refused_budget');
    case 'not_eligible': return say('refused_not_eligible');
    case 'void': return say(again || ballot.instead ? 'refused_void_again' : 'refused_void');
    case 'id_reused': return say('refused_id_reused');
    case 'displaced': return say('refused_displaced');
    default: return say('refused_invalid');
  }
}

customElements.define('tl-receipt', ReceiptDock);
