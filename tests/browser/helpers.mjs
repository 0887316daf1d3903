// What every browser test needs: the real server, a real Chromium, and axe's view of a page.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const programDefault = join(root, "target/release/tallylight");
const startMsMax = 15_000;
const stopMsMax = 10_000;

/** The sizes every page is looked at: a phone, a tablet, a desk, a graphics output. */
export const sizes = {
  phone: { width: 390, height: 844 },
  tablet: { width: 820, height: 1180 },
  desk: { width: 1440, height: 900 },
  full: { width: 1920, height: 1080 },
};

/**
 * Starts the server on a free port with a data folder of its own and waits until it listens. Ends with the test.
 * @param {import("node:test").TestContext} t
 * @param {{ show: string, args?: string[], program?: string }} options `show` is a path from the project's folder
 * @returns {Promise<{ url: string, lines: string[], process: import("node:child_process").ChildProcess }>}
 */
export async function serve(t, { show, args = [], program = process.env.TALLYLIGHT_BIN ?? programDefault }) {
  const data = await mkdtemp(join(tmpdir(), "tallylight-"));
  const line = ["serve", "--listen", "127.0.0.1:0", "--data", data, "--show", join(root, show), ...args];
  const child = spawn(program, line, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit").catch(() => {});
  t.after(async () => {
    const timer = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
    child.kill("SIGTERM");
    await exited;
    clearTimeout(timer);
    await rm(data, { recursive: true, force: true });
  });

  /** @type {string[]} */
  const lines = [];
  const url = await new Promise((resolve, reject) => {
    const fail = (/** @type {string} */ why) => {
      clearTimeout(timer);
      reject(new Error(`${program} ${why}\n${lines.join("\n")}`));
    };
    const timer = setTimeout(() => fail(`did not listen within ${startMsMax} ms`), startMsMax);
    child.once("error", (error) => fail(`did not start: ${error.message}`));
    child.once("exit", (code) => fail(`ended with ${code}`));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (text) => {
        lines.push(text);
        const found = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(text);
        if (!found) return;
        clearTimeout(timer);
        resolve(found[1]);
      });
    }
  });
  return { url, lines, process: child };
}

/**
 * Starts Chromium; ends with the test.
 * @param {import("node:test").TestContext} t
 */
export async function browser(t) {
  const program = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      // Without these it looks for hosts outside at every start.
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  t.after(() => program.close());
  return program;
}

/**
 * Opens an address in a fresh profile of its own: another person on another device.
 * @param {import("playwright-core").Browser} program
 * @param {string} url
 * @param {import("playwright-core").BrowserContextOptions} [options]
 * @returns {Promise<{ page: import("playwright-core").Page, errors: string[] }>} `errors` fills with what the page
 *   said on its console as an error, or threw
 */
export async function visit(program, url, options = {}) {
  const context = await program.newContext({ viewport: sizes.phone, ...options });
  const page = await context.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(url);
  return { page, errors };
}

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * What axe finds wrong on the page as it is now, a line a finding; empty is good.
 * @param {import("playwright-core").Page} page
 * @returns {Promise<string[]>}
 */
export async function axe(page) {
  // Evaluated and not added as an element, which the page's content policy would refuse.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run(document));
  return violations.flatMap((/** @type {{ id: string, help: string, nodes: { target: string[] }[] }} */ rule) =>
    rule.nodes.map((node) => `${rule.id}: ${rule.help} (${node.target.join(" ")})`),
  );
}
