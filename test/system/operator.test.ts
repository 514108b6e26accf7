import { runDrill } from "../../src/cli/commands/drill";
import { runResume } from "../../src/cli/commands/resume";
import { runStatus } from "../../src/cli/commands/status";
import { runStop } from "../../src/cli/commands/stop";
import { CONTROL } from "../../src/core";
import type { LocalCloud } from "../../src/local/cloud";
import { assemble, COLLEAGUES, madeFor, WORKERS, type Cast, type WorkerName } from "../../src/local/demo/cast";
import type { OperatorPorts } from "../../src/runtime/aws/operator";
import { AccessDenied, ServiceUnavailable } from "../../src/runtime/errors";
import { operatorOf, runOperator, type Ran } from "../helpers/operator";
import { exampleStack } from "./story";

/** The operator's commands on the synthesized stack in this process. */

const OPERATORS = [COLLEAGUES.ada, COLLEAGUES.ben];

let casts: Cast[] = [];
afterEach(async () => {
  await Promise.all(casts.map((cast) => cast.stop()));
  casts = [];
});

interface Office {
  readonly cloud: LocalCloud;
  readonly hris: Cast["hris"];
  readonly ports: OperatorPorts;
  readonly arn: string;
}

async function opened(): Promise<Office> {
  const { stack } = await exampleStack("acme");
  const cast = await assemble(stack);
  casts.push(cast);
  const { cloud, hris } = cast;
  const arn = `arn:aws:states:${stack.region}:${stack.accountId}:stateMachine:acme-writeback-kill-switch`;
  return { cloud, hris, ports: operatorOf(cloud), arn };
}

const COMMANDS = { stop: runStop, status: runStatus, resume: runResume, drill: runDrill } as const;

function run({ arn, ports }: Office, command: keyof typeof COMMANDS, ...args: string[]): Promise<Ran> {
  return runOperator(COMMANDS[command], ["--kill-switch", arn, ...args], ports);
}

async function json(office: Office, command: keyof typeof COMMANDS, ...args: string[]): Promise<unknown> {
  const { out } = await run(office, command, ...args, "--format", "json");
  return (JSON.parse(out) as Record<string, unknown>)[command];
}

async function agree({ cloud }: Office, operator: number): Promise<void> {
  const item = cloud.tables.control.get(JSON.stringify([CONTROL.switch, ""])) ?? {};
  const token = await cloud.tokenOf(OPERATORS[operator]!);
  const body = { what: "switch", id: item["stopId"], reason: "it is mended" };
  expect((await cloud.approvals(token, "POST", "/system/resume", body)).status).toBe(200);
  await cloud.quiet();
}

async function publish({ cloud }: Office, worker: WorkerName): Promise<unknown> {
  const requestId = `00000000-0000-4000-8000-${String(cloud.bus.events.length).padStart(12, "0")}`;
  const at = new Date(cloud.clock.now() - 60_000).toISOString();
  await cloud.publish({
    source: "identity.joiner",
    detailType: "joiner.provisioned",
    detail: {
      requestId,
      occurredAt: at,
      worker: { id: WORKERS[worker].id, attributes: { worker_type: "Full-Time", legal_entity: "acme-uk" } },
      initiator: { kind: "automation", id: "joiner-flow" },
      changes: [{ field: "work_email", value: madeFor(worker).workEmail, finalizedAt: at }],
    },
  });
  return cloud.outcomes().find((outcome) => outcome["requestId"] === requestId)?.["outcome"];
}

