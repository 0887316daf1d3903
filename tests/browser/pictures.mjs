// Makes the pictures of docs/img anew, from the demo as it is: node tests/browser/pictures.mjs
// TALLYLIGHT_BIN names the program, as for the tests.
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { browser, demo, root, until, visit } from "./helpers.mjs";

const folder = join(root, "docs/img");
const bytesMax = 200_000;
/** How many of the demo's viewers have voted before a picture is taken. */
const ballotsLeast = 180;
/** What is behind the overlay: a stage in the dark. */
const plate = "html { background: linear-gradient(#10151d 0 58%, #1b2430 58% 100%) !important }";

/** @type {(() => unknown)[]} */
const ends = [];
// What a test would give: a place for what is to end with it.
const t = /** @type {import("node:test").TestContext} */ (/** @type {unknown} */ ({ after: (/** @type {() => unknown} */ end) => ends.push(end) }));

try {
  await mkdir(folder, { recursive: true });
  const server = await demo(t, ["--audience", "240"]);
  const program = await browser(t);
  const [studio, audience, overlay] = await Promise.all([
    visit(program, server.link("producer"), { viewport: { width: 1366, height: 768 } }),
    visit(program, server.link("audience"), { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5 }),
    visit(program, server.link("overlay"), { viewport: { width: 1280, height: 720 } }),
  ]);
  await overlay.page.addStyleTag({ content: plate });

  // The robot has opened the first question; a person votes in it, and another takes control and puts the next one on standby.
  await audience.page.getByText("On the sofa", { exact: true }).click();
  await audience.page.getByRole("button", { name: "Vote for On the sofa" }).click();
  await until("it is counted", async () => (await audience.page.innerText(".receipt")).includes("Counted"));
  await until("the overlay shows its bars", async () => (await overlay.page.locator("tl-results").getAttribute("data-step")) === "1");
  const over = studio.page.getByRole("button", { name: "Take over" });
  await over.focus();
  await studio.page.keyboard.down("Space");
  await until("the producer has control", async () => (await studio.page.innerText("tl-control")).includes("You have control"));
  await studio.page.keyboard.up("Space");
  await studio.page.keyboard.press("n");
  await until("the next cue is on standby", async () => (await studio.page.innerText("tl-standby")).includes("Who goes first"));
  const counted = studio.page.locator(".figure-value").first();
  await until("the audience has voted", async () => Number(await counted.innerText()) >= ballotsLeast);

  await Promise.all([
    studio.page.screenshot({ path: join(folder, "studio.png") }),
    audience.page.screenshot({ path: join(folder, "audience.png") }),
    overlay.page.screenshot({ path: join(folder, "overlay.png") }),
  ]);

  const shown = async (/** @type {string} */ name) => `data:image/png;base64,${(await readFile(join(folder, name))).toString("base64")}`;
  const { page } = await visit(program, "about:blank", { viewport: { width: 1480, height: 920 }, deviceScaleFactor: 0.8 });
  await page.setContent(`<!doctype html><style>
    body { margin: 0; height: 920px; background: #2b3444; position: relative; overflow: hidden }
    img, div { position: absolute; box-shadow: 0 0 0 1px #000, 0 0 0 3px #55617a }
    .studio { left: 36px; top: 36px; width: 1180px; border-radius: 10px }
    .overlay { left: 84px; bottom: 36px; width: 560px; height: 315px; border-radius: 10px; background: left bottom / 900px no-repeat }
    .audience { right: 36px; bottom: 36px; width: 330px; border-radius: 28px }
  </style><img class="studio" src="${await shown("studio.png")}"><div class="overlay" style="background-image: url(${await shown("overlay.png")})"></div><img class="audience" src="${await shown("audience.png")}">`);
  await until("the pictures are in", () => page.evaluate(() => [...document.images].every((image) => image.complete)));
  await page.screenshot({ path: join(folder, "tallylight.png") });

  for (const name of ["studio.png", "audience.png", "overlay.png", "tallylight.png"]) {
    const { size } = await stat(join(folder, name));
    console.log(`docs/img/${name} ${size} bytes`);
    if (size > bytesMax) throw new Error(`docs/img/${name} is larger than ${bytesMax} bytes`);
  }
} finally {
  for (const end of ends.reverse()) await end();
}
