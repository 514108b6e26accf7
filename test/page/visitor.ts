import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import type { AxeResults } from "axe-core";
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "playwright-core";

import { PEOPLE, type Office, type PersonName } from "./office";

/** As Chromium starts where it runs as root and reaches no network but loopback. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const PICTURES = resolve(__dirname, "../../artifacts/page");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const DESK = { width: 1280, height: 860 };

export function startBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A person at a browser of their own. */
export class Visitor {
  /** What the page complained of: errors that nobody caught, and what the Content-Security-Policy refused. */
  readonly complaints: string[] = [];

  private constructor(
    private readonly office: Office,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      const text = message.text();
      if (/Content Security Policy|TrustedHTML|Trusted Type/i.test(text)) this.complaints.push(text);
    });
  }

  static async come(browser: Browser, office: Office, options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await browser.newContext({ viewport: DESK, reducedMotion: "reduce", locale: "en-GB", ...options });
    context.setDefaultTimeout(20_000);
    return new Visitor(office, context, await context.newPage());
  }

  /** Opens the page, and signs in where it asks for that. */
  async signIn(who: PersonName, hash = ""): Promise<void> {
    await this.open(hash);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.pick(who);
  }

  async open(hash = ""): Promise<void> {
    await this.page.goto(`${this.office.url}${hash}`);
  }

  /** At the provider: who they are. */
  async pick(who: PersonName): Promise<void> {
    const { subject } = PEOPLE[who];
    await this.page.locator(`button[name="person"][value="${subject.replaceAll('"', '\\"')}"]`).click();
    await this.page.getByRole("button", { name: "Sign out" }).waitFor();
  }

  /** Opens a request of the list, once the list is there. */
  async read(requestId = "r-1"): Promise<void> {
    await this.go(`#/requests/${requestId}`);
    await this.page.getByRole("heading", { level: 1, name: /record$/ }).waitFor();
  }

  /** To another part of the page, as a link leads there. */
  async go(hash: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  }

  /** The id of what has the focus. */
  focused(): Promise<string> {
    return this.page.evaluate("document.activeElement.id");
  }

  /** What the page complained of, once it has; it is a complaint no more. */
  async complaint(): Promise<string> {
    for (let waited = 0; this.complaints.length === 0 && waited < 20_000; waited += 50) {
      await this.page.waitForTimeout(50);
    }
    return this.complaints.splice(0).join(" ");
  }

  /** All that can be read on the page, in one line. */
  async text(selector = "main"): Promise<string> {
    return (await this.page.locator(selector).innerText()).replace(/\s+/g, " ").trim();
  }

  /** What axe finds wrong, rule and place; nothing is as it should be. */
  async axe(): Promise<string[]> {
    // Past the policy, which would not run it: through the debugger.
    await this.page.evaluate(AXE);
    const { violations }: AxeResults = await this.page.evaluate(`axe.run(${JSON.stringify({ runOnly: AXE_TAGS })})`);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary ?? ""}`),
    );
  }

  /** Whether the page is wider than the screen. */
  isTooWide(): Promise<boolean> {
    return this.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth");
  }

  /** Keeps a picture of the whole page, for people to look at. */
  async picture(name: string): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  }

  leave(): Promise<void> {
    return this.context.close();
  }
}
