// Redis goes away in the middle of a show: every page of staff says so at its top, whatever is scrolled to, and what works meanwhile.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { axe, browser, serve, sizes, staff, until, visit } from "./helpers.mjs";

/**
 * A Redis of its own, which can be killed and started again. Ends with the test.
 * @param {import("node:test").TestContext} t @param {string} folder
 */
async function redis(t, folder) {
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (free.address());
  free.close();
  await once(free, "close");
  /** @type {import("node:child_process").ChildProcess | undefined} */
  let child;
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  };
  const start = async () => {
    child = spawn("redis-server", ["--port", String(port), "--dir", folder, "--appendonly", "yes", "--save", ""], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout?.on("data", (text) => (said += text));
    await until("Redis listens", () => said.includes("Ready to accept connections"));
  };
  t.after(kill);
  await start();
  return { url: `redis://127.0.0.1:${port}`, kill, start };
}

test("without Redis every page of staff says so, since when, and what works", { timeout: 90_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "tallylight-redis-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const ledger = await redis(t, folder);
  const secret = join(folder, "secret");
  await writeFile(secret, "ab".repeat(32), { mode: 0o600 });
  const server = await serve(t, { show: "tests/browser/shows/moderation.toml", args: ["--redis", ledger.url, "--secret-file", secret] });
  const program = await browser(t);
  const desk = await staff(server);
  await desk.press({ do: "standby", cue: "1" });
  await desk.press({ do: "take" });
  const open = async (/** @type {string} */ what, /** @type {keyof typeof sizes} */ size, /** @type {(link: string) => string} */ at = String) =>
    (await visit(program, at(server.link(what)), { viewport: sizes[size] })).page;
  /** @type {[import("playwright-core").Page, string][]} */
  const pages = [
    [await open("operator", "desk"), ".banner-trouble"],
    [await open("adjudicator", "phone", (link) => link.replace("/studio/", "/thumb/")), "tl-thumb-head .link"],
    [await open("moderator", "desk"), ".trouble"],
  ];
  const away = /Redis does not answer since \d\d:\d\d:\d\d: ballots are held; clear, panic, freeze and pull work\./;
  for (const [page, where] of pages) await until("the page is in, and nothing is wrong", async () => (await page.locator("h1:visible").first().innerText()).includes("The Talk") && !away.test(await page.innerText(where)));
  await ledger.kill();
  for (const [page, where] of pages) {
    await until("it is said", async () => away.test(await page.innerText(where)));
    assert.deepEqual(await axe(page, ["serious", "critical"]), []);
    for (const size of [sizes.desk, sizes.tablet, sizes.phone]) {
      await page.setViewportSize(size);
      const box = await page.locator(where).boundingBox();
      assert(box && box.y >= 0 && box.y + box.height <= size.height / 2, `${page.url()}: in sight at the top: ${JSON.stringify(box)}`);
    }
  }
  await ledger.start();
  for (const [page, where] of pages) await until("it is over", async () => !away.test(await page.innerText(where)));
});
