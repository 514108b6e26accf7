import type { Browser, BrowserContextOptions } from "playwright-core";

import { findChromium } from "../helpers/chromium";
import { Office, PEOPLE } from "./office";
import { startBrowser, Visitor } from "./visitor";

/** The approvals page in a real browser, before the real handler and a real OpenID provider. */
const program = findChromium();
const inBrowser = program === undefined ? test.skip : test;

let office: Office;
let browser: Browser;
const visitors: Visitor[] = [];

const visitor = async (options?: BrowserContextOptions): Promise<Visitor> => {
  const came = await Visitor.come(browser, office, options);
  visitors.push(came);
  return came;
};

beforeAll(async () => {
  if (program !== undefined) [office, browser] = await Promise.all([Office.open(), startBrowser(program)]);
});
beforeEach(() => {
  if (program !== undefined) office.clear();
});
afterEach(async () => {
  const complaints = visitors.flatMap((each) => each.complaints);
  await Promise.all(visitors.splice(0).map((each) => each.leave()));
  expect(complaints).toEqual([]);
});
afterAll(async () => {
  if (program !== undefined) await Promise.all([browser.close(), office.close()]);
});

inBrowser("a person signs in, and sees what waits for their group", async () => {
  await office.ask({
    detail: { initiator: { kind: "automation", id: "okta-workflows", intent: "New hire starts Monday" } },
  });
  const hr = await visitor();
  await hr.signIn("hr");
  await hr.page.getByText("New hire starts Monday").waitFor();
  await hr.picture("list");
  expect(await hr.text()).toContain("hr-ops-approvers");
  expect(hr.page.url()).toBe(office.url);
});

inBrowser("approves, once it was all read", async () => {
  await office.ask();
  const hr = await visitor();
  await hr.signIn("hr");
  await hr.read();
  await hr.picture("request");
  await hr.page.getByRole("button", { name: "Approve" }).click();
  await hr.page.getByText("It is on its way to the HR system").waitFor();
  await hr.picture("approved");
  expect(office.decisions()).toHaveLength(1);
  expect(office.decisions()[0]).toMatchObject({ decision: "approve", approver: { subject: PEOPLE.hr.subject } });
});
