// What every browser test needs: the real server, a real Chromium, and axe's view of a page.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

/** The project's folder. */
export const root = fileURLToPath(new URL("../..", import.meta.url));
const programDefault = join(root, "target/release/tallylight");
const startMsMax = 15_000;
const stopMsMax = 10_000;

/** The sizes every page is looked at: a phone, a tablet, a desk, a graphics output. */
export const sizes = {
  phone: { width: 390, height: 844 },
  tablet: { width: 820, height: 1180 },
  desk: { width: 1366, height: 768 },
  full: { width: 1920, height: 1080 },
};

/** How long a test waits for something to become true. */
const waitMsMax = 15_000;
const lookEveryMs = 25;

/**
 * A server that runs, and can be killed and started again at the same address with the same data.
 * @typedef {object} Server
 * @property {string} url
 * @property {string[]} lines what it printed since its last start
 * @property {(what: string) => string} link the address it printed for `audience`, `producer`, `operator`, `adjudicator`, `overlay`
 * @property {() => Promise<void>} kill at once, as a power cut would
 * @property {(options?: { wipe?: boolean }) => Promise<void>} start again, `wipe`: with no data
 */

/**
 * Starts the server on a free port with a data folder of its own and waits until it listens. Ends with the test.
 * @param {import("node:test").TestContext} t
 * @param {{ show: string, args?: string[], program?: string }} options `show` is a path from the project's folder
 * @returns {Promise<Server>}
 */
export async function serve(t, { show, args = [], program = process.env.TALLYLIGHT_BIN ?? programDefault }) {
  return run(t, program, (listen, data) => ["serve", "--listen", listen, "--data", data, "--show", join(root, show), ...args]);
}

/**
 * Starts the demo, which plays by itself.
 * @param {import("node:test").TestContext} t
 * @param {string[]} args
 */
export async function demo(t, args = [], program = process.env.TALLYLIGHT_BIN ?? programDefault) {
  return run(t, program, (listen, data) => ["demo", "--listen", listen, "--data", data, ...args]);
}

/**
 * @param {import("node:test").TestContext} t
 * @param {string} program
 * @param {(listen: string, data: string) => string[]} line
 * @returns {Promise<Server>}
 */
async function run(t, program, line) {
  const data = await mkdtemp(join(tmpdir(), "tallylight-"));
  /** @type {import("node:child_process").ChildProcess | undefined} */
  let child;
  let listen = "127.0.0.1:0";
  const end = async (/** @type {NodeJS.Signals} */ signal) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    const timer = setTimeout(() => child?.kill("SIGKILL"), stopMsMax);
    child.kill(signal);
    await exited;
    clearTimeout(timer);
  };
  t.after(async () => {
    await end("SIGTERM");
    await rm(data, { recursive: true, force: true });
  });
  /** @type {Server} */
  const server = {
    url: "",
    lines: [],
    link(what) {
      const found = server.lines.map((text) => text.trim().split(/\s+/)).find(([word]) => word === what);
      assert(found, `no ${what} in:\n${server.lines.join("\n")}`);
      return found[1];
    },
    kill: () => end("SIGKILL"),
    async start({ wipe = false } = {}) {
      if (wipe) await rm(data, { recursive: true, force: true });
      child = spawn(program, line(listen, data), { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
      server.lines = [];
      server.url = await listening(child, program, server.lines);
      listen = new URL(server.url).host;
    },
  };
  await server.start();
  return server;
}

/**
 * Waits until the server has printed its start-up message.
 * @param {import("node:child_process").ChildProcess} child @param {string} program @param {string[]} lines
 * @returns {Promise<string>} where it listens
 */
function listening(child, program, lines) {
  let url = "";
  return new Promise((resolve, reject) => {
    const fail = (/** @type {string} */ why) => {
      clearTimeout(timer);
      reject(new Error(`${program} ${why}\n${lines.join("\n")}`));
    };
    const timer = setTimeout(() => fail(`did not listen within ${startMsMax} ms`), startMsMax);
    child.once("error", (error) => fail(`did not start: ${error.message}`));
    child.once("exit", (code) => fail(`ended with ${code}`));
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (text) => {
        lines.push(text);
        url ||= /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1] ?? "";
        // The last line of the message; all links are there.
        if (!url || !text.includes("signed by")) return;
        clearTimeout(timer);
        resolve(url);
      });
    }
  });
}