describe("`stop`", () => {
  test("stops the system, shows every layer with its latency, and nothing is written after it", async () => {
    const office = await opened();
    const { code, out, err } = await run(office, "stop", "--reason", "wrong e-mails");
    expect(code).toBe(0);
    expect(out).toMatch(
      /^stop-01JC0+1: every layer holds, started by arn:aws:sts::\d{12}:assumed-role\/operators\/ada$/m,
    );
    for (const layer of ["switch", "concurrency", "connector", "intake", "executions"]) {
      expect(out).toMatch(new RegExp(`^${layer} +\\d{4}-\\S+Z +\\d+\\.\\d s `, "m"));
      expect(err).toMatch(new RegExp(`^ +${layer} `, "m"));
    }
    expect([await publish(office, "joiner"), office.hris.writes()]).toEqual([undefined, 0]);
    expect(await json(office, "status")).toMatchObject({
      system: "stopped",
      switch: { state: "stopped", kind: "stop", reason: "wrong e-mails", stoppedBy: expect.stringContaining("/ada") },
    });
  });

  test("tells that the system is stopped already, by whom and why, and stops it once more only when told so", async () => {
    const office = await opened();
    await run(office, "stop", "--reason", "wrong e-mails");
    const again = await run(office, "stop");
    expect([again.code, again.out]).toEqual([1, ""]);
    expect(again.err).toMatch(/stopped already, as `stop-\w+`, by arn:\S+ at \S+: wrong e-mails.*--again/);
    expect(office.cloud.killSwitch.executions()).toHaveLength(1);
    let serial = 9;
    const second = await runOperator(
      (args, io, world) =>
        runStop(args, io, { ...world, newUlid: () => `01JD${String((serial += 1)).padStart(22, "0")}` }),
      ["--kill-switch", office.arn, "--again"],
      office.ports,
    );
    expect(second.code).toBe(0);
    expect(office.cloud.killSwitch.executions()).toHaveLength(2);
  });

  test("stops also where nothing can be read, and says that it could not watch", async () => {
    const office = await opened();
    const denied = (): Promise<never> =>
      Promise.reject(new AccessDenied("refused", { cause: new Error("is not authorized to perform: dynamodb:Query") }));
    const blind: Office = {
      ...office,
      ports: {
        ...office.ports,
        store: { get: denied, query: denied, due: denied },
        machine: { ...office.ports.machine, look: denied },
        caller: denied,
      },
    };
    const { code, out, err } = await run(blind, "stop", "--wait", "PT2S");
    expect(code).toBe(3);
    expect(err).toMatch(/may not see whether the system is stopped already: .*dynamodb:Query/);
    expect(out).toMatch(/could not be watched: .*dynamodb:Query/);
    expect(await json(office, "status")).toMatchObject({ system: "stopped" });
  });

  test("exits 3 while a layer does not hold, and names it", async () => {
    const office = await opened();
    office.cloud.iam.attach = () => undefined;
    const { code, out } = await run(office, "stop", "--wait", "PT2M");
    expect(code).toBe(3);
    expect(out).toMatch(/NOT EVERY LAYER IS KNOWN TO HOLD/);
    const { out: told, code: odd } = await run(office, "status");
    expect(odd).toBe(3);
    expect(told).toMatch(/the layer `connector` does not hold/);
  });

  test("goes on watching where a service does not answer for a moment", async () => {
    const office = await opened();
    let failures = 2;
    const query: OperatorPorts["store"]["query"] = (...args) =>
      (failures -= 1) >= 0 ? Promise.reject(new ServiceUnavailable("not now")) : office.ports.store.query(...args);
    const flaky = { ...office, ports: { ...office.ports, store: { ...office.ports.store, query } } };
    expect((await run(flaky, "stop")).code).toBe(0);
  });

  test.each([
    ["StateMachineDoesNotExist", /there is no stack `acme-writeback` in eu-west-1/],
    ["CredentialsProviderError", /there are no AWS credentials to start the kill switch with/],
  ])("fails clearly for %s", async (name, words) => {
    const office = await opened();
    const start = (): Promise<never> => Promise.reject(Object.assign(new Error("said AWS"), { name }));
    const broken = { ...office, ports: { ...office.ports, machine: { ...office.ports.machine, start } } };
    const { code, err } = await run(broken, "stop");
    expect(code).toBe(1);
    expect(err).toMatch(words);
  });

  test("fails clearly without a permission to start", async () => {
    const office = await opened();
    const refusal = new AccessDenied("refused", {
      cause: new Error("not authorized to perform: states:StartExecution"),
    });
    const start = (): Promise<never> => Promise.reject(refusal);
    const broken = { ...office, ports: { ...office.ports, machine: { ...office.ports.machine, start } } };
    const { code, err } = await run(broken, "stop");
    expect([code, err]).toEqual([1, expect.stringMatching(/may not start the kill switch: .*states:StartExecution/)]);
  });

  test.each([
    [[], /`--kill-switch`.* is missing/],
    [["--kill-switch", "acme"], /`acme` is no kill switch/],
    [["--kill-switch", "arn:aws:states:eu-west-1:111122223333:stateMachine:acme-workflow"], /is no kill switch/],
    [["--kill-switch", "arn:aws-cn:states:eu-west-1:111122223333:stateMachine:acme-kill-switch"], /is no kill switch/],
  ])("refuses %j", async (args, words) => {
    const { ports } = await opened();
    const { code, err } = await runOperator(runStop, args, ports);
    expect([code, err]).toEqual([1, expect.stringMatching(words)]);
  });
});

