import { isTapped } from '../sdk/taps.js';
import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { count, countdown, mean, timeOfDay } from '../shared/format.js';
import { answersOf, kindName, scaleOf, withUnit } from '../shared/kind.js';
import { phaseOf } from '../shared/phase.js';
import { carriedByOption, declaredWords, labelsOf, leftOut, partName, runLooked } from './state.js';
import { phases } from './words.js';

const way = /** @type {const} */ (['open', 'closing', 'locked', 'sealed', 'verified', 'revealed']);

/** The way of a count to the public: locked by the clock, sealed, verified, revealed; or void. */
class Count extends StoreElement {
  #choose = h('select', { 'aria-label': 'Run', onchange: () => StoreElement.store?.set({ looked: this.#choose.value }) });
  #steps = h('ol', { class: 'way' }, ...way.map((phase) => h('li', { 'data-phase': phase }, phases[phase])));
  #text = h('p', { class: 'count-text', role: 'status' });
  #lines = h('ul', { class: 'entries', tabindex: 0, 'aria-label': 'By entry link' });
  #entriesHead = h('summary');
  #entries = h('details', { hidden: true }, this.#entriesHead, this.#lines);
  #places = h('ol', { class: 'places', tabindex: 0, hidden: true, 'aria-label': 'Outcome' });
  #option = h('select', { 'aria-label': 'What came true', onchange: () => StoreElement.store?.set({ came_true: Number(this.#option.value) }) });
  #resolve = h('div', { class: 'resolve', hidden: true }, this.#option, h('tl-action', { name: 'resolve' }));
  #resolves = '';
  #leaders = h('ol', { class: 'entries', tabindex: 0, 'aria-label': 'Leaderboard' });
  #leadersHead = h('summary');
  #board = h('details', { hidden: true }, this.#leadersHead, this.#leaders);
  #certificate = h('button', { type: 'button', class: 'link-button', hidden: true, onclick: () => this.#certify() }, 'Certificate');
  #again = h('tl-action', { name: 'again', hidden: true });
  #correct = h('button', { type: 'button', class: 'action', hidden: true, onclick: () => /** @type {any} */ (document.querySelector('tl-corrections')).open() }, h('span', { class: 'action-label' }, 'Correct…'));
  #runs = '';

