import { parsePolicy } from "../../src/policy";
import { weigh } from "../../src/runtime/approvals-on-record";
import { getInspection, getRequest, listApprovals } from "../../src/runtime/records";
import { runHistory } from "../../src/cli/commands/history";
import { allWaiting, PAYROLL } from "./waiting";
import { APPROVER, DELEGATION, POLICY, withDelegation, WORKER, World } from "./world";

const DAY_MS = 86_400_000;
const READ = "GET /approvals/{requestId}/{index}";
const LIST = "GET /approvals";

/** Somebody of no group, to whom payroll's seat is lent. */
const DELEGATE = {
  issuer: APPROVER.issuer,
  subject: DELEGATION.to.subject,
  workerId: "WD-4711",
  groups: [] as string[],
};

async function waitingFor(changes: Partial<typeof DELEGATION> = {}) {
  const { world, places, digests } = await allWaiting(
    [{ field: "cost_center", value: "CC-2" }],
    {},
    undefined,
    withDelegation(changes),
  );
  return { world, place: places[0]!, digest: digests[0]! };
}

/** What is on record of the change, weighed by another policy. */
async function weighedBy(world: World, policyText: string, digest: string) {
  const place = { requestId: "r-1", index: 0 };
  const stored = await getRequest(world.store, "r-1");
  const inspection = await getInspection(world.store, place, digest);
  return weigh(await listApprovals(world.store, place, digest), {
    request: stored!.request,
    policy: parsePolicy(policyText),
    inspection: inspection!,
    approval: inspection!.approval!,
  });
}

describe("somebody to whom a seat is lent", () => {
  test("sees what waits for the group, and reads that they stand in", async () => {
    const { world } = await waitingFor();
    expect((await world.api(LIST, DELEGATE)).json).toMatchObject({ waiting: [{ requestId: "r-1" }] });
    expect((await world.api(READ, DELEGATE)).json).toMatchObject({
      mayDecide: true,
      standingIn: [{ id: "DEL-1", group: "payroll-approvers", until: "2026-11-05" }],
    });
  });

  test("fills the group's seat, on record with the delegation, and the write follows", async () => {
    const { world, place, digest } = await waitingFor();
    expect((await world.decideAs(DELEGATE, "approve", digest)).json).toMatchObject({ complete: false });
    expect((await world.decideAs(APPROVER, "approve", digest)).json).toMatchObject({ complete: true });
    const { id, group, from, until } = DELEGATION;
    expect(await listApprovals(world.store, place, digest)).toContainEqual(
      expect.objectContaining({ groups: ["payroll-approvers"], delegations: [{ id, group, from, until }] }),
    );
    const inspection = await world.inspect({ ...place, phase: "again" });
    expect(inspection.route).toBe("write");
    const write = await world.broker({ ...place, digest: inspection.digest, attempt: 1 });
    await world.announce({ ...place, inspection, write });
    expect(world.outcome("r-1", 0)).toBe("applied");
  });

  test("takes one seat only, where their own group is asked too", async () => {
    const { world, digest } = await waitingFor();
    const both = { ...DELEGATE, groups: ["hr-ops-approvers"] };
    expect((await world.decideAs(both, "approve", digest)).json).toMatchObject({ complete: false });
    expect(await weighedBy(world, withDelegation(), digest)).toEqual({ denied: false, satisfied: false });
  });

  test("may deny", async () => {
    const { world, digest } = await waitingFor();
    expect((await world.decideAs(DELEGATE, "deny", digest)).json).toMatchObject({ complete: true });
  });

  test.each([
    ["of another subject", { to: { subject: "u-4712", name: "Another" } }],
    ["that begins tomorrow", { from: "2026-11-03" }],
    ["that ended yesterday", { from: "2026-10-30", until: "2026-11-01" }],
    ["of a group that is not asked", { group: "iam-approvers", approvedBy: { identity: "u-1" } }],
  ])("may nothing by a delegation %s", async (_, changes) => {
    const { world, digest } = await waitingFor(changes);
    expect((await world.api(LIST, DELEGATE)).json).toEqual({ waiting: [] });
    expect(await world.api(READ, DELEGATE)).toMatchObject({ statusCode: 403 });
    expect(await world.decideAs(DELEGATE, "approve", digest)).toMatchObject({
      statusCode: 403,
      json: { code: "NotAnApprover" },
    });
  });

  test("is on record as themselves where their own group is lent to them too", async () => {
    const { world, place, digest } = await waitingFor();
    const own = { ...DELEGATE, groups: ["payroll-approvers"] };
    expect((await world.api(READ, own)).json).toMatchObject({ mayDecide: true, standingIn: [] });
    await world.decideAs(own, "approve", digest);
    const [item] = await listApprovals(world.store, place, digest);
    expect(item).toMatchObject({ groups: ["payroll-approvers"] });
    expect(item).not.toHaveProperty("delegations");
  });

  test("has no part in the inbox of the group's facts", async () => {
    const world = new World(withDelegation());
    world.hris.set("employment_type", "contingent");
    await world.write("cost_center", "CC-9");
    const [list, one] = ["GET /notices", "GET /notices/{requestId}/{index}"] as const;
    expect((await world.api(list, PAYROLL)).json).toMatchObject({ notices: [{ requestId: "r-1" }] });
    expect((await world.api(list, DELEGATE)).json).toEqual({ notices: [] });
    for (const route of [one, one.replace("GET", "POST")]) {
      const answer = await world.api(route, DELEGATE, { requestId: "r-1", body: {} });
      expect(answer).toMatchObject({ statusCode: 403, json: { code: "NotTheOwner" } });
      expect(answer.body).not.toContain("CC-9");
    }
    expect(world.itemsOf("ledger", "acknowledged#")).toEqual([]);
  });

  test("decides neither on their own record nor on what they asked for", async () => {
    const { world, digest } = await waitingFor();
    expect((await world.decideAs({ ...DELEGATE, workerId: WORKER }, "approve", digest)).json).toMatchObject({
      code: "ApproverIsWorker",
    });
  });

  test("may no longer decide after its last day", async () => {
    const { world, digest } = await waitingFor({ until: "2026-11-02" });
    world.now += DAY_MS / 2;
    expect((await world.decideAs(DELEGATE, "approve", digest)).statusCode).toBe(200);
    const later = await waitingFor({ until: "2026-11-02" });
    later.world.now += (DAY_MS * 2) / 3;
    expect((await later.world.decideAs(DELEGATE, "approve", later.digest)).json).toMatchObject({
      code: "NotAnApprover",
    });
  });
});

