import { createHash } from "node:crypto";

import { monotonicFactory } from "ulid";

import { unmarshallItem } from "../compile";
import {
  CONTROL,
  ENV,
  HANDLERS,
  OUTCOME_DETAIL_TYPE,
  OUTCOME_SOURCE,
  SESSION_SECONDS,
  type HandlerName,
} from "../core";
import { fetchHttp, systemsOf, parseConnections, type HttpClient } from "../hris";
import type { PolicyDocument } from "../iam";
import * as announce from "../runtime/handlers/announce";
import * as approvals from "../runtime/handlers/approvals";
import * as broker from "../runtime/handlers/broker";
import * as connector from "../runtime/handlers/connector";
import * as decide from "../runtime/handlers/decide";
import * as gateway from "../runtime/handlers/gateway";
import * as evidence from "../runtime/handlers/evidence";
import * as inspect from "../runtime/handlers/inspect";
import * as intake from "../runtime/handlers/intake";
import * as killSwitch from "../runtime/handlers/kill-switch";
import * as requestApproval from "../runtime/handlers/request-approval";
import * as reconcile from "../runtime/handlers/reconcile";
import * as notifier from "../runtime/handlers/notifier";
import * as reversal from "../runtime/handlers/reversal";
import * as sweeper from "../runtime/handlers/sweeper";
import type { Layers } from "../runtime/kill-switch/layers";
import { pageOf } from "../runtime/page";
import type {
  Bus,
  Functions,
  Keys,
  Log,
  RecordedSession,
  SessionCredentials,
  SessionTrail,
  SignedHttp,
  Store,
  Sts,
  Systems,
  Workflow,
} from "../runtime/ports";
import { requireReport, type ReconciliationReport } from "../runtime/reconciliation/report";
import { ApprovalsHttp } from "./approvals-http";
import { LocalBus, type Delivery, type Entry } from "./bus";
import { archiveOf, authorizeStream, streamEvent, streamReader, type ItemChange, type LocalBucket } from "./evidence";
import type { LocalClock } from "./clock";
import {
  accessOf,
  FieldGatewayApi,
  Sessions,
  type ApiRequest,
  type ApiResponse,
  type GatewayAccess,
} from "./field-gateway-api";
import { AccessDenied, documentOf, LocalIam, text, type LocalRole } from "./iam";
import { localUrl, reachOf, type Hosts } from "./hosts";
import { verifyByDiscovery } from "./jwt-authorizer";
import { LocalLayers } from "./kill-switch-layers";
import { createMemoryKeys } from "./memory-keys";
import {
  createMemoryPages,
  createMemoryStore,
  createMemoryTables,
  type AuthorizeStore,
  type MemoryTables,
} from "./memory-store";
import { LocalNetwork, type Connection } from "./network";
import { scheduleOf, topicsOf, type PublishedNotice } from "./notices";
import { builtPageFolder } from "./page-folder";
import { createSignIns, readSignInSettings, type SignInSettings } from "./sign-in";
import type { ResourceBody, Stack } from "./stack";
import type { Person } from "./token-signer";
import { createWorkflowEngine, type WorkflowEngine } from "./workflow-engine";

/** One line of a function's log. */
export interface LogLine {
  readonly function: string;
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly members: Readonly<Record<string, string | number | boolean | undefined>>;
}

