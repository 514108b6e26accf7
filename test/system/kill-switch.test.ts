import { CONTROL } from "../../src/core";
import type { LocalCloud } from "../../src/local/cloud";
import { assemble, COLLEAGUES, madeFor, WORKERS, type Cast, type WorkerName } from "../../src/local/demo/cast";
import { exampleStack } from "./story";

/** The stop on the synthesized stack in this process: every call decided by IAM over the kill switch's own policy. */

const OPERATORS = [COLLEAGUES.ada, COLLEAGUES.ben];

let casts: Cast[] = [];
afterEach(async () => {
  await Promise.all(casts.map((cast) => cast.stop()));
  casts = [];
});

async function started(): Promise<Cast> {
  const cast = await assemble((await exampleStack("acme")).stack);
  casts.push(cast);
  return cast;
}

let serial = 0;

/** A joiner's e-mail and username, which are safe; and the manager, who waits for people where `approval` is asked. */
async function publish(cloud: LocalCloud, worker: WorkerName, approval = false): Promise<string> {
  serial += 1;
  const requestId = `00000000-0000-4000-8000-${String(serial).padStart(12, "0")}`;
  const at = new Date(cloud.clock.now() - 60_000).toISOString();
  const { workEmail } = madeFor(worker);
  await cloud.publish({
    source: "identity.joiner",
    detailType: "joiner.provisioned",
    detail: {
      requestId,
      occurredAt: at,
      worker: { id: WORKERS[worker].id, attributes: { worker_type: "Full-Time", legal_entity: "acme-uk" } },
      initiator: { kind: "automation", id: "joiner-flow" },
      changes: [
        { field: "work_email", value: workEmail, finalizedAt: at },
        ...(approval ? [{ field: "manager", value: "10100", finalizedAt: at }] : []),
      ],
    },
  });
  return requestId;
}

/** Starts the kill switch's machine, as an operator does, and waits for its end. */
async function runKillSwitch(cloud: LocalCloud, name: string, input: object): Promise<unknown> {
  await cloud.killSwitch.start(name, input);
  const execution = cloud.killSwitch.execution(name)!;
  await cloud.quiet();
  return execution.result;
}

async function agree(cloud: LocalCloud, operator: number, id: string) {
  const token = await cloud.tokenOf(OPERATORS[operator]!);
  const answer = await cloud.approvals(token, "POST", "/system/resume", { what: "switch", id, reason: "it is mended" });
  await cloud.quiet();
  return answer;
}

const outcomeOf = (cloud: LocalCloud, requestId: string): unknown =>
  cloud.outcomes().find((outcome) => outcome["requestId"] === requestId)?.["outcome"];

const records = (cloud: LocalCloud, pk: string): Record<string, unknown>[] =>
  [...cloud.tables.ledger.values()].filter((item) => item["pk"] === pk);

describe("a stop of the whole system", () => {
  test("started in a hurry with nothing stops every layer, and the ledger says when", async () => {
    const { cloud } = await started();
    expect(await runKillSwitch(cloud, "from-the-console", {})).toMatchObject({ status: "SUCCEEDED" });
    expect(cloud.tables.control.get(JSON.stringify([CONTROL.switch, ""]))).toMatchObject({
      state: "stopped",
      stopId: "sfrom-the-console",
    });
    expect(records(cloud, "system-stop").map(({ sk }) => sk)).toEqual([
      "sfrom-the-console",
      "sfrom-the-console#stop#switch",
      "sfrom-the-console#stop#concurrency",
      "sfrom-the-console#stop#connector",
      "sfrom-the-console#stop#intake",
      "sfrom-the-console#stop#executions",
      "sfrom-the-console#stop#held",
    ]);
    expect(cloud.logs.filter(({ level }) => level === "error").map(({ event }) => event)).toEqual(["system-stopped"]);
  });

  test("writes nothing, ends what waited truly, and goes on by two operators where it was", async () => {
    const { cloud, hris } = await started();
    const before = await publish(cloud, "joiner", true);
    expect(outcomeOf(cloud, before)).toBe("applied");
    const writes = hris.writes();
    await runKillSwitch(cloud, "k", { action: "stop", stopId: "S1", reason: "wrong e-mails", stoppedBy: "ada" });

    // The manager's change waited for people: its execution was ended, and the sweeper tells.
    await cloud.sweep();
    await cloud.clock.advance(2 * 3_600_000);
    await cloud.sweep();
    const ends = cloud.outcomes().filter(({ requestId }) => requestId === before);
    expect(ends.map(({ field, outcome, reason }) => [field, outcome, reason])).toEqual([
      ["work_email", "applied", expect.anything()],
      ["manager", "not-applied", "WorkflowEnded"],
    ]);

    const during = await publish(cloud, "target");
    expect([outcomeOf(cloud, during), hris.writes()]).toEqual([undefined, writes]);

    expect((await agree(cloud, 0, "S1")).body).toMatchObject({ agreed: 1, resumed: false });
    expect([outcomeOf(cloud, during), hris.writes()]).toEqual([undefined, writes]);
    expect((await agree(cloud, 1, "S1")).body).toMatchObject({ agreed: 2, resumed: true });
    expect(await cloud.killSwitch.execution("undo-S1")!.result).toMatchObject({ status: "SUCCEEDED" });
    // The event waited in its queue, and is taken now.
    await cloud.quiet();
    expect([outcomeOf(cloud, during), hris.writes()]).toEqual(["applied", writes + 1]);
    expect(records(cloud, "system-stop").map(({ sk }) => sk)).toEqual(
      expect.arrayContaining(["S1#undo#connector", "S1#undo#concurrency", "S1#undo#intake"]),
    );
    expect(cloud.iam.trail.filter(({ allowed }) => !allowed)).toEqual([]);
  });

  test("that others did not agree about holds: a second stop over the first", async () => {
    const { cloud } = await started();
    await runKillSwitch(cloud, "a", { action: "stop", stopId: "S1", reason: "one" });
    await agree(cloud, 0, "S1");
    await runKillSwitch(cloud, "b", { action: "stop", stopId: "S2", reason: "another" });
    expect((await agree(cloud, 1, "S1")).body).toMatchObject({ code: "AnotherStop" });
    // By the function's own narrow role: whoever tried is on record.
    expect(records(cloud, "refusal#system-resume")).toMatchObject([
      { code: "AnotherStop", stopId: "S1", caller: { subject: COLLEAGUES.ben.subject } },
    ]);
    expect(records(cloud, "system-stop").find(({ sk }) => sk === "S2")).toMatchObject({ supersedes: "S1" });
    expect(await runKillSwitch(cloud, "undo", { action: "undo", stopId: "S1" })).toMatchObject({
      status: "FAILED",
      error: "StopNotResumed",
    });
    expect((await state(cloud)).every(Boolean)).toBe(true);
  });

  test("is not undone by a machine that was started without two people's word", async () => {
    const { cloud } = await started();
    await runKillSwitch(cloud, "a", { action: "stop", stopId: "S1" });
    expect(await runKillSwitch(cloud, "b", { action: "undo", stopId: "S1" })).toMatchObject({
      status: "FAILED",
      error: "StopNotResumed",
    });
    // Somebody set the item by hand: still nobody agreed.
    await cloud.setSwitch("running");
    expect(await runKillSwitch(cloud, "c", { action: "undo", stopId: "S1" })).toMatchObject({ status: "FAILED" });
    expect((await state(cloud)).every(Boolean)).toBe(true);
  });
});

