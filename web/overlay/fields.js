/**
 * What a graphics system hands to `update`: JSON text, an object, or CasparCG's `<templateData>` XML. Always gives an object with
 * texts; what cannot be read gives an empty one.
 *
 * Fields: f0 `current` | `next` (standby) | `manual` | a cue's number, shown while it is one of the two; f1 `question` | `live` |
 * `final` | `winner` | `leaderboard` | `bracket` | `ticker` (one line along the bottom) | `qr` (the code that leads to the audience page); f2 a title instead of
 * the question;
 * f3 `percent` | `votes` | `none`; f4 most options shown; f90 server; f91 key; f99 theme; m_q, m_o1…m_o8, m_p1…m_p8 by hand.
 */
/** @type {any} */ (window).tallylight.readFields = (/** @type {unknown} */ data) => {
  /** @type {Record<string, string>} */
  const fields = {};
  try {
    const raw = typeof data === 'string' ? readText(data.trim()) : data;
    if (raw && typeof raw === 'object') {
      for (const [name, value] of Object.entries(raw)) {
        if (value !== null && value !== undefined && typeof value !== 'object') fields[name] = String(value);
      }
    }
  } catch {
    return {};
  }
  return fields;

  /** @param {string} text */
  function readText(text) {
    if (!text.startsWith('<')) return JSON.parse(text);
    /** @type {Record<string, string>} */
    const read = {};
    const xml = new DOMParser().parseFromString(text, 'text/xml');
    for (const component of xml.querySelectorAll('componentData[id]')) {
      const value = component.querySelector('data[value]');
      read[component.getAttribute('id') ?? ''] = value?.getAttribute('value') ?? '';
    }
    return read;
  }
};
