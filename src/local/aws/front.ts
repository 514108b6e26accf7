import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import type { PolicyDocument } from "../../iam";
import { LocalBus, type Delivery } from "../bus";
import {
  accessOf,
  FieldGatewayApi,
  Sessions,
  type ApiRequest,
  type ApiResponse,
  type GatewayAccess,
} from "../field-gateway-api";
import { authorizeObject } from "../evidence";
import { AccessDenied, documentOf, LocalIam, text, type LocalRole, type TrailLine } from "../iam";
import { INTERNET, LocalNetwork, type Connection } from "../network";
import { topicPolicyOf, type PublishedNotice } from "../notices";
import type { ResourceBody, Stack } from "../stack";
import { Callers, type Caller } from "./callers";
import { noticeOf, questionsOf, type IamQuestion } from "./calls";
import { deployedStack, readIam, type LiveIam } from "./deployed-stack";
import { DnsFirewallApi } from "./dns-firewall";
import { EventHistory } from "./event-history";
import { EventSources } from "./event-sources";
import { Executions } from "./executions";
import { Functions, type Invocation } from "./functions";
import { GAPS } from "./gaps";
import type { Moto } from "./moto";
import { Queues } from "./queues";
import { signatureProblem } from "./signature";
import { Streams } from "./streams";
import { assumeRoleInput, assumeRoleAnswer } from "./sts";
import { AwsError, errorAnswer, jsonAnswer, jsonOf, readCall, send, type AwsAnswer, type AwsCall } from "./wire";

export interface FrontOptions {
  readonly moto: Moto;
  readonly accountId: string;
  readonly region: string;
  /** Where functions' bundles are unpacked. */
  readonly dir: string;
  readonly onLine: (functionName: string, line: string) => void;
  /** Milliseconds since the epoch, as STS and IAM see it. */
  readonly now: () => number;
}

/** Runs a function in place of the deployed one; `undefined` leaves it to the deployed one. */
export type Stand = (functionName: string, event: unknown) => Promise<unknown> | undefined;

/** What is known once a stack is applied. */
interface Attached {
  readonly stack: Stack;
  readonly network: LocalNetwork;
  readonly trail: TrailLine[];
  iam: LocalIam;
  bus: LocalBus;
  gateway: FieldGatewayApi;
}

/**
 * AWS on this machine's loopback: one address where Terraform, functions and people find every API. What is stored is stored by moto; what
 * runs, runs here: functions, executions, queues' pollers, the bus, the field gateway's API. Every call of a deployed function is signed by
 * credentials of its role, and IAM decides it by our evaluator over the policies as they are deployed. Calls of others are an
 * administrator's.
 */
export class AwsFront {
  readonly functions: Functions;
  readonly executions: Executions;
  readonly sources: EventSources;
  readonly queues: Queues;
  readonly streams: Streams;
  readonly firewall: DnsFirewallApi;
  /** Messages that topics took from functions. */
  readonly notices: PublishedNotice[] = [];
  readonly callers = new Callers();
  /** Access lines of the field gateway's API. */
  readonly gatewayAccess: GatewayAccess[] = [];
  /** What CloudTrail remembers. */
  readonly history = new EventHistory();
  readonly #sessions = new Sessions();
  readonly #transactions = new Map<string, string>();
  /** The last piece of work that was to run alone. */
  #last: Promise<unknown> = Promise.resolve();
  #server: Server | undefined;
  #url = "";
  #attached: Attached | undefined;
  #iam: Promise<LiveIam> | undefined;
  #stand: Stand = () => undefined;