/** Whether concurrency, connector role and intake are stopped, by a look at the services. */
async function state(cloud: LocalCloud): Promise<boolean[]> {
  const connector = cloud.iam.principal("connector");
  const throttled = await cloud.run("broker", {}).then(
    () => false,
    (error: unknown) => (error as Error).name === "Lambda.TooManyRequestsException",
  );
  const isDenied = cloud.iam.isAttached(
    connector.arn,
    `arn:aws:iam::${cloud.stack.accountId}:policy/acme-writeback-connector-stop`,
  );
  return [throttled, isDenied];
}

/** Steps of a stop by themselves. */
const ASKED = {
  version: 1,
  action: "stop",
  stopId: "S9",
  kind: "stop",
  executions: "stop",
  stoppedBy: "a test",
  reason: "one layer alone",
};
const step = (cloud: LocalCloud, name: string, more: object = {}): Promise<unknown> =>
  cloud.run("kill-switch", { ...ASKED, step: name, ...more });

describe("each layer alone keeps a change from the HRIS", () => {
  test("none of them: the change is written", async () => {
    const { cloud, hris } = await started();
    expect(outcomeOf(cloud, await publish(cloud, "joiner"))).toBe("applied");
    expect(hris.writes()).toBe(1);
  });

  test.each([
    ["switch", "not-applied"],
    ["concurrency", "not-applied"],
    ["connector", "not-applied"],
    ["intake", undefined],
  ])("%s", async (layer, outcome) => {
    const { cloud, hris } = await started();
    await step(cloud, layer);
    const requestId = await publish(cloud, "joiner");
    await cloud.clock.advance(6 * 3_600_000);
    await cloud.quiet();
    expect([outcomeOf(cloud, requestId), hris.writes()]).toEqual([outcome, 0]);
  });

  test("executions: what waited is ended", async () => {
    const { cloud } = await started();
    await publish(cloud, "joiner", true);
    expect(cloud.engine.executions().map((execution) => execution.status())).toEqual(["RUNNING"]);
    await step(cloud, "executions");
    expect(cloud.engine.executions().map((execution) => execution.status())).toEqual(["ABORTED"]);
  });
});

describe("steps that come late", () => {
  async function resumed(): Promise<LocalCloud> {
    const { cloud } = await started();
    await runKillSwitch(cloud, "a", { action: "stop", stopId: "S9" });
    await agree(cloud, 0, "S9");
    await agree(cloud, 1, "S9");
    expect(await state(cloud)).toEqual([false, false]);
    return cloud;
  }

  test("of a stop that two people let end do nothing", async () => {
    const cloud = await resumed();
    for (const name of ["switch", "concurrency", "connector", "intake", "executions", "verify"])
      await step(cloud, name);
    expect(await state(cloud)).toEqual([false, false]);
    expect(outcomeOf(cloud, await publish(cloud, "joiner"))).toBe("applied");
  });

  test("of an undo leave a new stop alone", async () => {
    const cloud = await resumed();
    await runKillSwitch(cloud, "b", { action: "stop", stopId: "S10" });
    for (const name of ["connector", "concurrency", "intake"]) await step(cloud, name, { action: "undo" });
    expect((await state(cloud)).every(Boolean)).toBe(true);
  });
});
