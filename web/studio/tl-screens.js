import { StoreElement, h, setText } from '../shared/element.js';

/** A screen that was silent for this long is not believed any more. */
const SILENT_MS = 3500;

/** Which screens report, and whether they show what they should. */
class Screens extends StoreElement {
  #list = h('ul', { class: 'screens' });
  #none = h('p', { class: 'quiet' }, 'No screen reports.');

  build() {
    this.append(h('div', { class: 'screens-head' }, h('h2', { class: 'panel-head' }, 'Screens'), h('tl-overlay')), this.#none, this.#list);
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ gauge, seen }) {
    const screens = gauge?.screens ?? [];
    this.#none.hidden = screens.length > 0;
    while (this.#list.children.length > screens.length) this.#list.lastElementChild?.remove();
    for (const [i, screen] of screens.entries()) {
      const line = this.#list.children[i] ?? this.#list.appendChild(h('li', { class: 'screen' }, h('span', { class: 'screen-sign' }), h('span', { class: 'screen-name' }), h('span', { class: 'screen-state' })));
      const silent = (gauge?.now ?? 0) - screen.at > SILENT_MS;
      // Not the desk's revision: one that changes nothing to be seen is not sent to screens.
      const behind = (seen?.rev ?? 0) - screen.rev;
      const is = silent ? 'silent' : screen.active ? 'air' : screen.visible ? 'seen' : 'off';
      line.setAttribute('data-is', is);
      setText(line.querySelector('.screen-sign'), { silent: '▲', air: '●', seen: '◐', off: '○' }[is]);
      setText(line.querySelector('.screen-name'), screen.name);
      const where = { silent: `silent for ${Math.round(((gauge?.now ?? 0) - screen.at) / 1000)} s`, air: 'in program', seen: 'visible', off: 'not visible' }[is];
      setText(line.querySelector('.screen-state'), `${screen.host} · ${where} · ${behind > 0 ? `behind, at rev ${screen.rev}` : 'up to date'} · ${screen.fps} fps`);
    }
  }
}

customElements.define('tl-screens', Screens);
