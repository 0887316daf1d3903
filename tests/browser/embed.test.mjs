// A show in pages of other sites: as an element and in a frame, from sites that it names and from others.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join, relative } from "node:path";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { axe, browser, root, serve, sizes, staff, until, visit } from "./helpers.mjs";

/**
 * Somebody else's web server on an origin of its own.
 * @param {import("node:test").TestContext} t
 * @param {(path: string) => { html: string, policy?: string }} page
 */
async function site(t, page) {
  const server = createServer((request, response) => {
    const { html, policy } = page(request.url ?? "/");
    response.setHeader("content-type", "text/html; charset=utf-8");
    if (policy) response.setHeader("content-security-policy", policy);
    response.end(`<!doctype html><html lang="en"><title>A site</title><body><main><h1>A site</h1>${html}</main>`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  return `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
}

/**
 * A show that names one of two sites, and both sites: `/` has the element, `/frame` the frame.
 * @param {import("node:test").TestContext} t
 */
async function stage(t) {
  let url = "";
  const page = (/** @type {string} */ path) => {
    if (path === "/frame") return { html: `<iframe src="${url}/s/audience" title="Vote" width="380" height="700"></iframe>` };
    const html = `<script type="module" src="${url}/sdk/v1/tallylight-show.js"></script>
      <style>tallylight-show { --tl-accent: rgb(0, 90, 60) } tallylight-show::part(button) { text-transform: uppercase }</style>
      <tallylight-show show="audience" lang="fr"></tallylight-show>`;
    // As strict as the page that shows how says.
    return { html, policy: `default-src 'none'; script-src ${url}; style-src 'unsafe-inline' ${url}; connect-src ${url} ${url.replace("http", "ws")}` };
  };
  const [named, other] = [await site(t, page), await site(t, page)];
  const folder = await mkdtemp(join(tmpdir(), "tallylight-show-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "show.toml");
  const text = await readFile(join(root, "tests/browser/shows/audience.toml"), "utf8");
  await writeFile(file, text.replace("\n[[cue]]", `origins = ["${named}"]\nframes = ["${named}"]\n\n[[cue]]`));
  const server = await serve(t, { show: relative(root, file) });
  url = server.url;
  return { server, named, other, desk: { url: server.url, ...(await staff(server)) } };
}

test("the element votes from a site that the show names, in its language and colours", { timeout: 60_000 }, async (t) => {
  const { server, named, desk } = await stage(t);
  const program = await browser(t);
  const { page, errors } = await visit(program, "about:blank", { locale: "en-GB" });
  await page.addInitScript(() => {
    /** @type {any} */ (window).heard = [];
    addEventListener("DOMContentLoaded", () => {
      for (const name of ["link", "show", "ballots", "results"]) {
        document.querySelector("tallylight-show")?.addEventListener(name, (event) => {
          const detail = /** @type {any} */ (event).detail;
          /** @type {any} */ (window).heard.push([name, detail.is ?? detail.run?.question ?? detail.at?.(-1)?.is]);
        });
      }
    });
  });
  // Its browser knows the server's own page already, and has its files.
  await page.goto(server.link("audience"));
  await page.getByText("Nothing to vote on right now").waitFor();
  await page.goto(named);
  const element = page.locator("tallylight-show");
  await element.getByText("Aucun vote pour le moment").waitFor();
  assert.equal(await page.title(), "A site", "the page around keeps its title");
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await desk.press({ do: "open" });
  await element.getByText("Grace", { exact: true }).click();
  const button = element.getByRole("button", { name: "Voter pour Grace" });
  assert.deepEqual(
    await button.evaluate((node) => [getComputedStyle(node).backgroundColor, getComputedStyle(node).textTransform]),
    ["rgb(0, 90, 60)", "uppercase"],
  );
  assert.deepEqual(await axe(page), []);
  await button.click();
  await element.getByText("Votre vote pour Grace est dans le décompte.").waitFor();
  const heard = await page.evaluate(() => /** @type {any} */ (window).heard.map(String));
  for (const one of ["link,up", "show,Who wins?", "ballots,kept", "ballots,counted"]) assert(heard.includes(one), `${one} in ${heard.join(" ")}`);

  // The device is the same voter after a reload, and a choice of language goes before the page's own.
  await element.getByRole("combobox").selectOption("ar");
  await element.getByText("تم احتسابه").waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dir), "", "the page around keeps its direction");
  await page.reload();
  await element.getByText("تم احتسابه").waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), element.getByRole("button", { name: "ما هو محفوظ عني" }).click()]);
  assert.equal(JSON.parse(await readFile(await download.path(), "utf8")).ballots.length, 1);

  // Moved, it goes on; taken out, it lets go.
  await page.evaluate(() => document.querySelector("h1")?.before(/** @type {Node} */ (document.querySelector("tallylight-show"))));
  await element.getByText("تم احتسابه").waitFor();
  assert.equal(await element.locator(".receipt").count(), 1);
  await page.evaluate(() => document.querySelector("tallylight-show")?.remove());
  assert.deepEqual(errors, []);

  // The votes of its site are ballots like all others.
  await desk.press({ do: "close" });
  const results = `${server.url}/f/audience/results.json${new URL(server.link("overlay")).search}`;
  await until("one vote is counted", async () => (await (await fetch(results)).json()).some((/** @type {any} */ row) => row.label === "Grace" && row.votes === 1));
});

test("from a site that the show does not name the element says so, and no ballot gets in", { timeout: 60_000 }, async (t) => {
  const { other, desk } = await stage(t);
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await desk.press({ do: "open" });
  const { page, errors } = await visit(await browser(t), other);
  await page.locator("tallylight-show").getByText("Cette émission ne peut pas être ouverte depuis ce site.").first().waitFor();
  await until("the site's developer reads what to do", () => errors.some((line) => line.includes(`does not let pages of ${other} vote in audience: add it to origins`)));
  const refused = await page.evaluate(async (server) => {
    const answer = await fetch(`${server}/api/v1/shows/audience/join`, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
    return (await answer.json()).code;
  }, desk.url);
  assert.equal(refused, "bad_origin");
});

test("without storage the element votes all the same, and does not say that it keeps anything", { timeout: 60_000 }, async (t) => {
  const { named, desk } = await stage(t);
  const program = await browser(t);
  const { page, context, errors } = await visit(program, "about:blank");
  // What a browser does that lets no third party store anything.
  await page.addInitScript(() => {
    Object.defineProperty(window, "localStorage", { get: () => { throw new DOMException("denied", "SecurityError"); } });
  });
  await page.goto(`${named}/frame`);
  const frame = page.frameLocator("iframe");
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await desk.press({ do: "open" });
  await frame.getByText("Grace", { exact: true }).click();
  // A choice of language needs no storage either.
  await frame.getByRole("combobox").selectOption("de");
  await frame.getByText("Stimm für Grace").waitFor();
  await context.setOffline(true);
  await frame.getByText("Dieses Gerät hat kein Netz").waitFor();
  await frame.locator(".send").click();
  await frame.getByText("In dieser Seite aufbewahrt").waitFor();
  await frame.getByText("lade sie nicht neu").waitFor();
  await context.setOffline(false);
  await frame.getByText("Deine Stimme für Grace ist gezählt.").waitFor();
  assert.deepEqual(errors.filter((line) => !line.includes("ERR_INTERNET_DISCONNECTED")), []);
});

test("the page is framed by sites that the show names, and by no other", { timeout: 60_000 }, async (t) => {
  const { named, other } = await stage(t);
  const program = await browser(t);
  const good = await visit(program, `${named}/frame`);
  await good.page.frameLocator("iframe").getByText("Nothing to vote on right now").waitFor();
  assert.deepEqual(good.errors, []);
  const bad = await visit(program, `${other}/frame`);
  await until("the browser refuses", () => bad.errors.some((line) => line.includes("frame-ancestors")));
  assert.equal(await bad.page.frameLocator("iframe").getByText("Nothing to vote on right now").count(), 0);
});

test("the page that shows how has all to copy, and the element live", { timeout: 60_000 }, async (t) => {
  const { server, desk } = await stage(t);
  const program = await browser(t);
  const { page, errors } = await visit(program, `${server.url}/embed/audience`, { viewport: sizes.desk });
  await page.locator("tallylight-show").getByText("Nothing to vote on right now").waitFor();
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  await until("it tells the events", async () => (await page.innerText(".heard")).includes("Who wins?"));
  assert.deepEqual(errors, []);
  assert.deepEqual(await axe(page), []);

  // What it says to copy is a page that works.
  const parts = await page.locator("tl-snippet pre").allInnerTexts();
  const copied = parts.find((text) => text.includes("<script")) ?? "";
  const origin = new URL(server.url).origin;
  await page.route(`${origin}/copied`, (route) => route.fulfill({ contentType: "text/html", body: `<!doctype html><title>Copied</title>${copied}` }));
  await page.goto(`${origin}/copied`);
  await page.locator("tallylight-show").getByText("Who wins?").first().waitFor();
});

test("what a site loads is one small file that is asked for, and the rest for ever", { timeout: 60_000 }, async (t) => {
  const { server } = await stage(t);
  const entry = await fetch(`${server.url}/sdk/v1/tallylight-show.js`, { headers: { origin: "https://anywhere.example" } });
  assert.deepEqual([entry.headers.get("access-control-allow-origin"), entry.headers.get("cache-control")], ["*", "no-cache"]);
  const [, path] = /export \* from '\.\.\/\.\.(\/web\/~[0-9a-f]{16}\/sdk\/v1\/tallylight-show\.js)'/.exec(await entry.text()) ?? [];
  const file = await fetch(server.url + path);
  assert.deepEqual([file.status, file.headers.get("cache-control")], [200, "public, max-age=31536000, immutable"]);
  const asked = await fetch(`${server.url}/sdk/v1/tallylight-show.js`, { headers: { "if-none-match": entry.headers.get("etag") ?? "" } });
  assert.equal(asked.status, 304);
  const older = await fetch(server.url + path.replace(/~[0-9a-f]{16}/, "~0123456789abcdef"));
  assert.deepEqual([older.status, older.headers.get("cache-control")], [200, "no-cache"], "a page of another build goes on, and nothing is kept");
  const types = await fetch(`${server.url}/sdk/v1/tallylight.d.ts`);
  assert.match(await types.text(), /export class Client/);
  assert.equal((await fetch(`${server.url}/sdk/v1/none.js`)).status, 404);
});
