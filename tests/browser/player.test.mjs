// A viewer's player measures how late its picture is: what is shown goes by it, within what the platform declares.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Player } from "../../web/sdk/player.js";
import { browser, serve, staff, until, visit } from "./helpers.mjs";

/** @param {number} delay_ms @param {number} jitter_ms */
const run = (delay_ms, jitter_ms) => /** @type {any} */ ({ id: "1", opens_at: 100_000, closes_at: 160_000, locks_at: 170_000, behind: { delay_ms, jitter_ms } });

test("what is measured moves times within the jitter, and no opening forward", () => {
  const player = new Player();
  const tell = (/** @type {any} */ of) => player.tell({ t: "show", run: of }, () => {});
  tell(run(8000, 3000));
  assert.equal(player.seen(run(8000, 3000)).closes_at, 160_000, "nothing was measured");
  for (const [measure, late] of /** @type {[import("../../web/sdk/player.js").Measure, number][]} */ ([
    [{ mode: "offset", value: 10_000 }, 2000],
    [{ mode: "latency", value: 9 }, 1000],
    [{ mode: "pdt", value: 50_000 - 8500 }, 500],
    [{ mode: "pdt", value: new Date(50_000 - 20_000) }, 3000],
    [{ mode: "offset", value: 7000 }, -1000],
    [{ mode: "offset", value: 0 }, -3000],
  ])) {
    player.measured(measure, 50_000);
    const seen = player.seen(run(8000, 3000));
    assert.deepEqual([player.late_ms, seen.opens_at, seen.closes_at, seen.locks_at], [late, 100_000 + Math.max(0, late), 160_000 + late, 170_000]);
  }
  assert.equal(player.measured({ mode: "offset", value: 4900 }, 0), false, "it is at the edge already");
  player.measured({ mode: "offset", value: 9000 }, 0);
  assert.equal(player.measured({ mode: "offset", value: 9100 }, 0), false, "so little is nothing");
  assert.equal(player.measured({ mode: "latency", value: NaN }, 0), true, "no measure is none");
  assert.equal(player.late_ms, 0);
});

test("who came by no platform is moved by nothing", () => {
  const player = new Player();
  player.tell({ t: "show", run: { ...run(0, 0), behind: undefined } }, () => {});
  assert.equal(player.measured({ mode: "offset", value: 9000 }, 0), false);
});

test("the page follows the player, and the ballot the entry link", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show: "tests/browser/shows/player.toml" });
  const desk = await staff(server, "operator");
  const link = server.lines.flatMap((line) => line.trim().split(/\s+/)).find((word) => word.includes("#e="));
  assert(link);
  const { page, errors } = await visit(await browser(t), `${server.url}/embed/player`);
  await page.locator("tallylight-show").waitFor({ state: "attached" });
  await page.evaluate((code) => document.querySelector("tallylight-show")?.setAttribute("entry", code), link.split("#e=")[1]);
  /** What its client has of the run. */
  const seen = () => page.evaluate(() => {
    const { client } = /** @type {any} */ (document.querySelector("tallylight-show"));
    const { phase, opens_at, closes_at } = client?.show?.run ?? {};
    return { phase, opens_at, closes_at, now: client?.now() ?? 0 };
  });
  const platform = async () => (await (await fetch(`${server.url}/api/v1/shows/player/live?platform=tv`)).json()).show.run;
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await desk.press({ do: "open", seconds: 6 });
  await until("it has the time of television", async () => (await seen()).opens_at === (await platform()).opens_at);
  // Further behind than television may be: what counts is what it may be.
  await page.evaluate(() => /** @type {any} */ (document.querySelector("tallylight-show")).client.sync({ mode: "latency", value: 25 }));
  const { opens_at, closes_at } = await platform();
  await until("it is three seconds later", async () => (await seen()).closes_at === closes_at + 3000);
  assert.equal((await seen()).opens_at, opens_at + 3000);
  await until("television is closed", async () => ["closing", "locked"].includes((await platform()).phase));
  const { phase, now } = await seen();
  if (now < closes_at + 3000) assert.equal(phase, "open", "and here it is open yet");
  // The jitter is for those: their ballots count.
  await page.evaluate(() => {
    const { client } = /** @type {any} */ (document.querySelector("tallylight-show"));
    client.vote(client.show.run, [1]);
  });
  const given = await page.evaluate(() => /** @type {any} */ (document.querySelector("tallylight-show")).client.ballots[0].given);
  const is = await until("it is answered", async () => page.evaluate(() => {
    const { is } = /** @type {any} */ (document.querySelector("tallylight-show")).client.ballots[0];
    return is === "counted" || is === "refused" ? is : "";
  }));
  if (given < closes_at + 2500) assert.equal(is, "counted");
  await until("it closes here, too", async () => !["standby", "open"].includes((await seen()).phase));
  assert((await seen()).now >= closes_at + 3000, "and not before its own picture shows it");
  assert.deepEqual(errors, []);
});