/** What this machine provides where AWS and the outside world would. */
export interface CloudOptions {
  readonly clock: LocalClock;
  /** What stands for the systems of the stack, and for the issuer that its approvals API trusts. */
  readonly hosts: Hosts;
  /** Secret ARN to its text. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** A connector's code: what it is given, and the two ways out that it could try. */
export type ConnectorCode = (
  payload: unknown,
  ways: {
    /** Sends a request to the field gateway with whatever credentials it holds. */
    readonly request: (request: Omit<ApiRequest, "body"> & { readonly value: unknown }) => Promise<ApiResponse>;
    /** What IAM says to a call made with the function's own role; throws `AccessDenied`. */
    readonly callAws: (action: string, resource: string) => void;
    /** What becomes of a connection to some host. */
    readonly connect: (hostName: string) => Connection;
    /** Does what the managed connector does. */
    readonly behave: () => Promise<unknown>;
  },
) => Promise<unknown>;

/** Records that one delivery of the ledger's stream has at most here. */
const STREAM_BATCH = 25;

type Handler = (event: unknown) => Promise<unknown>;

/**
 * A synthesized stack, running in this process. Every function is the real handler with the synthesized environment; every call
 * between them, and every call that AWS would authorise, is decided by our evaluator over the synthesized policies; the
 * workflow is the synthesized definition. Only the services behind the ports are local.
 */
export class LocalCloud {
  readonly clock: LocalClock;
  readonly iam: LocalIam;
  readonly network: LocalNetwork;
  readonly bus: LocalBus;
  /** Runs the workflow. */
  readonly engine: WorkflowEngine;
  /** Runs the kill switch. */
  readonly killSwitch: WorkflowEngine;
  /** Runs the reconciliation; absent where the stack has none. */
  readonly reconciliation?: WorkflowEngine;
  /** Sessions of the connector role, as CloudTrail records them. */
  readonly sessions: RecordedSession[] = [];
  readonly logs: LogLine[] = [];
  /** Events that a queue gave up on. */
  readonly deadLetters: unknown[] = [];
  /** Access lines of the field gateway's API. */
  readonly gatewayAccess: GatewayAccess[] = [];
  /** Messages that the groups' topics took. */
  readonly notices: PublishedNotice[] = [];
  /** The tables' content. */
  readonly tables: MemoryTables = createMemoryTables();
  /** What the function that reads the ledger's stream threw. */
  readonly streamFailures: unknown[] = [];
  /** Objects of the audit's bucket: the segments of evidence. */
  readonly bucket: LocalBucket = new Map();
  /** The tables as an administrator reaches them. */
  readonly store: Store = createMemoryStore(
    {
      onLedgerChange: (change) => {
        this.#streamed(change);
      },
    },
    this.tables,
  );

  readonly #sessions = new Sessions();
  readonly #handlers = new Map<string, Handler>();
  readonly #gateway: FieldGatewayApi;
  readonly #approvals: ApprovalsHttp;
  readonly #keys: Keys;
  readonly #newUlid = monotonicFactory();
  readonly #layers: LocalLayers;
  #connector: ConnectorCode | undefined;
  #busy = 0;
  /** Changes of the ledger that its stream has not delivered yet, and how many it has. */
  readonly #stream: ItemChange[] = [];
  #delivered = 0;
  #delivery: Promise<void> | undefined;
  #reader: { readonly is: ReturnType<typeof streamReader> } | undefined;

  /** An access token of a person, who signs in as the approvals page has them sign in. */
  readonly tokenOf: (person: Person) => Promise<string>;

  constructor(
    readonly stack: Stack,
    private readonly options: CloudOptions,
  ) {
    this.clock = options.clock;
    const now = (): number => this.clock.now();
    this.iam = new LocalIam(stack, now);
    this.network = new LocalNetwork(stack);
    this.bus = new LocalBus(stack, this.iam, now);
    this.#keys = createMemoryKeys();
    this.#seedTables();
    this.#gateway = new FieldGatewayApi(
      stack,
      this.iam,
      this.network,
      this.#sessions,
      now,
      (functionArn, event, sourceArn) =>
        this.#invokeByService("apigateway.amazonaws.com", functionArn, event, sourceArn),
    );
    const reach = reachOf(options.hosts);
    this.#approvals = new ApprovalsHttp(
      stack,
      (token, demands) => verifyByDiscovery(token, demands, { reach, now }),
      (functionArn, event, sourceArn) =>
        this.#invokeByService("apigateway.amazonaws.com", functionArn, event, sourceArn),
    );
    this.tokenOf = createSignIns(() => this.signInSettings(), { reach, now });
    this.engine = this.#engineOf(this.#workflowArn());
    this.killSwitch = this.#engineOf(this.#machineArn("kill-switch"));
    if (this.#hasMachine("reconciliation")) this.reconciliation = this.#engineOf(this.#machineArn("reconciliation"));
    this.#layers = new LocalLayers(this.iam, this.engine, () => this.#deliverLate());
  }