describe("a decision by delegation", () => {
  test.each([
    ["the delegation as it was", withDelegation(), true],
    ["a delegation that was renewed under another id", withDelegation({ id: "DEL-2" }), true],
    ["no delegation any more", POLICY, false],
    ["a delegation of other days", withDelegation({ from: "2026-11-03" }), false],
    ["a delegation to somebody else", withDelegation({ to: { subject: "u-1", name: "x" } }), false],
  ])("counts by the policy of now: %s", async (_, policy, satisfied) => {
    const { world, digest } = await waitingFor();
    await world.decideAs(DELEGATE, "approve", digest);
    await world.decideAs(APPROVER, "approve", digest);
    expect(await weighedBy(world, policy, digest)).toEqual({ denied: false, satisfied });
  });

  test("is told in the history, and checked against its days", async () => {
    const { world, digest } = await waitingFor();
    await world.decideAs(DELEGATE, "approve", digest);
    const told = async () => {
      let out = "";
      const io = {
        out: (text: string) => (out += text),
        err: () => undefined,
        readFile: () => "",
        readStdin: () => Promise.resolve(""),
        now: () => 0,
      };
      const code = await runHistory(["r-1", "--ledger", "t", "--verify", "--digest-key", "k"], io, {
        ledger: () => Promise.resolve(world.store),
        keys: () => Promise.resolve(world.keys),
      });
      return { code, out };
    };
    const honest = await told();
    expect(honest.code).toBe(0);
    expect(honest.out).toContain("standing in for payroll-approvers by delegation DEL-1 until 2026-11-05");
    for (const [key, item] of world.tables.ledger) {
      if (!key.includes("approval#")) continue;
      world.tables.ledger.set(key, { ...item, delegations: [{ ...DELEGATION, until: "2026-11-01" }] });
    }
    const forged = await told();
    expect(forged.code).not.toBe(0);
    expect(forged.out).toMatch(/NO .*u-4711 for payroll-approvers by DEL-1 +DelegationInForce/);
  });
});
