import { createMemoryKeys } from "../../src/local/memory-keys";
import { createMemoryStore, createMemoryTables } from "../../src/local/memory-store";
import { CONTROL_START, formatInstant, GATEWAY_RESOURCE, NO_VPC_ENDPOINT } from "../../src/core";
import type {
  FieldRead,
  FieldWrite,
  FieldWritten,
  HrisAdapter,
  RecordFound,
  ScheduledRead,
  SourceReader,
} from "../../src/hris/contract";
import { sessionPolicyTemplate } from "../../src/iam/session-policy";
import { parsePolicy } from "../../src/policy/parse";
import { policyItems, type PolicyItem } from "../../src/policy/items";
import type { Scalar } from "../../src/policy/model";
import * as announce from "../../src/runtime/handlers/announce";
import * as approvals from "../../src/runtime/handlers/approvals";
import * as broker from "../../src/runtime/handlers/broker";
import * as connector from "../../src/runtime/handlers/connector";
import * as decide from "../../src/runtime/handlers/decide";
import * as gateway from "../../src/runtime/handlers/gateway";
import * as inspect from "../../src/runtime/handlers/inspect";
import * as intake from "../../src/runtime/handlers/intake";
import * as requestApproval from "../../src/runtime/handlers/request-approval";
import * as reversal from "../../src/runtime/handlers/reversal";
import * as sweeper from "../../src/runtime/handlers/sweeper";
import type { HttpApiResponse } from "../../src/runtime/http-api";
import type { AnnounceOutput, InspectOutput, WriteOutput } from "../../src/runtime/payloads";
import type {
  Bus,
  Clock,
  Functions,
  Item,
  Key,
  Log,
  SessionCredentials,
  SignedHttp,
  Store,
  Sts,
  Systems,
  TableName,
  Workflow,
} from "../../src/runtime/ports";
import { Crash, Probe } from "./probe";

export const START = Date.parse("2026-11-02T09:05:00Z");

export const POLICY = `
version: 1
owners:
  identity: { name: Identity Engineering, contact: identity@example.com, approvers: { group: iam-approvers } }
  hr-operations: { name: HR Operations, contact: hr-ops@example.com, approvers: { group: hr-ops-approvers } }
  payroll: { name: Payroll, contact: payroll@example.com, approvers: { group: payroll-approvers } }
systems: { directory: { kind: directory }, hris: { kind: hris }, finance: { kind: finance } }
publishers: { identity.joiner: { initiator: automation }, agents.onboarding: { initiator: agent }, portal: { initiator: human } }
events:
  joiner.provisioned: { source: [identity.joiner, agents.onboarding, portal], window: PT72H }
defaults: { reconcile: { every: P1D, log: ledger } }
attributes:
  worker_type: { system: hris, field: employment_type }
  legal_entity: { system: hris, field: legal_entity }
fields:
  work_email: { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned], format: email, hrisField: workEmail }
  account_id: { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned], writeOnce: true }
  desk: { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned], check: none }
  manager:
    class: conditional
    owner: hr-operations
    sourceOfTruth: hris
    events: [joiner.provisioned]
    approval: { groups: [{ group: hr-ops-approvers, count: 1 }], expires: PT24H }
    check: exists-in-source
  cost_center:
    class: conditional
    owner: payroll
    sourceOfTruth: finance
    events: [joiner.provisioned]
    approval: { groups: [{ group: hr-ops-approvers, count: 1 }, { group: payroll-approvers, count: 1 }], expires: PT24H }
    check: none
  base_salary: { class: never, owner: payroll, sourceOfTruth: hris }
segments:
  contractors: { when: { worker_type: [contingent] }, mode: notify }
  merged-entity: { when: { legal_entity: [acme-de] }, fields: { work_email: conditional, manager: never } }
initiators:
  agent: { minimumClass: conditional, requireIntent: true }
breaker: { maxWritesPerHour: 200, maxWritesPerDay: 1000 }
`;

/** Payroll's seat, lent for four days to somebody of no group. */
export const DELEGATION = {
  id: "DEL-1",
  group: "payroll-approvers",
  to: { subject: "u-4711", name: "Dana Example" },
  reason: "leave",
  approvedBy: { payroll: "u-3001" } as Readonly<Record<string, string>>,
  from: "2026-11-02",
  until: "2026-11-05",
};

