import type { Scalar } from "../../src/policy/model";
import { readHistory } from "../../src/runtime/history";
import { verifyHistory } from "../../src/runtime/verify-history";
import { joiner, POLICY, World } from "./world";

/** Two of the group that owns `work_email`, `desk` and `account_id`; one who owns `manager`. */
const IDENTITY = [
  { issuer: "https://idp.example.com", subject: "u-1", workerId: "WD-1", groups: ["iam-approvers"] },
  { issuer: "https://idp.example.com", subject: "u-2", workerId: "WD-2", groups: ["iam-approvers"] },
];
const ADDRESS = "new.hire@example.com";
const DAY_MS = 86_400_000;

const idOf = (serial: number): string => `reversal-01JC${String(serial).padStart(22, "0")}`;

interface Asked {
  readonly status: string;
  readonly code?: string;
  readonly detail?: string;
  readonly reversalId?: string;
}

/** Asks to take back what a change wrote. */
async function ask(world: World, field = "desk", more: object = {}): Promise<Asked> {
  return world.reversal({
    version: 1,
    reversalId: idOf(1),
    requestId: "r-1",
    field,
    askedBy: "arn:aws:sts::111122223333:assumed-role/operators/ada",
    ...more,
  });
}

/** Brings a reversal that was begun to its end, with decisions of some people. */
async function follow(world: World, field = "desk", people: readonly object[] = IDENTITY, requestId = idOf(1)) {
  await world.decide({ version: 1, requestId });
  return world.runChange(field, {
    requestId,
    onApproval: async ({ digest }) => {
      for (const person of people) await world.decideAs(person, "approve", digest, "0", requestId);
    },
  });
}

/** A world in which a change wrote a field. */
async function written(field = "desk", value: Scalar = "2B", policy = POLICY): Promise<World> {
  const world = new World(policy);
  expect(await world.write(field, value)).toMatchObject({ outcome: "applied" });
  world.now += 60_000;
  return world;
}

