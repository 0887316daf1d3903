/** `<tallylight-show show="…">`: the audience's view of a show as an element of any page. */

import type { Client, Events } from './tallylight.js';

/**
 * Attributes: `show` (its id), `server` (where it runs; left out: where this module is from), `lang` (what the page around is in; the
 * viewer's own choice goes before it), `entry` (the code of an entry link), `theme` (`light` or `dark`; left out: as the device is set).
 *
 * Custom properties begin with `--tl-`: `--tl-accent`, `--tl-on-accent`, `--tl-accent-soft`, `--tl-bar`, `--tl-bar-win`, `--tl-page`,
 * `--tl-surface`, `--tl-text`, `--tl-quiet`, `--tl-line`, `--tl-radius`, `--tl-font`. Parts: `header`, `question`, `option`, `button`, `receipt`, `connection`, `about`.
 */
export class TallylightShow extends HTMLElement {
  /** Undefined while the element is in no page, or names no show. */
  readonly client: Client | undefined;
  addEventListener<K extends keyof Events>(type: K, listener: (event: CustomEvent<Events[K]>) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener<K extends keyof HTMLElementEventMap>(type: K, listener: (event: HTMLElementEventMap[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'tallylight-show': TallylightShow;
  }
}
