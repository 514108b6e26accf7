import { readFileSync } from "node:fs";
import { join } from "node:path";

import { OUTCOME_SOURCE } from "../../src/core";
import { madeFor, MANAGER_ID, WORKERS, type Cast, type WorkerName } from "../../src/local/demo/cast";
import type { Story } from "../../src/local/demo/story";
import { toldStory } from "./story";

let cast: Cast;
let story: Story;
let dir: string;

beforeAll(async () => {
  ({ cast, story, dir } = await toldStory());
}, 120_000);

afterAll(() => cast.stop());

describe("the demo's story on the synthesized stack", () => {
  const outcomeOf = (worker: WorkerName, field: string) =>
    story.changes.find((change) => change.workerId === WORKERS[worker].id && change.field === field);

  test.each([
    ["joiner", "work_email", "safe", "write", "SafeField", "applied"],
    ["joiner", "username", "safe", "write", "SafeField", "applied"],
    ["joiner", "account_id", "safe", "write", "SafeField", "applied"],
    ["joiner", "manager", "conditional", "approve", "ApprovalRequired", "applied"],
    ["joiner", "base_salary", "never", "deny", "NeverField", "denied"],
    ["contractor", "work_email", "safe", "notify", "SegmentNotifyOnly", "notified"],
    ["assisted", "work_email", "safe", "approve", "ApprovalRequired", "applied"],
    ["target", "work_email", "safe", "write", "SafeField", "applied"],
    ["late", "work_email", "safe", "write", "SafeField", "not-applied"],
  ] as const)("%s's %s of class %s ends as it should", (worker, field, fieldClass, verdict, reason, outcome) => {
    expect(outcomeOf(worker, field)).toMatchObject({ class: fieldClass, verdict, reason, outcome });
  });

  test("every change is told once", () => {
    const ids = story.changes.map(({ requestId, field }) => `${requestId} ${field}`);
    expect(new Set(ids).size).toBe(ids.length);
    expect(story.changes).toHaveLength(9);
  });

  test("the HRIS holds what was approved and nothing else", () => {
    expect(story.hris[WORKERS.joiner.id]).toEqual({
      work_email: madeFor("joiner").workEmail,
      username: madeFor("joiner").username,
      account_id: madeFor("joiner").accountId,
      manager: MANAGER_ID,
      base_salary: "4000.00 EUR",
    });
    expect(story.hris[WORKERS.contractor.id]).toMatchObject({ work_email: null });
    expect(story.hris[WORKERS.target.id]).toMatchObject({
      work_email: madeFor("target").workEmail,
      base_salary: "4000.00 EUR",
    });
    expect(story.hris[WORKERS.late.id]).toMatchObject({ work_email: null });
  });

  test("the HRIS saw one write per applied change, all by the writer's credential", () => {
    const applied = story.changes.filter(({ outcome }) => outcome === "applied").length;
    expect(cast.hris.writes()).toBe(applied);
    const writers = cast.hris.log.filter(({ method }) => method !== "GET").map(({ credential }) => credential);
    expect(new Set(writers)).toEqual(new Set(["writer"]));
  });

  test("every attack is refused, by the layer that is there for it", () => {
    const by = Object.fromEntries(story.attacks.map((attack) => [attack.name, attack]));
    expect(story.attacks.every(({ refused }) => refused)).toBe(true);
    expect(by["another field"]?.by).toMatch(/^IAM: /);
    expect(by["another grant"]?.by).toMatch(/^IAM: /);
    expect(by["another method"]?.by).toMatch(/^IAM: /);
    expect(by["another stage"]?.by).toMatch(/^IAM: /);
    expect(by["another value"]?.by).toBe("field gateway: ValueMismatch");
    expect(by["its grant a second time"]?.by).toBe("field gateway: GrantUsed");
    expect(by["an expired session"]?.by).toMatch(/^(STS|IAM): /);
    expect(by["a session of its own making"]?.by).toMatch(/^IAM: explicit deny/);
    expect(by["the HRIS credential"]?.by).toMatch(/^IAM: /);
  });

  test("every function of the stack ran, and no call of ours was refused by IAM but the hostile ones", () => {
    const refused = cast.cloud.iam.trail.filter(({ allowed }) => !allowed).map(({ action }) => action);
    expect(refused).toEqual(["sts:AssumeRole", "secretsmanager:GetSecretValue"]);
    const functions = new Set(cast.cloud.logs.map((line) => line.function));
    for (const name of ["intake", "decide", "inspect", "request-approval", "approvals", "gateway", "announce"]) {
      expect(functions).toContain(name);
    }
  });
});

describe("no HR value and no secret where it does not belong", () => {
  const workers = Object.keys(WORKERS) as WorkerName[];
  const values = [
    ...workers.flatMap((worker) => Object.values(madeFor(worker))),
    "9000.00 EUR",
    "somebody.else@example.com",
    "attacker@example.com",
    ...workers.flatMap((worker) => [WORKERS[worker].id, ...WORKERS[worker].name.split(" ")]),
    MANAGER_ID,
  ];

  /** The marked values that a text holds. */
  function leaks(content: unknown): string[] {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    return values.filter((value) => text.includes(value));
  }

  test("the search finds a value where one is: the lifecycle events, the ledger's requests", () => {
    expect(leaks(cast.cloud.bus.events.filter(({ source }) => source !== OUTCOME_SOURCE))).toContain(
      madeFor("joiner").workEmail,
    );
    expect(leaks([...cast.cloud.tables.ledger.values()])).toContain("9000.00 EUR");
  });

  test("not in the synthesized Terraform", () => {
    expect(leaks(readFileSync(join(dir, "stacks", "acme", "cdk.tf.json"), "utf8"))).toEqual([]);
  });

  test("not in the history of any execution", () => {
    const histories = cast.cloud.engine.executions().map((execution) => execution.history());
    expect(histories.flat().length).toBeGreaterThan(100);
    expect(leaks(histories)).toEqual([]);
  });

  test("not in any log line or access line", () => {
    expect(cast.cloud.logs.length).toBeGreaterThan(20);
    expect(leaks(cast.cloud.logs)).toEqual([]);
    // The approver's subject is theirs, not the record's: it is not among the values. Paths hold opaque ids.
    expect(leaks(cast.cloud.gatewayAccess.map(({ path }) => path))).toEqual([]);
  });

  test("not in what CloudTrail would record", () => {
    expect(cast.cloud.iam.trail.length).toBeGreaterThan(100);
    expect(leaks(cast.cloud.iam.trail)).toEqual([]);
  });

  test("not in the outcome events", () => {
    expect(cast.cloud.outcomes().length).toBeGreaterThan(8);
    expect(leaks(cast.cloud.outcomes())).toEqual([]);
  });

  test("not in any key of the ledger, and nowhere in the control table", () => {
    expect(leaks([...cast.cloud.tables.ledger.keys()])).toEqual([]);
    expect(leaks([...cast.cloud.tables.control.entries()])).toEqual([]);
  });

  test("no credential of a session in the ledger, the control table, a log or a history", () => {
    const everything = JSON.stringify([
      [...cast.cloud.tables.ledger.values()].map((item) => ({ ...item, accessKeyId: undefined })),
      [...cast.cloud.tables.control.values()],
      cast.cloud.logs,
      cast.cloud.engine.executions().map((execution) => execution.history()),
    ]);
    expect(everything).not.toMatch(/ASIA[0-9A-F]{16}|secretAccessKey|sessionToken/);
  });
});
