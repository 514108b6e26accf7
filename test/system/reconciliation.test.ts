import { runReconcile, type AuditorWorld } from "../../src/cli/commands/reconcile";
import type { Io } from "../../src/cli/io";
import { CONTROL } from "../../src/core";
import type { LocalCloud } from "../../src/local/cloud";
import { madeFor, WORKERS, type Cast } from "../../src/local/demo/cast";
import type { Story } from "../../src/local/demo/story";
import type { AuditorPorts } from "../../src/runtime/aws/auditor";
import { AccessDenied } from "../../src/runtime/errors";
import type { ReconciliationReport } from "../../src/runtime/reconciliation/report";
import { toldStory } from "./story";

/** The reconciliation of the synthesized stack in this process: every call decided by IAM over its own policies. */

let cast: Cast;
let story: Story;
beforeAll(async () => {
  ({ cast, story } = await toldStory());
}, 120_000);
afterAll(() => cast.stop());

const ARN = "arn:aws:states:eu-west-1:111122223333:stateMachine:acme-writeback-reconciliation";

/** A stack of this process as somebody reaches it who reconciles. */
function auditorOf(cloud: LocalCloud): AuditorPorts {
  return {
    store: cloud.store,
    machine: {
      start: (name, input) => cloud.reconciliation!.start(name, input),
      status: (name) => cloud.reconciliation!.status(name),
    },
    clock: cloud.clock,
  };
}

let serial = 0;
async function run(args: readonly string[], ports: AuditorPorts = auditorOf(cast.cloud), arn = ARN) {
  let [out, err] = ["", ""];
  const io = { out: (text: string) => (out += text), err: (text: string) => (err += text) } as unknown as Io;
  const newUlid: AuditorWorld["newUlid"] = () => `01JC${String((serial += 1)).padStart(22, "0")}`;
  const world: AuditorWorld = { deployed: () => Promise.resolve(ports), newUlid };
  const code = await runReconcile(["--reconciliation", arn, ...args], io, world).catch((error: unknown) => {
    err += (error as Error).message;
    return 1;
  });
  return { code, out, err };
}

/** Classes of a report's open findings, but for what the calendar asks. */
const classesOf = ({ open }: ReconciliationReport): string[] =>
  open.map(({ class: each }) => each).filter((each) => each !== "JointReview");

test("the story ends in sync, and HR's own edit is recorded and left alone", () => {
  const { before, after } = story.reconciled;
  expect(classesOf(before)).toEqual([]);
  expect(before.fields.map(({ field, compared, inSync }) => [field, compared, inSync])).toEqual([
    ["account_id", 1, 1],
    ["manager", 1, 1],
    ["username", 1, 1],
    ["work_email", 3, 3],
  ]);
  expect(before.sessions).toBe(6);
  expect(after.open.filter(({ class: each }) => each !== "JointReview")).toMatchObject([
    { class: "ChangedByHr", field: "work_email", state: "opened", owners: ["identity"] },
  ]);
  expect(cast.hris.employee(WORKERS.assisted.id)).toMatchObject({ workEmail: "by.hand@example.com" });
});

test("it asked IAM for what it may, and was refused nothing; it read with the reader's credential alone", () => {
  const own = cast.cloud.iam.trail.filter(({ principal }) => principal.endsWith("-reconciler"));
  expect(own.length).toBeGreaterThan(50);
  expect(own.filter(({ allowed }) => !allowed)).toEqual([]);
  expect([...new Set(own.map(({ action }) => action))].sort()).toEqual([
    "cloudtrail:LookupEvents",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
    "secretsmanager:GetSecretValue",
  ]);
});

