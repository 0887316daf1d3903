// Addresses of the studio's controls, and the keys that make them work.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, until, visit } from "./helpers.mjs";

const show = "tests/browser/shows/studio.toml";

test("a producer makes a key, copies an address, and another machine presses it", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show });
  const program = await browser(t);
  const { page, errors, context } = await visit(program, server.link("producer"), { viewport: sizes.full });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.locator("tl-program").waitFor();
  await page.getByRole("button", { name: "Take", exact: false }).first().waitFor();
  await page.keyboard.press("u");
  const dialog = page.getByRole("dialog", { name: "Addresses of the controls" });
  await dialog.waitFor();
  assert.match(await dialog.innerText(), /\/c\/[a-z-]+\/panic\?key=KEY&soft=1/);
  await dialog.getByLabel("Name").fill("deck");
  await dialog.getByLabel("Also by GET").check();
  await dialog.getByRole("button", { name: "Make a key" }).click();
  await until("the key is shown", async () => /^tlkey_/.test(await dialog.getByLabel("The new key").inputValue()));
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });

  const copied = async () => page.evaluate(() => navigator.clipboard.readText());
  await page.locator("tl-action[name=freeze] button").click({ button: "right" });
  const address = await until("the address is copied", async () => { const text = await copied(); return text.includes("/freeze?key=tlkey_") ? text : ""; });
  const fired = await (await fetch(address)).json();
  assert.deepEqual([fired.ok, fired.verb, fired.frozen], [true, "freeze", true]);
  await until("the page shows it", async () => /Unfreeze/.test(await page.locator("tl-action[name=freeze]").innerText()));
  await until("and who did it", async () => /Freeze[\s\S]*key deck/.test(await page.locator("tl-asrun").innerText()));

  await page.keyboard.press("u");
  await dialog.getByRole("button", { name: "Revoke deck" }).click();
  await until("it is gone", async () => /No key yet/.test(await dialog.innerText()));
  assert.equal((await fetch(address)).status, 401);
  assert.deepEqual(errors, []);
});

test("an operator gets the addresses and no keys", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const program = await browser(t);
  const { page, errors } = await visit(program, server.link("operator"), { viewport: sizes.desk });
  await page.getByRole("button", { name: "Control addresses" }).click();
  const dialog = page.getByRole("dialog", { name: "Addresses of the controls" });
  await until("it says who makes keys", async () => /Producers make keys/.test(await dialog.innerText()));
  assert.equal(await dialog.getByRole("button", { name: "Make a key" }).count(), 0);
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);
  assert.deepEqual(errors, []);
});
