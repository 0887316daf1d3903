// The way to all pages, and what holds for every page at every size.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, browser, serve, sizes, until, visit } from "./helpers.mjs";

const show = "examples/evening.toml";

test("the first page leads to every page of the show", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const program = await browser(t);
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const { page, errors } = await visit(program, server.url, { colorScheme });
    await page.getByRole("heading", { name: "The Evening Show" }).waitFor();
    assert.deepEqual(await axe(page, ["serious", "critical"]), []);
    const links = await page.locator("a").evaluateAll((found) => found.map((link) => /** @type {HTMLAnchorElement} */ (link).href));
    assert(links.some((link) => link.endsWith("/s/evening")) && links.some((link) => link.endsWith("/studio/evening")));
    for (const link of links) assert.equal((await fetch(link)).status, 200, link);
    assert.deepEqual(errors, []);
  }
});

test("no page scrolls sideways at any size, and waiting is sound in the dark", { timeout: 60_000 }, async (t) => {
  const server = await serve(t, { show });
  const program = await browser(t);
  const { page: studio } = await visit(program, server.link("producer"), { viewport: sizes.desk });
  await studio.getByText("The Evening Show").waitFor();
  const { page: audience } = await visit(program, server.link("audience"), { colorScheme: "dark" });
  await until("the page waits", async () => (await audience.innerText("body")).includes("Nothing to vote on right now"));
  assert.deepEqual(await axe(audience, ["serious", "critical"]), []);
  const { page: home } = await visit(program, server.url);
  await home.getByRole("heading", { name: "The Evening Show" }).waitFor();
  for (const page of [studio, audience, home]) {
    for (const [name, size] of Object.entries(sizes)) {
      await page.setViewportSize(size);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${page.url()} at ${name}`);
    }
  }
  await audience.getByRole("button", { name: "Share" }).click();
  await until("the QR code is there", () => audience.locator(".share-code").evaluate((image) => /** @type {HTMLImageElement} */ (image).naturalWidth > 0));
  assert.deepEqual(await axe(audience, ["serious", "critical"]), []);

  const { page: nowhere } = await visit(program, `${server.url}/s/nothing`);
  assert.match(await nowhere.innerText("body"), /no such show|there is no show/i);
});
