import { runReverse } from "../../src/cli/commands/reverse";
import { OUTCOME_SOURCE } from "../../src/core";
import { assemble, COLLEAGUES, madeFor, PEOPLE, WORKERS, type Cast } from "../../src/local/demo/cast";
import type { ReversalWorld } from "../../src/runtime/aws/reversal";
import { FunctionFailed } from "../../src/runtime/aws/functions";
import { AccessDenied } from "../../src/runtime/errors";
import { readHistory } from "../../src/runtime/history";
import { createWorkflowEngine } from "../../src/local/workflow-engine";
import { exampleStack } from "./story";

/** `hris-writeback reverse` on the synthesized stack in this process: every call decided by IAM over the function's own policy. */

const OWNERS = [PEOPLE.identity, COLLEAGUES.identity];
const REQUEST = "00000000-0000-4000-8000-000000000001";

let casts: Cast[] = [];
afterEach(async () => {
  await Promise.all(casts.map((cast) => cast.stop()));
  casts = [];
});

/** A joiner whose e-mail was written: the record had none. */
async function written(): Promise<Cast & { readonly ports: ReversalWorld; readonly arn: string }> {
  const { stack } = await exampleStack("acme");
  const cast = await assemble(stack);
  casts.push(cast);
  const { cloud } = cast;
  const at = new Date(cloud.clock.now() - 60_000).toISOString();
  await cloud.publish({
    source: "identity.joiner",
    detailType: "joiner.provisioned",
    detail: {
      requestId: REQUEST,
      occurredAt: at,
      worker: { id: WORKERS.joiner.id, attributes: { worker_type: "Full-Time", legal_entity: "acme-uk" } },
      initiator: { kind: "automation", id: "joiner-flow" },
      changes: [{ field: "work_email", value: madeFor("joiner").workEmail, finalizedAt: at }],
    },
  });
  expect(cast.hris.writes()).toBe(1);
  const ports: ReversalWorld = {
    ask: async (payload) => {
      const reply = await cloud.run("reversal", payload);
      await cloud.quiet();
      return reply;
    },
    store: cloud.store,
    caller: () => Promise.resolve(`arn:aws:sts::${stack.accountId}:assumed-role/operators/ada`),
    approvalsUrl: () => Promise.resolve("https://approvals.example.com"),
    clock: { now: () => cloud.clock.now(), sleep: (ms) => cloud.clock.advance(ms) },
  };
  const arn = `arn:aws:lambda:${stack.region}:${stack.accountId}:function:acme-writeback-reversal`;
  return { ...cast, ports, arn };
}

let serial = 0;

async function reverse(args: readonly string[], ports: ReversalWorld) {
  let out = "";
  let err = "";
  const io = {
    out: (text: string) => (out += text),
    err: (text: string) => (err += text),
    readFile: () => "",
    readStdin: () => Promise.resolve(""),
    now: () => ports.clock.now(),
  };
  const world = {
    deployed: () => Promise.resolve(ports),
    newUlid: () => `01JC${String((serial += 1)).padStart(22, "0")}`,
  };
  try {
    return { code: await runReverse(args, io, world), out, err };
  } catch (error) {
    return { code: 1, out, err: `${err}${(error as Error).message}` };
  }
}

async function approve({ cloud }: Cast, reversalId: string): Promise<void> {
  for (const owner of OWNERS) {
    const token = await cloud.tokenOf(owner);
    const shown = await cloud.approvals(token, "GET", `/approvals/${reversalId}/0`);
    const { digest } = shown.body as { digest: string };
    const answer = await cloud.approvals(token, "POST", `/approvals/${reversalId}/0`, { decision: "approve", digest });
    expect(answer.status).toBe(200);
    await cloud.quiet();
  }
}

test("takes back what was written: begun by an operator, approved by two of the owner's group, told by outcome and ledger", async () => {
  const office = await written();
  const { cloud, hris, ports, arn } = office;
  const begun = await reverse(
    [REQUEST, "work_email", "--reversal", arn, "--reason", "the wrong person", "--format", "json"],
    ports,
  );
  const { reversal } = JSON.parse(begun.out) as { reversal: { reversalId: string } };
  expect([begun.code, reversal]).toMatchObject([
    0,
    {
      state: "begun",
      approval: { groups: [{ group: "iam-approvers", count: 2 }] },
      expiresAt: expect.any(String),
      url: `https://approvals.example.com/#/requests/${reversal.reversalId}`,
    },
  ]);
  expect(hris.writes()).toBe(1);
  await approve(office, reversal.reversalId);
  expect(hris.writes()).toBe(2);
  expect(hris.employee(WORKERS.joiner.id)?.["workEmail"] ?? "").toBe("");
  expect(cloud.outcomes().at(-1)).toMatchObject({
    requestId: reversal.reversalId,
    field: "work_email",
    class: "safe",
    verdict: "approve",
    outcome: "applied",
  });
  const again = await reverse([REQUEST, "work_email", "--reversal", arn], ports);
  expect(again).toMatchObject({ code: 3, out: expect.stringMatching(/taken back already \(reversal-01JC\w+\)/) });
  expect(await readHistory(cloud.store, REQUEST)).toMatchObject({
    changes: [{ reversals: [{ reversalId: reversal.reversalId, outcome: { outcome: "applied" } }] }],
  });

  // No value of the record but in the ledger.
  const told = [
    begun,
    again,
    cloud.logs,
    cloud.bus.events.filter(({ source }) => source === OUTCOME_SOURCE),
    cloud.engine.executions().map((execution) => execution.history()),
    cloud.iam.trail,
  ];
  expect(JSON.stringify(told)).not.toContain(madeFor("joiner").workEmail);
  expect(cloud.iam.trail.filter(({ allowed }) => !allowed)).toEqual([]);
});

