import { StoreElement, setText } from '../shared/element.js';
import { say } from './words.js';

/** The strip that says that this is a rehearsal. */
class Rehearsal extends StoreElement {
  /** @param {import('./audience.js').AudienceState} state */
  draw({ show }) {
    this.hidden = !show?.rehearsal;
    setText(this, show?.rehearsal ? say('rehearsal') : '');
  }
}

customElements.define('tl-rehearsal', Rehearsal);
