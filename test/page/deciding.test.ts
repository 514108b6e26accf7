import { withDelegation } from "../runtime/world";
import { PEOPLE } from "./office";
import { openPlace } from "./setup";
import type { Visitor } from "./visitor";

const { inBrowser, office, visitor, signedIn } = openPlace();

const HOUR = 3_600_000;
const button = ({ page }: Visitor, name: string | RegExp) => page.getByRole("button", { name });
const outcome = ({ page }: Visitor) => page.locator(".outcome");
const decided = () =>
  office()
    .decisions()
    .map(({ decision, approver, reason }) => ({
      decision,
      reason,
      by: (approver as { readonly subject: string }).subject,
    }));

const LOOKS = [
  ["light", 1280, "light"],
  ["dark", 1280, "dark"],
  ["phone", 390, "light"],
  ["phone-dark", 390, "dark"],
] as const;

const TWO = {
  changes: [
    { field: "manager", value: "WD-500" },
    { field: "cost_center", value: "CC-7" },
  ],
  detail: { initiator: { kind: "automation", id: "okta-workflows", intent: "New hire starts Monday" } },
};

inBrowser("a person signs in, sees what waits for their group, and reads all there is to know", async () => {
  await office().ask(TWO);
  const hr = await signedIn("hr");
  await hr.page.getByText("New hire starts Monday").waitFor();
  expect(await hr.text()).toMatch(/^Waiting for you .* Manager, cost center Worker WD-10293, asked by okta-workflows/);
  await hr.picture("list");
  await hr.page.getByRole("link", { name: "Manager, cost center" }).click();
  await hr.page.getByRole("heading", { name: "Change of worker WD-10293's record" }).waitFor();
  const shown = await hr.text();
  for (const told of [
    "Asked by okta-workflows, an automated system",
    "Why New hire starts Monday",
    "After joiner.provisioned",
    "told by identity.joiner",
    "In the HR system now WD-1 → becomes Proposed WD-500",
    "Checked hris knows it as an active record.",
    "No system can confirm it. Please make sure yourself that it is right.",
    "If approved The proposed value is written to the HR system.",
    "Who must agree 1 person of hr-ops-approvers",
    "1 person of payroll-approvers",
    "Decided so far Nobody has decided yet.",
    "Kind of field Needs approval, owned by hr-operations",
  ]) {
    expect(shown).toContain(told);
  }
  expect(shown).toMatch(/Expires in 23 hours \(\d+ \w+ \d{4}, \d\d:\d\d UTC\)/);
  await hr.picture("request");
});

inBrowser("approves; what waits is counted again, and nothing is asked twice", async () => {
  await office().ask();
  const hr = await signedIn("hr");
  await hr.read();
  await button(hr, "Approve").click();
  await outcome(hr).getByText("Manager: approved. It is on its way to the HR system.").waitFor();
  expect(decided()).toEqual([{ decision: "approve", by: PEOPLE.hr.subject }]);
  expect(office().world.tokens).toHaveLength(1);
  expect(await hr.text()).toContain("Approved by hr.partner");
  await expect(button(hr, "Approve").count()).resolves.toBe(0);
  await hr.page.locator("nav .count").waitFor({ state: "detached" });
  await hr.picture("approved");
});

inBrowser("decides on several fields at once with one reason, without those taken out; a denial says why", async () => {
  await office().ask(TWO);
  const hr = await signedIn("hr");
  await hr.read();
  await button(hr, "Deny 2 changes").click();
  await hr.page.getByText("Please say why you deny it.").waitFor();
  expect(await hr.focused()).toBe("reason");
  expect(decided()).toEqual([]);
  await hr.picture("reason-missing");
  await hr.page.getByLabel("Include in my decision: Cost center").uncheck();
  await hr.page.getByLabel("Reason").fill("She reports to somebody else");
  await button(hr, "Deny 1 change").click();
  await outcome(hr).getByText("Manager: denied. Nothing is written.").waitFor();
  expect(decided()).toEqual([{ decision: "deny", by: PEOPLE.hr.subject, reason: "She reports to somebody else" }]);
  // What was taken out still waits.
  await button(hr, "Approve").click();
  await outcome(hr).getByText("Cost center: your approval is on record. Others must agree too.").waitFor();
  expect(await hr.text(".panel")).toContain("You have decided already. That decision stands.");
  await hr.picture("others-must-agree");
  const payroll = await signedIn("payroll");
  await payroll.read();
  expect(await payroll.text()).toContain("Approved by hr.partner");
  await button(payroll, "Approve").click();
  await outcome(payroll).getByText("Cost center: approved.").waitFor();
});