describe("`status`", () => {
  test("a system that runs", async () => {
    const office = await opened();
    expect(await run(office, "status")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^The system is running/),
    });
    expect(await json(office, "status")).toMatchObject({
      system: "running",
      switch: { state: "running" },
      breaker: { state: "ok" },
      inFlight: [],
      missing: [],
    });
  });

  test("says what it may not read, and reads the rest", async () => {
    const office = await opened();
    const layers = (): Promise<never> => Promise.reject(new AccessDenied("refused"));
    const some = { ...office, ports: { ...office.ports, layers } };
    expect(await json(some, "status")).toMatchObject({
      system: "unknown",
      switch: { state: "running" },
      layers: expect.arrayContaining([{ layer: "intake", unread: expect.any(String) }]),
    });
    expect((await run(some, "status")).code).toBe(3);
  });

  test("a tripped breaker stops the system too, and needs two operators", async () => {
    const office = await opened();
    const trippedAt = "2026-11-02T09:00:00.000Z";
    await office.cloud.store.write([
      { kind: "put", table: "control", item: { pk: CONTROL.breaker, state: "tripped", trippedAt } },
    ]);
    expect(await json(office, "status")).toMatchObject({
      system: "stopped",
      breaker: { state: "tripped", id: `breaker-${trippedAt}`, agreements: { people: 0, needed: 2 } },
      missing: [`2 of 2 operators who agree to the end of \`breaker-${trippedAt}\``],
    });
  });

  test("lists what is in flight", async () => {
    const office = await opened();
    await office.cloud.store.write([
      {
        kind: "put",
        table: "control",
        item: {
          pk: "pointer#w-1#workemail",
          grantId: "g-01JC0000000000000000000000",
          requestId: "r-1",
          index: 0,
          queue: "settle",
          dueAt: new Date(office.cloud.clock.now() + 900_000).toISOString(),
        },
      },
    ]);
    expect(await json(office, "status")).toMatchObject({
      inFlight: [{ grantId: "g-01JC0000000000000000000000", requestId: "r-1", index: 0 }],
    });
    expect((await run(office, "status")).out).toMatch(/1 grants open, 0 writes unsettled/);
  });
});

