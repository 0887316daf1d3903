// The demo's robot, and a person who takes over from it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, demo, sizes, staff, until, visit } from "./helpers.mjs";

test("the robot stands back while a person has control, and goes on after", { timeout: 120_000 }, async (t) => {
  const server = await demo(t, ["--audience", "2"]);
  const { show, token } = await staff(server, "adjudicator");
  const log = async () => (await (await fetch(`${server.url}/api/v1/shows/${show}/asrun`, { headers: { authorization: `Bearer ${token}` } })).json()).entries;
  const { page } = await visit(await browser(t), server.link("producer"), { viewport: sizes.desk });
  const says = (/** @type {string} */ where, /** @type {string} */ text) => until(`${where} says “${text}”`, async () => (await page.innerText(where)).includes(text), 30_000);
  const press = async (/** @type {string} */ action, /** @type {string} */ key) => {
    const button = page.locator(`tl-action[name="${action}"] button`).first();
    await until(`${action} can be pressed`, async () => (await button.getAttribute("data-waits")) === null && (await button.getAttribute("aria-disabled")) === null);
    await page.keyboard.press(key);
  };
  await says("tl-program", "Open");
  const over = page.getByRole("button", { name: "Take over" });
  await over.focus();
  await page.keyboard.down("Space");
  await says("tl-control", "You have control");
  await page.keyboard.up("Space");

  // What the robot would wait for, twice: it looks four times a second.
  await press("close", "c");
  await says("tl-program", "Locked");
  await press("next", "n");
  await press("take", "t");
  await says("tl-program", "Open");
  await press("close", "c");
  await says("tl-program", "Locked");
  await press("control", "k");
  const entries = await until("the robot goes on", async () => {
    const all = await log();
    return all.at(-1).by === "Robot" && all;
  }, 30_000);
  const did = entries.map((/** @type {{ by: string, what: string }} */ one) => `${one.by} ${one.what}`);
  const mine = did.slice(did.findIndex((/** @type {string} */ one) => one === "Producer control"), did.findLastIndex((/** @type {string} */ one) => one === "Producer control"));
  assert(mine.includes("Producer take") && mine.filter((/** @type {string} */ one) => one === "Producer close").length === 2, did.join(", "));
  assert.deepEqual(mine.filter((/** @type {string} */ one) => one.startsWith("Robot")), []);
});
