import type { Browser, BrowserContextOptions } from "playwright-core";

import { findChromium } from "../helpers/chromium";
import { Office, type PersonName } from "./office";
import { startBrowser, Visitor } from "./visitor";

/** The approvals page in a real browser, before the real handler and a real OpenID provider, for one file of tests. */
export interface Place {
  /** `test`, or `test.skip` where there is no browser. */
  readonly inBrowser: jest.It;
  readonly office: () => Office;
  /** Somebody with a browser of their own. */
  readonly visitor: (options?: BrowserContextOptions) => Promise<Visitor>;
  /** Somebody who has signed in, at a part of the page. */
  readonly signedIn: (who: PersonName, hash?: string, options?: BrowserContextOptions) => Promise<Visitor>;
}

/** Sets it up; after each test, nobody's page may have complained: a test that expects it takes the complaint out. */
export function openPlace(): Place {
  const program = findChromium();
  let office: Office | undefined;
  let browser: Browser | undefined;
  const visitors: Visitor[] = [];
  const opened = <T>(what: T | undefined): T => {
    if (what === undefined) throw new Error("there is no browser");
    return what;
  };
  const visitor = async (options?: BrowserContextOptions): Promise<Visitor> => {
    const came = await Visitor.come(opened(browser), opened(office), options);
    visitors.push(came);
    return came;
  };
  if (program !== undefined) {
    beforeAll(async () => {
      [office, browser] = await Promise.all([Office.open(), startBrowser(program)]);
    });
    beforeEach(() => {
      opened(office).clear();
    });
    afterEach(async () => {
      const complaints = visitors.flatMap((each) => each.complaints);
      await Promise.all(visitors.splice(0).map((each) => each.leave()));
      expect(complaints).toEqual([]);
    });
    afterAll(async () => {
      await Promise.all([browser?.close(), office?.close()]);
    });
  }
  return {
    inBrowser: program === undefined ? test.skip : test,
    office: () => opened(office),
    visitor,
    signedIn: async (who, hash, options) => {
      const came = await visitor(options);
      await came.signIn(who, hash);
      return came;
    },
  };
}