  constructor(private readonly options: FrontOptions) {
    const { moto, accountId, region, dir, onLine } = options;
    this.firewall = new DnsFirewallApi(accountId, region);
    this.sources = new EventSources(accountId, region);
    this.functions = new Functions({
      moto,
      dir,
      region,
      onLine,
      front: () => this.#url,
      credentialsOf: (roleArn, name) => this.callers.forFunction(roleArn, name),
    });
    this.executions = new Executions(moto, (machineArn) => async (functionArn, payload) => {
      const { iam, stack } = await this.#current();
      const machine = stack.resources("aws_sfn_state_machine").find(({ id }) => id === machineArn);
      iam.authorize(iam.role(text(machine?.body["role_arn"])), "lambda:InvokeFunction", functionArn);
      return valueOf(await this.run(functionArn, payload));
    });
    const iamNow = async (): Promise<LocalIam> => (await this.#current()).iam;
    this.streams = new Streams(moto, this.sources, this.functions, iamNow, (work) => this.#alone(work));
    this.queues = new Queues(moto, this.sources, this.functions, iamNow, this.streams);
  }

  /** `http://127.0.0.1:port` */
  get url(): string {
    return this.#url;
  }

  /** Starts to listen. */
  async listen(): Promise<void> {
    const server = createServer((incoming, outgoing) => {
      void readCall(incoming)
        .then(async (call) => {
          send(outgoing, await this.#answer(call));
        })
        .catch(() => {
          incoming.socket.destroy();
        });
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Makes known what was applied, as `terraform show -json` tells it. */
  async attach(shown: unknown): Promise<void> {
    const { accountId, region } = this.options;
    let live = await this.#liveIam();
    const stack = deployedStack(shown as Parameters<typeof deployedStack>[0], { accountId, region }, () => live);
    const network = new LocalNetwork(stack);
    const trail: TrailLine[] = [];
    const partsOf = (): Pick<Attached, "iam" | "bus" | "gateway"> => {
      const iam = new LocalIam(stack, this.options.now, trail);
      const events = this.#attached?.bus.events ?? [];
      return {
        iam,
        bus: new LocalBus(stack, iam, Date.now, events),
        gateway: new FieldGatewayApi(stack, iam, network, this.#sessions, this.options.now, (...invocation) =>
          this.#invokeByApi(...invocation),
        ),
      };
    };
    this.#attached = { stack, network, trail, ...partsOf() };
    this.#refresh = async () => {
      const now = await this.#liveIam();
      if (now === live || this.#attached === undefined) return;
      live = now;
      Object.assign(this.#attached, partsOf());
    };
    this.queues.start();
  }

  #refresh: () => Promise<void> = () => Promise.resolve();

  /** What was applied. Throws before. */
  get attached(): Readonly<Attached> {
    if (this.#attached === undefined) throw new AwsError("ServiceUnavailable", "no stack is applied yet", 503);
    return this.#attached;
  }

  /** Runs other code in place of a function. */
  standIn(stand: Stand | undefined): void {
    this.#stand = stand ?? (() => undefined);
  }

  /** Invokes a function, whoever may. */
  async run(functionArn: string, event: unknown): Promise<Invocation> {
    const name = functionArn.split(":").at(-1) ?? "";
    const stood = this.#stand(name, event);
    if (stood === undefined) return this.functions.invoke(functionArn, event);
    return { kind: "returned", payload: JSON.stringify((await stood) ?? null) };
  }

  /** Puts an event on the stack's bus and delivers it. Throws `AccessDenied`. */
  async publish(
    caller: LocalRole | { readonly outsider: string },
    entry: Parameters<LocalBus["put"]>[1],
  ): Promise<void> {
    const { bus } = await this.#current();
    await this.#deliver(bus.put(caller, entry));
  }

  /** A request to the field gateway's API. */
  async gateway(request: ApiRequest): Promise<ApiResponse> {
    const { gateway } = await this.#current();
    const response = await gateway.request(request);
    this.gatewayAccess.push(accessOf(request, response));
    return response;
  }

  /** What becomes of a connection that a deployed function makes. */
  connectFrom(functionName: string, hostName: string): Connection {
    const { network, stack } = this.attached;
    return network.connect(functionBody(stack, functionName), hostName);
  }

  /** Ends functions, executions and the server. */
  async stop(): Promise<void> {
    this.queues.stop();
    this.executions.stop();
    this.functions.stop();
    const server = this.#server;
    if (server === undefined) return;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  async #current(): Promise<Attached> {
    const { attached } = this;
    await this.#refresh();
    return this.#attached ?? attached;
  }

  #liveIam(): Promise<LiveIam> {
    this.#iam ??= readIam(this.options.moto);
    return this.#iam;
  }

  async #answer(call: AwsCall): Promise<AwsAnswer> {
    try {
      const host = call.headers["x-local-host"];
      if (host !== undefined) return await this.#door(call, host);
      const caller = this.callers.find(call.accessKeyId);
      if (caller.kind === "administrator") return await this.#serve(call);
      const problem = await signatureProblem(call, call.headers["host"] ?? "", caller.secret);
      if (problem !== undefined) throw new AwsError("InvalidSignatureException", problem, 403);
      return await this.#serveCaller(call, caller);
    } catch (error) {
      if (error instanceof AccessDenied) return errorAnswer(call, denied(call, error));
      if (error instanceof AwsError) return errorAnswer(call, error);
      const message = error instanceof Error ? error.message : String(error);
      return errorAnswer(call, new AwsError("InternalFailure", message, 500));
    }
  }

  /** An administrator's call. */
  async #serve(call: AwsCall): Promise<AwsAnswer> {
    const { moto } = this.options;
    const own =
      this.firewall.handle(call) ??
      this.sources.handle(call) ??
      (await this.executions.handle(call)) ??
      (await this.#invocation(call));
    if (own !== undefined) return own;
    if (call.service === "events" && call.action === "PutEvents") {
      const answer = await this.#putEvents(call, undefined);
      if (answer !== undefined) return answer;
    }
    for (const gap of GAPS) {
      const answer = await gap(call, moto);
      if (answer !== undefined) return answer;
    }
    return this.#forward(call);
  }

  /** Hands a call on to moto, and takes note of what it changes here. */
  async #forward(call: AwsCall): Promise<AwsAnswer> {
    const answer = await this.options.moto.forward(call);
    if (call.service === "lambda" && answer.status < 300) this.functions.observe(call);
    if (call.service === "iam" && !/^(Get|List)/.test(call.action)) this.#iam = undefined;
    return answer;
  }

  /** A call of a function's role, or of a publisher. */
  async #serveCaller(call: AwsCall, caller: Exclude<Caller, { readonly kind: "administrator" }>): Promise<AwsAnswer> {
    const { iam } = await this.#current();
    if (call.service === "events" && call.action === "PutEvents") {
      const who = caller.kind === "outsider" ? { outsider: caller.arn } : iam.role(caller.roleArn);
      const answer = await this.#putEvents(call, who);
      if (answer !== undefined) return answer;
    }
    if (caller.kind === "outsider") throw new AwsError("AccessDeniedException", "a publisher puts events", 403);
    const role = iam.role(caller.roleArn);
    if (call.service === "s3") {
      this.#authorizeObject(call, role, iam);
      return this.#forward(call);
    }
    if (call.service === "sts" && call.action === "AssumeRole") return this.#assumeRole(call, role, iam);
    const functionOfMapping = (uuid: string): string | undefined =>
      this.sources.all().find((source) => source.uuid === uuid)?.functionArn;
    for (const question of questionsOf(call, { ...this.options, functionOfMapping })) {
      this.#authorize(iam, role, question);
    }
    if (call.service === "sns" && call.action === "Publish") this.notices.push(noticeOf(call));
    return (
      this.sources.handle(call) ??
      this.history.handle(call) ??
      (await this.executions.handle(call)) ??
      (await this.#invocation(call)) ??
      (await this.#transaction(call)) ??
      (await this.#forward(call))
    );
  }

  #authorize(iam: LocalIam, role: LocalRole, { action, resource, context }: IamQuestion): void {
    const { stack } = this.attached;
    if (action.startsWith("sns:")) {
      iam.authorize(role, action, resource, { context, resourcePolicy: topicPolicyOf(stack, resource) });
      return;
    }
    const resourcePolicy = action.startsWith("kms:") ? this.#keyPolicy(resource) : undefined;
    iam.authorize(role, action, resource, {
      context,
      ...(resourcePolicy === undefined ? {} : { resourcePolicy, resourceKind: "must-allow" as const }),
    });
  }

  /** A call about an object of the audit's bucket: the only ones that functions make of S3. */
  #authorizeObject({ method, path, headers }: AwsCall, role: LocalRole, iam: LocalIam): void {
    const { stack } = this.attached;
    const action = { GET: "s3:GetObject", PUT: "s3:PutObject" } as const;
    const [, bucket = "", key = ""] = /^\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const isKnown = stack.resources("aws_s3_bucket").some(({ body }) => body["bucket"] === bucket);
    if (!isKnown || (method !== "GET" && method !== "PUT")) {
      throw new AwsError("AccessDenied", `${method} ${path} is none of the stack's calls`, 403);
    }
    const ifNoneMatch = headers["if-none-match"];
    authorizeObject(stack, iam, role, {
      action: action[method],
      key,
      ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
    });
  }

  #keyPolicy(keyArn: string): PolicyDocument {
    const policy = this.attached.stack
      .resources("aws_kms_key_policy")
      .find(({ body }) => keyArn.endsWith(`/${text(body["key_id"])}`));
    if (policy === undefined) throw new AwsError("NotFoundException", `the stack has no key ${keyArn}`);
    return documentOf(policy.body["policy"]);
  }

  #assumeRole(call: AwsCall, caller: LocalRole, iam: LocalIam): AwsAnswer {
    const input = assumeRoleInput(call);
    const { roleArn, sessionName, sourceIdentity, tags, policy, durationSeconds } = input;
    iam.authorizeAssumeRole(caller, { roleArn, sessionName, sourceIdentity, tags, context: { "sts:Policy": policy } });
    const role = iam.role(roleArn);
    const arn = `arn:aws:sts::${this.options.accountId}:assumed-role/${role.name}/${sessionName}`;
    const atMs = this.options.now();
    const expiresAtMs = atMs + durationSeconds * 1000;
    this.history.record({ atMs, callerArn: caller.arn, roleArn, sessionName });
    const document = JSON.parse(policy) as PolicyDocument;
    const credentials = this.#sessions.open({ role, arn, tags, policy: document, expiresAtMs });
    return assumeRoleAnswer(input, credentials, arn, expiresAtMs);
  }

  /** `undefined` where the events are for a bus that is not the stack's. */
  async #putEvents(
    call: AwsCall,
    caller: LocalRole | { readonly outsider: string } | undefined,
  ): Promise<AwsAnswer | undefined> {
    const entries = (jsonOf(call.body)["Entries"] ?? []) as readonly Readonly<Record<string, string>>[];
    const { bus, stack } = await this.#current();
    const busName = text(stack.only("aws_cloudwatch_event_bus").body["name"]);
    const isOurs = ({ EventBusName = "" }: Readonly<Record<string, string>>): boolean =>
      EventBusName === busName || EventBusName.endsWith(`/${busName}`);
    if (!entries.every(isOurs)) return undefined;
    const answers: object[] = [];
    for (const { Source = "", DetailType = "", Detail = "{}" } of entries) {
      // An administrator speaks as whoever may.
      const who = caller ?? {
        outsider: bus.publisherOf(Source) ?? `arn:aws:iam::${this.options.accountId}:role/nobody`,
      };
      const entry = { source: Source, detailType: DetailType, detail: JSON.parse(Detail) as object };
      await this.#deliver(bus.put(who, entry));
      answers.push({ EventId: `event-${bus.events.length}` });
    }
    return jsonAnswer({ FailedEntryCount: 0, Entries: answers });
  }

  async #deliver(deliveries: readonly Delivery[]): Promise<void> {
    for (const { queueArn, event } of deliveries) await this.queues.send(queueArn, JSON.stringify(event));
  }

  /** A synchronous or asynchronous invocation. */
  async #invocation(call: AwsCall): Promise<AwsAnswer | undefined> {
    const name = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(call.path)?.[1];
    if (call.service !== "lambda" || name === undefined) return undefined;
    const event: unknown = call.body.length === 0 ? {} : JSON.parse(call.body.toString("utf8"));
    const functionArn = decodeURIComponent(name);
    if (call.headers["x-amz-invocation-type"] === "Event") {
      void this.run(functionArn, event).catch(() => undefined);
      return jsonAnswer({}, 202);
    }
    const invocation = await this.run(functionArn, event);
    if (invocation.kind === "returned") {
      return { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from(invocation.payload) };
    }
    const { errorType, errorMessage } = invocation;
    return jsonAnswer({ errorType, errorMessage, trace: [] }, 200, { "x-amz-function-error": "Unhandled" });
  }