/** The browsers that are open. @type {Set<import("playwright-core").Browser>} */
const programs = new Set();

/** What every open page says, for who reads why a test failed. */
async function seen() {
  const pages = [...programs].flatMap((program) => program.contexts()).flatMap((context) => context.pages());
  const texts = pages.map(async (page) => `\n${page.url()}: ${(await page.innerText("body", { timeout: 1000 }).catch(String)).replaceAll(/\s+/g, " ")}`);
  return (await Promise.all(texts)).join("");
}

/**
 * Waits until something is true, looking often; fails with `what` and the last value when the time is over.
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} look
 * @param {number} [ms]
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, look, ms = waitMsMax) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await look();
    if (value) return value;
    if (Date.now() > end) assert.fail(`not within ${ms} ms: ${what} (last: ${JSON.stringify(value)})${await seen()}`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/**
 * Staff without a page: enters by the link the server printed and sends commands over HTTP.
 * @param {Server} server
 * @param {string} [role]
 */
export async function staff(server, role = "producer") {
  const link = new URL(server.link(role));
  const show = link.pathname.split("/")[2];
  const post = async (/** @type {string} */ path, /** @type {object} */ body, token = "") => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    return (await fetch(server.url + path, { method: "POST", body: JSON.stringify(body), headers })).json();
  };
  const { staff: token } = await post("/api/v1/staff/enter", { code: link.hash.slice(1) });
  assert(token, `the ${role} could not enter`);
  let sent = 0;
  const command = (/** @type {object} */ body) => post(`/api/v1/shows/${show}/commands`, { id: `${Date.now()}.${sent++}`, ...body }, token);
  return {
    show,
    token,
    command,
    /** Sends a command until it is done: the second `step` within a second is refused as a double press. @param {Record<string, unknown> & { do: string }} body */
    async press(body) {
      return until(`${body.do} is done`, async () => {
        const done = await command(body);
        if (!done.ok && done.code !== "too_soon" && done.code !== "not_now") assert.fail(`${body.do}: ${done.code} ${done.detail}`);
        return done.ok && done;
      });
    },
  };
}

/**
 * A ballot of somebody new, by plain HTTP.
 * @param {Server} server @param {string} id @param {number} pick
 */
export async function vote(server, id, pick) {
  const api = `${server.url}/api/v1/shows/${id}`;
  const post = async (/** @type {string} */ what, /** @type {object} */ body, token = "") =>
    (await fetch(`${api}/${what}`, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", authorization: `Bearer ${token}` } })).json();
  const { device } = await post("join", {});
  const { show: on } = await (await fetch(`${api}/live`)).json();
  const ballot = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const receipt = await post("ballots", { run: on.run.id, id: ballot, picks: [pick] }, device);
  assert.equal(receipt.is, "counted");
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
  programs.add(program);
  t.after(() => {
    programs.delete(program);
    return program.close();
  });
  return program;
}

/**
 * Opens an address in a fresh profile of its own: another person on another device.
 * @param {import("playwright-core").Browser} program
 * @param {string} url
 * @param {import("playwright-core").BrowserContextOptions} [options]
 * @returns {Promise<{ page: import("playwright-core").Page, context: import("playwright-core").BrowserContext, errors: string[] }>}
 *   `errors` fills with what the page said on its console as an error, or threw
 */
export async function visit(program, url, options = {}) {
  const context = await program.newContext({ viewport: sizes.phone, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(waitMsMax);
  /** @type {string[]} */
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(url);
  return { page, errors, context };
}

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * What axe finds wrong on the page as it is now, a line a finding; empty is good.
 * @param {import("playwright-core").Page} page
 * @param {string[]} [impacts] only findings of this weight: `minor`, `moderate`, `serious`, `critical`
 * @returns {Promise<string[]>}
 */
export async function axe(page, impacts) {
  // Colours on their way from one state to the next are nobody's fault.
  await page.evaluate(() => {
    const ending = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
    return Promise.allSettled(ending.map((animation) => animation.finished));
  });
  // Evaluated and not added as an element, which the page's content policy would refuse.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run(document));
  return violations
    .filter((/** @type {{ impact: string }} */ rule) => !impacts || impacts.includes(rule.impact))
    .flatMap((/** @type {{ id: string, help: string, nodes: { target: string[] }[] }} */ rule) =>
      rule.nodes.map((node) => `${rule.id}: ${rule.help} (${node.target.join(" ")})`),
    );
}