inBrowser("is told that the time is over, whatever the page still shows", async () => {
  await office().ask();
  const hr = await signedIn("hr");
  await hr.read();
  office().world.now += 25 * HOUR;
  await button(hr, "Approve").click();
  await outcome(hr).getByText("Manager: The time to decide is over.").waitFor();
  expect(decided()).toEqual([]);
  await hr.picture("expired");
});

inBrowser("is shown nothing of a change that is not for their group", async () => {
  await office().ask();
  const nobody = await signedIn("nobody");
  await nobody.page.getByText("Nothing waits for you").waitFor();
  await nobody.picture("list-empty");
  await nobody.go("#/requests/r-1");
  await nobody.page.getByRole("heading", { name: "Not for you to see" }).waitFor();
  await nobody.picture("not-my-group");
  expect(await nobody.page.content()).not.toMatch(/WD-500|WD-10293/);
  await nobody.go("#/requests/r-2");
  await nobody.page.getByRole("heading", { name: "Not found" }).waitFor();
});

inBrowser.each([
  [
    "asked for it",
    { kind: "human", id: "harper", issuer: "<issuer>", subject: PEOPLE.hr.subject },
    "WD-10293",
    "You asked for this change yourself.",
  ],
  [
    "it is their own record",
    { kind: "human", id: "casey", issuer: "<issuer>", subject: "casey" },
    PEOPLE.hr.workerId,
    "This is a change of your own record.",
  ],
])("reads and cannot decide where they themselves %s", async (_why, initiator, id, words) => {
  const asked = initiator as { issuer: string };
  const { world, identity } = office();
  for (const [field, value] of Object.entries({
    employment_type: "employee",
    legal_entity: "acme-uk",
    manager: "WD-1",
  })) {
    world.hris.set(field, value, id);
  }
  await office().ask({
    source: "portal",
    detail: {
      initiator: { ...asked, issuer: identity.issuer },
      worker: { id, attributes: { worker_type: "employee", legal_entity: "acme-uk" } },
    },
  });
  const hr = await signedIn("hr", "#/requests/r-1");
  await hr.page.getByText(words).waitFor();
  await expect(button(hr, /Approve|Deny/).count()).resolves.toBe(0);
  await hr.picture(`not-mine-to-decide-${id}`);
});

inBrowser("of two in a race one is first, and the other is told", async () => {
  await office().ask();
  const [hr, other] = await Promise.all([signedIn("hr"), signedIn("hrToo")]);
  await Promise.all([hr.read(), other.read()]);
  await other.page.getByLabel("Reason").fill("Not this one");
  await Promise.all([button(hr, "Approve").click(), button(other, "Deny").click()]);
  await Promise.all([outcome(hr).locator(".notice").waitFor(), outcome(other).locator(".notice").waitFor()]);
  const said = [await outcome(hr).innerText(), await outcome(other).innerText()].join(" ");
  // A denial holds also after an approval; an approval after a denial is refused.
  const kinds = decided().map(({ decision }) => decision);
  expect(kinds).toContain("deny");
  expect(said).toContain("denied");
  if (kinds.length === 1) expect(said).toContain("does not wait for a decision any more");
  expect(new Set(office().world.tokens.map(({ token }) => token)).size).toBe(1);
  await other.picture("race");
});

inBrowser("who comes after the decision sees it, and cannot decide again", async () => {
  await office().ask();
  const [hr, other] = await Promise.all([signedIn("hr"), signedIn("hrToo")]);
  await Promise.all([hr.read(), other.read()]);
  await button(hr, "Approve").click();
  await outcome(hr).getByText("approved").waitFor();
  await button(other, "Approve").click();
  await outcome(other).getByText("Manager: This change does not wait for a decision any more").waitFor();
  expect(await other.text()).toContain("Approved by hr.partner");
  expect(decided()).toHaveLength(1);
});

inBrowser("two presses of a button are one decision", async () => {
  await office().ask();
  const hr = await signedIn("hr");
  await hr.read();
  const before = office().server.log.length;
  await button(hr, "Approve").dblclick();
  await outcome(hr).getByText("approved").waitFor();
  const posts = office()
    .server.log.slice(before)
    .filter(({ method }) => method === "POST");
  expect(posts).toHaveLength(1);
  expect(decided()).toHaveLength(1);
});

inBrowser("the back button leads to a list without what was decided", async () => {
  await office().ask();
  const hr = await signedIn("hr");
  await hr.page.getByRole("link", { name: "Manager" }).click();
  await button(hr, "Approve").click();
  await outcome(hr).getByText("approved").waitFor();
  await hr.page.goBack();
  await hr.page.getByText("Nothing waits for you").waitFor();
  await hr.page.goForward();
  await hr.page.getByText("Approved by").waitFor();
  await expect(button(hr, "Approve").count()).resolves.toBe(0);
  expect(decided()).toHaveLength(1);
});

