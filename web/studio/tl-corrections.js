import { StoreElement, h, setText } from '../shared/element.js';
import { count } from '../shared/format.js';
import { answersOf, kindName } from '../shared/kind.js';
import { partName, runLooked } from './state.js';

/** Corrects a sealed run: what is left out of it, or declared in place of it (of a quiz: what is right). All are proposed here, and another person confirms. */
class Corrections extends StoreElement {
  #title = h('h2', { id: 'corrections-title' });
  #parts = h('fieldset', { class: 'corrections-parts' });
  #values = h('fieldset', { class: 'corrections-values' });
  #reason = h('input', { id: 'corrections-reason', type: 'text', maxlength: 300, autocomplete: 'off', placeholder: 'The seal keeps it, and so does the log.' });
  #problem = h('p', { role: 'status', class: 'corrections-problem' });
  #back = h('button', { type: 'button', class: 'plain-button', onclick: () => this.#declare([]) }, 'Take the declaration back…');
  #acts = h('div', { class: 'pick-acts' }, h('button', { type: 'button', class: 'plain-button', onclick: () => this.#declareAll() }, 'Propose to declare these…'), this.#back);
  #exclude = h('button', { type: 'button', class: 'plain-button', onclick: () => this.#leaveOut() }, 'Propose to leave out what is ticked…');
  #dialog = h('dialog', { class: 'triggers corrections', 'aria-labelledby': 'corrections-title' });
  #run = '';

  build() {
    this.#dialog.append(
      h('div', { class: 'help-head' }, this.#title, h('button', { type: 'button', class: 'action', onclick: () => this.#dialog.close() }, h('span', { class: 'action-label' }, 'Close'), h('kbd', { 'aria-hidden': 'true' }, 'Esc'))),
      h('p', {}, 'Nothing is counted again and nothing is lost: the seal of what was counted stays, and a new one says what is left out or declared, why, and who decided. It takes two people.'),
      h('label', { for: 'corrections-reason' }, 'Reason'), this.#reason, this.#problem,
      this.#parts, this.#exclude,
      this.#values, this.#acts);
    this.append(this.#dialog);
  }

  /** Opens for the run that is looked at. */
  open() {
    const run = StoreElement.store && runLooked(StoreElement.store.state);
    if (!run?.seal) return;
    this.#run = run.id;
    const { by_part = [], correction, outcome } = run.seal;
    setText(this.#title, `Correct ${run.cue}, seal ${run.seal.revision}`);
    setText(this.#problem, '');
    this.#reason.value = '';
    const out = correction?.excluded ?? [];
    this.#parts.replaceChildren(h('legend', {}, 'Leave out'), ...by_part.map((part) => h('label', {},
      h('input', { type: 'checkbox', value: JSON.stringify({ [part.of]: part.name }), ...(out.some((one) => one[part.of] === part.name) ? { checked: true } : {}) }),
      ` ${partName(part)}: ${count(part.counted)} ${part.counted === 1 ? 'ballot' : 'ballots'}`)));
    this.#parts.hidden = this.#exclude.hidden = !by_part.length;
    const kind = kindName(run);
    // Points are made of what came true: that is said again by a resolve.
    this.#values.hidden = this.#acts.hidden = kind === 'prediction';
    this.#back.hidden = !correction?.declared?.length && !correction?.right?.length;
    if (kind === 'quiz') {
      const right = run.right ?? answersOf(run)?.right ?? [];
      this.#values.replaceChildren(h('legend', {}, 'Declare right'), ...run.options.map(({ n, label }) => h('label', {}, h('input', { type: 'checkbox', value: n, ...(right.includes(n) ? { checked: true } : {}) }), ` ${label}`)));
      return this.#dialog.showModal();
    }
    const unit = outcome?.pools?.length || (outcome && outcome.unit !== 'votes') ? outcome.unit === 'percent' ? '%' : outcome.unit : 'votes';
    const pointsOf = (/** @type {number} */ n) => outcome?.places.find((place) => place.n === n)?.points ?? 0;
    const values = correction?.declared?.map((value) => value / 1000) ?? (unit === 'votes' ? correction?.counted ?? this.#votes(run) : run.options.map(({ n }) => pointsOf(n)));
    this.#values.replaceChildren(h('legend', {}, `Declare (${unit})`), ...run.options.map((option, i) => h('label', {}, `${option.label} `,
      h('input', { type: 'number', min: 0, step: unit === 'votes' ? 1 : 'any', value: values[i] ?? 0 }))));
    this.#dialog.showModal();
  }

  /** Votes as they were counted, which the studio has by entry or as results. @param {import('../sdk/wire.js').DeskRun} run */
  #votes(run) {
    const lines = run.seal?.by_entry ?? [];
    const results = StoreElement.store?.state.results;
    return run.options.map((_, i) => (lines.length ? lines.reduce((sum, line) => sum + line.votes[i], 0) : results?.run === run.id ? results.options[i].votes : 0));
  }

  #leaveOut() {
    const ticked = [...this.#parts.querySelectorAll('input')].filter((box) => box.checked);
    this.#arm('exclude', { entries: ticked.map((box) => JSON.parse(box.value)) });
  }

  #declareAll() {
    const inputs = [...this.#values.querySelectorAll('input')];
    if (inputs[0]?.type === 'checkbox') {
      const right = inputs.filter((box) => box.checked).map((box) => Number(box.value));
      if (right.length) return this.#arm('override', { right });
      setText(this.#problem, 'Tick what is right.');
      return inputs[0].focus();
    }
    const empty = inputs.find((input) => !Number.isFinite(input.valueAsNumber) || input.valueAsNumber < 0);
    if (empty) {
      setText(this.#problem, 'Give every option a number, 0 where it has nothing.');
      return empty.focus();
    }
    this.#declare(inputs.map((input) => Math.round(input.valueAsNumber * 1000)));
  }

  /** @param {number[]} thousandths */
  #declare(thousandths) {
    this.#arm('override', { thousandths });
  }

  /** @param {'exclude'|'override'} what @param {import('./main.js').Says} says */
  #arm(what, says) {
    const reason = this.#reason.value.trim();
    if (!reason) {
      setText(this.#problem, 'Say why first.');
      return this.#reason.focus();
    }
    this.#dialog.close();
    StoreElement.desk?.arm(what, this.#run, { ...says, reason });
  }
}

customElements.define('tl-corrections', Corrections);
