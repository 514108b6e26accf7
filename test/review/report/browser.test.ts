import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import type { AxeResults } from "axe-core";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

import { findChromium } from "../../helpers/chromium";
import { smallExample } from "../stacks";
import { reportOf } from "./subjects";

const program = findChromium();
const inBrowser = program === undefined ? test.skip : test;

const PICTURES = resolve(__dirname, "../../../artifacts/report");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const DESK = { viewport: { width: 1280, height: 900 } };
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
/** The width of A4 less the margins, in CSS pixels. */
const PAPER = { viewport: { width: 688, height: 1000 } };

let browser: Browser | undefined;
let url: string;
/** What a page complained of, or asked of the network. */
let complaints: string[] = [];

beforeAll(async () => {
  if (program === undefined) return;
  const file = join(mkdtempSync(join(tmpdir(), "writeback-report-")), "report.html");
  writeFileSync(file, reportOf(smallExample(), "2026-12-01").html);
  url = pathToFileURL(file).href;
  browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"] });
});

afterAll(() => browser?.close());

async function open(options: BrowserContextOptions): Promise<Page> {
  if (browser === undefined) throw new Error("there is no browser");
  complaints = [];
  const page = await (await browser.newContext(options)).newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("request", (request) => complaints.push(request.url()));
  await page.goto(url);
  complaints = complaints.filter((complaint) => complaint !== url);
  return page;
}

async function axe(page: Page): Promise<string[]> {
  // Past the policy, which would not run it: through the debugger.
  await page.evaluate(AXE);
  const { violations }: AxeResults = await page.evaluate(
    `axe.run({ runOnly: ${JSON.stringify(RULES)}, resultTypes: ["violations"] })`,
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
}

function widths(page: Page): Promise<{ readonly page: number; readonly screen: number }> {
  return page.evaluate(
    "({ page: document.documentElement.scrollWidth, screen: document.documentElement.clientWidth })",
  );
}

async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

describe("the report in a browser", () => {
  inBrowser.each<[string, BrowserContextOptions]>([
    ["desk", DESK],
    ["desk-dark", { ...DESK, colorScheme: "dark" }],
    ["phone", PHONE],
  ])("axe finds nothing, nothing is too wide, and nothing is asked of the network: %s", async (name, options) => {
    const page = await open(options);
    expect(await axe(page)).toEqual([]);
    const { page: width, screen } = await widths(page);
    expect(width).toBeLessThanOrEqual(screen);
    expect(complaints).toEqual([]);
    const dark: boolean = await page.evaluate(
      "getComputedStyle(document.body).backgroundColor !== 'rgb(255, 255, 255)'",
    );
    expect(dark).toBe(name.endsWith("-dark"));
    await picture(page, name);
    await page.context().close();
  });

  inBrowser("fits on paper, in black on white whatever the screen, with every drawing whole", async () => {
    const page = await open({ ...PAPER, colorScheme: "dark" });
    await page.emulateMedia({ media: "print" });
    const { page: width, screen } = await widths(page);
    expect(width).toBeLessThanOrEqual(screen);
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
    const drawings: number[] = await page.evaluate(
      "[...document.querySelectorAll('svg')].map((svg) => svg.getBoundingClientRect().right)",
    );
    expect(drawings.length).toBeGreaterThan(3);
    expect(drawings.filter((right) => right > screen)).toEqual([]);
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
    expect(pdf.match(/\/MediaBox \[0 0 59[45](?:\.\d+)? 84[12](?:\.\d+)?\]/g)?.length).toBeGreaterThan(10);
    await picture(page, "paper");
    await page.context().close();
  });

  inBrowser("has every name of a drawing within its box", async () => {
    const page = await open(DESK);
    const outside: string[] = await page.evaluate(`[...document.querySelectorAll("svg .name")]
      .filter((text) => {
        let box = text.previousElementSibling;
        const [inner, outer] = [text.getBBox(), box.getBBox()];
        return inner.x < outer.x || inner.x + inner.width > outer.x + outer.width;
      })
      .map((text) => text.textContent)`);
    expect(outside).toEqual([]);
    await page.context().close();
  });

  inBrowser("is read by a keyboard: the first stop leads to the content, drawings are stops", async () => {
    const page = await open(DESK);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("To the content");
    await page.keyboard.press("Enter");
    expect(page.url()).toMatch(/#content$/);
    const stops: number = await page.evaluate("document.querySelectorAll('.drawing[tabindex=\"0\"]').length");
    expect(stops).toBe(await page.locator("svg[role=img]").count());
    await page.context().close();
  });
});