inBrowser("where the answer is lost, the decision is sent again and counts once", async () => {
  await office().ask();
  const hr = await signedIn("hr");
  await hr.read();
  office().server.setFaults(({ method }) => (method === "POST" ? { kind: "cut", when: "after" } : undefined));
  await button(hr, "Approve").click();
  await outcome(hr).getByText("It is not known whether your decision arrived.").waitFor();
  expect(decided()).toHaveLength(1);
  await hr.picture("answer-lost");
  office().server.setFaults(undefined);
  await button(hr, "Send it again").click();
  await outcome(hr).getByText("Manager: approved.").waitFor();
  expect(decided()).toHaveLength(1);
});

inBrowser("without a network nothing is lost: what was written stays, and the way on is shown", async () => {
  await office().ask();
  const hr = await signedIn("hr");
  await hr.read();
  await hr.page.getByLabel("Reason").fill("Wrong person");
  await hr.context.setOffline(true);
  await button(hr, "Deny").click();
  await outcome(hr).getByText("No answer came.").waitFor();
  await hr.go("#/");
  await hr.page.getByRole("heading", { name: "No connection" }).waitFor();
  await hr.picture("no-network");
  await hr.context.setOffline(false);
  await button(hr, "Try again").click();
  await hr.page.getByRole("heading", { name: "Waiting for you" }).waitFor();
  expect(decided()).toEqual([]);
});

inBrowser(
  "too many requests at once: the page says so in words, keeps the reason, and sends the decision again",
  async () => {
    await office().ask();
    const hr = await signedIn("hr");
    await hr.read();
    await hr.page.getByLabel("Reason").fill("Wrong person");
    // API Gateway's own answer: JSON, and no problem details.
    const throttled = { kind: "replace", answer: { status: 429, body: { message: "Too Many Requests" } } } as const;
    office().server.setFaults(({ path }) => (path.startsWith("/approvals") ? throttled : undefined));
    await button(hr, "Deny").click();
    await outcome(hr).getByText("Too many requests at this moment. Please wait a little.").waitFor();
    await expect(hr.page.getByLabel("Reason").inputValue()).resolves.toBe("Wrong person");
    await hr.picture("too-many-requests");
    await hr.go("#/");
    await hr.page.getByText("Too many requests at this moment. Please wait a little.").waitFor();
    expect(decided()).toEqual([]);
    office().server.setFaults(undefined);
    await button(hr, "Try again").click();
    await hr.page.getByRole("heading", { name: "Waiting for you" }).waitFor();
  },
);

inBrowser("a sign-in that ran out costs no work: the reason is there again after another", async () => {
  await office().ask();
  const hr = await signedIn("hr");
  await hr.read();
  await hr.page.getByLabel("Reason").fill("Wrong person");
  office().server.setFaults(({ method }) =>
    method === "POST" ? { kind: "replace", answer: { status: 401, body: { message: "Unauthorized" } } } : undefined,
  );
  await button(hr, "Deny").click();
  await hr.page.getByText("Your sign-in has ended.").waitFor();
  await hr.picture("sign-in-over");
  office().server.setFaults(undefined);
  await button(hr, "Sign in again").click();
  await hr.page.getByRole("heading", { name: /record$/ }).waitFor();
  await expect(hr.page.getByLabel("Reason").inputValue()).resolves.toBe("Wrong person");
  await button(hr, "Deny").click();
  await outcome(hr).getByText("denied").waitFor();
});

inBrowser("a change that moved meanwhile is not approved by its old digest", async () => {
  await office().ask();
  const hr = await signedIn("hr");
  await hr.read();
  // The page shows one exact change; what is sent speaks of another.
  await hr.page.route("**/approvals/r-1", async (route) => {
    const sent = route
      .request()
      .postData()
      ?.replace(/"digest":"[0-9a-f]{64}"/, `"digest":"${"0".repeat(64)}"`);
    await route.continue(sent === undefined ? {} : { postData: sent });
  });
  await button(hr, "Approve").click();
  await outcome(hr).getByText("The change moved while you were looking.").waitFor();
  expect(decided()).toEqual([]);
});

inBrowser("a dry run says that nothing is written", async () => {
  await office().ask({ detail: { dryRun: true } });
  const hr = await visitor();
  await hr.signIn("hr", "#/requests/r-1");
  await hr.page.getByText("This is a dry run. Whatever you decide, nothing is written.").waitFor();
  expect(await hr.text()).toContain("Dry run, nothing is written");
  await hr.picture("dry-run");
});