/** The policy with a delegation. */
export function withDelegation(changes: Partial<typeof DELEGATION> = {}): string {
  return `${POLICY}delegations: [${JSON.stringify({ ...DELEGATION, ...changes })}]\n`;
}

export const CONNECTOR_ROLE_ARN = "arn:aws:iam::111122223333:role/demo-connector";
const GATEWAY_URL = "https://a1b2c3.execute-api.eu-west-1.amazonaws.com/live";
const SESSION_POLICY_TEMPLATE = JSON.stringify(
  sessionPolicyTemplate("arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/live/PATCH/grants/{grantId}/fields/{field}"),
);

export const WORKER = "WD-10293";
export const APPROVER = {
  issuer: "https://idp.example.com",
  subject: "u-2077",
  workerId: "WD-77",
  groups: ["hr-ops-approvers"],
};

export const OPERATORS_GROUP = "write-back-operators";

/** An HRIS whose answers a test can bend, and that counts what it was asked. */
export class FakeHris implements HrisAdapter, SourceReader {
  compareAndSet = "detects" as const;
  settleSeconds = 0;
  secondLookSeconds = 600;
  neverFields: readonly string[] = ["base_salary", "bank*"];
  readonly values = new Map<string, Scalar | null>();
  readonly writes: {
    readonly workerId: string;
    readonly field: string;
    readonly to: Scalar | null;
  }[] = [];
  reads = 0;
  /** Asked at each read of a field; what it returns is the answer. */
  onRead: ((field: string) => FieldRead | undefined) | undefined;
  /** What the next reads answer instead of the value. */
  readonly nextReads: (FieldRead | undefined)[] = [];
  /** What a write answers. `effect` is the value that it leaves, or `as-asked`, or `none`. */
  nextWrite: { readonly written: FieldWritten; readonly effect?: Scalar } | undefined;
  readonly active = new Set<Scalar>(["WD-500"]);
  /** Fields that it can empty. */
  readonly clears = new Set<string>(["workEmail", "account_id"]);
  /** What is on record for days to come. */
  scheduled: ScheduledRead = { kind: "none" };

  set(field: string, value: Scalar | null, workerId = WORKER): void {
    this.values.set(`${workerId}/${field}`, value);
  }

  valueOf(field: string, workerId = WORKER): Scalar | null | undefined {
    return this.values.get(`${workerId}/${field}`);
  }

  readField(workerId: string, field: string): Promise<FieldRead> {
    this.reads += 1;
    const bent = this.onRead?.(field) ?? this.nextReads.shift();
    if (bent !== undefined) return Promise.resolve(bent);
    const value = this.valueOf(field, workerId);
    return Promise.resolve(
      value === undefined ? { kind: "forbidden", detail: "not in the answer" } : { kind: "value", value },
    );
  }

  writeField(workerId: string, field: string, change: FieldWrite): Promise<FieldWritten> {
    this.writes.push({ workerId, field, to: change.to });
    const bent = this.nextWrite;
    this.nextWrite = undefined;
    const effect = bent?.effect ?? (bent === undefined ? "as-asked" : "none");
    if (effect === "as-asked") this.set(field, change.to, workerId);
    else if (effect !== "none") this.set(field, effect, workerId);
    return Promise.resolve(bent?.written ?? { kind: "accepted" });
  }

  canClear(field: string): boolean {
    return this.clears.has(field);
  }

  readScheduled(): Promise<ScheduledRead> {
    return Promise.resolve(this.scheduled);
  }

  findRecord(_field: string, value: Scalar): Promise<RecordFound> {
    return Promise.resolve(this.active.has(value) ? { kind: "active" } : { kind: "absent" });
  }

  sameValue(_field: string, a: Scalar | null, b: Scalar | null): boolean {
    return typeof a === "string" && typeof b === "string" ? a.toLowerCase() === b.toLowerCase() : a === b;
  }
}

export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly [member: string]: unknown;
}

const NAMES = [
  "intake",
  "decide",
  "inspect",
  "request-approval",
  "approvals",
  "broker",
  "connector",
  "gateway",
  "announce",
  "sweeper",
  "reversal",
] as const;
type Name = (typeof NAMES)[number];

