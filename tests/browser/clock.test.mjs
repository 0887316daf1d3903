// The server's time on a device: which answer is believed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerClock } from "../../web/sdk/clock.js";

/** A server that is `ahead`, whose answers take so long there, in it, and back. @param {number} ahead @param {number[][]} ways */
function server(ahead, ways) {
  const local = () => performance.timeOrigin + performance.now();
  return async (/** @type {number} */ t0) => {
    const [there, within, back] = ways.shift() ?? [0, 0, 0];
    const pass = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));
    await pass(there);
    const t1 = local() + ahead;
    await pass(within);
    const t2 = local() + ahead;
    await pass(back);
    return { t0, t1, t2 };
  };
}

/** How far the clock is from the server's. @param {ServerClock} clock @param {number} ahead */
const wrong = (clock, ahead) => Math.abs(clock.now() - (performance.timeOrigin + performance.now() + ahead));

test("the answer that was least on its way is believed, however long the server had it", async () => {
  const clock = new ServerClock();
  // By the whole time the second one looks the quickest, and it is 90 ms wrong.
  assert(await clock.sync(server(5000, [[5, 400, 5], [0, 0, 180], [0, 0, 300]])));
  assert(wrong(clock, 5000) < 40, `${wrong(clock, 5000)} ms wrong`);
});

test("an answer to another question sets nothing", async () => {
  const clock = new ServerClock();
  clock.hear(Date.now() + 1000);
  assert(await clock.sync(async () => ({ t0: 7, t1: 1, t2: 1 })));
  assert(wrong(clock, 1000) < 100, "what the welcome said stands");
});

test("an older server says its time alone", async () => {
  const clock = new ServerClock();
  const older = async () => /** @type {any} */ ({ now: Math.round(performance.timeOrigin + performance.now()) + 5000 });
  assert(await clock.sync(older));
  assert(clock.known && !clock.doubtful);
  assert(wrong(clock, 5000) < 100, `${wrong(clock, 5000)} ms wrong`);
});
