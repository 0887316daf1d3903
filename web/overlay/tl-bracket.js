/**
 * The bracket on air: a column for each round, a plate for each match, who came on in front. Only opacity moves.
 */
(() => {
  class BracketGraphic extends HTMLElement {
    #drawn = '';
    #head = slot('bracket-head');
    #rounds = slot('bracket-rounds');

    connectedCallback() {
      this.append(this.#head, this.#rounds);
    }

    /** @param {any} picture */
    draw(picture) {
      this.dataset.panic = String(picture.at_once && !picture.visible);
      this.dataset.visible = String(picture.visible);
      if (!picture.visible || !picture.bracket) return;
      this.dir = picture.dir;
      const drawn = JSON.stringify([picture.bracket, picture.question]);
      if (drawn === this.#drawn) return;
      this.#drawn = drawn;
      this.#head.textContent = picture.question;
      this.#rounds.replaceChildren(...picture.bracket.map(round));
    }
  }

  /** @param {any} one */
  function round(one) {
    const node = slot('bracket-round');
    const matches = slot('bracket-matches');
    matches.dataset.many = String(one.matches.reduce((/** @type {number} */ lines, /** @type {any[]} */ sides) => lines + sides.length, 0) > 10);
    matches.append(...one.matches.map((/** @type {any} */ sides) => {
      const match = slot('bracket-match');
      match.append(...sides.map((/** @type {any} */ side) => {
        const line = slot('bracket-side');
        line.textContent = side.label;
        line.dataset.is = side.is;
        return line;
      }));
      return match;
    }));
    const name = slot('bracket-name');
    name.textContent = one.name;
    node.append(name, matches);
    return node;
  }

  /** @param {string} name */
  function slot(name) {
    const node = document.createElement('div');
    node.className = name;
    return node;
  }

  customElements.define('tl-bracket', BracketGraphic);
})();