  /** Puts an event on the bus as the principal that the stack lets speak for its source, and delivers it. */
  async publish(entry: Entry): Promise<void> {
    const outsider = this.bus.publisherOf(entry.source) ?? `arn:aws:iam::${this.stack.accountId}:role/nobody`;
    await this.#deliver(this.bus.put({ outsider }, entry));
    await this.quiet();
  }

  /** Waits until no function runs and no execution can go on by itself: all have ended or wait for people or time. */
  async quiet(): Promise<void> {
    for (let still = 0; still < 3; still += 1) {
      await this.clock.advance(0);
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (this.#busy > 0) still = -1;
    }
  }

  /** A request to the approvals API with a token. */
  approvals(token: string, method: string, path: string, body?: object) {
    return this.#approvals.request(token, method, path, body);
  }

  /** The approvals API and its page, as the stack routes them. */
  get approvalsHttp(): ApprovalsHttp {
    return this.#approvals;
  }

  /** How people sign in to the approvals page, as the page is told, and where the stack says that it is. */
  signInSettings(): Promise<SignInSettings> {
    const { environment } = functionOf(this.stack, "notifier");
    return readSignInSettings(this.#approvals, `${environment[ENV.approvalsUrl] ?? ""}/`);
  }

  /** A request to the field gateway's API. */
  async gateway(request: ApiRequest): Promise<ApiResponse> {
    const response = await this.#gateway.request(request);
    this.gatewayAccess.push(accessOf(request, response));
    return response;
  }

  /** Runs other code as the connector; `undefined` brings the managed one back. */
  replaceConnector(code: ConnectorCode | undefined): void {
    this.#connector = code;
  }

  /** Sets the switch, as an operator does. */
  async setSwitch(state: "running" | "stopped"): Promise<void> {
    await this.store.write([{ kind: "put", table: "control", item: { pk: CONTROL.switch, state } }]);
  }

  /** Runs a function of the stack, whoever may. */
  run(handler: HandlerName, event: unknown): Promise<unknown> {
    const name = this.stack
      .resources("aws_lambda_function")
      .map(({ body }) => text(body["function_name"]))
      .find((each) => each.endsWith(`-${handler}`));
    return this.#run(this.#functionArn(name ?? handler), event);
  }

  /** The layers of a stop, by the word of what this process stands for. */
  killSwitchLayers(): Layers {
    const { role, environment } = this.#function(
      this.#functionArn(this.#machineArn("kill-switch").split(":").at(-1) ?? ""),
    );
    return this.#layers.of(role, environment);
  }

  /** Runs the sweeper once, as its schedule does. */
  sweep(): Promise<void> {
    return this.#wake("sweeper");
  }

  /** Runs the notifier once, as its schedule does. */
  notify(): Promise<void> {
    return this.#wake("notifier");
  }

  /** Reconciles once, as its schedule does but for all fields; the run's report. Throws where an execution does not succeed. */
  async reconcile(): Promise<ReconciliationReport> {
    const engine = this.reconciliation;
    if (engine === undefined) throw new Error("the stack has no reconciliation");
    const { arn, role_arn: roleArn } = scheduleOf(this.stack, "reconciliation");
    this.iam.authorize(this.iam.role(roleArn), "states:StartExecution", arn);
    const name = this.#newUlid(this.clock.now());
    await engine.start(name, { fields: "all" });
    const execution = engine.execution(name);
    while (execution?.status() === "RUNNING") {
      await this.clock.advance(1_000);
      await this.quiet();
    }
    const result = await execution?.result;
    if (result?.status !== "SUCCEEDED") throw new Error(`the reconciliation ended as ${JSON.stringify(result)}`);
    return requireReport(this.store, (result.output as { readonly runId: string }).runId);
  }

  async #wake(handler: HandlerName): Promise<void> {
    const { arn, role_arn: roleArn } = scheduleOf(this.stack, handler);
    await this.#invokeAs(this.iam.role(roleArn), arn, {});
  }