  build() {
    this.append(
      h('div', { class: 'count-head' }, h('h2', { class: 'panel-head' }, 'Count'), this.#choose, this.#steps, this.#certificate),
      h('div', { class: 'count-buttons' }, ...['seal', 'verify', 'reveal', 'void'].map((name) => h('tl-action', { name })), this.#again, this.#correct), this.#resolve, this.#text, this.#places, this.#entries, this.#board);
    setInterval(() => StoreElement.store && this.draw(StoreElement.store.state), 500);
  }

  /** Opens the sheet of the run in a tab of its own, which knows this tab's entry. */
  #certify() {
    const state = StoreElement.store?.state;
    const run = state && runLooked(state);
    if (run && StoreElement.desk) open(`/studio/${encodeURIComponent(StoreElement.desk.show)}/certificate/${run.id}`, '_blank');
  }

  /** @param {import('./main.js').StudioState} state */
  draw(state) {
    const { desk } = state;
    if (!desk) return;
    const runs = desk.runs.filter((run) => run.phase !== 'standby' || run.id === desk.program?.run);
    const shape = runs.map((run) => `${run.id} ${run.phase}`).join();
    if (shape !== this.#runs) {
      this.#runs = shape;
      this.#choose.replaceChildren(...runs.map((run) => h('option', { value: run.id }, `${run.cue} · ${phases[run.phase]}${run.rehearsal ? ' · rehearsal' : ''} · ${run.id.slice(0, 4)}`)));
    }
    const run = runLooked(state);
    this.#choose.hidden = !runs.length;
    if (run) this.#choose.value = run.id;
    const phase = run && phaseOf(run, StoreElement.desk?.now() ?? desk.now);
    const at = way.indexOf(/** @type {any} */ (phase));
    for (const [i, step] of [...this.#steps.children].entries()) {
      setAttribute(step, 'data-is', i < at ? 'done' : i === at ? 'now' : undefined);
      setAttribute(step, 'aria-current', i === at ? 'step' : undefined);
    }
    // Before the seal the numbers of the run on program are known, and no others.
    const results = run && !run.seal && run.phase !== 'void' && state.results?.run === run.id ? state.results : undefined;
    const parts = run && results?.outcome && state.gauge?.run?.run === run.id ? state.gauge.run.by_part ?? [] : [];
    setText(this.#text, run ? `${inPlaceOf(desk, run)}${carriedOver(run)}${words(run, phase ?? run.phase)}${results?.outcome ? ' By the rules so far:' : ''}` : 'No run has begun.');
    setAttribute(this.#text, 'data-tone', run ? tone(run) : undefined);
    this.#certificate.hidden = (phase !== 'verified' && phase !== 'revealed') || Boolean(run?.seal?.hidden);
    const counts = ['producer', 'adjudicator'].includes(state.me?.role ?? '');
    this.#again.hidden = phase !== 'void';
    this.#correct.hidden = !counts || !run?.seal || !['sealed', 'verified', 'revealed'].includes(phase ?? '') || (kindName(run) === 'prediction' && !run.seal.by_part?.length);
    this.#drawPlaces(run, run?.seal?.outcome ?? results?.outcome);
    this.#drawEntries(run, parts);
    this.#drawAnswer(state, run);
  }
  /** What came true, and who is in front. @param {import('./main.js').StudioState} state @param {import('../sdk/wire.js').DeskRun|undefined} run */
  #drawAnswer(state, run) {
    this.#resolve.hidden = kindName(run) !== 'prediction' || run?.phase !== 'revealed';
    if (run && !this.#resolve.hidden && this.#resolves !== run.id) {
      this.#resolves = run.id;
      this.#option.replaceChildren(...run.options.map(({ n, label }) => h('option', { value: n }, `${n} ${label}`)));
      StoreElement.store?.set({ came_true: answersOf(run)?.right?.[0] ?? 1 });
    }
    if (state.came_true) this.#option.value = String(state.came_true);
    const board = state.leaderboard;
    this.#board.hidden = !board?.players;
    if (!board?.players) return;
    setText(this.#leadersHead, `Leaderboard${board.round ? ` ${board.round}` : ''}: ${count(board.players)} players`);
    const leaders = board.top.map((line) => `${line.rank}. ${line.name}: ${count(line.points)} points, ${line.right} right in ${(line.ms / 1000).toFixed(1)} s`);
    lines(this.#board, this.#leaders, leaders);
  }
  /** What the run's rules make of the votes. @param {import('../sdk/wire.js').DeskRun|undefined} run @param {import('../sdk/wire.js').Outcome|undefined} outcome */
  #drawPlaces(run, outcome) {
    setAttribute(this.#places, 'aria-label', run?.seal ? 'Outcome' : 'Outcome so far');
    const places = (outcome?.places ?? []).map((place) => {
      const parts = (outcome?.pools ?? []).map((pool) => `${pool.name || 'audience'} ${pool.silent ? 'silent' : count(pool.points[place.n - 1])}`);
      const goal = place.reached === undefined ? '' : place.reached ? ', ✓ reached' : ', not reached';
      return `${place.rank}. ${run?.options[place.n - 1]?.label}: ${count(place.points)} ${outcome?.unit === 'percent' ? '%' : outcome?.unit}${parts.length ? ` (${parts.join(' + ')})` : ''}${goal}`;
    });
    lines(this.#places, this.#places, places);
  }
  /** What the seal says came by each entry link, and their sums; before it what is counted of each part. @param {import('../sdk/wire.js').DeskRun|undefined} run @param {import('../sdk/wire.js').PartCount[]} parts */
  #drawEntries(run, parts) {
    const head = run?.seal ? 'By entry link' : 'By pool so far';
    setText(this.#entriesHead, head);
    setAttribute(this.#lines, 'aria-label', head);
    const line = (/** @type {string} */ name, /** @type {{ counted: number, votes: number[], carried?: number[] }} */ { counted, votes, carried }) =>
      `${name}: ${count(counted)} ${counted === 1 ? 'ballot' : 'ballots'} (${votes.map((n, i) => `${run?.options[i]?.label} ${count(n)}${carried?.[i] ? `, ${count(carried[i])} carried over` : ''}`).join(' · ')})`;
    const entries = (run?.seal?.by_entry ?? []).map((entry) => line(`${entry.excluded ? '✕ left out: ' : ''}${entryName(entry)}`, entry));
    const sums = (run?.seal?.by_part ?? parts).map((part) => line(`all of ${partName(part)}`, part));
    lines(this.#entries, this.#lines, [...entries, ...sums]);
  }
}

/** Puts lines into a list, if they are others; hides what holds it when there are none. @param {HTMLElement} holder @param {HTMLElement} list @param {string[]} texts */
function lines(holder, list, texts) {
  holder.hidden = !texts.length;
  if (texts.join('\n') !== [...list.children].map((line) => line.textContent).join('\n')) list.replaceChildren(...texts.map((text) => h('li', {}, text)));
}

/** In whose place a run is held, and why. @param {import('../sdk/wire.js').DeskView} desk @param {import('../sdk/wire.js').DeskRun} run */
function inPlaceOf(desk, run) {
  if (!run.replaces) return '';
  const reason = desk.runs.find((other) => other.id === run.replaces)?.void_reason;
  return `↻ Held again, in place of the void run ${run.replaces.slice(0, 4)}${reason ? ` (“${reason}”)` : ''}. `;
}

/** Which votes a run begins with, option by option. @param {import('../sdk/wire.js').DeskRun} run */
function carriedOver(run) {
  return run.carried ? `⇥ It ${carriedByOption(run)}.${run.carried.changed ? toDo(run) : ''} ` : '';
}

/** What is to be done where a run begins with votes that are not the result of their round any more. @param {import('../sdk/wire.js').DeskRun} run */
function toDo(run) {
  if (run.phase === 'void' || run.seal?.correction?.declared?.length) return '';
  if (run.phase === 'standby') return ' Put the cue on standby again, once the rounds before it are right.';
  const or = 'the producer voids it and holds it again, or two people declare its result (Correct…';
  return run.seal ? ` The seal stays as it is, and is not decisive: ${or}).` : ` What it is sealed as will not be decisive: ${or} after the seal).`;
}

/** `segment hall, platform tv`, as the start-up message says it. @param {import('../sdk/wire.js').EntryCount} line */
function entryName({ segment, pool, platform }) {
  const said = Object.entries({ segment, pool, platform }).filter(([, name]) => name).map((part) => part.join(' '));
  return said.join(', ') || 'by no link';
}

/** @param {import('../sdk/wire.js').DeskRun} run */
function tone(run) {
  if (run.carried?.changed) return 'bad';
  if (run.phase === 'void' || run.seal?.recount_agrees === false) return 'bad';
  return run.seal && !run.seal.hidden && !scaleOf(run) && (!run.seal.decisive || run.seal.late_would_change_order) ? 'warn' : undefined;
}

/** @param {import('../sdk/wire.js').DeskRun} run @param {import('../sdk/wire.js').Phase} phase */
function words(run, phase) {
  const right = run.right ?? answersOf(run)?.right ?? [];
  const answer = right.length ? `${kindName(run) === 'quiz' ? 'Right' : 'Came true'}: ${right.map((n) => run.options[n - 1]?.label).join(', ')}. ` : '';
  if (phase === 'void') return `✕ Void: ${run.void_reason || 'no reason given'}. Hold it again: the new run says in whose place it is, and everybody may vote again.`;
  const seal = run.seal;
  if (isTapped(run)) return 'Reactions are no ballots: they are not sealed, verified or revealed, and count for nothing.';
  if (!seal) {
    const now = StoreElement.desk?.now() ?? 0;
    if (phase === 'standby') return 'Not open yet.';
    if (phase === 'locked') return 'Locked. Seal closes the buckets and sums them.';
    if (run.locks_at === undefined) return 'Open until it is closed by hand; then it locks after the grace.';
    return `Locks in ${countdown(Math.max(0, run.locks_at - now))}, at ${timeOfDay(run.locks_at)}. Then it can be sealed.`;
  }
  const rated = seal.rated ? `, mean ${withUnit(scaleOf(run), mean(seal.rated.mean))}, median ${withUnit(scaleOf(run), mean(seal.rated.median))}` : '';
  const margin = scaleOf(run) || seal.outcome?.pools?.length ? rated : `, margin ${count(seal.margin)}`;
  // What is declared has no margin: the count beside it has.
  const all = seal.correction?.declared?.length ? seal.correction.counted?.reduce((sum, n) => sum + n, 0) ?? 0 : seal.total;
  const votes = `${seal.correction ? 'Counted: ' : ''}${all === 1 ? '1 vote' : `${count(all)} votes`}`;
  const parts = seal.hidden ? [`Sealed. The numbers are hidden from your role; ${count(seal.outstanding)} outstanding.`] : [`${votes}${margin}, ${count(seal.outstanding)} outstanding${scaleOf(run) ? '' : seal.decisive ? ': ✓ decisive' : ': ≈ not decisive'}.`];
  if (!seal.hidden) parts.push(`${count(seal.late)} late${seal.late ? (scaleOf(run) ? '' : seal.late_would_change_order ? ', ▲ would change the order' : ', would not change the order') : ''}.`);
  if (seal.correction) parts.push(correction(run, seal.correction));
  if (seal.recount_agrees === undefined) parts.push('Not verified yet.');
  else parts.push(seal.recount_agrees ? `✓ Recount agrees${seal.verified_by ? `, verified by ${seal.verified_by}` : ''}.` : '✕ Recount does not agree: an incident. Do not reveal.');
  return `${answer}${parts.join(' ')} Seal ${seal.revision}${seal.rules_hash ? `, rules ${seal.rules_hash.slice(0, 8)}` : ''}.`;
}

/** @param {import('../sdk/wire.js').DeskRun} run @param {import('../sdk/wire.js').CorrectionView} one */
function correction(run, one) {
  const said = [one.excluded?.length ? `without ${leftOut(one.excluded)}` : '', one.declared?.length ? `declared, not counted: ${declaredWords(run, one.declared)}` : '', one.right?.length ? `declared right: ${labelsOf(run, one.right)}` : ''].filter(Boolean).join('; ');
  return `▲ Corrected by ${one.by.join(' and ')}: ${said || 'what was counted stands'} (“${one.reason}”).`;
}

customElements.define('tl-count', Count);