/** A connector's code: what the broker gave it, and the way to the gateway. */
export type ConnectorCode = (
  payload: Record<string, unknown>,
  managed: (payload: unknown) => Promise<unknown>,
) => Promise<unknown>;

/** All handlers over one set of tables, one clock and one HRIS, with the workflow's choices made as its definition makes them. */
export class World {
  now = START;
  readonly tables = createMemoryTables();
  /** The tester's own access. */
  readonly store: Store = createMemoryStore({}, this.tables);
  readonly keys = createMemoryKeys();
  readonly hris = new FakeHris();
  readonly directory = new FakeHris();
  readonly finance = new FakeHris();
  readonly lines: LogLine[] = [];
  readonly events: {
    readonly source: string;
    readonly detailType: string;
    readonly detail: Record<string, unknown>;
  }[] = [];
  readonly started: { readonly name: string; readonly input: object }[] = [];
  /** Requests whose execution has ended. */
  readonly ended = new Set<string>();
  /** Executions that somebody stopped. */
  readonly stopped = new Set<string>();
  readonly tokens: { readonly token: string; readonly output: object }[] = [];
  /** Executions of the kill switch's state machine. */
  readonly undone: { readonly name: string; readonly input: object }[] = [];
  readonly invocations: Record<string, unknown>[] = [];
  readonly gatewayAnswers: { readonly status: number; readonly body: string }[] = [];
  /** HRIS writes by the grant in whose request they were made. */
  readonly writesByGrant = new Map<string, number>();
  readonly probes = Object.fromEntries(NAMES.map((name) => [name, new Probe()])) as Record<Name, Probe>;
  readonly sessions = new Map<
    string,
    { readonly sessionName: string; readonly policy: string; readonly tags: Readonly<Record<string, string>> }
  >();
  /** The answers of all writes to the tables are lost, and every one of them is sent again. */
  answersAreLost = false;
  connectorCode: ConnectorCode | undefined;
  assumeFails: Error | undefined;
  manifestHash: string;

  /** What stands behind the handlers' ports, for who adds processes or takes a service's place. */
  readonly clock: Clock;
  readonly log: Log;
  readonly bus: Bus;
  readonly workflow: Workflow;
  readonly killSwitch: Pick<Workflow, "start">;

  intake!: ReturnType<typeof intake.createHandler>;
  decide!: ReturnType<typeof decide.createHandler>;
  inspect!: ReturnType<typeof inspect.createHandler>;
  requestApproval!: ReturnType<typeof requestApproval.createHandler>;
  approvals!: ReturnType<typeof approvals.createHandler>;
  broker!: ReturnType<typeof broker.createHandler>;
  gateway!: ReturnType<typeof gateway.createHandler>;
  announce!: ReturnType<typeof announce.createHandler>;
  sweeper!: ReturnType<typeof sweeper.createHandler>;
  reversal!: ReturnType<typeof reversal.createHandler>;

  readonly #createHandlers: (manifestHash: string) => void;
  #ulids = 0;
  readonly #left = new Map<string, number>();
  #accessKeys = 0;

