import { StoreElement, h } from '../shared/element.js';
import { languages, say, spoken } from './words.js';

/** The switch between languages, each called by its own name. */
class LanguageSwitch extends StoreElement {
  build() {
    const { lang } = spoken();
    const options = Object.entries(languages).map(([tag, name]) => h('option', { value: tag, lang: tag, selected: tag === lang }, name));
    const choose = h('select', { 'aria-label': say('language'), onchange: () => this.store?.state.speak(choose.value) }, ...options);
    // The box shows the short sign of the language, so that it leaves room for the show's name; opened it shows all names.
    this.append(h('span', { class: 'language-sign', 'aria-hidden': 'true' }, lang), choose);
  }
}

customElements.define('tl-language', LanguageSwitch);
