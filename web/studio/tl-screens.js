import { StoreElement, h, setText } from '../shared/element.js';
import { PANE_HOST } from './tl-panes.js';

/** Which screens report, and whether they show what they should. */
class Screens extends StoreElement {
  #list = h('ul', { class: 'screens' });
  #none = h('p', { class: 'quiet' }, 'No screen reports.');

  build() {
    this.append(h('div', { class: 'screens-head' }, h('h2', { class: 'panel-head' }, 'Screens'), h('tl-overlay')), this.#none, this.#list);
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ gauge }) {
    // What the panes of studio pages show is on the panes.
    const screens = (gauge?.screens ?? []).filter((screen) => screen.host !== PANE_HOST);
    this.#none.hidden = screens.length > 0;
    while (this.#list.children.length > screens.length) this.#list.lastElementChild?.remove();
    for (const [i, screen] of screens.entries()) {
      const line = this.#list.children[i] ?? this.#list.appendChild(h('li', { class: 'screen' }, h('span', { class: 'screen-sign' }), h('span', { class: 'screen-name' }), h('span', { class: 'screen-state' })));
      const { state } = screen;
      const is = state === 'silent' ? 'silent' : screen.active ? 'air' : screen.visible ? 'seen' : 'off';
      line.setAttribute('data-is', is);
      setText(line.querySelector('.screen-sign'), { silent: '▲', air: '●', seen: '◐', off: '○' }[is]);
      setText(line.querySelector('.screen-name'), screen.name);
      const where = { silent: `silent for ${Math.round(((gauge?.now ?? 0) - screen.at) / 1000)} s`, air: 'in program', seen: 'visible', off: 'not visible' }[is];
      const keeps = { current: 'up to date', changing: 'changing', behind: `behind, at rev ${screen.rev}`, silent: `last at rev ${screen.rev}` }[state];
      setText(line.querySelector('.screen-state'), `${screen.host} · ${where} · ${keeps} · ${screen.fps} fps`);
    }
  }
}

customElements.define('tl-screens', Screens);
