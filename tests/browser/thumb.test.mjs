// The controller for one thumb, and the certificate of a result.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, staff, until, visit } from "./helpers.mjs";

const show = "tests/browser/shows/rules.toml";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string|RegExp} text */
const says = (page, text) =>
  until(`the page says “${text}”`, async () => {
    const found = await page.innerText("body");
    return typeof text === "string" ? found.includes(text) : text.test(found);
  });

/** @param {Page} page @param {string} name */
const press = (page, name) =>
  until(`${name} is pressed`, async () => {
    const button = page.locator(`tl-action[name=${name}] button`);
    if (await button.getAttribute("aria-disabled")) return false;
    await button.click();
    return true;
  });

/** Nothing scrolls, nothing is smaller than a finger, the take is lowest of all, and what is on can be read above it. @param {Page} page @param {number} least buttons */
async function inReach(page, least) {
  for (const viewport of [sizes.phone, { width: 320, height: 568 }, { width: 844, height: 390 }]) {
    await page.setViewportSize(viewport);
    const boxes = await page.locator("tl-thumb-pad button:visible").evaluateAll((all) => all.map((one) => { const { width, height, top, bottom } = one.getBoundingClientRect(); return { width, height, top, bottom, name: one.textContent }; }));
    assert.ok(boxes.length >= least, `${boxes.length} buttons`);
    const size = `at ${viewport.width}×${viewport.height}`;
    for (const { width, height, bottom, top, name } of boxes) assert.ok(width >= 44 && height >= 44 && bottom <= viewport.height && top >= 0, `${name} ${size}: ${width}×${height}, ${top} to ${bottom}`);
    const [lowest] = boxes.sort((a, b) => b.bottom - a.bottom);
    assert.match(lowest.name ?? "", /Take/);
    for (const card of ["tl-thumb-now", "tl-thumb-next"]) {
      const [outer, inner] = await Promise.all([page.locator(card).boundingBox(), page.locator(`${card} .cue`).boundingBox()]);
      assert.ok(outer && inner && inner.height > 10 && inner.y + inner.height <= outer.y + outer.height, `${card} can be read ${size}`);
    }
  }
  await page.setViewportSize(sizes.phone);
}

test("a show is led with one thumb", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show });
  const program = await browser(t);
  const link = server.link("operator").replace("/studio/", "/thumb/");
  const { page, errors } = await visit(program, link, { viewport: sizes.phone });
  await says(page, "Nothing is on program");
  await says(page, "● Connected");
  await says(page, "Rehearsal");
  await press(page, "next");
  await says(page, /Next[\s\S]*1 Numbers after the own vote/);
  await press(page, "take");
  await says(page, /Now[\s\S]*1 Numbers after the own vote[\s\S]*Open/);
  await press(page, "step");
  await says(page, /Bars/);

  await inReach(page, 8);
  await page.setViewportSize(sizes.phone);
  assert.deepEqual(await axe(page, ["serious", "critical"]), []);

  await press(page, "close");
  await says(page, /Locked|Closing/);
  // A tap is no panic; holding is.
  const panic = page.locator("tl-hold.panic button");
  await panic.click();
  await says(page, /On air/);
  const box = await panic.boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + 20, box.y + 20);
  await page.mouse.down();
  await says(page, "Removed by panic");
  await page.mouse.up();

  await page.context().setOffline(true);
  await says(page, /▲ (No network|No connection|Connected, but silent)[^\n]*as of/);
  await page.context().setOffline(false);
  await says(page, "● Connected");

  // Somebody else takes over; this one takes it back by holding.
  const desk = await staff(server);
  await desk.press({ do: "control", action: "take_over" });
  await page.locator("tl-hold.wide button").waitFor();
  await inReach(page, 9);
  await press(page, "next");
  await says(page, "Somebody else has control");
  const take = await page.locator("tl-hold.wide button").boundingBox();
  assert.ok(take);
  await page.mouse.move(take.x + 20, take.y + 20);
  await page.mouse.down();
  await page.locator("tl-hold.wide button").waitFor({ state: "hidden" });
  await page.mouse.up();
  assert.deepEqual(errors.filter((line) => !/ERR_INTERNET_DISCONNECTED|WebSocket/.test(line)), []);
});

test("a verified result has a certificate that says how to check it", { timeout: 90_000 }, async (t) => {
  const server = await serve(t, { show });
  const desk = await staff(server);
  const program = await browser(t);
  const { page: audience } = await visit(program, server.link("audience"));
  const { page, context, errors } = await visit(program, server.link("adjudicator"), { viewport: sizes.full });
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await audience.getByText("Ada", { exact: true }).click();
  await audience.getByRole("button", { name: "Vote for Ada" }).click();
  await says(audience, "Counted");
  await desk.press({ do: "close" });
  await until("it is sealed", async () => (await desk.command({ do: "seal" })).ok);
  assert.equal(await page.getByRole("button", { name: "Certificate" }).count(), 0, "not before it is verified");
  await desk.press({ do: "verify" });
  const opened = context.waitForEvent("page");
  await page.getByRole("button", { name: "Certificate" }).click();
  const sheet = await opened;
  await says(sheet, "How to check it");
  const text = await sheet.innerText("body");
  assert.match(text, /Rehearsal – this result does not count/);
  assert.match(text, /Who wins\?/);
  assert.match(text, /Ada\s+1\s+100\.0\s%/);
  const key = /verify rules\.jsonl --key ([0-9a-f]{64})/.exec(text)?.[1];
  assert.ok(key && server.lines.join("\n").includes(`signed by ${key}`), "the key is the one that the start told");
  for (const name of ["Rules (SHA-256)", "Manifest (SHA-256)"]) assert.match(text, new RegExp(`${name.replace(/[()]/g, "\\$&")}\\s+[0-9a-f]{64}`));
  assert.deepEqual(await axe(sheet, ["serious", "critical"]), []);
  // On paper it is A4, with nothing to press on it.
  await sheet.emulateMedia({ media: "print" });
  assert.ok(!(await sheet.getByRole("button", { name: "Print" }).isVisible()));
  assert.ok((await sheet.pdf({ preferCSSPageSize: true })).length > 1000);
  assert.deepEqual(errors, []);

  const { page: stranger } = await visit(program, sheet.url());
  await says(stranger, "Open this page from the studio page");
});
