/** The wire for programs of other sites, as `/sdk/v1/tallylight.js`. What is promised is in tallylight.d.ts beside it. */
export { Client } from '../tallylight.js';
