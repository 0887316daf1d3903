import { StoreElement, h, setAttribute, setText } from '../shared/element.js';

/** Who may take, who asks for it, and who else is here. */
class Control extends StoreElement {
  #owner = h('p', { class: 'control-owner', role: 'status' });
  #asks = h('p', { class: 'control-asks', role: 'status' });
  #staff = h('ul', { class: 'staff' });
  #ask = h('tl-action', { name: 'control' });
  #grant = h('tl-action', { name: 'grant' });
  #over = h('tl-hold', { label: 'Take over' });

  build() {
    this.#over.addEventListener('tl-held', () => StoreElement.desk?.send({ do: 'control', action: 'take_over' }));
    this.append(h('h2', { class: 'panel-head' }, 'Control'), this.#owner, this.#asks, h('div', { class: 'control-buttons' }, this.#ask, this.#grant, this.#over), this.#staff);
  }

  /** @param {import('./main.js').StudioState} state */
  draw({ desk, me }) {
    if (!desk) return;
    const mine = Boolean(me && desk.owner?.session === me.session);
    setText(this.#owner, mine ? '◆ You have control' : desk.owner ? `◇ ${desk.owner.name} has control` : '◇ Nobody has control; the first command takes it');
    setAttribute(this, 'data-mine', mine);
    const asks = desk.requests.map((one) => one.name).join(', ');
    setText(this.#asks, asks ? `▲ ${asks} ${desk.requests.length > 1 ? 'ask' : 'asks'} for control` : '');
    this.#grant.hidden = !mine || !desk.requests.length;
    this.#over.hidden = mine || !desk.owner || !(me?.role === 'operator' || me?.role === 'producer');
    const lines = desk.staff.map((one) => `${one.name} · ${one.role}${one.session === me?.session ? ' (you)' : ''}`);
    if (lines.join('\n') !== [...this.#staff.children].map((line) => line.textContent).join('\n')) this.#staff.replaceChildren(...lines.map((line) => h('li', {}, line)));
  }
}

customElements.define('tl-control', Control);
