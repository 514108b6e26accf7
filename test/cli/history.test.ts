import { runHistory } from "../../src/cli/commands/history";
import { HELP, run } from "../../src/cli/run";
import { UsageError } from "../../src/core";
import { allWaiting, PAYROLL, waiting } from "../runtime/waiting";
import { APPROVER, joiner, WORKER, World } from "../runtime/world";

/** Runs the command over a world's ledger and digest key. */
async function history(world: World, args: readonly string[]) {
  let out = "";
  const asked: string[] = [];
  const io = {
    out: (text: string) => (out += text),
    err: () => undefined,
    readFile: () => "",
    readStdin: () => Promise.resolve(""),
    now: () => 0,
  };
  const code = await runHistory(args, io, {
    ledger: (table) => {
      asked.push(table);
      return Promise.resolve({
        get: (name, key) => (name === "ledger" ? world.store.get(name, key) : Promise.reject(new Error(name))),
        query: (name, pk, prefix) =>
          name === "ledger" ? world.store.query(name, pk, prefix) : Promise.reject(new Error(name)),
      });
    },
    keys: (arn) => {
      asked.push(arn);
      return Promise.resolve(world.keys);
    },
  });
  return { code, out, asked };
}

const LEDGER = ["r-1", "--ledger", "t-ledger"];
const VERIFY = [...LEDGER, "--verify", "--digest-key", "key-1"];

/** Two fields of one request: one approved by two people and written, one denied; a foreigner and a forger refused. */
async function lived() {
  const { world, digests, places } = await allWaiting([
    { field: "cost_center", value: "CC-2" },
    { field: "manager", value: "WD-500" },
  ]);
  await world.decideAs({ ...PAYROLL, groups: ["iam-approvers"] }, "approve", digests[0]!);
  await world.decideAs(APPROVER, "approve", "f".repeat(64));
  world.now += 60_000;
  await world.decideAs(APPROVER, "approve", digests[0]!);
  world.now += 60_000;
  await world.decideAs(PAYROLL, "approve", digests[0]!);
  await world.decideAs(APPROVER, "deny", digests[1]!, "1");
  for (const place of places) {
    const inspection = await world.inspect({ ...place, phase: "again" });
    const write =
      inspection.route === "write"
        ? await world.broker({ ...place, digest: inspection.digest, attempt: 1 })
        : undefined;
    await world.announce({ ...place, inspection, write });
  }
  expect([world.outcome("r-1", 0), world.outcome("r-1", 1)]).toEqual(["applied", "denied"]);
  return { world, digests };
}