describe("somebody who stands in for a group", () => {
  const DAY = 24 * HOUR;
  const day = (offset: number): string => new Date(Date.now() + offset * DAY).toISOString().slice(0, 10);
  const written = (offset: number): string =>
    new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).format(
      Date.parse(day(offset)),
    );
  const { subject, name } = PEOPLE.delegate;
  /** A seat of payroll's, lent to the delegate from a day until a day, counted from today. */
  const lend = (from: number, until: number, changes: Parameters<typeof withDelegation>[0] = {}): void => {
    office().clear(withDelegation({ to: { subject, name }, from: day(from), until: day(until), ...changes }));
  };

  inBrowser("reads for whom and until when, and decides; who comes next sees both, whatever the look", async () => {
    lend(-1, 3);
    await office().ask(TWO);
    const dana = await signedIn("delegate");
    const found: string[] = [];
    const see = async (part: string): Promise<void> => {
      for (const [look, width, colorScheme] of LOOKS) {
        await dana.page.setViewportSize({ width, height: 860 });
        await dana.page.emulateMedia({ colorScheme });
        found.push(...(await dana.axe()).map((each) => `${part} ${look}: ${each}`));
        if (await dana.isTooWide()) found.push(`${part} ${look}: too wide`);
        await dana.picture(`${part}-${look}`);
      }
    };
    await dana.page.getByText("You stand in for payroll-approvers").waitFor();
    await see("standing-in-list");
    await dana.read();
    const until = `until the end of ${written(3)} (UTC)`;
    expect(await dana.text()).toContain(`You stand in for payroll-approvers, by delegation DEL-1, ${until}`);
    // The manager is asked of another group, whose seat nobody lent.
    expect(await dana.text()).not.toContain("Manager");
    await see("standing-in-request");
    await button(dana, "Approve").click();
    await outcome(dana).getByText("Cost center: your approval is on record. Others must agree too.").waitFor();
    await see("standing-in-decided");
    expect(found).toEqual([]);
    expect(office().decisions()).toMatchObject([
      { approver: { subject }, groups: ["payroll-approvers"], delegations: [{ id: "DEL-1", until: day(3) }] },
    ]);
    const hr = await signedIn("hr");
    await hr.read();
    expect(await hr.text()).toContain(`Approved by ${subject} standing in for payroll-approvers`);
    await hr.picture("standing-in-seen-by-next");
    await hr.page.getByLabel("Include in my decision: Manager").uncheck();
    await button(hr, "Approve 1 change").click();
    await outcome(hr).getByText("Cost center: approved.").waitFor();
  });

  inBrowser.each([
    ["has not begun", 1, 3, {}],
    ["has ended", -4, -1, {}],
    ["lends another group's seat", -1, 3, { group: "iam-approvers", approvedBy: { identity: "u-1" } }],
  ] as const)("sees and decides nothing where the delegation %s", async (_what, from, until, changes) => {
    lend(from, until, changes);
    await office().ask(TWO);
    const dana = await signedIn("delegate");
    await dana.page.getByText("Nothing waits for you").waitFor();
    await dana.go("#/requests/r-1");
    await dana.page.getByRole("heading", { name: "Not for you to see" }).waitFor();
    expect(await dana.page.content()).not.toMatch(/CC-7|WD-500|stand in/);
  });

  inBrowser("is refused once the last day is over, whatever the page still shows", async () => {
    lend(-1, 0);
    await office().ask({ changes: [{ field: "cost_center", value: "CC-7" }] });
    const dana = await signedIn("delegate");
    await dana.read();
    office().world.now = Date.parse(day(1)) + 1_000;
    await button(dana, "Approve").click();
    await dana.page.getByText("You are not in a group that is asked").waitFor();
    expect(decided()).toEqual([]);
    expect(office().world.itemsOf("ledger", "refusal#")).toMatchObject([{ code: "NotAnApprover" }]);
    await dana.picture("standing-in-over");
  });

  inBrowser("decides neither on their own record nor reads the facts that the group is told of", async () => {
    lend(-1, 3);
    await office().tell("r-9", "CC-9", {}, "cost_center");
    const payroll = await signedIn("payroll", "#/notices");
    await button(payroll, "Show the fact: cost center").waitFor();
    const id = PEOPLE.delegate.workerId;
    for (const [field, value] of Object.entries({
      employment_type: "employee",
      legal_entity: "acme-uk",
      cost_center: "CC-1",
    })) {
      office().world.hris.set(field, value, id);
    }
    await office().ask({
      changes: [{ field: "cost_center", value: "CC-7" }],
      detail: { worker: { id, attributes: { worker_type: "employee", legal_entity: "acme-uk" } } },
    });
    const dana = await signedIn("delegate", "#/requests/r-1");
    await dana.page.getByText("This is a change of your own record.").waitFor();
    await expect(button(dana, /Approve|Deny/).count()).resolves.toBe(0);
    await dana.go("#/notices");
    await dana.page.getByText("No notices").waitFor();
  });
});