  /** `vpcEndpointId` is what the gateway is told of the endpoint that it may be called through; `page` what the approvals API shows. */
  constructor(
    policyText = POLICY,
    {
      vpcEndpointId = NO_VPC_ENDPOINT,
      page,
      adapterOf,
    }: {
      readonly vpcEndpointId?: string;
      readonly page?: approvals.ApprovalsPorts["page"];
      /** The adapter by which a function reaches the HRIS. @default - the HRIS itself */
      readonly adapterOf?: (hris: FakeHris, name: string, probe: Probe, clock: Clock) => HrisAdapter & SourceReader;
    } = {},
  ) {
    this.manifestHash = "";
    this.applyPolicy(policyText);
    this.seed("control", [CONTROL_START.switch, CONTROL_START.breaker]);
    this.hris.set("employment_type", "employee");
    this.hris.set("legal_entity", "acme-uk");
    this.hris.set("workEmail", null);
    this.hris.set("account_id", null);
    this.hris.set("desk", "1A");
    this.hris.set("manager", "WD-1");
    this.hris.set("cost_center", "CC-1");
    this.directory.set("work_email", "new.hire@example.com");
    this.directory.set("account_id", "nhire");

    const clock: Clock = {
      now: () => this.now,
      sleep: (ms) => {
        this.now += ms;
        return Promise.resolve();
      },
    };
    const log: Log = {
      info: (event, members) => this.lines.push({ level: "info", event, ...members }),
      warn: (event, members) => this.lines.push({ level: "warn", event, ...members }),
      error: (event, members) => this.lines.push({ level: "error", event, ...members }),
    };
    const isAnswerLost = (): boolean => this.answersAreLost;
    const storeOf = (name: Name): Store =>
      this.probes[name].wrap(createMemoryStore({ isAnswerLost }, this.tables), ["get", "query", "due", "write"]);
    const keysOf = (name: Name) =>
      this.probes[name].wrap(this.keys, ["generateMac", "verifyMac", "encrypt", "decrypt"]);
    const systemsOf = (name: Name): Systems => {
      const probe = this.probes[name];
      const hris =
        adapterOf?.(this.hris, name, probe, clock) ??
        probe.wrap(this.hris, ["readField", "writeField", "readScheduled", "findRecord"]);
      const sources: Record<string, SourceReader> = {
        hris,
        directory: probe.wrap(this.directory, ["readField", "findRecord"]),
        finance: probe.wrap(this.finance, ["readField", "findRecord"]),
      };
      return { hris: () => hris, source: (system) => sources[system] };
    };
    const bus: Bus = {
      put: (event) => {
        this.events.push(event as (typeof this.events)[number]);
        return Promise.resolve();
      },
    };
    const workflow: Workflow = {
      start: (name, input) => {
        const known = this.started.some((execution) => execution.name === name);
        this.started.push({ name, input });
        return Promise.resolve(known ? "already-exists" : "started");
      },
      status: (name) => {
        if (!this.started.some((execution) => execution.name === name)) return Promise.resolve("unknown");
        if (this.stopped.has(name)) return Promise.resolve("stopped");
        return Promise.resolve(this.ended.has(name) ? "ended" : "running");
      },
      sendTaskSuccess: (token, output) => {
        const known = this.tokens.some((sent) => sent.token === token);
        this.tokens.push({ token, output });
        return Promise.resolve(known ? "gone" : "sent");
      },
    };
    const killSwitch: Pick<Workflow, "start"> = {
      start: (name, input) => {
        this.undone.push({ name, input });
        return Promise.resolve("started");
      },
    };
    this.clock = clock;
    this.log = log;
    this.bus = bus;
    this.workflow = workflow;
    this.killSwitch = killSwitch;
    const sts: Sts = {
      assumeConnectorRole: ({ sessionName, policy: sessionPolicy, tags }) => {
        if (this.assumeFails !== undefined) return Promise.reject(this.assumeFails);
        const accessKeyId = `ASIA${String((this.#accessKeys += 1)).padStart(16, "0")}`;
        this.sessions.set(accessKeyId, { sessionName, policy: sessionPolicy, tags });
        return Promise.resolve({ accessKeyId, secretAccessKey: "secret-of-session", sessionToken: "token-of-session" });
      },
    };
    const functions: Functions = {
      invoke: async (_name, payload) => {
        this.invocations.push(payload as Record<string, unknown>);
        const managed = connector.createHandler({ http: this.http });
        const reply =
          this.connectorCode === undefined
            ? await managed(payload)
            : await this.connectorCode(payload as Record<string, unknown>, managed);
        return JSON.parse(JSON.stringify(reply ?? null)) as unknown;
      },
    };
    const newUlid = (nowMs: number): string => {
      this.#ulids += 1;
      return `01J${formatInstant(nowMs).replace(/\D/g, "").slice(0, 14)}${String(this.#ulids).padStart(9, "0")}`;
    };

    this.#createHandlers = (manifestHash) => {
      this.intake = intake.createHandler({
        store: storeOf("intake"),
        workflow: this.probes.intake.wrap(workflow, ["start"]),
        clock,
        log,
      });
      this.decide = decide.createHandler({ store: storeOf("decide"), clock, log }, { manifestHash });
      this.inspect = inspect.createHandler(
        { store: storeOf("inspect"), keys: keysOf("inspect"), systems: systemsOf("inspect"), clock, log },
        { manifestHash, hrisSystem: "hris" },
      );
      this.requestApproval = requestApproval.createHandler({
        store: storeOf("request-approval"),
        keys: keysOf("request-approval"),
        clock,
        log,
      });
      this.approvals = approvals.createHandler(
        {
          store: storeOf("approvals"),
          keys: keysOf("approvals"),
          workflow: this.probes.approvals.wrap(workflow, ["sendTaskSuccess"]),
          killSwitch: this.probes.approvals.wrap(killSwitch, ["start"]),
          newUlid,
          clock,
          log,
          page,
        },
        { manifestHash, groupClaim: "groups", workerIdClaim: "worker_id", operatorsGroup: OPERATORS_GROUP },
      );
      this.broker = broker.createHandler(
        {
          store: storeOf("broker"),
          sts: this.probes.broker.wrap(sts, ["assumeConnectorRole"]),
          functions: this.probes.broker.wrap(functions, ["invoke"]),
          newUlid,
          clock,
          log,
        },
        {
          manifestHash,
          connectorRoleArn: CONNECTOR_ROLE_ARN,
          connectorFunctionName: "demo-connector",
          gatewayUrl: GATEWAY_URL,
          sessionPolicyTemplate: SESSION_POLICY_TEMPLATE,
          region: "eu-west-1",
        },
      );
      this.gateway = gateway.createHandler(
        { store: storeOf("gateway"), keys: keysOf("gateway"), systems: systemsOf("gateway"), newUlid, clock, log },
        { manifestHash, connectorRoleArn: CONNECTOR_ROLE_ARN, vpcEndpointId },
      );
      this.announce = announce.createHandler({
        store: storeOf("announce"),
        bus: this.probes.announce.wrap(bus, ["put"]),
        clock,
        log,
      });
      this.reversal = reversal.createHandler(
        { store: storeOf("reversal"), workflow: this.probes.reversal.wrap(workflow, ["start"]), clock, log },
        { manifestHash, reversalDays: 30 },
      );
      this.sweeper = sweeper.createHandler({
        store: storeOf("sweeper"),
        bus: this.probes.sweeper.wrap(bus, ["put"]),
        systems: systemsOf("sweeper"),
        workflow: this.probes.sweeper.wrap(workflow, ["status"]),
        clock,
        log,
      });
    };
    this.#createHandlers(this.manifestHash);
  }

  /** Applies another policy to the classification table, as the first half of a deploy does. */
  applyPolicy(policyText: string): void {
    const items = itemsOfPolicy(policyText);
    this.manifestHash = items.find(({ sk }) => sk === "manifest")?.hash ?? "";
    this.tables.classification.clear();
    this.seed("classification", items);
  }

  /** Replaces every function by one that was deployed with the policy of the table, as the second half does. */
  deployFunctions(): void {
    this.#createHandlers(this.manifestHash);
  }

  /** The way to the gateway through API Gateway, which names the session that signed. */
  http: SignedHttp = {
    send: async ({ method, url, body, credentials }) => this.request(method, url, body, credentials),
  };

  /** One request, with what a test changes of the event that API Gateway would make of it. */
  async request(
    method: string,
    url: string,
    body: string,
    credentials: SessionCredentials,
    change: (event: ProxyEvent) => unknown = (event) => event,
  ): Promise<{ status: number; body: string }> {
    const session = this.sessions.get(credentials.accessKeyId);
    const probe = this.probes.gateway;
    const writesBefore = this.hris.writes.length;
    const grantId = session?.sessionName ?? "nobody";
    const response = await this.gateway(change(proxyEvent(method, url, body, credentials.accessKeyId, grantId)));
    const writes = this.hris.writes.length - writesBefore;
    this.writesByGrant.set(grantId, (this.writesByGrant.get(grantId) ?? 0) + writes);
    // What a dead function would have answered reaches nobody.
    const answer = probe.isDead ? { status: 502, body: "{}" } : { status: response.statusCode, body: response.body };
    this.gatewayAnswers.push(answer);
    return answer;
  }

  seed(table: TableName, items: readonly object[]): void {
    for (const item of items) {
      const { pk, sk } = item as Key;
      this.tables[table].set(JSON.stringify([pk, sk ?? ""]), item as Item);
    }
  }

  control(pk: string): Item | undefined {
    return this.tables.control.get(JSON.stringify([pk, ""]));
  }

  ledger(pk: string, sk: string): Item | undefined {
    return this.tables.ledger.get(JSON.stringify([pk, sk]));
  }

  /** Items of a table whose partition key begins with a text. */
  itemsOf(table: TableName, pkPrefix: string): Item[] {
    return [...this.tables[table].values()].filter((item) => (item["pk"] as string).startsWith(pkPrefix));
  }

  outcome(requestId = "r-1", index = 0): string | undefined {
    return this.ledger(`outcome#${requestId}#${String(index)}`, "outcome")?.["outcome"] as string | undefined;
  }

  reason(requestId = "r-1", index = 0): string | undefined {
    return this.ledger(`outcome#${requestId}#${String(index)}`, "outcome")?.["reason"] as string | undefined;
  }

  /** Takes an event and decides it. */
  async take(event: object): Promise<void> {
    const { batchItemFailures } = await this.intake({ Records: [{ messageId: "m-1", body: JSON.stringify(event) }] });
    if (batchItemFailures.length > 0) throw new Error("intake did not take the event");
    const { requestId } = (event as { detail: { requestId: string } }).detail;
    await this.decide({ version: 1, requestId });
  }

  /** The way of one change as the workflow's definition has it. `onApproval` plays the people and the callback. */
  async runChange(
    field: string,
    options: {
      readonly requestId?: string;
      readonly index?: number;
      readonly onApproval?: (inspection: InspectOutput) => Promise<void>;
    } = {},
  ): Promise<AnnounceOutput> {
    const { requestId = "r-1", index = 0 } = options;
    const place = { version: 1, requestId, index, field };
    let scope: Record<string, unknown> = { ...place, attempt: { count: 1 } };
    // The execution ends with the last of its scopes.
    const announce = async (of: object): Promise<AnnounceOutput> => {
      const left = this.#left.get(requestId) ?? this.itemsOf("ledger", `decision#${requestId}`).length;
      this.#left.set(requestId, left - 1);
      if (left <= 1) this.ended.add(requestId);
      return this.announce(of);
    };
    const fail = async (error: unknown): Promise<AnnounceOutput> => {
      const name = error instanceof Crash ? "Sandbox.Timedout" : (error as Error).name;
      return announce({ ...scope, failure: { Error: name, Cause: "{}" } });
    };
    try {
      let inspection = await this.inspect({ ...place, phase: "first" });
      scope = { ...scope, inspection };
      if (inspection.route === "approve") {
        await this.requestApproval({
          ...place,
          digest: inspection.digest,
          approvalTimeoutSeconds: inspection.approvalTimeoutSeconds,
          taskToken: `task-token-${requestId}-${String(index)}`,
        });
        await options.onApproval?.(inspection);
        inspection = await this.inspect({ ...place, phase: "again" });
        scope = { ...scope, inspection };
      }
      for (let attempt = 1; inspection.route === "write"; attempt += 1) {
        const write: WriteOutput = await this.broker({ ...place, digest: inspection.digest, attempt });
        scope = { ...scope, write };
        if (write.status !== "retry") break;
        this.now += write.retryAfterSeconds * 1000;
        scope = { ...place, attempt: { count: attempt + 1 } };
        inspection = await this.inspect({ ...place, phase: "again" });
        scope = { ...scope, inspection };
      }
    } catch (error) {
      return fail(error);
    }
    return announce(scope);
  }

  /** Takes an event with one change and brings it to its end. */
  async write(field: string, value: Scalar, detail: object = {}): Promise<AnnounceOutput> {
    await this.take(joiner([{ field, value }], detail));
    return this.runChange(field);
  }

  /** Brings a change to the point where the broker would be called. */
  async prepare(field: string, value: Scalar, detail: object = {}): Promise<InspectOutput> {
    await this.take(joiner([{ field, value }], detail));
    return this.inspect({ version: 1, requestId: "r-1", index: 0, field, phase: "first" });
  }

  /** A request to the approvals API by a person. */
  async api(
    routeKey: string,
    person:
      | { readonly issuer?: string; readonly subject?: string; readonly workerId?: string; readonly groups?: unknown }
      | undefined,
    more: {
      readonly requestId?: string;
      readonly index?: string;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string | undefined>>;
    } = {},
  ): Promise<HttpApiResponse & { readonly json: Record<string, unknown> }> {
    const known = person === undefined ? { requestContext: {} } : authenticated(person);
    const headers = { ...("headers" in known ? known.headers : {}), ...more.headers };
    const response = await this.approvals({
      version: "2.0",
      routeKey,
      pathParameters: { requestId: more.requestId ?? "r-1", index: more.index ?? "0" },
      ...(more.body === undefined
        ? {}
        : { body: typeof more.body === "string" ? more.body : JSON.stringify(more.body) }),
      isBase64Encoded: false,
      ...known,
      headers: JSON.parse(JSON.stringify(headers)) as object,
    });
    return { ...response, json: JSON.parse(response.body) as Record<string, unknown> };
  }

  /** A person's decision on the exact change that waits. */
  decideAs(person: object, decision: "approve" | "deny", digest: string, index = "0", requestId = "r-1") {
    const reason = decision === "deny" ? "not this one" : undefined;
    const body = { decision, digest, reason };
    return this.api("POST /approvals/{requestId}/{index}", person, { requestId, index, body });
  }
}