describe("`resume`", () => {
  test("says who agreed and where, and cannot resume", async () => {
    const office = await opened();
    await run(office, "stop");
    expect(await json(office, "resume")).toMatchObject({
      system: "stopped",
      url: "https://approvals.example.com/#/system",
      agreed: ["0 of 2 operators agreed"],
    });
    await agree(office, 0);
    const { code, out } = await run(office, "resume");
    expect(code).toBe(3);
    expect(out).toMatch(/^1 of 2 operators agreed \(operator\.ada at /m);
    expect(out).toMatch(/^Missing: 1 of 2 operators who agree to the end of `stop-/m);
    expect(await publish(office, "joiner")).toBeUndefined();
    await agree(office, 1);
    expect(await run(office, "resume")).toMatchObject({ code: 0, out: expect.stringMatching(/nothing to resume/) });
    expect(await json(office, "status")).toMatchObject({ system: "running" });
  });

  test("goes on with an undo that two operators agreed to and that failed, and with no other", async () => {
    const office = await opened();
    await run(office, "stop");
    // Nobody agreed: somebody set the switch by hand.
    await office.cloud.setSwitch("running");
    expect(await json(office, "resume")).toMatchObject({ system: "mixed" });
    expect((await json(office, "resume")) as object).not.toHaveProperty("undone");
    expect(await json(office, "status")).toMatchObject({ system: "mixed" });
  });

  test("lets go what an undo left", async () => {
    const office = await opened();
    await run(office, "stop");
    const { iam } = office.cloud;
    const detach = iam.detach.bind(iam);
    iam.detach = () => undefined;
    await agree(office, 0);
    await agree(office, 1);
    await office.cloud.clock.advance(2 * 3_600_000);
    await office.cloud.quiet();
    expect(await json(office, "status")).toMatchObject({
      system: "mixed",
      missing: [expect.stringMatching(/`connector` is not let go/)],
    });
    iam.detach = detach;
    expect(await json(office, "resume")).toMatchObject({ undone: expect.stringMatching(/^undo-01JC/) });
    expect(await json(office, "status")).toMatchObject({ system: "running" });
  });
});

describe("`drill`", () => {
  test("stops, waits for two operators, and shows the record that was filed", async () => {
    const office = await opened();
    let looks = 0;
    const clock = {
      now: () => office.cloud.clock.now(),
      sleep: async (ms: number) => {
        looks += 1;
        if (looks === 2) await agree(office, 0);
        if (looks === 4) await agree(office, 1);
        return office.cloud.clock.advance(ms);
      },
    };
    const watched = { ...office, ports: { ...office.ports, clock } };
    expect(await publish(office, "joiner")).toBe("applied");
    const asked = office.hris.log.length;
    const { code, out, err } = await run(watched, "drill", "--reason", "of the quarter");
    expect([code, err]).toEqual([0, expect.stringMatching(/1 of 2 operators agreed \(operator\.ada/)]);
    expect(err).toContain("https://approvals.example.com/#/system");
    expect(out).toMatch(/^Drill drill-01JC\w+ passed$/m);
    expect(out).toMatch(/^switch +yes +a transaction that demands a running switch was refused$/m);
    expect(out).toMatch(/agreed by operator\.ada and operator\.ben|agreed by operator\.ben and operator\.ada/);
    expect(out).toMatch(/^HR's records looked at before and after: 1; unchanged: 1; not to be compared: 0$/m);
    const calls = office.hris.log.slice(asked);
    expect(calls.map(({ method, credential }) => [method, credential])).toEqual([
      ["GET", "reader"],
      ["GET", "reader"],
    ]);
    const stopId = /drill-01JC\w+/.exec(out)?.[0] ?? "";
    const records = { unchanged: 1, unread: 0, changed: [] };
    expect(await json(office, "drill", "--of", stopId)).toMatchObject({ stopId, passed: true, filed: true, records });
    expect(office.cloud.iam.trail.filter(({ allowed }) => !allowed)).toEqual([]);
    expect(await json(office, "status")).toMatchObject({ system: "running" });
  });

  test("finds a record of HR that was written while the system was stopped", async () => {
    const office = await opened();
    const { cloud, hris } = office;
    expect(await publish(office, "joiner")).toBe("applied");
    // As if somebody held the writer credential: HR takes the value back before, and it is there again after.
    hris.setField(WORKERS.joiner.id, "workEmail", null);
    let looks = 0;
    const clock = {
      now: () => cloud.clock.now(),
      sleep: async (ms: number) => {
        looks += 1;
        if (looks === 2) {
          hris.setField(WORKERS.joiner.id, "workEmail", madeFor("joiner").workEmail);
          await agree(office, 0);
          await agree(office, 1);
        }
        return cloud.clock.advance(ms);
      },
    };
    const { code, out } = await run({ ...office, ports: { ...office.ports, clock } }, "drill");
    expect([code, out]).toEqual([3, expect.stringMatching(/DID NOT PASS[\s\S]*WRITTEN WHILE IT WAS STOPPED: g-/)]);
    expect(out).not.toContain(madeFor("joiner").workEmail);
  });

  test("says that the system is stopped where nobody agreed in time", async () => {
    const office = await opened();
    const clock = {
      now: () => office.cloud.clock.now(),
      sleep: (ms: number) => office.cloud.clock.advance(ms),
    };
    const watched = { ...office, ports: { ...office.ports, clock } };
    const { code, out } = await run(watched, "drill", "--wait", "PT1M");
    expect([code, out]).toEqual([3, expect.stringMatching(/STOPPED: 0 of 2 operators agreed.*drill --of drill-01JC/)]);
  });

  test("does not begin on a stopped system, and knows no other drill than those on record", async () => {
    const office = await opened();
    await run(office, "stop");
    expect(await run(office, "drill")).toMatchObject({ code: 1, err: expect.stringMatching(/stopped already/) });
    const stopId = String(office.cloud.tables.control.get(JSON.stringify([CONTROL.switch, ""]))?.["stopId"]);
    for (const id of ["drill-unknown", stopId, "no id"]) {
      expect(await run(office, "drill", "--of", id)).toMatchObject({
        code: 1,
        err: expect.stringMatching(/knows no drill/),
      });
    }
  });
});
