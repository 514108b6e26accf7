import { createHandler } from "../../src/runtime/handlers/notifier";
import type { Bus, Notice } from "../../src/runtime/ports";
import { allWaiting, PAYROLL } from "./waiting";
import { APPROVER, WORKER, type World } from "./world";

const TOPICS = "arn:aws:sns:eu-west-1:111122223333:demo-approvers-";
const TWO = [
  { field: "manager", value: "WD-500" },
  { field: "cost_center", value: "CC-2" },
];

interface Sent extends Notice {
  readonly group: string;
}

/** Runs the notifier over a world; `sent` collects, `broken` groups' topics refuse. */
function notifierOf(world: World) {
  const sent: Sent[] = [];
  const events: Parameters<Bus["put"]>[0][] = [];
  const broken = new Set<string>();
  const run = createHandler(
    {
      store: world.store,
      topics: {
        publish: (topicArn, notice) => {
          const group = topicArn.slice(TOPICS.length);
          if (broken.has(group)) return Promise.reject(Object.assign(new Error("no"), { name: "ServiceUnavailable" }));
          sent.push({ group, ...notice });
          return Promise.resolve();
        },
      },
      bus: {
        put: (event) => {
          events.push(event);
          return Promise.resolve();
        },
      },
      clock: { now: () => world.now, sleep: () => Promise.resolve() },
      log: {
        info: () => undefined,
        warn: () => undefined,
        error: (event, members) => world.lines.push({ level: "error", event, ...members }),
      },
    },
    { approvalsUrl: "https://a1.execute-api.eu-west-1.amazonaws.com", topicPrefix: TOPICS },
  );
  const at = async (ms: number) => {
    world.now = ms;
    const before = sent.length;
    await run();
    return sent.slice(before).map(({ group, attributes }) => `${attributes["kind"] ?? ""} ${group}`);
  };
  return { sent, events, broken, run, at };
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("groups are told of what waits for them", () => {
  test("by one message for each request and group, however many fields wait", async () => {
    const { world } = await allWaiting(TWO);
    const start = world.now;
    const { sent, at } = notifierOf(world);
    expect(await at(start)).toEqual([]);
    expect(await at(start + MINUTE)).toEqual(["new hr-ops-approvers", "new payroll-approvers"]);
    expect(await at(start + 2 * MINUTE)).toEqual([]);
    expect(await at(start + HOUR)).toEqual([]);
    expect(sent[0]).toMatchObject({
      subject: "HR write-back: 2 changes wait for your decision",
      attributes: { requestId: "r-1", group: "hr-ops-approvers" },
    });
    expect(sent[0]?.text).toContain("https://a1.execute-api.eu-west-1.amazonaws.com/#/requests/r-1");
    expect(sent[1]?.subject).toContain("1 change waits");
  });

  test("without a value, a worker or a token", async () => {
    const { world } = await allWaiting(TWO);
    const { sent, events, at } = notifierOf(world);
    await at(world.now + MINUTE);
    const text = JSON.stringify([sent, events]);
    for (const secret of [
      "WD-500",
      "CC-2",
      "WD-1",
      WORKER,
      "token-",
      String(world.control("task#r-1#0")?.["encryptedToken"]),
    ]) {
      expect(text).not.toContain(secret);
    }
    for (const { subject } of sent) expect(subject).toMatch(/^[\x20-\x7e]{1,100}$/);
  });

  test("on the bus too, for a chat", async () => {
    const { world } = await allWaiting(TWO);
    const { events, at } = notifierOf(world);
    await at(world.now + MINUTE);
    await at(world.now + 20 * HOUR);
    expect(events.map(({ detail }) => detail)).toMatchObject(
      ["new", "reminder"].flatMap((kind) => [
        { requestId: "r-1", group: "hr-ops-approvers", kind, changes: 2 },
        { requestId: "r-1", group: "payroll-approvers", kind, changes: 1 },
      ]),
    );
    expect(events[0]).toEqual({
      source: "hris-writeback",
      detailType: "writeback.waiting",
      detail: {
        version: 1,
        requestId: "r-1",
        group: "hr-ops-approvers",
        kind: "new",
        changes: 2,
        expiresAt: world.control("task#r-1#0")?.["expiresAt"],
        url: "https://a1.execute-api.eu-west-1.amazonaws.com/#/requests/r-1",
      },
    });
  });

  test("once more for a change that began to wait later, and not for one that was filed anew", async () => {
    const { world, places, digests } = await allWaiting(TWO);
    const start = world.now;
    const { at } = notifierOf(world);
    const [first, second] = places;
    const file = (place: object, digest: string) =>
      world.requestApproval({ ...place, digest, approvalTimeoutSeconds: 86_400, taskToken: "again" });
    // As if the second had not been filed yet.
    const later = world.control("task#r-1#1")!;
    world.tables.control.delete(JSON.stringify(["task#r-1#1", ""]));
    expect(await at(start + MINUTE)).toEqual(["new hr-ops-approvers"]);
    await file(first!, digests[0]!);
    expect(await at(start + 10 * MINUTE)).toEqual([]);
    world.seed("control", [later]);
    await file(second!, digests[1]!);
    expect(await at(start + 20 * MINUTE)).toEqual(["new hr-ops-approvers", "new payroll-approvers"]);
  });

  test("not at all where the wait was over before", async () => {
    const { world, digests } = await allWaiting([TWO[0]!]);
    await world.decideAs(APPROVER, "approve", digests[0]!);
    const { at } = notifierOf(world);
    expect(await at(world.now + MINUTE)).toEqual([]);
    expect(world.control("notice#r-1")).not.toHaveProperty("queue");
  });
});

describe("a reminder", () => {
  test("comes once, some hours before the wait expires", async () => {
    const { world } = await allWaiting(TWO);
    const start = world.now;
    const { sent, at } = notifierOf(world);
    await at(start + MINUTE);
    expect(await at(start + 20 * HOUR - MINUTE)).toEqual([]);
    expect(await at(start + 20 * HOUR)).toEqual(["reminder hr-ops-approvers", "reminder payroll-approvers"]);
    expect(await at(start + 20 * HOUR + MINUTE)).toEqual([]);
    expect(await at(start + 24 * HOUR + 1)).toEqual([]);
    expect(sent.at(-2)?.subject).toBe("HR write-back: Still 2 changes wait for your decision");
    expect(world.control("notice#r-1")).not.toHaveProperty("queue");
  });

  test("comes for what still waits alone", async () => {
    const { world, digests } = await allWaiting(TWO);
    const start = world.now;
    const { at } = notifierOf(world);
    await at(start + MINUTE);
    await world.decideAs(APPROVER, "approve", digests[1]!, "1");
    await world.decideAs(PAYROLL, "approve", digests[1]!, "1");
    expect(await at(start + 20 * HOUR)).toEqual(["reminder hr-ops-approvers"]);
  });

  test("does not follow at once on a message that came late", async () => {
    const { world } = await allWaiting([TWO[0]!]);
    const start = world.now;
    const { at } = notifierOf(world);
    expect(await at(start + 22 * HOUR)).toEqual(["new hr-ops-approvers"]);
    expect(await at(start + 23 * HOUR)).toEqual([]);
  });
});

describe("whatever fails", () => {
  test("one group's topic keeps no other group uninformed, is told of, and is tried again", async () => {
    const { world } = await allWaiting(TWO);
    const start = world.now;
    const { broken, at } = notifierOf(world);
    broken.add("hr-ops-approvers");
    expect(await at(start + MINUTE)).toEqual(["new payroll-approvers"]);
    expect(world.lines).toContainEqual(
      expect.objectContaining({ level: "error", event: "notice-failed", group: "hr-ops-approvers", requestId: "r-1" }),
    );
    broken.clear();
    expect(await at(start + 2 * MINUTE)).toEqual([]);
    expect(await at(start + 7 * MINUTE)).toEqual(["new hr-ops-approvers"]);
  });

  test("two runs at once send one message", async () => {
    const { world } = await allWaiting(TWO);
    const { sent, run } = notifierOf(world);
    world.now += MINUTE;
    await Promise.all([run(), run()]);
    expect(sent).toHaveLength(2);
  });

  test("a run that died leaves nothing unsaid", async () => {
    for (let writes = 0; writes < 6; writes += 1) {
      const { world } = await allWaiting(TWO);
      const start = world.now;
      const { sent, at } = notifierOf(world);
      const write = world.store.write.bind(world.store);
      const store = world.store as { write: typeof write };
      let left = writes;
      store.write = (...args) => ((left -= 1) < 0 ? Promise.reject(new Error("died")) : write(...args));
      await at(start + MINUTE);
      store.write = write;
      await at(start + 7 * MINUTE);
      expect(new Set(sent.map(({ group }) => group))).toEqual(new Set(["hr-ops-approvers", "payroll-approvers"]));
      expect(await at(start + 20 * MINUTE)).toEqual([]);
    }
  });
});
