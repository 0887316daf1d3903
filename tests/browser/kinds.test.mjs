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
  await until("it says where it stands", async () => (await slider.getAttribute("aria-valuetext")) === "65");
  await sound(page);
  await page.getByRole("button", { name: "Give 65" }).click();
  await says(page, "✓ You gave 65");
  await until("the studio has it", async () => (await studio.innerText("tl-program")).includes("Mean 65 · median 65"));
  await sound(page, studio);
  assert.deepEqual([...errors(), ...own], []);
});
