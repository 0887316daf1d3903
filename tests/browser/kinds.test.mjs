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