/** What API Gateway hands on of a verified token: the token, and its claims with lists as text. */
function authenticated(person: {
  readonly issuer?: string;
  readonly subject?: string;
  readonly workerId?: string;
  readonly groups?: unknown;
}) {
  const claims = { iss: person.issuer, sub: person.subject, groups: person.groups, worker_id: person.workerId };
  const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
  const flat = Array.isArray(person.groups) ? { ...claims, groups: `[${person.groups.join(" ")}]` } : claims;
  return {
    headers: { authorization: `Bearer e30.${payload}.c2ln`, "content-type": "application/json" },
    requestContext: { authorizer: { jwt: { claims: flat } } },
  };
}

/** A wait that lasts at least so many seconds, spread by half a minute at most. */
export const after = (seconds: number): { asymmetricMatch(actual: unknown): boolean } => ({
  asymmetricMatch: (actual) => typeof actual === "number" && actual >= seconds && actual <= seconds + 30,
});

const parsed = new Map<string, readonly PolicyItem[]>();

/** The classification items of a policy, parsed once. */
function itemsOfPolicy(text: string): readonly PolicyItem[] {
  const items = parsed.get(text) ?? policyItems(parsePolicy(text));
  parsed.set(text, items);
  return items;
}

/** The event that API Gateway makes of a signed request. */
export function proxyEvent(method: string, url: string, body: string, accessKey: string, sessionName: string) {
  const { pathname } = new URL(url);
  const [, grantId = "", field = ""] = /^\/live\/grants\/([^/]+)\/fields\/([^/]+)$/.exec(pathname) ?? [];
  return {
    resource: GATEWAY_RESOURCE,
    path: pathname.slice("/live".length),
    httpMethod: method,
    headers: { host: "a1b2c3.execute-api.eu-west-1.amazonaws.com", "content-type": "application/json" } as Record<
      string,
      string
    >,
    multiValueHeaders: { host: ["a1b2c3.execute-api.eu-west-1.amazonaws.com"] } as Record<string, string[]>,
    queryStringParameters: null as Record<string, string> | null,
    multiValueQueryStringParameters: null as Record<string, string[]> | null,
    pathParameters: { grantId, field } as Record<string, string>,
    body: body as string | null,
    isBase64Encoded: false,
    requestContext: {
      stage: "live",
      httpMethod: method,
      resourcePath: GATEWAY_RESOURCE as string,
      path: pathname,
      identity: {
        userArn: `arn:aws:sts::111122223333:assumed-role/demo-connector/${sessionName}` as string | null,
        accessKey: accessKey as string | null,
        vpceId: undefined as string | null | undefined,
      },
    },
  };
}
export type ProxyEvent = ReturnType<typeof proxyEvent>;

/** A joiner event. */
export function joiner(
  changes: readonly { readonly field: string; readonly value: unknown }[],
  detail: object = {},
  source = "identity.joiner",
): object {
  return {
    source,
    "detail-type": "joiner.provisioned",
    detail: {
      requestId: "r-1",
      occurredAt: "2026-11-02T09:00:00Z",
      worker: { id: WORKER, attributes: { worker_type: "employee", legal_entity: "acme-uk" } },
      initiator: { kind: "automation", id: "okta-workflows" },
      changes: changes.map((change) => ({ finalizedAt: "2026-11-02T08:59:40Z", ...change })),
      ...detail,
    },
  };
}