describe("taking back what was written", () => {
  test("gives the HRIS what it held before, by one write, after two of the owner's group approved", async () => {
    const world = await written();
    expect(await ask(world)).toMatchObject({
      status: "started",
      reversalId: idOf(1),
      approval: { groups: [{ group: "iam-approvers", count: 2 }] },
    });
    expect(world.hris.valueOf("desk")).toBe("2B");
    expect(await follow(world)).toMatchObject({ outcome: "applied" });
    expect(world.hris.valueOf("desk")).toBe("1A");
    expect(world.hris.writes).toHaveLength(2);
  });

  test("asks for an approval of a safe field, and nothing is written with one of two, or with a denial", async () => {
    for (const people of [[], [IDENTITY[0]!], [IDENTITY[0]!, IDENTITY[0]!]]) {
      const world = await written();
      await ask(world);
      expect(await follow(world, "desk", people)).toMatchObject({ outcome: "expired", reason: "ApprovalExpired" });
      expect([world.hris.valueOf("desk"), world.hris.writes.length]).toEqual(["2B", 1]);
    }
    const denied = await written();
    await ask(denied);
    await denied.decide({ version: 1, requestId: idOf(1) });
    const end = await denied.runChange("desk", {
      requestId: idOf(1),
      onApproval: async ({ digest }) => {
        await denied.decideAs(IDENTITY[0]!, "approve", digest, "0", idOf(1));
        await denied.decideAs(IDENTITY[1]!, "deny", digest, "0", idOf(1));
      },
    });
    expect(end).toMatchObject({ outcome: "denied" });
    expect(denied.hris.valueOf("desk")).toBe("2B");
  });

  test("whoever asked, by the name of their credentials, does not count among the two", async () => {
    const world = await written();
    await ask(world, "desk", { askedBy: "arn:aws:sts::111122223333:assumed-role/operators/u-1" });
    expect(await follow(world)).toMatchObject({ outcome: "expired" });
    expect(world.hris.valueOf("desk")).toBe("2B");
  });

  test("asks the field's owner, not the groups of a conditional field's approval", async () => {
    const world = new World();
    await world.take(joiner([{ field: "cost_center", value: "CC-2" }]));
    const people = [
      { issuer: "https://idp.example.com", subject: "u-2077", workerId: "WD-77", groups: ["hr-ops-approvers"] },
      { issuer: "https://idp.example.com", subject: "u-3001", workerId: "WD-78", groups: ["payroll-approvers"] },
    ];
    const approve = async ({ digest }: { readonly digest: string }): Promise<void> => {
      for (const person of people) await world.decideAs(person, "approve", digest);
    };
    expect(await world.runChange("cost_center", { onApproval: approve })).toMatchObject({ outcome: "applied" });
    expect(await ask(world, "cost_center")).toMatchObject({
      approval: { groups: [{ group: "payroll-approvers", count: 2 }] },
    });
  });

  test("empties a field that was empty, where the HRIS can", async () => {
    const world = await written("work_email", ADDRESS);
    await ask(world, "work_email");
    expect(await follow(world, "work_email")).toMatchObject({ outcome: "applied" });
    expect(world.hris.valueOf("workEmail")).toBeNull();
    expect(world.hris.writes.at(-1)).toMatchObject({ to: null });
  });

  test("empties a write-once field too", async () => {
    const world = await written("account_id", "nhire");
    await ask(world, "account_id");
    expect(await follow(world, "account_id")).toMatchObject({ outcome: "applied" });
    expect(world.hris.valueOf("account_id")).toBeNull();
  });

  test("is refused where the HRIS has no way to empty it that is known for sure", async () => {
    const world = await written("work_email", ADDRESS);
    world.hris.clears.clear();
    await ask(world, "work_email");
    expect(await follow(world, "work_email")).toMatchObject({ outcome: "denied", reason: "ClearUnsupported" });
    expect(world.hris.writes).toHaveLength(1);
    // Nobody was asked for what cannot be done, and no grant was opened.
    expect(world.itemsOf("ledger", "inspection#reversal-")).toEqual([]);
    expect(world.itemsOf("ledger", "grant#")).toHaveLength(1);
  });

  test("the gateway itself refuses to empty a field of an HRIS that stopped to know how", async () => {
    const world = await written("work_email", ADDRESS);
    await ask(world, "work_email");
    world.connectorCode = (payload, managed) => {
      world.hris.clears.clear();
      return managed(payload);
    };
    expect(await follow(world, "work_email")).toMatchObject({ outcome: "denied", reason: "ClearUnsupported" });
    expect(world.hris.writes).toHaveLength(1);
  });

  test("takes no value: what is not the change's reference is not read", async () => {
    const world = await written();
    expect(await ask(world, "desk", { value: "9Z", expected: "9Z", from: "9Z" })).toMatchObject({ status: "started" });
    await follow(world);
    expect(world.hris.valueOf("desk")).toBe("1A");
  });

  test("shows the values to who approves, and nowhere else", async () => {
    const world = await written();
    await ask(world, "desk", { reason: "the wrong floor" });
    await world.decide({ version: 1, requestId: idOf(1) });
    let shown: Record<string, unknown> = {};
    await world.runChange("desk", {
      requestId: idOf(1),
      onApproval: async () => {
        const route = "GET /approvals/{requestId}/{index}";
        shown = (await world.api(route, IDENTITY[0], { requestId: idOf(1), index: "0" })).json;
      },
    });
    expect(shown).toMatchObject({
      from: "2B",
      to: "1A",
      event: "writeback.reversal",
      initiator: { kind: "human", intent: "the wrong floor" },
      mayDecide: true,
      checked: expect.stringMatching(/^takes back change 0 of r-1/),
    });
    for (const text of ["2B", "1A"]) {
      expect(JSON.stringify([world.lines, world.events])).not.toContain(`"${text}"`);
    }
  });

  test("the ledger's history links both, and every digest of it holds", async () => {
    const world = await written();
    await ask(world);
    await follow(world);
    expect(await readHistory(world.store, "r-1")).toMatchObject({
      changes: [
        {
          reversals: [
            { reversalId: idOf(1), askedBy: expect.stringMatching(/\/ada$/), outcome: { outcome: "applied" } },
          ],
        },
      ],
    });
    expect(await readHistory(world.store, idOf(1))).toMatchObject({
      event: "writeback.reversal",
      reverses: { requestId: "r-1", index: 0 },
      changes: [{ verdict: "approve", outcome: { outcome: "applied" }, reversals: [] }],
    });
    const verified = await verifyHistory(world.store, world.keys, idOf(1));
    expect(verified.filter(({ holds }) => !holds)).toEqual([]);
    expect(verified.map(({ code }) => code)).toEqual(
      expect.arrayContaining(["RequestUnchanged", "DigestMatches", "ApprovedBeforeGrant"]),
    );
  });

  test("a reversal is itself taken back like any other write", async () => {
    const world = await written();
    await ask(world);
    await follow(world);
    expect(await ask(world, "desk", { requestId: idOf(1), reversalId: idOf(2) })).toMatchObject({ status: "started" });
    expect(await follow(world, "desk", IDENTITY, idOf(2))).toMatchObject({ outcome: "applied" });
    expect(world.hris.valueOf("desk")).toBe("2B");
  });
});

