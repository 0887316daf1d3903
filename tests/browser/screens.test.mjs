// What is long, tied, in points or not known yet, on screens and on a low desk.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, staff, until, visit, vote } from "./helpers.mjs";

const show = "tests/browser/shows/screens.toml";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string} where @param {RegExp} text */
const says = (page, where, text) => until(`${where} says ${text}`, async () => text.test((await page.innerText(where)).replace(/\s+/g, " ")));

/** @param {Awaited<ReturnType<typeof staff>>} desk */
async function end(desk) {
  for (const verb of ["close", "seal", "verify"]) await desk.press({ do: verb });
  await desk.press({ do: "arm", what: "reveal" });
  await desk.press({ do: "reveal" });
}

/** What is seen of some elements and reaches out of others. @param {Page} page @param {string} inner @param {string} outer */
const sticksOut = (page, inner, outer) =>
  page.evaluate(([inner, outer]) => {
    const around = /** @type {Element} */ (document.querySelector(outer)).getBoundingClientRect();
    return [...document.querySelectorAll(inner)]
      .map((node) => ({ what: node.className, box: node.getBoundingClientRect() }))
      .filter(({ box }) => box.width && (box.left < around.left - 1 || box.right > around.right + 1 || box.bottom > around.bottom + 1))
      .map(({ what }) => what);
  }, [inner, outer]);

test("a screen says points as points, in the digits of its reader, and keeps what is long on its board", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const program = await browser(t);
  const at = server.link("overlay");
  const bracketAt = at.replace("/results", "/bracket");
  const [{ page }, egypt, dutch, bracket] = await Promise.all(
    [at, `${at}&lang=ar-EG`, `${at}&lang=nl`, bracketAt].map((url) => visit(program, url, { viewport: sizes.full })),
  );
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await says(bracket.page, "tl-bracket", /… …/);
  await says(egypt.page, ".head-time", /^[٠-٩]:[٠-٩]{2}$/);
  await vote(server, desk.show, 1);
  await desk.press({ do: "step" });
  await says(page, ".rows", /Song of the north 12 points Song of the south 0 points/);
  await says(egypt.page, ".rows", /١٢ نقطة/);
  assert.doesNotMatch(await egypt.page.innerText("tl-results"), /\d/);
  await end(desk);
  await desk.press({ do: "step" });
  await desk.press({ do: "step" });
  await says(dutch.page, ".winner", /Song of the north 12 punten/);

  await desk.press({ do: "standby", cue: "2" });
  await desk.press({ do: "take" });
  await says(page, ".question", /^How many people/);
  await vote(server, desk.show, 36);
  await desk.press({ do: "step" });
  await says(page, ".rated", /^3,500.0 in the hall on average$/);
  for (const one of [page, egypt.page]) {
    await until("the numbers are there", async () => (await one.innerText(".mean")) !== "");
    assert.deepEqual(await sticksOut(one, ".mean, .mean-note, .end", ".board"), []);
    assert.equal(await one.locator(".mean").evaluate((node) => node.scrollWidth - node.clientWidth), 0, "the mean is whole");
  }

  await desk.press({ do: "close" });
  await desk.press({ do: "standby", cue: "3" });
  await desk.press({ do: "take" });
  await says(page, ".question", /^Who goes on/);
  for (const pick of [1, 2, 3, 4]) await vote(server, desk.show, pick);
  await end(desk);
  for (let n = 0; n < 3; n++) await desk.press({ do: "step" });
  await says(page, ".winner", /^Tie .*Band \/ .*Friends \/ Ilse & Ida \/ Tin Can Choir 25.0%/);
  assert.equal(await page.locator(".winner-name").evaluate((node) => node.scrollHeight - node.clientHeight), 0, "all of who tied is read");
});

test("on a low desk four options are seen whole beside what the rules make of them", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const { page, errors } = await visit(await browser(t), server.link("operator"), { viewport: sizes.desk });
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await says(page, ".program-phase", /Open/);
  await vote(server, desk.show, 1);
  await says(page, ".places", /1\. Song of the north: 12 points/);
  assert.deepEqual(await sticksOut(page, ".bar-row", ".bars"), []);
  await desk.press({ do: "hold" });
  await says(page, ".program-phase", /On hold/);
  assert.deepEqual(await sticksOut(page, ".program-phase, .program-time", ".program-clock"), []);
  await desk.press({ do: "release" });
  await end(desk);
  await says(page, ".program-clock", /Revealed/);
  const [way, certificate] = await Promise.all([".way li:last-child", ".count-head .link-button"].map((where) => page.locator(where).boundingBox()));
  assert(way && certificate && way.x + way.width <= certificate.x, "the steps of the count end before the certificate");
  assert.deepEqual(await sticksOut(page, ".bar-row", ".bars"), []);
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);

  // Of 61 steps those are seen that somebody gave.
  await desk.press({ do: "standby", cue: "2" });
  await desk.press({ do: "take" });
  await says(page, "tl-program", /How many people are in the hall\? Open/);
  await vote(server, desk.show, 36);
  await says(page, ".bars", /^36 3500.in the hall 1 100.0%$/);
  assert.deepEqual(errors, []);
});
