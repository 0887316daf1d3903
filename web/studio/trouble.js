/** What is wrong with this node, or with what it leans on, in one line for the top of every page of staff. Pure. */
import { timeOfDay } from '../shared/format.js';
import { stances } from './words.js';

/** Stances in which this node takes no ballots, and what to do. @type {Record<string, string>} */
const closed = {
  disk_full: 'The disk is full: no ballots are taken. Make room, and it goes on by itself.',
  journal_failed: 'The disk failed: no ballots are taken. Start this node anew, now.',
  draining: 'This node is being stopped: pages go to another one.',
};

/** @param {import('../sdk/wire.js').RedisGauge} redis that does not answer */
export function redisAway({ down_since }) {
  return `Redis does not answer${down_since ? ` since ${timeOfDay(down_since)}` : ''}: ballots are held; clear, panic, freeze and pull work.`;
}

/** Empty where all is well. @param {import('../sdk/wire.js').Gauge|undefined} gauge */
export function trouble(gauge) {
  if (!gauge) return '';
  const { node, redis, nodes = [] } = gauge;
  if (closed[node.stance]) return closed[node.stance];
  if (redis && !redis.ok) return redisAway(redis);
  if (redis?.buckets_away) return 'A part of Redis does not answer: its ballots are held, others are counted. See Node.';
  if (!node.clock_ok) return 'The clock of this node is not sure. See Node.';
  if (node.stance !== 'open') return `${stances[node.stance] ?? node.stance} on this node. See Node.`;
  const other = nodes.find((one) => one.stance !== 'open');
  return other ? `Node ${other.node.slice(0, 8)}: ${(stances[other.stance] ?? other.stance).toLowerCase()}.` : '';
}
