/** The audience's view of a show as an element, as `/sdk/v1/tallylight-show.js`. What is promised is in tallylight-show.d.ts beside it. */
export { TallylightShow } from '../show.js';
