import { StoreElement, h, setAttribute, setText } from '../shared/element.js';
import { say } from './words.js';

/** How this page is connected right now, in words and with a sign. */
class Connection extends StoreElement {
  #sign = h('span', { class: 'connection-sign', 'aria-hidden': 'true' });
  #words = h('span');
  #kind = h('span', { class: 'connection-kind' });
  #astray = h('span', { class: 'connection-astray', hidden: true }, say('astray'));

  build() {
    this.append(this.#sign, this.#words, this.#kind, this.#astray);
  }

  /** @param {import('./audience.js').AudienceState} state */
  draw({ link, astray }) {
    setAttribute(this, 'data-is', link.offline ? 'down' : link.is);
    this.#astray.hidden = !astray;
    setText(this.#sign, link.is === 'up' ? '●' : '○');
    setText(this.#words, words(link));
    setText(this.#kind, link.is === 'up' ? say(`transport_${link.kind}`) : '');
  }
}

/** @param {import('../sdk/tallylight.js').LinkState} link */
function words(link) {
  if (link.is === 'ended') {
    const { why } = link;
    return say(why === 'no_show' || why === 'forbidden' || why === 'replaced' || why === 'bad_origin' ? `ended_${why}` : 'ended_other');
  }
  if (link.offline) return say('offline');
  if (link.is === 'up') return say(`connected_${link.kind}`);
  return say(link.is === 'down' ? 'down' : 'connecting');
}

customElements.define('tl-connection', Connection);
