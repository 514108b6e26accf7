import { compileNames, compileStateMachine, type StateMachineDefinition } from "../../src/compile";
import { compileKillSwitch } from "../../src/compile/kill-switch";
import type { Scalar } from "../../src/policy/model";
import { parsePolicy } from "../../src/policy/parse";
import { createMemoryStore } from "../../src/local/memory-store";
import {
  createWorkflowEngine,
  type EngineOptions,
  type Execution,
  type Invoke,
  type WorkflowEngine,
} from "../../src/local/workflow-engine";
import * as connector from "../../src/runtime/handlers/connector";
import * as killSwitch from "../../src/runtime/handlers/kill-switch";
import * as notifier from "../../src/runtime/handlers/notifier";
import type { Item } from "../../src/runtime/ports";
import { Probe } from "../runtime/probe";
import { APPROVER, OPERATORS_GROUP, World } from "../runtime/world";
import { Died, Invocations } from "./invocations";
import { MemoryLayers } from "./layers";
import { redrive } from "./redrive";
import { Timeline } from "./timeline";

const NAMES = compileNames({ prefix: "demo", accountId: "111122223333", region: "eu-west-1" });
const KILL_SWITCH = Object.freeze(compileKillSwitch(NAMES));
const MINUTE = 60_000;

/** How often schedules run here, in milliseconds. Rarer than deployed: what they do is the same. */
const STEP_MS = 20 * MINUTE;

/** Steps within which everything has come to its end: an approval waits a day, and who looks after what is abandoned is patient. */
const MOST_STEPS = 160;

/** Deliveries of a message before it is put aside, as deployed. */
const MAX_RECEIVES = 5;

/** A policy with a field of each way, and no more: it is read anew for every site. */
export const POLICY = `
version: 1
owners:
  identity: { name: Identity Engineering, contact: identity@example.com, approvers: { group: iam-approvers } }
  hr-operations: { name: HR Operations, contact: hr-ops@example.com, approvers: { group: hr-ops-approvers } }
systems: { directory: { kind: directory }, hris: { kind: hris } }
publishers: { identity.joiner: { initiator: automation } }
events: { joiner.provisioned: { source: [identity.joiner], window: PT72H } }
defaults: { reconcile: { every: P1D, log: ledger } }
attributes: { worker_type: { system: hris, field: employment_type } }
fields:
  work_email: { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned], format: email, hrisField: workEmail }
  desk: { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned], check: none }
  manager:
    class: conditional
    owner: hr-operations
    sourceOfTruth: hris
    events: [joiner.provisioned]
    approval: { groups: [{ group: hr-ops-approvers, count: 1 }], expires: PT24H }
    check: exists-in-source
segments: { contractors: { when: { worker_type: [contingent] }, mode: notify } }
breaker: { maxWritesPerHour: 3, maxWritesPerDay: 1000 }
`;

const definitions = new Map<string, StateMachineDefinition>();

/** The workflow of a policy, compiled once. */
function workflowOf(policy: string): StateMachineDefinition {
  const known = definitions.get(policy) ?? Object.freeze(compileStateMachine(parsePolicy(policy), NAMES));
  definitions.set(policy, known);
  return known;
}

/** One write that reached the HRIS, by whom, and what it changed. */
export interface HrisWrite {
  readonly grantId: string;
  readonly workerId: string;
  readonly field: string;
  readonly to: Scalar | null;
  readonly before: Scalar | null | undefined;
  after: Scalar | null | undefined;
}

/** A grant that was used, and how the switch stood then. */
export interface Intent {
  readonly grantId: string;
  readonly isSwitchRunning: boolean;
}

/**
 * The whole system in one process, as deployed: the real handlers under the real definitions of both state machines, a queue that delivers
 * again, schedules, the approvals API, and the kill switch's layers; every call that any of them makes to the world can be broken.
 */