  /** A transaction with a token that was made before is answered and not made again: moto makes it again. */
  async #transaction(call: AwsCall): Promise<AwsAnswer | undefined> {
    if (call.service !== "dynamodb" || call.action !== "TransactWriteItems") return undefined;
    const { ClientRequestToken: token, ...rest } = jsonOf(call.body);
    if (typeof token !== "string") return undefined;
    const content = JSON.stringify(rest);
    const before = this.#transactions.get(token);
    if (before === content) return jsonAnswer({});
    if (before !== undefined) {
      throw new AwsError("IdempotentParameterMismatchException", "the token was used for another transaction");
    }
    const answer = await this.#alone(() => this.options.moto.forward(call));
    if (answer.status < 300) this.#transactions.set(token, content);
    return answer;
  }

  /** Runs one piece of work after the other. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  /** API Gateway invokes by a permission of the function that names it and the source. */
  async #invokeByApi(functionArn: string, event: object, sourceArn: string): Promise<unknown> {
    await this.permitApi(functionArn, sourceArn);
    return valueOf(await this.run(functionArn, event));
  }

  /** Throws `AccessDenied` unless a permission of the function lets API Gateway invoke it from a source. */
  async permitApi(functionArn: string, sourceArn: string): Promise<void> {
    const { stack } = await this.#current();
    const name = functionArn.split(":").at(-1);
    const allowed = stack
      .resources("aws_lambda_permission")
      .some(
        ({ body }) =>
          body["principal"] === "apigateway.amazonaws.com" &&
          text(body["function_name"]).split(":").at(-1) === name &&
          wildcard(text(body["source_arn"])).test(sourceArn),
      );
    if (!allowed) throw new AccessDenied("lambda:InvokeFunction", `no permission for API Gateway from ${sourceArn}`);
  }

  /** A request to a host of API Gateway's, from a function or from outside. */
  async #door(call: AwsCall, host: string): Promise<AwsAnswer> {
    const functionName = call.headers["x-local-function"];
    const connection =
      functionName === undefined ? { from: INTERNET } : this.connectFrom(functionName, host.split(":")[0] ?? "");
    if ("refused" in connection) throw new Error(connection.refused);
    const session = this.#sessions.byKey(call.accessKeyId ?? "");
    const problem =
      session === undefined ? "the security token is invalid" : await signatureProblem(call, host, session.credentials);
    if (session === undefined || problem !== undefined) {
      this.gatewayAccess.push({ method: call.method, path: call.path, status: 403, by: `STS: ${problem ?? ""}` });
      return jsonAnswer({ message: problem }, 403);
    }
    const response = await this.gateway({
      method: call.method,
      url: `https://${host}${call.url}`,
      body: call.body.toString("utf8"),
      headers: Object.fromEntries(
        Object.entries(call.headers).filter(([name]) => !/^(x-local-|authorization$|host$|x-amz-)/.test(name)),
      ),
      credentials: session.credentials,
      from: connection.from,
    });
    return {
      status: response.status,
      headers: { "content-type": "application/json" },
      body: Buffer.from(response.body),
    };
  }
}

/** What a function returned. An error of the function is thrown under its own name, as Step Functions and API Gateway see it. */
function valueOf(invocation: Invocation): unknown {
  if (invocation.kind === "returned") return JSON.parse(invocation.payload) as unknown;
  const error = new Error(invocation.errorMessage);
  error.name = invocation.errorType;
  throw error;
}

function functionBody(stack: Stack, functionName: string): ResourceBody {
  const found = stack.resources("aws_lambda_function").find(({ body }) => body["function_name"] === functionName);
  if (found === undefined) throw new Error(`the stack declares no function ${functionName}`);
  return found.body;
}

function denied(call: AwsCall, { message }: AccessDenied): AwsError {
  const isXml = call.service === "sts" || call.service === "s3";
  return new AwsError(isXml ? "AccessDenied" : "AccessDeniedException", message, isXml ? 403 : 400);
}

/** A Lambda permission's source ARN: `*` crosses slashes. */
function wildcard(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
}