test("watches until the end where it is told to, and says that HR moved on", async () => {
  const office = await written();
  const { hris, ports, arn } = office;
  hris.setField(WORKERS.joiner.id, "workEmail", "somebody.else@example.com");
  const told = await reverse([REQUEST, "work_email", "--reversal", arn], ports);
  expect(told).toMatchObject({ code: 3, out: expect.stringMatching(/conflict: somebody changed the field.*HR wins/) });
  expect(told.out).not.toContain("somebody.else");
  expect(hris.writes()).toBe(1);
});

test("shows an end within the time that it waits", async () => {
  const office = await written();
  const { ports, arn } = office;
  let looks = 0;
  const clock = {
    ...ports.clock,
    sleep: async (ms: number) => {
      looks += 1;
      const id = String(office.cloud.engine.executions().at(-1)?.name);
      if (looks === 3) await approve(office, id);
      else await office.cloud.clock.advance(ms);
    },
  };
  const told = await reverse([REQUEST, "work_email", "--reversal", arn, "--wait", "PT1H"], { ...ports, clock });
  expect(told).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Taken back: work_email of 0{8}-/),
    err: expect.stringMatching(/^Waiting for the approval, at https:/),
  });
});

test.each([
  ["reversal-01JC", []],
  ["00000000-0000-4000-8000-000000000001", ["broker"]],
])("the workflow leads %s to %j where an inspection says `write` of a safe field", async (requestId, writers) => {
  const { stack } = await exampleStack("acme");
  const machine = stack
    .resources("aws_sfn_state_machine")
    .find(({ body }) => String(body["name"]).endsWith("-workflow"));
  const inspection = {
    version: 1,
    route: "write",
    class: "safe",
    verdict: "write",
    reason: "SafeField",
    outcome: "none",
  };
  const replies: Readonly<Record<string, object>> = {
    decide: { version: 1, requestId, changes: [{ index: 0, field: "work_email" }] },
    inspect: { ...inspection, digest: "d", approvalTimeoutSeconds: 0 },
    broker: { version: 1, status: "ended", reason: "ReadBack", outcome: "applied", retryAfterSeconds: 0 },
    announce: { version: 1, requestId, index: 0, field: "work_email", outcome: "applied", reason: "ReadBack" },
  };
  const called: string[] = [];
  const engine = createWorkflowEngine({
    asl: machine?.body["definition"],
    invoke: (functionArn) => {
      const handler = functionArn.slice(functionArn.lastIndexOf("-") + 1);
      called.push(handler);
      return Promise.resolve(replies[handler]);
    },
  });
  await engine.start(requestId, { version: 1, requestId });
  expect(await engine.execution(requestId)?.result).toMatchObject({ status: "SUCCEEDED" });
  expect(called).toEqual(["decide", "inspect", ...writers, "announce"]);
});

test.each([
  [[], /REQUEST_ID and FIELD.* are missing/],
  [[REQUEST, "work_email", "more"], /unexpected argument `more`/],
  [["no id!", "work_email"], /is no request id/],
  [[REQUEST, "Work Email"], /is no name of a field/],
  [[REQUEST, "work_email"], /`--reversal`.* is missing/],
  [[REQUEST, "work_email", "--reversal", "acme"], /is not the function/],
  [[REQUEST, "work_email", "--reversal", "arn:aws:lambda:eu-west-1:111122223333:function:acme-broker"], /is not the/],
])("fails for %j", async (args, words) => {
  const { code, err } = await reverse(args, undefined as unknown as ReversalWorld);
  expect([code, err]).toEqual([1, expect.stringMatching(words)]);
});

test("asks again, as the same reversal, where the function failed; and says whose log to read", async () => {
  const { ports, arn, cloud } = await written();
  const asked: unknown[] = [];
  const flaky = {
    ...ports,
    ask: (payload: object) => {
      asked.push((payload as { reversalId: string }).reversalId);
      return asked.length < 3 ? Promise.reject(new FunctionFailed("the function failed")) : ports.ask(payload);
    },
  };
  expect(await reverse([REQUEST, "work_email", "--reversal", arn], flaky)).toMatchObject({ code: 0 });
  expect(new Set(asked).size).toBe(1);
  const broken = { ...ports, ask: () => Promise.reject(new FunctionFailed("the function failed: Unhandled")) };
  expect(await reverse([REQUEST, "work_email", "--reversal", arn], broken)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/its log is \/aws\/lambda\/acme-writeback-reversal$/),
  });
  const denied = {
    ...ports,
    ask: () => Promise.reject(new AccessDenied("no", { cause: new Error("lambda:InvokeFunction") })),
  };
  expect(await reverse([REQUEST, "work_email", "--reversal", arn], denied)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/may not begin to take the write back: .*lambda:InvokeFunction/),
  });
  expect(cloud.engine.executions()).toHaveLength(2);
});
