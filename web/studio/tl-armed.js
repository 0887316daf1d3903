import { StoreElement, h, setText } from '../shared/element.js';
import { cueOf, declaredWords, labelsOf, leftOut } from './state.js';
import { proposed } from './tl-proposals.js';
import { verbs } from './words.js';

const words = {
  reveal: { title: 'Reveal is armed', text: 'The result of {what} goes to everybody. It cannot be taken back.', go: 'Reveal now', key: 'R' },
  resolve: { title: 'Resolve is armed', text: '“{right}” came true: who chose it in {what} gets the points.', go: 'Resolve now', key: '⇧R' },
  void: { title: 'Void is armed', text: 'No ballot of {what} will count, for ever. Reason: “{reason}”.', go: 'Void now', key: '⇧V' },
  write_off: { title: 'Write off is armed', text: 'Nobody waits for the data directory of node {what} any more. Ballots that only its disk had are lost, and every later seal says how many they may be. Reason: “{reason}”.', go: 'Write off now', key: '' },
  confirm: { title: 'Confirm is armed', text: '{by} proposes: “{proposal}”. With your name beside it is done, and cannot be taken back.', go: 'Confirm now', key: '' },
  exclude: { title: 'Leave out is armed', text: 'It is proposed that nothing of {left} counts in {what}; another person confirms it. Reason: “{reason}”.', go: 'Propose now', key: '' },
  override: { title: 'Declare is armed', text: 'It is proposed to declare for {what}: {declared}; another person confirms it. Reason: “{reason}”.', go: 'Propose now', key: '' },
  go_live: { title: 'Go live is armed', text: 'Rehearsal ends. From here on everything counts.', go: 'Go live now', key: '⇧G' },
};

/** What is armed, for how long, and the second press. Cancel has the focus: doing nothing is the default. */
class Armed extends StoreElement {
  #title = h('strong', { id: 'armed-title' });
  #left = h('span', { class: 'armed-left' });
  #text = h('p', { id: 'armed-text' });
  #bar = h('span', { class: 'armed-bar', 'aria-hidden': 'true' });
  #cancel = h('button', { type: 'button', class: 'action armed-cancel', onclick: () => StoreElement.desk?.cancel() }, h('span', { class: 'action-label' }, 'Cancel'), h('kbd', { 'aria-hidden': 'true' }, 'Esc'));
  #goLabel = h('span', { class: 'action-label' });
  #goKey = h('kbd', { 'aria-hidden': 'true' });
  #go = h('button', { type: 'button', class: 'action armed-go', onclick: () => this.#second() }, this.#goLabel, this.#goKey);
  #reason = h('input', { type: 'text', class: 'armed-reason', maxlength: 200, 'aria-label': 'Reason', placeholder: 'Why? It is written in the as-run log.', onkeydown: (event) => /** @type {KeyboardEvent} */ (event).key === 'Enter' && this.#second() });
  #panel = h('div', { class: 'armed', role: 'alertdialog', 'aria-labelledby': 'armed-title', 'aria-describedby': 'armed-text' }, this.#bar,
    h('div', { class: 'armed-words' }, h('p', {}, this.#title, ' ', this.#left), this.#text, this.#reason), this.#cancel, this.#go);
  #shown = '';
  /** @type {HTMLElement|null} where the focus goes back to */
  #before = null;

  build() {
    this.append(this.#panel);
    this.#panel.hidden = true;
    setInterval(() => this.#tick(), 100);
  }

  /** Opens the panel to write why a run is void, or a node is given up; arming comes after. @param {import('./main.js').Arming} arming */
  askReason(arming) {
    this.#reason.value = '';
    const { store } = StoreElement;
    store?.set({ arming });
    // At once: what is written next is the reason, and no key of the desk.
    if (store) this.draw(store.state);
  }

  #second() {
    const arming = StoreElement.store?.state.arming;
    if (!arming) return;
    if (arming.until) return StoreElement.desk?.fire();
    const reason = this.#reason.value.trim();
    const { what, run, until: _, ...says } = arming;
    if (reason) StoreElement.desk?.arm(what, run, { ...says, reason });
    else this.#reason.focus();
  }

  #tick() {
    const arming = StoreElement.store?.state.arming;
    if (!arming?.until || !StoreElement.desk) return;
    const left = arming.until - StoreElement.desk.now();
    if (left <= 0) {
      StoreElement.store?.set({ arming: undefined });
      return StoreElement.desk.say('plain', 'The 5 s are over. Nothing was done.', '');
    }
    setText(this.#left, `${(left / 1000).toFixed(1)} s`);
    this.#bar.style.setProperty('transform', `scaleX(${(left / 5000).toFixed(3)})`);
  }

  /** @param {import('./main.js').StudioState} state */
  draw(state) {
    const { arming, desk } = state;
    // What is armed is all of it: the same verb over another run or proposal is another thing.
    const { until, ...whole } = arming ?? {};
    const shown = arming ? JSON.stringify([whole, Boolean(until)]) : '';
    if (shown === this.#shown) return;
    const focused = this.#panel.contains(document.activeElement);
    if (arming && !focused) this.#before = /** @type {HTMLElement|null} */ (document.activeElement);
    this.#shown = shown;
    this.#panel.hidden = !arming;
    if (!arming) {
      if (focused) this.#before?.focus();
      return;
    }
    const run = desk?.runs.find((one) => one.id === arming.run);
    const what = run ? `${run.cue} ${cueOf(state, run.cue)?.title ?? ''}` : arming.node?.slice(0, 8) ?? '';
    const proposal = desk?.proposals?.find((one) => one.id === arming.proposal);
    const [word, verb] = [words[arming.what], verbs[arming.what]];
    setText(this.#title, arming.until ? word.title : `${verb} ${what}?`);
    setText(this.#text, arming.until ? word.text.replace('{what}', what).replace('{reason}', arming.reason ?? '').replace('{right}', labelsOf(run, arming.right ?? [])).replace('{left}', leftOut(arming.entries ?? []) || 'no part').replace('{declared}', declaredWords(run, arming.thousandths ?? []) || (arming.what === 'override' && arming.right?.length ? `${labelsOf(run, arming.right)} is right` : 'nothing')).replace('{by}', proposal?.by ?? '').replace('{proposal}', proposal ? proposed(state, proposal) : '') : 'Say why; then it is armed.');
    setText(this.#goLabel, arming.until ? word.go : `Arm ${verb.toLowerCase()}`);
    setText(this.#goKey, arming.until ? word.key : '↵');
    this.#goKey.hidden = Boolean(arming.until) && !word.key;
    this.#reason.hidden = Boolean(arming.until);
    this.#bar.hidden = !arming.until;
    if (!arming.until) setText(this.#left, '');
    this.#tick();
    (arming.until ? this.#cancel : this.#reason).focus();
  }
}

customElements.define('tl-armed', Armed);