describe("`reconcile`", () => {
  test("starts a run, shows how far it is, and prints what there is to do", async () => {
    const { workEmail } = madeFor("target");
    cast.hris.setField(WORKERS.target.id, "workEmail", null);
    const { code, out, err } = await run([]);
    expect(code).toBe(3);
    expect(out).toMatch(/^Reconciliation demand-01JC0+1: 1 finding for people to look at$/m);
    expect(out).toMatch(/^work_email +3 +1 +0 +0$/m);
    expect(out).toMatch(
      /^RevertedByHris +HoldsTheOldValue +work_email +request 0{8}-\S+, change 0; g-\S+; w-\S+ +identity +\S+Z \(new\)$/m,
    );
    expect(out).toContain("RevertedByHris: the HRIS took back what was written. Ask the HR system's owner");
    expect(err).toMatch(/^8 of 8 parts, \d+ records: finished$/m);
    for (const value of [workEmail, WORKERS.target.id, "by.hand@example.com"]) expect(out).not.toContain(value);
    cast.hris.setField(WORKERS.target.id, "workEmail", workEmail);
  });

  test("says what closed by itself, as Markdown and as JSON too, and ends well where nobody has to look", async () => {
    const { code, out } = await run(["--format", "markdown"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^# Reconciliation demand-\S+: nothing for people to do$/m);
    expect(out).toMatch(/^## Closed: the cause is gone$/m);
    expect(out).toMatch(/^\| RevertedByHris \| HoldsTheOldValue \| work\\_email \|/m);
    const runId = /demand-\w+/.exec(out)?.[0] ?? "";
    const before = cast.cloud.reconciliation!.executions().length;
    const again = await run(["--run", runId, "--format", "json"]);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.out)).toMatchObject({
      reconciliation: {
        runId,
        scope: "all",
        open: [{ class: "ChangedByHr" }],
        closed: [{ class: "RevertedByHris" }],
        forHumans: 0,
      },
    });
    expect(cast.cloud.reconciliation!.executions()).toHaveLength(before);
  });

  test("does not take the run before for its own while the machine is still about to begin", async () => {
    const ports = auditorOf(cast.cloud);
    let begin: (() => Promise<unknown>) | undefined;
    let looks = 0;
    const slow: AuditorPorts["machine"] = {
      start: (name, input) => {
        begin = () => ports.machine.start(name, input);
        return Promise.resolve("started");
      },
      status: async (name) => {
        looks += 1;
        if (looks === 2) await begin?.();
        return looks < 2 ? "running" : ports.machine.status(name);
      },
    };
    const { code, out, err } = await run([], { ...ports, machine: slow });
    expect([code, /^Reconciliation demand-/.test(out), err.includes("joined")]).toEqual([0, true, false]);
  });

  test("joins the run that is not finished, and does not wait for ever", async () => {
    const idle: AuditorPorts = {
      ...auditorOf(cast.cloud),
      machine: { start: () => Promise.resolve("started"), status: () => Promise.resolve("running") },
    };
    await cast.cloud.run("reconcile", { version: 1, step: "begin", execution: "scheduled-9", input: {} });
    const waiting = await run(["--wait", "PT9S"], idle);
    expect([waiting.code, waiting.err.split("\n")[0]]).toEqual([3, "joined the run scheduled-9"]);
    expect(waiting.out).toMatch(/^Reconciliation scheduled-9 has not finished$/m);
    const { code, out } = await run([]);
    expect([code, /scheduled-9/.test(out)]).toEqual([0, true]);
    expect(cast.cloud.tables.control.get(JSON.stringify([CONTROL.reconciliation, ""]))).toMatchObject({
      lastRunId: "scheduled-9",
    });
  });

  test.each([
    [["--fields", "some"], /--fields some/],
    [["--wait", "soon"], /--wait soon/],
    [["--run", "no run!"], /is no id of a run/],
    [["--run", "unknown-1"], /knows no reconciliation `unknown-1`/],
    [["now"], /unexpected argument `now`/],
  ])("fails for %j", async (args, message) => {
    const { code, err } = await run(args);
    expect([code, err]).toEqual([1, expect.stringMatching(message)]);
  });

  test.each(["acme", ARN.replace("reconciliation", "kill-switch")])("fails for the machine %s", async (arn) => {
    const { code, err } = await run([], undefined, arn);
    expect([code, err]).toEqual([1, expect.stringMatching(/is no reconciliation; expected .*PREFIX-reconciliation/)]);
  });

  test("fails in words where the credentials may not", async () => {
    const denied = new AccessDenied("refused", {
      cause: new Error("not authorized to perform: states:StartExecution"),
    });
    const ports = auditorOf(cast.cloud);
    const { code, err } = await run([], {
      ...ports,
      machine: { ...ports.machine, start: () => Promise.reject(denied) },
    });
    expect([code, err]).toEqual([1, expect.stringContaining("these credentials may not start the reconciliation")]);
  });
});
