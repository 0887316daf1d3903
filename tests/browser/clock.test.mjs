// The server's time on a device: which answer is believed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerClock } from "../../web/sdk/clock.js";

/** Time passes only when a test says so. @param {import("node:test").TestContext} t */
function time(t) {
  let at = 0;
  t.mock.method(performance, "now", () => at);
  t.mock.method(Date, "now", () => performance.timeOrigin + at);
  return (/** @type {number} */ ms) => { at += ms; };
}

const local = () => performance.timeOrigin + performance.now();

/** A server that is `ahead`, whose answers take so long there, in it, and back. @param {(ms: number) => void} pass @param {number} ahead @param {number[][]} ways */
function server(pass, ahead, ways) {
  return async (/** @type {number} */ t0) => {
    const [there, within, back] = ways.shift() ?? [0, 0, 0];
    pass(there);
    const t1 = local() + ahead;
    pass(within);
    const t2 = local() + ahead;
    pass(back);
    return { t0, t1, t2 };
  };
}

/** How far the clock is from the server's. @param {ServerClock} clock @param {number} ahead */
const wrong = (clock, ahead) => Math.abs(clock.now() - (local() + ahead));

test("the answer that was least on its way is believed, however long the server had it", async (t) => {
  const pass = time(t);
  const clock = new ServerClock();
  // By the whole time the second one looks the quickest, and it is 90 ms wrong.
  assert(await clock.sync(server(pass, 5000, [[5, 400, 5], [0, 0, 180], [0, 0, 300]])));
  assert(wrong(clock, 5000) < 2, `${wrong(clock, 5000)} ms wrong`);
});

test("an answer to another question sets nothing", async (t) => {
  time(t);
  const clock = new ServerClock();
  clock.hear(Date.now() + 1000);
  assert(await clock.sync(async () => ({ t0: 7, t1: 1, t2: 1 })));
  assert(wrong(clock, 1000) < 2, "what the welcome said stands");
});

test("an older server says its time alone", async (t) => {
  time(t);
  const clock = new ServerClock();
  const older = async () => /** @type {any} */ ({ now: Math.round(local()) + 5000 });
  assert(await clock.sync(older));
  assert(clock.known && !clock.doubtful);
  assert(wrong(clock, 5000) < 2, `${wrong(clock, 5000)} ms wrong`);
});
