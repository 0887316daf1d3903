import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { countdown, timeOfDay } from '../shared/format.js';
import { leftMs, phaseOf } from '../shared/phase.js';
import { cueOf, nextCue, programRun } from '../studio/state.js';
import { trouble } from '../studio/trouble.js';
import { graphics, phases, steps } from '../studio/words.js';

/** After this silence the page says how old it is. */
const OLD_MS = 2500;

/** The top: which show, rehearsal or live, and how this phone is connected. */
class ThumbHead extends StoreElement {
  #title = h('h1');
  #mode = h('p', { class: 'mode', role: 'status' });
  #link = h('p', { class: 'link', role: 'status' });

  build() {
    this.append(this.#title, this.#mode, this.#link);
    setInterval(() => this.#tick(), 250);
  }

  #tick() {
    const { desk } = StoreElement;
    const link = StoreElement.store?.state.link;
    if (!desk || !link) return;
    const age = Date.now() - desk.heard_at;
    const up = link.is === 'up';
    const old = !up || age > OLD_MS;
    const wrong = trouble(StoreElement.store?.state.gauge);
    setAttribute(this.#link, 'data-old', old || Boolean(wrong));
    const words = up ? (old ? '▲ Connected, but silent' : wrong ? `▲ ${wrong}` : '● Connected') : link.offline ? '▲ No network' : '▲ No connection';
    setText(this.#link, old && desk.heard_at ? `${words}, as of ${timeOfDay(desk.now() - age)}` : words);
  }

  /** @param {import('../studio/main.js').StudioState} state */
  draw({ desk }) {
    if (!desk) return;
    setText(this.#title, desk.title);
    setText(this.#mode, desk.rehearsal ? 'Rehearsal' : 'Live show');
    setAttribute(this, 'data-mode', desk.rehearsal ? 'rehearsal' : 'live');
    this.#tick();
  }
}

/** What is on program, and its clock. */
class ThumbNow extends StoreElement {
  #label = h('h2');
  #cue = h('p', { class: 'cue' });
  #question = h('p', { class: 'question' });
  #phase = h('span', { class: 'phase' });
  #time = h('span', { class: 'time', role: 'timer' });
  #graphic = h('p', { class: 'graphic' });

  build() {
    this.append(this.#label, this.#cue, this.#question, h('p', { class: 'clock' }, this.#phase, this.#time), this.#graphic);
    setInterval(() => this.#tick(), 200);
  }

  #tick() {
    const state = StoreElement.store?.state;
    const run = state && programRun(state);
    const now = StoreElement.desk?.now() ?? 0;
    setText(this.#phase, !run ? '' : run.hold ? '‖ On hold' : phases[phaseOf(run, now)]);
    const left = run && leftMs(run, now);
    setText(this.#time, left !== undefined ? countdown(left) : run && phaseOf(run, now) === 'open' ? 'by hand' : '');
    setAttribute(this.#time, 'data-last', left !== undefined && left <= 10_000);
    setAttribute(this, 'data-open', Boolean(run) && run?.phase === 'open');
  }

  /** @param {import('../studio/main.js').StudioState} state */
  draw(state) {
    const { desk } = state;
    if (!desk) return;
    const run = programRun(state);
    const cue = cueOf(state, desk.program?.cue);
    const air = Boolean(run) && desk.graphic.state === 'on_air';
    setAttribute(this, 'data-air', air);
    setText(this.#label, air ? '● Now' : '○ Now');
    setText(this.#cue, cue ? `${cue.number} ${cue.title}` : 'Nothing is on program');
    setText(this.#question, run && run.question !== cue?.title ? run.question : '');
    setText(this.#graphic, run ? `${graphics[desk.graphic.state]} · ${steps[desk.graphic.step] ?? ''}${desk.graphic.frozen ? ' · ❄ frozen' : ''}` : '');
    this.#tick();
  }
}

/** What the next take puts on program. */
class ThumbNext extends StoreElement {
  #label = h('h2', {}, '▸ Next');
  #cue = h('p', { class: 'cue' });
  #question = h('p', { class: 'question' });

  build() {
    this.append(this.#label, this.#cue, this.#question);
  }

  /** @param {import('../studio/main.js').StudioState} state */
  draw(state) {
    const on = cueOf(state, state.desk?.standby?.cue);
    const then = on ?? nextCue(state, 1);
    setText(this.#cue, on ? `${on.number} ${on.title}` : then ? `Standby is empty: Next takes ${then.number}` : 'The rundown ends here');
    setText(this.#question, on && on.question !== on.title ? on.question : '');
    setAttribute(this, 'data-empty', !on);
  }
}

/** The buttons, the one that is pressed most nearest to the thumb. */
class ThumbPad extends StoreElement {
  #control = h('tl-hold', { label: 'Take control', class: 'wide' });
  #panic = h('tl-hold', { label: 'Panic', class: 'panic' });

  build() {
    this.#control.addEventListener('tl-held', () => StoreElement.desk?.send({ do: 'control', action: 'take_over' }));
    this.#panic.addEventListener('tl-held', () => StoreElement.desk?.send({ do: 'panic' }));
    const button = (/** @type {string} */ name) => h('tl-action', { name });
    this.append(this.#control, this.#panic, button('clear'), button('back'), button('next'), button('open'), button('close'), button('step'), button('take'));
  }

  /** @param {import('../studio/main.js').StudioState} state */
  draw({ desk, me }) {
    if (!desk || !me) return;
    const may = me.role === 'operator' || me.role === 'producer';
    this.#control.hidden = !may || !desk.owner || desk.owner.session === me.session;
    setAttribute(this.#control, 'title', desk.owner ? `${desk.owner.name} has control` : undefined);
  }
}

customElements.define('tl-thumb-head', ThumbHead);
customElements.define('tl-thumb-now', ThumbNow);
customElements.define('tl-thumb-next', ThumbNext);
customElements.define('tl-thumb-pad', ThumbPad);