describe("a history, from the ledger alone", () => {
  test("tells who approved what, when, by which digests, under which policy, and what came of it", async () => {
    const { world, digests } = await lived();
    const { code, out, asked } = await history(world, [...LEDGER, "--format", "json"]);
    expect([code, asked]).toEqual([0, ["t-ledger"]]);
    const told = JSON.parse(out) as { history: { changes: object[] }; verified?: unknown };
    expect(told).not.toHaveProperty("verified");
    expect(told.history).toMatchObject({
      requestId: "r-1",
      event: "joiner.provisioned",
      source: "identity.joiner",
      initiator: { kind: "automation", id: "okta-workflows" },
    });
    const policyDigest = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
    expect(told.history.changes[0]).toMatchObject({
      index: 0,
      field: "cost_center",
      verdict: "approve",
      policyDigest,
      exactChanges: [
        {
          digest: digests[0],
          policyDigest,
          decisions: [
            {
              decision: "approve",
              approver: { subject: "u-2077" },
              groups: ["hr-ops-approvers"],
              decidedAt: "2026-11-02T09:06:00.000Z",
            },
            {
              decision: "approve",
              approver: { subject: "u-3001" },
              policyDigest,
              decidedAt: "2026-11-02T09:07:00.000Z",
            },
          ],
        },
      ],
      refusals: expect.arrayContaining([
        expect.objectContaining({ code: "NotAnApprover" }),
        expect.objectContaining({ code: "DigestMismatch" }),
      ]) as unknown,
      attempts: [{ attempt: 1, digest: digests[0], outcome: { outcome: "applied" } }],
      outcome: { outcome: "applied" },
    });
    expect(told.history.changes[1]).toMatchObject({
      field: "manager",
      exactChanges: [{ decisions: [{ decision: "deny", reason: "not this one" }] }],
      attempts: [],
      outcome: { outcome: "denied", reason: "ApprovalDenied" },
    });
  });

  test.each(["text", "markdown", "json"])("shows no value of a record and no worker's id, as %s", async (format) => {
    const { world } = await lived();
    const { out } = await history(world, [...VERIFY, "--format", format]);
    for (const value of ["CC-1", "CC-2", "WD-500", WORKER]) expect(out).not.toContain(value);
    expect(out).toContain("u-3001");
  });

  test("reads as a story, in order of time", async () => {
    const { world, digests } = await lived();
    const { out } = await history(world, LEDGER);
    const lines = out.split("\n");
    const first = lines.findIndex((line) => line.startsWith("Change 0: cost_center"));
    const second = lines.findIndex((line) => line.startsWith("Change 1: manager"));
    const story = lines.slice(first + 2, second).map((line) => line.split(/ {2,}/)[1]);
    expect(story.filter((what) => what !== undefined)).toEqual([
      "verdict approve",
      "exact change",
      "refused to approve",
      "refused to approve",
      "approved",
      "approved",
      "grant opened",
      "grant used",
      "write applied",
      "ended applied",
    ]);
    expect(out).toContain(`u-3001 of payroll-approvers (https://idp.example.com)`);
    expect(out).toContain(digests[0]);
  });

  test("tells of what was acknowledged", async () => {
    const world = new World();
    world.hris.set("employment_type", "contingent");
    await world.write("manager", "WD-500");
    await world.api("POST /notices/{requestId}/{index}", APPROVER);
    expect((await history(world, LEDGER)).out).toMatch(/acknowledged +u-2077/);
  });

  test("shows what people wrote as text, whatever they wrote", async () => {
    const { world, digest } = await waiting("manager", "WD-500", {
      initiator: { kind: "automation", id: "<img src=x onerror=alert(1)> [a](b)\u001b[31m", intent: "hire" },
    });
    const reason = "| <script>alert(1)</script>\n# no";
    await world.api("POST /approvals/{requestId}/{index}", APPROVER, { body: { decision: "deny", digest, reason } });
    const { out } = await history(world, [...LEDGER, "--format", "markdown"]);
    expect(out).not.toMatch(/(?<!\\)<(?:script|img)/);
    expect(out).not.toContain("\u001b");
    expect(out).not.toMatch(/^# no/m);
    expect((await history(world, LEDGER)).out).not.toContain("\u001b");
  });
});

describe("a verification", () => {
  test("holds for what was lived, and says what was recomputed", async () => {
    const { world } = await lived();
    const { code, out, asked } = await history(world, VERIFY);
    expect([code, asked]).toEqual([0, ["t-ledger", "key-1"]]);
    expect(out).toMatch(/Verified: all \d+ checks hold/);
    expect(out).not.toContain("NO ");
    const { verified } = JSON.parse((await history(world, [...VERIFY, "--format", "json"])).out) as {
      verified: { code: string; holds: boolean }[];
    };
    expect(new Set(verified.map(({ code: each }) => each))).toEqual(
      new Set([
        "RequestUnchanged",
        "DigestMatches",
        "ValueRequested",
        "DecisionInPlace",
        "DenialMarked",
        "GrantForExactChange",
        "ApprovedBeforeGrant",
        "NotUsedAfterDenial",
      ]),
    );
  });

  test("holds for a request whose values were no scalars, and for one that nobody approves", async () => {
    const world = new World();
    await world.take(joiner([{ field: "desk", value: { a: 1 } }]));
    expect((await history(world, VERIFY)).code).toBe(0);
    const safe = new World();
    await safe.write("desk", "2B");
    expect((await history(safe, VERIFY)).code).toBe(0);
  });

  type Item = Record<string, unknown>;
  /** Changes every record under a partition whose sort key begins so. */
  const tamper = (world: World, pk: string, sk: string, change: (item: Item) => Item | undefined): void => {
    let changed = 0;
    for (const [key, item] of [...world.tables.ledger]) {
      if (item["pk"] !== pk || !String(item["sk"]).startsWith(sk)) continue;
      changed += 1;
      const next = change({ ...item });
      world.tables.ledger.delete(key);
      if (next !== undefined) world.tables.ledger.set(JSON.stringify([next["pk"], next["sk"]]), next);
    }
    expect(changed).toBeGreaterThan(0);
  };
  const request = (change: (of: Item) => Item) => (world: World) => {
    tamper(world, "request#r-1", "request", (item) => ({ ...item, request: change(item["request"] as Item) }));
  };

  test.each<[string, string, (world: World) => void]>([
    ["another worker", "DigestMatches", request((of) => ({ ...of, worker: { id: "WD-1", attributes: {} } }))],
    ["another event", "DigestMatches", request((of) => ({ ...of, event: "leaver" }))],
    [
      "another value asked for",
      "ValueRequested",
      request((of) => ({
        ...of,
        changes: [{ field: "cost_center", value: "CC-9" }, ...(of["changes"] as Item[]).slice(1)],
      })),
    ],
    ["another initiator", "RequestUnchanged", request((of) => ({ ...of, initiator: { id: "somebody" } }))],
    [
      "another value before",
      "DigestMatches",
      (world) => {
        tamper(world, "inspection#r-1#0", "", (item) => ({ ...item, from: "CC-7" }));
      },
    ],
    [
      "another value after",
      "DigestMatches",
      (world) => {
        tamper(world, "inspection#r-1#0", "", (item) => ({ ...item, to: "CC-7" }));
      },
    ],
    [
      "another policy",
      "DigestMatches",
      (world) => {
        tamper(world, "inspection#r-1#0", "", (item) => ({ ...item, policyDigest: "0".repeat(64) }));
      },
    ],
    [
      "another approver",
      "DecisionInPlace",
      (world) => {
        tamper(world, "approval#r-1#0", "approval#", (item) => ({
          ...item,
          approver: { issuer: "x", subject: "u-evil" },
        }));
      },
    ],
    [
      "a denial made an approval",
      "ApprovedBeforeGrant",
      (world) => {
        tamper(world, "approval#r-1#0", "approval#", (item) => ({ ...item, decision: "deny" }));
      },
    ],
    [
      "an approval taken away",
      "ApprovedBeforeGrant",
      (world) => {
        tamper(world, "approval#r-1#0", "approval#", (item) =>
          (item["approver"] as Item)["subject"] === "u-3001" ? undefined : item,
        );
      },
    ],
    [
      "an approval that came after the grant",
      "ApprovedBeforeGrant",
      (world) => {
        tamper(world, "approval#r-1#0", "approval#", (item) => ({ ...item, decidedAt: "2026-11-02T10:00:00.000Z" }));
      },
    ],
    [
      "approvals by the worker",
      "ApprovedBeforeGrant",
      (world) => {
        tamper(world, "approval#r-1#0", "approval#", (item) => ({ ...item, workerId: WORKER }));
      },
    ],
    [
      "a mark of a denial taken away",
      "DenialMarked",
      (world) => {
        tamper(world, "approval#r-1#1", "denied#", () => undefined);
      },
    ],
    [
      "a grant for something else",
      "GrantForExactChange",
      (world) => {
        const { grantId } = world.ledger("attempt#r-1#0", "attempt#1") as { grantId: string };
        tamper(world, `grant#${grantId}`, "open", (item) => ({ ...item, digest: "0".repeat(64) }));
      },
    ],
    [
      "a denial long before the write",
      "NotUsedAfterDenial",
      (world) => {
        const { digest } = world.itemsOf("ledger", "inspection#r-1#0")[0] as { digest: string };
        world.seed("ledger", [
          { pk: "approval#r-1#0", sk: `denied#${digest}`, digest, deniedAt: "2026-11-02T09:00:00.000Z" },
        ]);
      },
    ],
  ])("fails with exit code 3 for %s", async (_name, code, change) => {
    const { world } = await lived();
    change(world);
    const told = await history(world, [...VERIFY, "--format", "json"]);
    expect(told.code).toBe(3);
    const { verified } = JSON.parse(told.out) as { verified: { code: string; holds: boolean }[] };
    expect(verified.filter(({ holds }) => !holds).map((each) => each.code)).toContain(code);
    expect((await history(world, VERIFY)).out).toContain("NOT verified");
  });
});

describe("the command line", () => {
  test.each([
    [["--ledger", "t"], /REQUEST_ID.* is missing/],
    [["r-1"], /`--ledger`.* is missing/],
    [["r-2", "--ledger", "t"], /knows no request `r-2`/],
    [["../x", "--ledger", "t"], /is no request id/],
    [["r-1", "--ledger", "t", "--verify"], /needs `--digest-key`/],
    [["r-1", "--ledger", "t", "--format", "html"], /unknown format/],
  ])("refuses %j", async (args, message) => {
    const world = new World();
    await expect(history(world, args)).rejects.toThrow(message);
    await expect(history(world, args)).rejects.toBeInstanceOf(UsageError);
  });

  test("has the command, and its help", async () => {
    expect(HELP).toContain("history");
    expect((await history(new World(), ["--help"])).out).toContain("Usage: hris-writeback history");
    let out = "";
    const io = { out: (text: string) => (out += text), err: () => undefined } as never;
    expect(await run(["history", "--help"], io)).toBe(0);
    expect(out).toContain("--verify");
  });
});