export class Site {
  readonly world: World;
  readonly invocations: Invocations;
  readonly timeline: Timeline;
  readonly layers: MemoryLayers;
  engine: WorkflowEngine;
  readonly killSwitch: WorkflowEngine;
  /** Messages that people were sent. */
  readonly notices: { readonly group: string; readonly requestId: string }[] = [];
  readonly deadLetters: object[] = [];
  readonly writes: HrisWrite[] = [];
  readonly intents: Intent[] = [];
  /** What an observer of every record saw that may never be. */
  readonly seen: string[] = [];
  /** Fields that people in HR changed, as `worker/field`. */
  readonly edited = new Set<string>();
  /** Requests whose events were put. */
  readonly published: string[] = [];

  /** What each task was last called with, and the connector. */
  readonly tasks = new Map<string, unknown>();
  /** What redrives started: executions again, or items of them. */
  readonly redriven: Execution[] = [];

  readonly #definition: StateMachineDefinition;
  readonly #engineOptions: Omit<EngineOptions, "asl">;
  readonly #queue: { readonly event: object; receives: number }[] = [];
  readonly #notify: () => Promise<unknown>;
  readonly #step: (event: unknown) => Promise<unknown>;

  constructor(policy = POLICY, options: ConstructorParameters<typeof World>[1] = {}) {
    const world = new World(policy, options);
    this.world = world;
    const clock = {
      get now() {
        return world.now;
      },
      set now(ms: number) {
        world.now = ms;
      },
    };
    this.timeline = new Timeline(clock);
    this.invocations = new Invocations(() => world.now);
    for (const [name, probe] of Object.entries(world.probes)) this.invocations.take(probe, name);
    this.#definition = workflowOf(policy);
    this.#engineOptions = this.#optionsOf((handler, payload) => this.#task(handler, payload));
    this.engine = createWorkflowEngine({ ...this.#engineOptions, asl: this.#definition });
    const steps = this.#optionsOf((_handler, payload) =>
      this.invocations.invoke("kill-switch", () => this.#step(payload)),
    );
    this.killSwitch = createWorkflowEngine({ ...steps, asl: KILL_SWITCH });
    this.layers = new MemoryLayers(
      async (cause) => {
        for (const execution of this.engine.executions()) {
          if (execution.status() !== "RUNNING") continue;
          execution.stop(cause);
          await execution.result;
        }
      },
      () => this.engine.executions().every((execution) => execution.status() !== "RUNNING"),
    );
    const probeOf = (name: string): Probe => this.invocations.take(new Probe(), name);
    const storeOf = (probe: Probe) => probe.wrap(createMemoryStore({}, world.tables), ["get", "query", "due", "write"]);
    const forNotifier = probeOf("notifier");
    const topics = {
      publish: (topicArn: string, { attributes }: { readonly attributes: Readonly<Record<string, string>> }) => {
        const group = topicArn.slice(NAMES.topicPrefix.length);
        this.notices.push({ group, requestId: attributes["requestId"] ?? "" });
        return Promise.resolve();
      },
    };
    this.#notify = notifier.createHandler(
      {
        store: storeOf(forNotifier),
        topics: forNotifier.wrap(topics, ["publish"]),
        bus: forNotifier.wrap(world.bus, ["put"]),
        clock: world.clock,
        log: world.log,
      },
      { approvalsUrl: "https://approvals.example.com", topicPrefix: NAMES.topicPrefix },
    );
    const forKillSwitch = probeOf("kill-switch");
    this.#step = killSwitch.createHandler({
      store: storeOf(forKillSwitch),
      layers: this.layers.ports((layer) => forKillSwitch.wrap(layer, ["stop", "undo", "read"])),
      clock: world.clock,
      log: world.log,
    });
    this.#connect();
    this.#observe();
  }

  /** Puts an event on the bus: into the queue. */
  publish(event: object): void {
    this.published.push((event as { detail: { requestId: string } }).detail.requestId);
    this.#queue.push({ event, receives: 0 });
  }

  /** Somebody in HR changes a field by hand. */
  edit(field: string, value: Scalar | null, workerId?: string): void {
    this.world.hris.set(field, value, workerId);
    this.edited.add(`${workerId ?? ""}/${field}`);
  }

  /** A request to the approvals API; a person sends it again where it is not answered, for a quarter of an hour. */
  async ask(...request: Parameters<World["api"]>): Promise<Awaited<ReturnType<World["api"]>> | undefined> {
    for (let tries = 0; tries < 15; tries += 1) {
      const answer = await this.#askOnce(...request);
      if (answer !== undefined && answer.statusCode < 500) return answer;
      await this.timeline.advance(MINUTE);
    }
    return undefined;
  }

  async #askOnce(...request: Parameters<World["api"]>): Promise<Awaited<ReturnType<World["api"]>> | undefined> {
    const answer = await this.invocations
      .invoke("approvals", () => this.world.api(...request))
      .catch((error: unknown) => {
        if (!(error instanceof Died)) throw error;
        return undefined;
      });
    await this.timeline.rest();
    return answer;
  }

  /** Starts the kill switch's machine; whoever does tries again where that fails. */
  async stop(stopId: string, more: object = {}): Promise<void> {
    await this.killSwitch.start(`stop-${stopId}`, { action: "stop", stopId, reason: "a test", ...more });
    await this.timeline.rest();
  }

  /** The first step of a stop alone: the switch, in one transaction with who did it and why. */
  async pullSwitch(stopId: string): Promise<void> {
    const asked = { action: "stop", stopId, kind: "stop", executions: "leave", stoppedBy: "ada", reason: "a test" };
    await this.#step({ version: 1, step: "switch", ...asked });
  }

  /** Calls the function of a task, or the connector, once more with what it was last called with; nothing where it was not called yet. */
  async again(handler: "decide" | "inspect" | "broker" | "announce" | "connector"): Promise<void> {
    const payload = this.tasks.get(handler);
    if (payload === undefined) return;
    const { world } = this;
    const managed = connector.createHandler({ http: world.http });
    const run = handler === "connector" ? managed : world[handler];
    await this.invocations.invoke(handler, () => run(payload) as Promise<unknown>).catch(() => undefined);
  }

  /** An operator agrees that a stop ends. */
  agree(subject: "ada" | "ben", id: string, what = "switch") {
    const person = {
      issuer: APPROVER.issuer,
      subject: `u-${subject}`,
      workerId: `WD-${subject}`,
      groups: [OPERATORS_GROUP],
    };
    return this.ask("POST /system/resume", person, { body: { what, id, reason: "it is mended" } });
  }

  /** A person of a group decides on whatever the group was told of and still waits. */
  async decideOn(
    decision: "approve" | "deny",
    person: { readonly groups: readonly string[] } = APPROVER,
  ): Promise<void> {
    for (const task of this.world.itemsOf("control", "task#")) {
      const { requestId, index, groups, digest } = task as unknown as WaitingTask;
      if (task["queue"] !== "approval" || !groups.some((group) => person.groups.includes(group))) continue;
      if (!this.notices.some((notice) => notice.requestId === requestId && groups.includes(notice.group))) continue;
      const reason = decision === "deny" ? "not this one" : undefined;
      await this.ask("POST /approvals/{requestId}/{index}", person, {
        requestId,
        index: String(index),
        body: { decision, digest, reason },
      });
    }
  }

  /** Lets time pass until nothing is under way any more. `people` act before each run of the schedules. */
  async live(people: (step: number) => void | Promise<void> = () => undefined): Promise<void> {
    for (let step = 0; step < MOST_STEPS; step += 1) {
      await this.deliver();
      await this.timeline.rest();
      await people(step);
      await this.timeline.rest();
      if (step > 0 && this.open().length === 0) return;
      await this.timeline.advance(STEP_MS);
      await this.wake("notifier");
      await this.wake("sweeper");
    }
  }

  /** Puts away all records of what has ended, and of what was seen; the processes go on, warm. */
  archive(): void {
    const { world } = this;
    const { ledger, control } = world.tables;
    ledger.clear();
    for (const [id, item] of control) if (!["switch", "breaker"].includes(String(item["pk"]))) control.delete(id);
    const { lines, events, invocations, gatewayAnswers, tokens, started } = world;
    const kept = [lines, events, invocations, gatewayAnswers, tokens, started, world.hris.writes];
    const seen = [this.notices, this.writes, this.intents, this.published, this.redriven, this.invocations.calls];
    for (const list of [...kept, ...seen]) list.length = 0;
    for (const map of [world.sessions, world.writesByGrant, world.hris.values, world.directory.values]) map.clear();
    this.engine = createWorkflowEngine({ ...this.#engineOptions, asl: this.#definition });
  }

  /** What is under way still, in words. */
  open(): string[] {
    const running = [...this.engine.executions(), ...this.redriven, ...this.killSwitch.executions()];
    return [
      ...this.#queue.map(() => "a message waits"),
      ...running.filter((execution) => execution.status() === "RUNNING").map(({ name }) => `${name} runs`),
      ...["open#", "look#"].flatMap((prefix) => this.world.itemsOf("control", prefix).map(({ pk }) => String(pk))),
      ...this.world
        .itemsOf("control", "pointer#")
        .filter((pointer) => pointer["grantId"] !== undefined)
        .map(({ pk }) => String(pk)),
    ];
  }

  /** Hands the messages that wait in the queue to intake. */
  async deliver(): Promise<void> {
    if (this.layers.stopped.has("intake")) return;
    for (const message of this.#queue.splice(0)) {
      message.receives += 1;
      const failed = await this.invocations
        .invoke("intake", () =>
          this.world.intake({ Records: [{ messageId: "m-1", body: JSON.stringify(message.event) }] }),
        )
        .then(
          ({ batchItemFailures }) => batchItemFailures.length > 0,
          () => true,
        );
      if (!failed) continue;
      if (message.receives < MAX_RECEIVES) this.#queue.push(message);
      else this.deadLetters.push(message.event);
    }
  }

  /** A run of a schedule, which nobody repeats but the next. */
  async wake(name: "notifier" | "sweeper"): Promise<void> {
    const run = name === "notifier" ? this.#notify : (): Promise<unknown> => this.world.sweeper();
    await this.invocations.invoke(name, run).catch(() => undefined);
    await this.timeline.rest();
  }

  #optionsOf(call: (handler: string, payload: unknown) => Promise<unknown>): Omit<EngineOptions, "asl"> {
    const invoke: Invoke = (functionArn, payload) => call(functionArn.split(":function:demo-")[1] ?? "", payload);
    return { invoke, timers: this.timeline, random: () => 1 };
  }

  /** A task of the workflow. */
  #task(handler: string, payload: unknown): Promise<unknown> {
    const { world } = this;
    const handlers: Readonly<Record<string, (event: unknown) => Promise<unknown>>> = {
      decide: world.decide,
      inspect: world.inspect,
      "request-approval": world.requestApproval,
      broker: world.broker,
      announce: world.announce,
    };
    if (handler === "broker" && this.layers.stopped.has("concurrency")) {
      throw Object.assign(new Error("Rate Exceeded."), { name: "Lambda.TooManyRequestsException" });
    }
    this.tasks.set(handler, payload);
    return this.invocations.invoke(handler, async () => handlers[handler]?.(payload));
  }

  /** Puts the services behind the world's handlers into the place of what records their calls there. */
  #connect(): void {
    const { world, invocations } = this;
    Object.assign(world.workflow, {
      start: (name: string, input: object) => this.engine.start(name, input),
      status: (name: string) =>
        this.redriven.some((execution) => execution.name === name && execution.status() === "RUNNING")
          ? Promise.resolve("running")
          : this.engine.status(name),
      sendTaskSuccess: (token: string, output: object) =>
        this.redriven.some((execution) => execution.sendTaskSuccess(token, output) === "sent")
          ? Promise.resolve("sent")
          : this.engine.sendTaskSuccess(token, output),
    });
    Object.assign(world.killSwitch, {
      start: (name: string, input: object) => this.killSwitch.start(name, input),
    });
    const { http } = world;
    world.http = world.probes.connector.wrap(
      {
        send: (request) =>
          this.layers.stopped.has("connector") ? Promise.resolve({ status: 403, body: "{}" }) : http.send(request),
      },
      ["send"],
    );
    world.connectorCode = (payload, managed) => {
      this.tasks.set("connector", payload);
      return invocations.invoke("connector", () => managed(payload));
    };
    this.#frontGateway();
    const { hris } = world;
    const writeField = hris.writeField.bind(hris);
    hris.writeField = async (workerId, field, change) => {
      const before = hris.valueOf(field, workerId);
      const grantId = invocations.about("grantId") ?? "nobody";
      const write: HrisWrite = { grantId, workerId, field, to: change.to, before, after: before };
      this.writes.push(write);
      const written = await writeField(workerId, field, change);
      write.after = hris.valueOf(field, workerId);
      return written;
    };
  }

  /** API Gateway in front of the gateway's function. */
  #frontGateway(): void {
    const { world, invocations } = this;
    const gateway = world.gateway;
    const failed = (statusCode: number) => ({ statusCode, headers: {}, body: "{}" });
    world.gateway = async (event: unknown) => {
      if (this.layers.stopped.has("concurrency")) return failed(500);
      const { grantId } = (event as { pathParameters: { grantId: string } }).pathParameters;
      try {
        return await invocations.invoke("gateway", () => gateway(event), { grantId });
      } catch (error) {
        if (!(error instanceof Died)) throw error;
        // What API Gateway answers for a function that died.
        return failed(502);
      }
    };
  }

  /** Replaces every function by one that was deployed with the policy of the table. */
  deployFunctions(): void {
    this.world.deployFunctions();
    this.#frontGateway();
  }

  /** An operator redrives an execution that ended without success; whether there was one. */
  redrive(name: string): boolean {
    const execution = this.engine.execution(name);
    if (execution === undefined || ["RUNNING", "SUCCEEDED"].includes(execution.status())) return false;
    this.redriven.push(...redrive(execution, { ...this.#engineOptions, asl: this.#definition }));
    return true;
  }

  /** Watches every record as it is made, below whatever is lost of the answer. */
  #observe(): void {
    const { ledger, control } = this.world.tables;
    const set = ledger.set.bind(ledger);
    ledger.set = (id: string, item: Item) => {
      if (ledger.has(id)) this.seen.push(`${id} was put a second time`);
      const pk = String(item["pk"]);
      const grantId = String(item["grantId"]);
      if (pk.startsWith("intent#")) {
        const isSwitchRunning = control.get(JSON.stringify(["switch", ""]))?.["state"] === "running";
        this.intents.push({ grantId, isSwitchRunning });
        if (!isSwitchRunning) this.seen.push(`${grantId} was used while the switch was stopped`);
      }
      if (pk.startsWith("grant#")) {
        const others = this.unsettled(String(item["workerRef"]), String(item["hrisField"]));
        if (others.length > 0) this.seen.push(`${grantId} was opened beside ${others.join(", ")}`);
      }
      return set(id, item);
    };
  }

  /** Grants of a worker's field that have no end yet. */
  unsettled(workerRef: string, hrisField: string): string[] {
    const { ledger } = this.world.tables;
    return this.world
      .itemsOf("ledger", "grant#")
      .filter((grant) => grant["workerRef"] === workerRef && grant["hrisField"] === hrisField)
      .map((grant) => String(grant["grantId"]))
      .filter(
        (grantId) =>
          !ledger.has(JSON.stringify([`grant-outcome#${grantId}`, "outcome"])) &&
          !ledger.has(JSON.stringify([`grant-end#${grantId}`, "end"])),
      );
  }
}

interface WaitingTask {
  readonly requestId: string;
  readonly index: number;
  readonly groups: readonly string[];
  readonly digest: string;
}