  /** Ends every execution: one that waits for people keeps a timer, and so this process. */
  stop(): void {
    for (const engine of [this.engine, this.killSwitch, this.reconciliation]) {
      for (const execution of engine?.executions() ?? []) execution.stop("this machine's cloud was stopped");
    }
  }

  /** The outcome events so far. */
  outcomes(): readonly Readonly<Record<string, unknown>>[] {
    return this.bus.events
      .filter((event) => event.source === OUTCOME_SOURCE && event["detail-type"] === OUTCOME_DETAIL_TYPE)
      .map((event) => event.detail as Readonly<Record<string, unknown>>);
  }

  /** Delivers what waited in a queue that nobody read. */
  #deliverLate(): Promise<void> {
    return this.#deliver(this.#layers.takeWaiting());
  }

  /** A change of the ledger, for whoever reads its stream: delivered when what made it is through. */
  #streamed(change: ItemChange): void {
    this.#reader ??= { is: streamReader(this.stack) };
    const reader = this.#reader.is;
    if (reader === undefined) return;
    this.#stream.push(change);
    if (this.#delivery !== undefined) return;
    this.#busy += 1;
    this.#delivery = this.#deliverStream(reader).finally(() => {
      this.#busy -= 1;
      this.#delivery = undefined;
    });
  }

  async #deliverStream({ functionName, streamArn }: NonNullable<ReturnType<typeof streamReader>>): Promise<void> {
    const functionArn = this.#functionArn(functionName);
    while (this.#stream.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      const batch = this.#stream.splice(0, STREAM_BATCH);
      authorizeStream(this.iam, this.#function(functionArn).role, streamArn);
      try {
        await this.#run(functionArn, streamEvent(batch, this.#delivered, this.clock.now()));
      } catch (error) {
        // It comes again with the next change, as Lambda tries a batch until it is taken.
        this.#stream.unshift(...batch);
        this.streamFailures.push(error);
        return;
      }
      this.#delivered += batch.length;
    }
  }

  async #deliver(deliveries: readonly Delivery[]): Promise<void> {
    for (const delivery of deliveries) {
      const { queueArn, event } = delivery;
      if (this.#layers.holds(delivery)) continue;
      const mapping = this.stack
        .resources("aws_lambda_event_source_mapping")
        .find(({ body }) => body["event_source_arn"] === queueArn);
      if (mapping === undefined) throw new Error(`nothing receives from ${queueArn}`);
      const functionArn = this.#functionArn(text(mapping.body["function_name"]));
      const { role } = this.#function(functionArn);
      for (const action of ["sqs:ReceiveMessage", "sqs:GetQueueAttributes", "sqs:DeleteMessage"]) {
        this.iam.authorize(role, action, queueArn);
      }
      const messageId = event.id;
      const reply = (await this.#run(functionArn, { Records: [{ messageId, body: JSON.stringify(event) }] })) as {
        readonly batchItemFailures: readonly unknown[];
      };
      if (reply.batchItemFailures.length > 0) this.deadLetters.push(event);
    }
  }

  /** Invokes a function as a role of the stack does. */
  async #invokeAs(role: LocalRole, functionArn: string, payload: unknown): Promise<unknown> {
    this.iam.authorize(role, "lambda:InvokeFunction", functionArn);
    return this.#run(functionArn, payload);
  }

  /** Invokes a function as an AWS service does: only by a permission that names the service and the source. */
  async #invokeByService(service: string, functionArn: string, event: unknown, sourceArn: string): Promise<unknown> {
    const allowed = this.stack
      .resources("aws_lambda_permission")
      .some(
        ({ body }) =>
          body["principal"] === service &&
          this.#functionArn(text(body["function_name"])) === functionArn &&
          wildcard(text(body["source_arn"])).test(sourceArn),
      );
    if (!allowed) throw new AccessDenied("lambda:InvokeFunction", `no permission for ${service} from ${sourceArn}`);
    return this.#run(functionArn, event);
  }

  async #run(functionArn: string, event: unknown): Promise<unknown> {
    this.#layers.throttle(functionArn);
    let handler = this.#handlers.get(functionArn);
    if (handler === undefined) {
      const { name, role, environment, body } = this.#function(functionArn);
      handler = name === "connector" ? this.#connectorOf(role, body) : this.#createHandler(name, role, environment);
      this.#handlers.set(functionArn, handler);
    }
    const own = handler;
    this.#busy += 1;
    try {
      // Across the wire both ways, as Lambda does it.
      const reply = await own(JSON.parse(JSON.stringify(event)) as unknown);
      return reply === undefined ? null : (JSON.parse(JSON.stringify(reply)) as unknown);
    } finally {
      this.#busy -= 1;
    }
  }

  #createHandler(
    name: Exclude<HandlerName, "connector">,
    role: LocalRole,
    environment: Readonly<Record<string, string>>,
  ): Handler {
    const { clock } = this;
    const store = createMemoryStore(
      {
        authorize: this.#authorizeTables(role),
        onLedgerChange: (change) => {
          this.#streamed(change);
        },
      },
      this.tables,
    );
    const log = this.#logOf(name);
    const keys = this.#keysOf(role, environment);
    const bus: Bus = { put: (event) => this.#deliver(this.bus.put(role, event)) };
    const newUlid = (nowMs: number): string => this.#newUlid(nowMs);
    const env = { ...environment, AWS_REGION: this.stack.region };
    switch (name) {
      case "intake":
        return intake.createHandler({ store, workflow: this.#workflowOf(role), clock, log });
      case "decide":
        return decide.createHandler({ store, clock, log }, decide.parseConfig(env));
      case "inspect":
        return inspect.createHandler(
          { store, keys, systems: this.#systemsOf(role, environment), clock, log },
          inspect.parseConfig(env),
        );
      case "request-approval":
        return requestApproval.createHandler({ store, keys, clock, log });
      case "approvals":
        return approvals.createHandler(
          {
            store,
            keys,
            workflow: this.#workflowOf(role),
            killSwitch: this.#killSwitchOf(role),
            newUlid,
            clock,
            log,
            page: pageOf(env, builtPageFolder()),
          },
          approvals.parseConfig(env),
        );
      case "broker":
        return broker.createHandler(
          { store, sts: this.#stsOf(role), functions: this.#functionsOf(role), newUlid, clock, log },
          broker.parseConfig(env),
        );
      case "gateway":
        return gateway.createHandler(
          { store, keys, systems: this.#systemsOf(role, environment), newUlid, clock, log },
          gateway.parseConfig(env),
        );
      case "announce":
        return announce.createHandler({ store, bus, clock, log });
      case "notifier":
        return notifier.createHandler(
          { store, topics: topicsOf(this.stack, this.iam, role, this.notices), bus, clock, log },
          notifier.parseConfig(env),
        );
      case "evidence":
        return evidence.createHandler({
          store,
          archive: archiveOf(this.stack, this.iam, role, this.bucket),
          clock,
          log,
        });
      case "kill-switch":
        return killSwitch.createHandler({ store, layers: this.#layers.of(role, environment), clock, log });
      case "reconcile":
        return reconcile.createHandler(
          {
            store,
            pages: createMemoryPages({ authorize: this.#authorizeTables(role) }, this.tables),
            systems: this.#systemsOf(role, environment),
            trail: this.#trailOf(role),
            clock,
            log,
          },
          reconcile.parseConfig(env),
        );
      case "reversal":
        return reversal.createHandler(
          { store, workflow: this.#workflowOf(role), clock, log },
          reversal.parseConfig(env),
        );
      case "sweeper":
        return sweeper.createHandler({
          store,
          bus,
          systems: this.#systemsOf(role, environment),
          workflow: this.#workflowOf(role),
          clock,
          log,
        });
    }
  }

  #connectorOf(role: LocalRole, body: ResourceBody): Handler {
    const connect = (hostName: string): Connection => this.network.connect(body, hostName);
    const send = (request: ApiRequest): Promise<ApiResponse> => {
      const connection = connect(new URL(request.url).hostname);
      return "refused" in connection
        ? Promise.resolve({ status: 0, body: "{}", by: connection.refused })
        : this.gateway({ ...request, from: connection.from });
    };
    const http: SignedHttp = {
      send: async ({ method, url, body: sent, credentials }) => {
        const { by, ...response } = await send({ method, url, body: sent, credentials });
        if (response.status === 0) throw new Error(`the connection was refused: ${by}`);
        return response;
      },
    };
    const managed = connector.createHandler({ http });
    return (payload) =>
      this.#connector === undefined
        ? managed(payload)
        : this.#connector(payload, {
            request: ({ value, ...request }) => send({ ...request, body: JSON.stringify({ value }) }),
            connect,
            callAws: (action, resource) => {
              this.iam.authorize(role, action, resource);
            },
            behave: () => managed(payload),
          });
  }

  #stsOf(role: LocalRole): Sts {
    return {
      assumeConnectorRole: ({ roleArn, sessionName, tags, policy, durationSeconds }) => {
        const context = { "sts:Policy": policy };
        this.iam.authorizeAssumeRole(role, { roleArn, sessionName, sourceIdentity: sessionName, tags, context });
        const assumed = this.iam.role(roleArn);
        this.sessions.push({
          eventId: `event-${this.sessions.length + 1}`,
          openedAt: new Date(this.clock.now()).toISOString(),
          sessionName,
          openedBy: role.arn,
        });
        return Promise.resolve<SessionCredentials>(
          this.#sessions.open({
            role: assumed,
            arn: `arn:aws:sts::${this.stack.accountId}:assumed-role/${assumed.name}/${sessionName}`,
            tags,
            policy: JSON.parse(policy) as PolicyDocument,
            expiresAtMs: this.clock.now() + Math.max(durationSeconds, SESSION_SECONDS) * 1000,
          }),
        );
      },
    };
  }

  #functionsOf(role: LocalRole): Functions {
    return {
      invoke: (functionName, payload) => this.#invokeAs(role, this.#functionArn(functionName), payload),
    };
  }

  #workflowOf(role: LocalRole): Workflow {
    return {
      start: (name, input) => {
        this.iam.authorize(role, "states:StartExecution", this.#workflowArn());
        return this.engine.start(name, input);
      },
      status: (name) => {
        const executionArn = `${this.#workflowArn().replace(":stateMachine:", ":execution:")}:${name}`;
        this.iam.authorize(role, "states:DescribeExecution", executionArn);
        return this.engine.status(name);
      },
      sendTaskSuccess: (taskToken, output) => {
        this.iam.authorize(role, "states:SendTaskSuccess", "*");
        return this.engine.sendTaskSuccess(taskToken, output);
      },
    };
  }

  #trailOf(role: LocalRole): SessionTrail {
    return {
      sessions: (fromMs, untilMs) => {
        this.iam.authorize(role, "cloudtrail:LookupEvents", "*");
        const isAsked = ({ openedAt }: RecordedSession): boolean =>
          Date.parse(openedAt) >= fromMs && Date.parse(openedAt) < untilMs;
        return Promise.resolve(this.sessions.filter(isAsked));
      },
    };
  }

  /** Starts the kill switch's state machine as a role does. */
  #killSwitchOf(role: LocalRole): Pick<Workflow, "start"> {
    return {
      start: (name, input) => {
        this.iam.authorize(role, "states:StartExecution", this.#machineArn("kill-switch"));
        return this.killSwitch.start(name, input);
      },
    };
  }

  #engineOf(machineArn: string): WorkflowEngine {
    const machine = this.stack
      .resources("aws_sfn_state_machine")
      .find(({ body }) => text(body["name"]) === machineArn.split(":").at(-1));
    if (machine === undefined) throw new Error(`the stack declares no state machine ${machineArn}`);
    const workflow = this.iam.role(text(machine.body["role_arn"]));
    return createWorkflowEngine({
      asl: text(machine.body["definition"]),
      timers: this.clock.timers,
      stateMachineArn: machineArn,
      invoke: (functionArn, payload) => this.#invokeAs(workflow, functionArn, payload),
    });
  }

  #keysOf(role: LocalRole, environment: Readonly<Record<string, string>>): Keys {
    const call = (action: string, keyArn: string | undefined, context: Readonly<Record<string, string>> = {}): void => {
      const policy = this.stack
        .resources("aws_kms_key_policy")
        .find(({ body }) => keyArn?.endsWith(`/${text(body["key_id"])}`));
      if (keyArn === undefined || policy === undefined) throw new Error(`${role.name} was given no key for ${action}`);
      const resourcePolicy = documentOf(policy.body["policy"]);
      this.iam.authorize(role, action, keyArn, { context, resourcePolicy, resourceKind: "must-allow" });
    };
    const underContext = (context: Readonly<Record<string, string>>): Record<string, string | readonly string[]> => ({
      ...Object.fromEntries(Object.entries(context).map(([key, value]) => [`kms:EncryptionContext:${key}`, value])),
      "kms:EncryptionContextKeys": Object.keys(context),
    });
    const dataKey = environment[ENV.dataKeyArn];
    const digestKey = environment[ENV.digestKeyArn];
    const mac = { "kms:MacAlgorithm": "HMAC_SHA_256" };
    return {
      generateMac: (message) => {
        call("kms:GenerateMac", digestKey, mac);
        return this.#keys.generateMac(message);
      },
      verifyMac: (message, code) => {
        call("kms:VerifyMac", digestKey, mac);
        return this.#keys.verifyMac(message, code);
      },
      encrypt: (plaintext, context) => {
        call("kms:Encrypt", dataKey, underContext(context) as Record<string, string>);
        return this.#keys.encrypt(plaintext, context);
      },
      decrypt: (ciphertext, context) => {
        call("kms:Decrypt", dataKey, underContext(context) as Record<string, string>);
        return this.#keys.decrypt(ciphertext, context);
      },
    };
  }

  #systemsOf(role: LocalRole, environment: Readonly<Record<string, string>>): Systems {
    const http: HttpClient = (request) => {
      const url = localUrl(this.options.hosts, request.url);
      if (url === undefined) return Promise.reject(new Error(`this machine stands for no host of ${request.url}`));
      return fetchHttp({ ...request, url });
    };
    return systemsOf(
      parseConnections(environment[ENV.connections] ?? "{}"),
      environment[ENV.hrisSystem] ?? "",
      (connection) => ({
        http,
        now: () => this.clock.now(),
        secret: () => {
          this.iam.authorize(role, "secretsmanager:GetSecretValue", connection.secretArn);
          const secret = this.options.secrets[connection.secretArn];
          return secret === undefined ? Promise.reject(new Error("there is no such secret")) : Promise.resolve(secret);
        },
      }),
    );
  }

  #logOf(name: string): Log {
    const write =
      (level: LogLine["level"]): Log["info"] =>
      (event, members = {}) => {
        this.logs.push({ function: name, level, event, members });
      };
    return { info: write("info"), warn: write("warn"), error: write("error") };
  }

  #authorizeTables(role: LocalRole): AuthorizeStore {
    return (action, table, pk, enclosing, index) => {
      const arn = `arn:aws:dynamodb:${this.stack.region}:${this.stack.accountId}:table/${this.#tableName(table)}`;
      this.iam.authorize(role, action, index === undefined ? arn : `${arn}/index/${index}`, {
        context: {
          ...(pk === undefined ? {} : { "dynamodb:LeadingKeys": [pk] }),
          ...(enclosing === undefined ? {} : { "dynamodb:EnclosingOperation": enclosing }),
        },
      });
    };
  }

  #tableName(table: string): string {
    const found = this.stack
      .resources("aws_dynamodb_table")
      .map(({ body }) => text(body["name"]))
      .filter((name) => name.endsWith(`-${table}`));
    if (found.length !== 1) throw new Error(`expected one ${table} table in the stack`);
    return found[0] ?? "";
  }

  /** Items that Terraform creates: the classification, and the start of switch and breaker. */
  #seedTables(): void {
    const tables = ["classification", "ledger", "control"] as const;
    for (const { body } of this.stack.resources("aws_dynamodb_table_item")) {
      const table = tables.find((name) => this.#tableName(name) === body["table_name"]);
      if (table === undefined) throw new Error("an item of the stack belongs to no table of it");
      const item = unmarshallItem(JSON.parse(text(body["item"])) as Parameters<typeof unmarshallItem>[0]);
      this.tables[table].set(JSON.stringify([item["pk"], item["sk"] ?? ""]), item);
    }
  }

  /** The workflow, as intake starts it. */
  #workflowArn(): string {
    return functionOf(this.stack, "intake").environment[ENV.stateMachineArn] ?? "";
  }

  /** Another machine of the stack. */
  #machineArn(name: "kill-switch" | "reconciliation"): string {
    return this.#workflowArn().replace(/-workflow$/, `-${name}`);
  }

  #hasMachine(name: "reconciliation"): boolean {
    const own = this.#machineArn(name).split(":").at(-1);
    return this.stack.resources("aws_sfn_state_machine").some(({ body }) => body["name"] === own);
  }

  #functionArn(nameOrArn: string): string {
    return nameOrArn.startsWith("arn:")
      ? nameOrArn
      : `arn:aws:lambda:${this.stack.region}:${this.stack.accountId}:function:${nameOrArn}`;
  }

  #function(functionArn: string): {
    name: HandlerName;
    role: LocalRole;
    environment: Readonly<Record<string, string>>;
    body: ResourceBody;
  } {
    const name = functionArn.split(":").at(-1) ?? "";
    const resource = this.stack.resources("aws_lambda_function").find(({ body }) => body["function_name"] === name);
    if (resource === undefined) throw new Error(`the stack declares no function ${name}`);
    const handler = HANDLERS.filter((candidate) => name.endsWith(`-${candidate}`)).sort(
      (a, b) => b.length - a.length,
    )[0];
    if (handler === undefined) throw new Error(`${name} is the function of no handler`);
    return {
      name: handler,
      role: this.iam.role(text(resource.body["role"])),
      environment: environmentOf(resource.body),
      body: resource.body,
    };
  }
}

function functionOf(stack: Stack, handler: HandlerName): { readonly environment: Readonly<Record<string, string>> } {
  const resource = stack
    .resources("aws_lambda_function")
    .find(({ body }) => text(body["function_name"]).endsWith(`-${handler}`));
  if (resource === undefined) throw new Error(`the stack declares no function for ${handler}`);
  return { environment: environmentOf(resource.body) };
}

function environmentOf(body: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const block = [body["environment"]].flat()[0] as
    { readonly variables?: Readonly<Record<string, string>> } | undefined;
  return block?.variables ?? {};
}

/** A Lambda permission's source ARN: `*` crosses slashes. */
function wildcard(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
}

/** A made-up text of a secret that is the same for the same name. */
export function secretText(name: string): string {
  return createHash("sha256").update(`secret ${name}`).digest("base64url");
}
