import { readFileSync } from "node:fs";
import { join } from "node:path";

import { OUTCOME_SOURCE } from "../../src/core";
import { authorizerOf } from "../../src/local/approvals-http";
import { AUDIENCE, madeFor, MANAGER_ID, PEOPLE, WORKERS, type Cast, type WorkerName } from "../../src/local/demo/cast";
import { segmentsOf } from "../../src/local/evidence";
import { LedgerImage } from "../../src/runtime/evidence/compare";
import { headOf } from "../../src/runtime/evidence/head";
import { verifyChain } from "../../src/runtime/evidence/verify";
import type { Story } from "../../src/local/demo/story";
import { createTokenSigner } from "../../src/local/token-signer";
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

  test("people signed in at the provider, and a token of another key is none", async () => {
    const { issuer } = authorizerOf(cast.cloud.stack);
    const terms = { issuer, audience: AUDIENCE, claims: { group: "groups", workerId: "worker_id" } };
    const ask = async (token: string) => (await cast.cloud.approvals(token, "GET", "/approvals")).status;
    const now = cast.cloud.clock.now();
    expect(await ask(await (await createTokenSigner(terms)).tokenFor(PEOPLE.hr, now))).toBe(401);
    expect(await ask(await cast.cloud.tokenOf(PEOPLE.hr))).toBe(200);
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

describe("the evidence that the deployed function kept", () => {
  async function ledgerItems() {
    await cast.cloud.quiet();
    return [...cast.cloud.tables.ledger.values()];
  }

  async function* stream<T>(items: Iterable<T>): AsyncGenerator<T> {
    for (const item of items) yield await Promise.resolve(item);
  }

  test("is one chain of every record of the ledger, each once, up to the head in the control table", async () => {
    const items = await ledgerItems();
    const head = headOf(await cast.cloud.store.get("control", { pk: "evidence-head" }));
    const image = new LedgerImage(true);
    const report = await verifyChain(segmentsOf(cast.cloud.bucket), {
      heads: [head],
      onRecord: (line) => {
        image.take(line);
      },
    });
    expect(report).toMatchObject({ holds: true, records: items.length, headsFound: 1 });
    expect(report.segments).toBeGreaterThan(5);
    expect(image.changes).toEqual([]);
    const differences = [];
    for await (const difference of image.compare(stream(items))) differences.push(difference);
    expect(differences).toEqual([]);
    expect(cast.cloud.streamFailures).toEqual([]);
  });

  test("shows a record that somebody replaced in the ledger, and one that the stream never told of", async () => {
    const items = await ledgerItems();
    const image = new LedgerImage(true);
    await verifyChain(segmentsOf(cast.cloud.bucket), {
      onRecord: (line) => {
        image.take(line);
      },
    });
    const place = items.findIndex(({ pk }) => String(pk).startsWith("outcome#"));
    const forged = items.map((item, index) => (index === place ? { ...item, outcome: "applied!" } : item));
    const extra = { pk: "approval#r-0#0", sk: "approval#x#y", decision: "approve" };
    const codes = [];
    for await (const { code, pk } of image.compare(stream([...forged.slice(0, -1), extra]))) codes.push([code, pk]);
    expect(codes).toEqual([
      ["DiffersFromEvidence", items[place]?.["pk"]],
      ["NotInEvidence", extra.pk],
      ["NotInLedger", items.at(-1)?.["pk"]],
    ]);
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

  test("not in the evidence, which says what it leaves out", () => {
    const segments = [...cast.cloud.bucket.values()].join("");
    expect(segments).toContain('"omitted":["from","to"]');
    expect(segments).toContain('"request.changes[].value"');
    // The account of who was refused is the evidence, also where it is the worker's own.
    expect(leaks(segments.replaceAll(/"caller":\{[^}]*\}/g, ""))).toEqual([]);
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