describe("is refused, with a reason", () => {
  const refused = async (world: World, code: string, field = "desk", more: object = {}): Promise<void> => {
    expect(await ask(world, field, more)).toMatchObject({ status: "refused", code });
    expect(world.itemsOf("ledger", "request#reversal-")).toEqual([]);
    expect(world.started.some(({ name }) => name.startsWith("reversal-"))).toBe(false);
  };

  test("a request or a change that the ledger does not know", async () => {
    const world = await written();
    await refused(world, "UnknownRequest", "desk", { requestId: "r-9" });
    await refused(world, "UnknownChange", "manager");
  });

  test("a change whose end is not known yet", async () => {
    const world = new World();
    await world.prepare("desk", "2B");
    await refused(world, "NotSettled");
  });

  test("a change that never was written", async () => {
    const world = new World();
    expect(await world.write("desk", "1A")).toMatchObject({ outcome: "noop" });
    await refused(world, "NeverApplied");
  });

  test("a write that the HRIS has taken for a day to come", async () => {
    const world = new World();
    world.hris.nextWrite = { written: { kind: "pending", detail: "for tomorrow" } };
    expect(await world.write("desk", "2B")).toMatchObject({ outcome: "pending-in-hris" });
    await refused(world, "PendingInHris");
  });

  test("a write that the HRIS took back by itself", async () => {
    const world = await written();
    world.hris.set("desk", "1A");
    world.now += 3_600_000;
    await world.sweeper();
    await refused(world, "RevertedByHris");
  });

  test("a write of longer ago than it can be taken back, to the day", async () => {
    const world = await written();
    world.now += 30 * DAY_MS;
    await refused(world, "RetentionOver");
    world.now -= 60_000;
    expect(await ask(world)).toMatchObject({ status: "started" });
  });

  test("a write whose previous value the ledger does not hold any more", async () => {
    const world = await written();
    for (const [key, item] of world.tables.ledger) {
      if (String(item["pk"]).startsWith("inspection#")) world.tables.ledger.delete(key);
    }
    await refused(world, "PreviousValueGone");
  });

  test("a field that is never to be written by now", async () => {
    const world = await written();
    const strict = POLICY.replace(
      / {2}desk: .*\n/,
      "  desk: { class: never, owner: identity, sourceOfTruth: directory }\n",
    );
    const now = new World(strict);
    for (const [key, item] of world.tables.ledger) now.tables.ledger.set(key, item);
    now.now = world.now;
    await refused(now, "NeverField");
  });

  test("a field that names another field of the HRIS by now", async () => {
    const world = await written();
    const moved = new World(POLICY.replace("  desk: { ", "  desk: { hrisField: seat, "));
    for (const [key, item] of world.tables.ledger) moved.tables.ledger.set(key, item);
    moved.now = world.now;
    await refused(moved, "FieldMoved");
  });

  test("a field whose owner has no group to approve it", async () => {
    const world = await written();
    const approval = "approval: { groups: [{ group: iam-approvers, count: 1 }], expires: PT24H }";
    const now = new World(
      POLICY.replace(
        "  desk: { class: safe, owner: identity,",
        `  desk: { class: safe, owner: facilities, ${approval},`,
      ).replace("owners:\n", "owners:\n  facilities: { name: Facilities, contact: facilities@example.com }\n"),
    );
    for (const [key, item] of world.tables.ledger) now.tables.ledger.set(key, item);
    now.now = world.now;
    await refused(now, "ApprovalRequired");
  });

  test("a worker of whom the owner is only told by now", async () => {
    const world = await written();
    const now = new World(POLICY.replace("[contingent]", "[contingent, employee]"));
    for (const [key, item] of world.tables.ledger) now.tables.ledger.set(key, item);
    now.now = world.now;
    await refused(now, "SegmentNotifyOnly");
  });

  test("a previous value that the policy would let nobody write", async () => {
    const world = new World();
    world.hris.set("workEmail", "not an address");
    expect(await world.write("work_email", ADDRESS)).toMatchObject({ outcome: "applied" });
    await refused(world, "InvalidValue", "work_email");
  });

  test("where HR has moved on: HR wins", async () => {
    const world = await written();
    await ask(world);
    world.hris.set("desk", "7Q");
    expect(await follow(world)).toMatchObject({ outcome: "conflict", reason: "HrMovedOn" });
    expect([world.hris.valueOf("desk"), world.hris.writes.length]).toEqual(["7Q", 1]);
  });

  test("where HR moves on while the approval is waited for", async () => {
    const world = await written();
    await ask(world);
    await world.decide({ version: 1, requestId: idOf(1) });
    const end = await world.runChange("desk", {
      requestId: idOf(1),
      onApproval: async ({ digest }) => {
        for (const person of IDENTITY) await world.decideAs(person, "approve", digest, "0", idOf(1));
        world.hris.set("desk", "7Q");
      },
    });
    expect(end).toMatchObject({ outcome: "conflict", reason: "HrMovedOn" });
    expect(world.hris.writes).toHaveLength(1);
  });

  test("a second time: while the first is under way, and when it is done; not when it came to nothing", async () => {
    const world = await written();
    await ask(world);
    const second = { reversalId: idOf(2) };
    expect(await ask(world, "desk", second)).toMatchObject({ code: "ReversalUnderWay", detail: idOf(1) });
    await follow(world, "desk", []);
    expect(await ask(world, "desk", second)).toMatchObject({ status: "started" });
    await follow(world, "desk", IDENTITY, idOf(2));
    expect(world.hris.valueOf("desk")).toBe("1A");
    expect(await ask(world, "desk", { reversalId: idOf(3) })).toMatchObject({
      code: "AlreadyReversed",
      detail: idOf(2),
    });
  });

  test("while an apply of the policy is under way", async () => {
    const world = await written();
    world.seed("classification", [{ pk: "policy", sk: "manifest", hash: "0".repeat(64) }]);
    await refused(world, "PolicyInTransition");
  });

  test("an id that stands for another reversal", async () => {
    const world = await written();
    await ask(world);
    expect(await ask(world, "work_email")).toMatchObject({ code: "ReversalIdReused" });
  });

  test.each([{ reversalId: "r-2" }, { reversalId: "reversal-1" }, { requestId: "" }, { askedBy: "" }, { version: 9 }])(
    "%j is no question",
    async (more) => {
      await expect(ask(await written(), "desk", more)).rejects.toThrow();
    },
  );
});

