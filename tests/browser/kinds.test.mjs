// Kinds of question, each on the audience page, in the studio and on the overlay.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, staff, until, visit } from "./helpers.mjs";

const show = "tests/browser/shows/kinds.toml";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string|RegExp} text */
const says = (page, text) =>
  until(`the page says “${text}”`, async () => {
    const found = await page.innerText("body");
    return typeof text === "string" ? found.includes(text) : text.test(found);
  });

/** What axe calls serious or critical, and anything to scroll sideways. @param {Page[]} pages */
async function sound(...pages) {
  for (const page of pages) {
    assert.deepEqual(await axe(page, ["serious", "critical"]), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  }
}

/** A show with a cue on program, its overlay, and an operator's page of the studio. @param {import("node:test").TestContext} t @param {string} cue */
async function on(t, cue) {
  const server = await serve(t, { show });
  const desk = await staff(server);
  await desk.press({ do: "standby", cue });
  await desk.press({ do: "take" });
  const program = await browser(t);
  const overlay = await visit(program, server.link("overlay"), { viewport: sizes.full });
  const studio = await visit(program, server.link("operator"), { viewport: sizes.desk });
  const errors = () => [...overlay.errors, ...studio.errors];
  return { server, desk, program, overlay: overlay.page, studio: studio.page, errors };
}

/** Where the middle of one element is between the edges of another, 0 to 1. @param {Page} page @param {string} inner @param {string} outer */
const stands = async (page, inner, outer) => {
  const [one, all] = await Promise.all([inner, outer].map((name) => page.locator(name).boundingBox()));
  assert(one && all);
  return (one.x + one.width / 2 - all.x) / all.width;
};

/** @param {Page} page @param {string} inner @param {string} outer @param {number} at */
const comesTo = (page, inner, outer, at) => until(`${inner} stands at ${at}`, async () => Math.abs((await stands(page, inner, outer)) - at) < 0.02);

test("two options against each other are two sides, and what they have is one line", { timeout: 60_000 }, async (t) => {
  const { server, desk, program, overlay, studio, errors } = await on(t, "1");
  const people = await Promise.all([1, 2, 3, 4].map(() => visit(program, server.link("audience"))));
  const [{ page }] = people;
  await says(page, "Who sings first?");
  const [first, second] = await Promise.all([0, 1].map((n) => page.locator(".tile").nth(n).boundingBox()));
  assert(first && second && first.y === second.y && first.width === second.width && first.x + first.width <= second.x, "beside each other");
  assert(first.height >= 140, "and large");
  await sound(page, studio);
  for (const [n, { page: one }] of people.entries()) {
    const label = n < 3 ? "Ada and the Engines" : "Grace Note";
    await one.getByRole("radio", { name: label }).focus();
    await one.keyboard.press("Space");
    await one.getByRole("button", { name: `Vote for ${label}` }).press("Enter");
    await says(one, "Counted");
  }
  await says(page, "4 votes");
  assert.equal((await page.locator(".tile-share").allInnerTexts()).join(" "), "75.0% 25.0%");
  await comesTo(page, ".rope-mark", ".rope", 0.75);
  await comesTo(studio, ".versus-mark", ".versus", 0.75);
  await desk.press({ do: "step" });
  await until("the overlay shows both", async () => (await overlay.locator(".number").allInnerTexts()).join(" ") === "75.0% 25.0%");
  await comesTo(overlay, ".rope-mark", ".rope", 0.75);
  await sound(page, studio, overlay);
  assert.deepEqual([...errors(), ...people.flatMap((one) => one.errors)], []);
});

test("a rope comes to the side that pulls more", { timeout: 60_000 }, async (t) => {
  const { server, desk, program, overlay, studio, errors } = await on(t, "2");
  const { page, errors: own } = await visit(program, server.link("audience"));
  await desk.press({ do: "standby", cue: "2" });
  await until("standby says what it is", async () => (await studio.innerText("tl-standby")).includes("tug of war"));
  await comesTo(page, ".rope-mark", ".rope", 0.5);
  for (const label of ["The left half", "The right half", "The right half"]) await page.getByRole("button", { name: `One more vote for ${label}` }).click();
  await sound(page);
  await page.getByRole("button", { name: "Send 3 votes" }).click();
  await says(page, "3 votes");
  await comesTo(page, ".rope-mark", ".rope", 2 / 3);
  await comesTo(studio, ".versus-mark", ".versus", 2 / 3);
  assert.equal(await overlay.locator(".rope-mark").evaluate((mark) => getComputedStyle(mark).opacity), "0", "no number, no knot");
  await desk.press({ do: "step" });
  await comesTo(overlay, ".rope-mark", ".rope", 2 / 3);
  await sound(page, studio, overlay);
  assert.deepEqual([...errors(), ...own], []);
});

test("a rating is stars, given by key, and everybody sees the same mean", { timeout: 60_000 }, async (t) => {
  const { server, desk, program, overlay, studio, errors } = await on(t, "3");
  const people = await Promise.all([0, 1, 2].map(() => visit(program, server.link("audience"))));
  const [{ page }, { page: second }, { page: third }] = people;
  await says(page, "Give your rating");
  await says(page, "Not for me");
  assert.equal(await page.getByRole("radio").count(), 5);
  await until("the studio says what it is", async () => (await studio.innerText("tl-program")).includes("No mean yet"));
  await sound(page, studio);
  // The keys of radio buttons: to the first one, three to the right.
  await page.getByRole("radio").first().focus();
  await page.keyboard.press("Space");
  for (let n = 0; n < 3; n++) await page.keyboard.press("ArrowRight");
  await page.getByRole("button", { name: "Give 4" }).press("Enter");
  await says(page, "✓ You gave 4");
  for (const [one, stars] of /** @type {[Page, string][]} */ ([[second, "5"], [third, "1"]])) {
    await one.getByRole("radio", { name: stars, exact: true }).click();
    await one.getByRole("button", { name: `Give ${stars}` }).click();
    await says(one, `✓ You gave ${stars}`);
  }
  await says(page, "Average 3.33, half gave 4 or more");
  await page.getByRole("img", { name: "1: 1 vote, 4: 1 vote, 5: 1 vote" }).waitFor();
  await until("the studio has it", async () => (await studio.innerText("tl-program")).includes("Mean 3.33 · median 4"));
  assert.equal(await overlay.innerText(".mean"), "", "the question comes first");
  await desk.press({ do: "step" });
  await until("the overlay has it", async () => (await overlay.innerText(".rated")).replace(/\s+/g, " ") === "3.33 on average");
  assert.equal(await overlay.innerText(".ends"), "Not for me\nAgain!");
  await sound(page, studio, overlay);
  await page.reload();
  await says(page, "✓ You gave 4");
  assert.deepEqual([...errors(), ...people.flatMap((one) => one.errors)], []);
});

test("a long scale is a slider", { timeout: 60_000 }, async (t) => {
  const { server, program, studio, errors } = await on(t, "4");
  const { page, errors: own } = await visit(program, server.link("audience"));
  const slider = page.getByRole("slider");
  await slider.waitFor();
  assert(await page.locator(".send").isDisabled(), "where it stands at first is no choice");
  await slider.focus();
  for (let n = 0; n < 3; n++) await page.keyboard.press("ArrowRight");
  await until("it says where it stands", async () => (await slider.getAttribute("aria-valuetext")) === "53");
  await sound(page);
  await page.getByRole("button", { name: "Give 53" }).click();
  await says(page, "✓ You gave 53");
  await until("the studio has it", async () => (await studio.innerText("tl-program")).includes("Mean 53 · median 53"));
  await sound(page, studio);
  assert.deepEqual([...errors(), ...own], []);
});

/** Brings what is on from open to revealed. @param {Awaited<ReturnType<typeof staff>>} desk */
async function end(desk) {
  await desk.press({ do: "close" });
  await desk.press({ do: "seal" });
  await desk.press({ do: "verify" });
  await desk.press({ do: "arm", what: "reveal" });
  await desk.press({ do: "reveal" });
}

/** @param {Page} page @param {string} label */
async function give(page, label) {
  await page.getByText(label, { exact: true }).first().click();
  await page.getByRole("button", { name: `Vote for ${label}` }).click();
  await says(page, `Your ballot for ${label} is in the tally.`);
}

test("a quiz tells the answer, what mine was worth and who is in front, and nothing before the reveal", { timeout: 90_000 }, async (t) => {
  const { server, desk, program, overlay, studio, errors } = await on(t, "6");
  const people = await Promise.all([0, 1, 2].map(() => visit(program, server.link("audience"))));
  const [{ page }, { page: wrong }, { page: silent }] = people;
  const adjudicator = await visit(program, server.link("adjudicator"), { viewport: sizes.desk });
  const board = (await visit(program, server.link("overlay").replace("/results", "/leaderboard"), { viewport: sizes.full })).page;
  await give(page, "Kiwi");
  await give(wrong, "Swift");
  await says(page, "The numbers are not shown yet.");
  await until("who may know sees the answer", async () => (await adjudicator.page.innerText("tl-program")).includes("✓ 2"));
  assert(!(await studio.innerText("tl-program")).includes("✓ 2"), "an operator does not");
  await says(studio, "hidden from your role");
  await desk.press({ do: "step" });
  await desk.press({ do: "step" });
  await until("the overlay shows bars without numbers", async () => (await overlay.locator("tl-results").getAttribute("data-numbers")) === "false");
  assert.equal(await board.locator("tl-results").getAttribute("data-visible"), "false", "nobody is on the leaderboard yet");
  await sound(page, studio, adjudicator.page);

  await end(desk);
  await says(page, "Right! 1,000 points for you");
  await says(page, "Place 1 of 2 players");
  await says(page, "✓ Right answer");
  await says(wrong, "Not this time");
  await says(wrong, "Place 2 of 2 players");
  await says(silent, "No answer of yours was counted");
  const name = /You are “(.+)” there/.exec(await page.innerText("tl-score"))?.[1] ?? "";
  assert.equal(await wrong.locator(".leader").first().innerText(), `1\n${name}\n1,000`);
  assert.equal(await page.locator(".leader[data-mine]").count(), 1);
  await until("the overlay shows the answer", async () => (await overlay.locator(".row[data-front=true] .label").allInnerTexts()).join() === "Kiwi");
  await until("and the leaderboard", async () => (await board.locator(".label").first().innerText()) === `1. ${name}`);
  assert.equal(await board.innerText(".head"), "Players: 2");
  await until("the studio has both", async () => /Right: Kiwi\..*Leaderboard: 2 players/s.test(await studio.innerText("tl-count")));
  await sound(page, wrong, silent, studio, overlay, board);
  await desk.press({ do: "step" });
  await until("the answer is named", async () => (await overlay.innerText(".winner")).replace(/\s+/g, " ").startsWith("Right answer Kiwi"));
  assert.deepEqual([...errors(), ...adjudicator.errors, ...people.flatMap((one) => one.errors)], []);
});

test("a prediction is resolved in the studio, and who was right gets the points, over any way in", { timeout: 90_000 }, async (t) => {
  const { server, desk, program, overlay, errors } = await on(t, "7");
  const { page, errors: own } = await visit(program, server.link("audience"));
  const context = await program.newContext();
  const events = await context.newPage();
  await events.routeWebSocket(/\/ws\//, (socket) => socket.close({ code: 1011 }));
  await events.goto(server.link("audience"));
  await says(events, /Server-sent events/);
  await give(page, "The blues");
  await give(events, "The reds");
  await end(desk);
  await says(page, "Final and verified. 2 votes");
  assert.equal(await page.locator("tl-score").isVisible(), false, "nobody knows yet");
  const { page: notary, errors: notaries } = await visit(program, server.link("adjudicator"), { viewport: sizes.desk });
  await notary.getByRole("combobox", { name: "What came true" }).selectOption("2 The blues");
  await notary.getByRole("button", { name: "Resolve…" }).click();
  await says(notary, "“The blues” came true: who chose it in 7 A prediction gets the points.");
  await sound(notary);
  const now = notary.locator(".armed-go");
  await until("the second press does it", async () => {
    if (await now.isVisible()) await now.click();
    return (await notary.innerText("tl-notice")).includes("Resolve: done");
  });
  await says(page, "Right! 250 points for you");
  await says(page, "✓ Came true");
  await says(events, "Not this time");
  await says(events, "Place 2 of 2 players");
  await says(notary, "The blues: 1 of 2 were right");
  await desk.press({ do: "step" });
  await desk.press({ do: "step" });
  await until("the overlay shows it", async () => (await overlay.locator(".row[data-front=true] .label").allInnerTexts()).join() === "The blues");
  await sound(page, notary, overlay);
  assert.deepEqual([...errors(), ...own, ...notaries], []);
});