describe("asked again", () => {
  test("the same question is the same reversal", async () => {
    const world = await written();
    const first = await ask(world);
    expect(await ask(world)).toEqual(first);
    expect(world.itemsOf("ledger", "request#reversal-")).toHaveLength(1);
    expect(world.itemsOf("ledger", "reversal#r-1#0")).toMatchObject([
      { sk: idOf(1), field: "desk", askedBy: expect.stringMatching(/\/ada$/) },
    ]);
  });

  test("a crash at any point leaves a reversal that the next question finishes, and one write", async () => {
    let call = 0;
    for (let crashed = true; crashed;) {
      call += 1;
      for (const moment of ["before", "after"] as const) {
        const world = await written();
        const probe = world.probes.reversal;
        probe.fault = { call, moment, how: "dies" };
        crashed = await ask(world).then(
          () => false,
          () => true,
        );
        probe.revive();
        expect(await ask(world)).toMatchObject({ status: "started" });
        expect(world.started.filter(({ name }) => name === idOf(1)).length).toBeGreaterThan(0);
        await follow(world);
        expect([world.hris.valueOf("desk"), world.hris.writes.length]).toEqual(["1A", 2]);
      }
    }
    expect(call).toBeGreaterThan(10);
  });

  test("one that was begun and never started is started by who asks for another", async () => {
    const world = await written();
    await ask(world);
    world.started.splice(0);
    await ask(world, "desk", { reversalId: idOf(2) });
    expect(world.started.map(({ name }) => name)).toEqual([idOf(1)]);
  });

  test("one whose execution is stopped before it was decided ends, on record and told", async () => {
    const world = await written();
    await ask(world);
    world.stopped.add(idOf(1));
    world.now += DAY_MS;
    await world.sweeper();
    expect(world.outcome(idOf(1))).toBe("not-applied");
    expect(world.events.at(-1)?.detail).toMatchObject({ requestId: idOf(1), reason: "WorkflowEnded" });
  });

  test("one that was never decided for days does not stand in the way", async () => {
    const world = await written();
    await ask(world);
    world.now += 4 * DAY_MS;
    expect(await ask(world, "desk", { reversalId: idOf(2) })).toMatchObject({ status: "started" });
  });
});

describe("nothing but `reversal` makes one", () => {
  test("an event with such an id is refused", async () => {
    const world = new World();
    const event = joiner([{ field: "desk", value: "9Z" }], { requestId: idOf(7) });
    const answer = await world.intake({ Records: [{ messageId: "m-1", body: JSON.stringify(event) }] });
    expect(answer.batchItemFailures).toHaveLength(1);
    expect(world.itemsOf("ledger", "request#")).toEqual([]);
  });

  test("an event that says what it takes back is refused", async () => {
    const world = new World();
    const reversal = { requestId: "r-1", index: 0, grantId: "g-1", expected: null };
    const event = joiner([{ field: "desk", value: "9Z" }], { reversal });
    const answer = await world.intake({ Records: [{ messageId: "m-1", body: JSON.stringify(event) }] });
    expect(answer.batchItemFailures).toHaveLength(1);
  });

  test("a connector cannot empty a field whose change is another", async () => {
    const world = new World();
    world.connectorCode = (payload, managed) => managed({ ...payload, value: null });
    expect(await world.write("desk", "2B")).not.toMatchObject({ outcome: "applied" });
    expect([world.hris.valueOf("desk"), world.hris.writes]).toEqual(["1A", []]);
    expect(world.gatewayAnswers[0]?.body).toContain("ValueMismatch");
  });
});
