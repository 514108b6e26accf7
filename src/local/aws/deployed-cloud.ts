import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";

import { CONTROL, ENV, OUTCOME_DETAIL_TYPE, OUTCOME_SOURCE, UsageError, type HandlerName } from "../../core";
import type { ApiRequest, ApiResponse } from "../field-gateway-api";
import { ApprovalsHttp, serveApprovals, type HttpAnswer } from "../approvals-http";
import type { ConnectorCode, LogLine } from "../cloud";
import { AUDIENCE, startSignIns, startSystems, type LocalSystems, type StoryCloud } from "../demo/cast";
import { synthesizeExample, type DemoExample } from "../demo/synthesize";
import { createStore, documentClient } from "../../runtime/aws/store";
import type { Store } from "../../runtime/ports";
import { requireReport, type ReconciliationReport } from "../../runtime/reconciliation/report";
import { verifyByDiscovery } from "../jwt-authorizer";
import type { LocalServer } from "../loopback-server";
import type { IdentityServer } from "../openid-server";
import { createSignIns, readSignInSettings } from "../sign-in";
import { text, type LocalIam } from "../iam";
import type { LocalNetwork } from "../network";
import { scheduleOf } from "../notices";
import type { Stack } from "../stack";
import { secretText } from "../cloud";
import { AwsFront } from "./front";
import { hasMoto, startMoto, type Moto } from "./moto";
import { elementsOf } from "./wire";
import { hasTerraform, Terraform, type OnProgress, type PlannedChange } from "./terraform";

/** moto's own account. */
const ACCOUNT_ID = "123456789012";
const REGION = "eu-west-1";

/** What the identity provider knows the approvals page by. */
const CLIENT_ID = "hris-writeback-approvals-page";

export interface DeployedCloudOptions {
  readonly example: DemoExample;
  /** Told what is going on, a line each. */
  readonly tell: (line: string) => void;
  readonly onProgress?: OnProgress;
  /** Inputs of the example beside those that this machine sets. */
  readonly inputs?: Readonly<Record<string, string>>;
}

/** What an account has without anybody making it. */
const OF_AN_ACCOUNT: readonly string[] = ["athena primary", "events default"];

/** What this machine needs for a local cloud and does not have, each with how to get it. */
export function missingForCloud(): readonly string[] {
  return [
    ...(hasTerraform()
      ? []
      : ["terraform is not on the PATH: install Terraform 1.5 or later (developer.hashicorp.com/terraform/install)"]),
    ...(hasMoto() ? [] : ["moto_server is not on the PATH: pip install 'moto[server]==5.2.1'"]),
  ];
}

/**
 * An example, really applied by Terraform with the real AWS provider to this machine's AWS, and running there: the deployed functions in
 * processes of their own, the deployed workflow, queue, bus and APIs, IAM over the policies as they are deployed, against the HRIS, the
 * directory and the finance system on loopback. Time is real.
 */
export class DeployedCloud implements StoryCloud {
  readonly logs: LogLine[] = [];
  /** An access token of a person, who signs in as the approvals page has them sign in. */
  readonly tokenOf = createSignIns(() => readSignInSettings(this.#api(), this.pageUrl));
  readonly #fronts: AwsFront;
  #approvals: ApprovalsHttp | undefined;
  #approvalsServer: LocalServer | undefined;
  #skewMs = 0;

  /** Time as people see it: real, but that sessions age when it is moved. */
  readonly clock = {
    now: (): number => Date.now(),
    advance: (ms: number): Promise<void> => {
      this.#skewMs += ms;
      return Promise.resolve();
    },
    /** Back to real time: a session that is minted now is worth something again. */
    reset: (): void => {
      this.#skewMs = 0;
    },
  };

  private constructor(
    private readonly options: DeployedCloudOptions,
    private readonly folder: string,
    private readonly moto: Moto,
    readonly systems: LocalSystems,
    private readonly identity: IdentityServer,
  ) {
    this.#fronts = new AwsFront({
      moto,
      accountId: ACCOUNT_ID,
      region: REGION,
      dir: join(folder, "functions"),
      now: () => Date.now() + this.#skewMs,
      onLine: (name, line) => {
        this.logs.push(logLineOf(name, line));
      },
    });
  }

  /** Starts everything that a stack will need; nothing is applied yet. Throws `UsageError` for what is missing. */
  static async start(options: DeployedCloudOptions): Promise<DeployedCloud> {
    const missing = missingForCloud();
    if (missing.length > 0) throw new UsageError(`the local cloud cannot start:\n${missing.join("\n")}`);
    const folder = await mkdtemp(join(tmpdir(), "writeback-cloud-"));
    options.tell(
      "starting AWS (moto behind our front), the HRIS, the directory, the finance system and an identity provider …",
    );
    const moto = await startMoto();
    const secrets = { reader: "reader", writer: "writer", directory: "directory", finance: "finance" };
    const texts = Object.fromEntries(Object.entries(secrets).map(([name, what]) => [name, secretText(what)]));
    const systems = await startSystems(texts as unknown as Parameters<typeof startSystems>[0], () =>
      new Date().toISOString().slice(0, 10),
    );
    const identity = await startSignIns();
    const cloud = new DeployedCloud(options, folder, moto, systems, identity);
    await cloud.#fronts.listen();
    return cloud;
  }

  /** The AWS of this machine. */
  get front(): AwsFront {
    return this.#fronts;
  }

  get iam(): LocalIam {
    return this.#fronts.attached.iam;
  }

  get network(): LocalNetwork {
    return this.#fronts.attached.network;
  }

  get stack(): Stack {
    return this.#fronts.attached.stack;
  }

  get issuer(): string {
    return this.identity.issuer;
  }

  /** Base URL of the approvals API on loopback. */
  get approvalsUrl(): string {
    if (this.#approvalsServer === undefined) throw new Error("nothing is applied yet");
    return this.#approvalsServer.url;
  }

  /** Where people sign in and decide: the approvals page. */
  get pageUrl(): string {
    return `${this.approvalsUrl}/`;
  }

  /** Folder of the synthesized stack, with its state. */
  get stackDir(): string {
    return join(this.folder, "out", "stacks", this.options.example);
  }

  get terraform(): Terraform {
    const endpoint = this.#fronts.url;
    return new Terraform({ dir: this.stackDir, endpoint, region: REGION, accountId: ACCOUNT_ID });
  }

  /** What the example is given: this machine's addresses, and secrets, which are made now, by the ARNs that they got. */
  async inputs(): Promise<Readonly<Record<string, string>>> {
    const { systems, identity } = this;
    const secret = async (name: string, what: string): Promise<string> => {
      const made = await this.moto.json("secretsmanager", "secretsmanager.CreateSecret", {
        Name: name,
        SecretString: secretText(what),
        ClientRequestToken: `${what.padEnd(8, "-")}-0000-4000-8000-000000000000`,
      });
      return text(made["ARN"]);
    };
    return {
      AWS_ACCOUNT_ID: ACCOUNT_ID,
      AWS_REGION: REGION,
      WRITEBACK_RETENTION: "destroy",
      HRIS_URL: systems.hris.url,
      HRIS_TIME_ZONE: "UTC",
      HRIS_READER_SECRET_ARN: await secret("hris/bamboohr-reader", "reader"),
      HRIS_WRITER_SECRET_ARN: await secret("hris/bamboohr-writer", "writer"),
      DIRECTORY_URL: systems.directoryUrl,
      DIRECTORY_SECRET_ARN: await secret("directory/scim-reader", "directory"),
      ...(systems.financeUrl === undefined ? {} : { FINANCE_URL: systems.financeUrl }),
      FINANCE_SECRET_ARN: await secret("finance/api-reader", "finance"),
      APPROVALS_ISSUER: identity.issuer,
      APPROVALS_AUDIENCE: AUDIENCE,
      APPROVALS_CLIENT_ID: CLIENT_ID,
    };
  }

  /** Synthesizes the example for this machine and applies it. */
  async apply(): Promise<void> {
    const { example, tell, onProgress } = this.options;
    tell(`synthesizing examples/${example} …`);
    await synthesizeExample(join(this.folder, "out"), example, { ...(await this.inputs()), ...this.options.inputs });
    tell("terraform init …");
    await this.terraform.init();
    tell("terraform apply …");
    await this.terraform.apply(onProgress);
    await this.#attach();
  }

  /** What another apply would change. */
  plan(onWarning?: (detail: string) => void): Promise<readonly PlannedChange[]> {
    return this.terraform.plan(onWarning);
  }

  /** What the last plan says, as `review --plan` and `prove --plan` read it. */
  lastPlan(): Promise<unknown> {
    return this.terraform.showPlan();
  }

  async destroy(): Promise<void> {
    await this.terraform.destroy(this.options.onProgress);
  }

  /** Puts an event on the deployed bus as the role that may speak for its source, and waits until all is quiet. */
  async publish(entry: Parameters<StoryCloud["publish"]>[0]): Promise<void> {
    const { bus } = this.#fronts.attached;
    const outsider = bus.publisherOf(entry.source) ?? `arn:aws:iam::${ACCOUNT_ID}:role/nobody`;
    await this.#fronts.publish({ outsider }, entry);
    await this.quiet();
  }

  approvals(token: string, method: string, path: string, body?: object): Promise<HttpAnswer> {
    return this.#api().request(token, method, path, body);
  }

  #api(): ApprovalsHttp {
    if (this.#approvals === undefined) throw new Error("nothing is applied yet");
    return this.#approvals;
  }

  gateway(request: ApiRequest): Promise<ApiResponse> {
    return this.#fronts.gateway(request);
  }

  outcomes(): readonly Readonly<Record<string, unknown>>[] {
    return this.#fronts.attached.bus.events
      .filter((event) => event.source === OUTCOME_SOURCE && event["detail-type"] === OUTCOME_DETAIL_TYPE)
      .map(({ detail }) => detail as Readonly<Record<string, unknown>>);
  }

  replaceConnector(code: ConnectorCode | undefined): void {
    if (code === undefined) {
      this.#fronts.standIn(undefined);
      return;
    }
    this.#fronts.standIn((name, event) =>
      name.endsWith("-connector") ? code(event, this.#waysOf(name, event)) : undefined,
    );
  }

  async setSwitch(state: "running" | "stopped"): Promise<void> {
    await this.putControl({ pk: { S: CONTROL.switch }, state: { S: state } });
  }

  /** Puts an item of the control table, as an operator with the AWS command line does. */
  async putControl(item: object): Promise<void> {
    const table = this.tableName("control");
    await this.moto.json("dynamodb", "DynamoDB_20120810.PutItem", { TableName: table, Item: item });
  }

  /** Puts an item of the ledger, as an administrator does who wants it to say something else. */
  async putLedger(item: object): Promise<void> {
    const table = this.tableName("ledger");
    await this.moto.json("dynamodb", "DynamoDB_20120810.PutItem", { TableName: table, Item: item });
  }

  /** Deletes an item of the control table, as an administrator's slip does. */
  async deleteControl(pk: string): Promise<void> {
    const table = this.tableName("control");
    await this.moto.json("dynamodb", "DynamoDB_20120810.DeleteItem", { TableName: table, Key: { pk: { S: pk } } });
  }

  /** Every item of a table, in DynamoDB's JSON. */
  async scan(table: "classification" | "ledger" | "control"): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { Items } = await this.moto.json("dynamodb", "DynamoDB_20120810.Scan", { TableName: this.tableName(table) });
    return (Items ?? []) as readonly Readonly<Record<string, unknown>>[];
  }

  /** What `history` needs to know of this stack: its ledger, and the key that digests are recomputed with. */
  get historyOptions(): readonly string[] {
    const keyOf = (body: Readonly<Record<string, unknown>>) =>
      ([body["environment"]].flat()[0] as { variables?: Partial<Record<string, string>> } | undefined)?.variables?.[
        ENV.digestKeyArn
      ] ?? [];
    const [digestKey] = this.stack.resources("aws_lambda_function").flatMap(({ body }) => keyOf(body));
    if (digestKey === undefined) throw new Error("no function of the stack knows the digest key");
    return ["--ledger", this.tableName("ledger"), "--verify", "--digest-key", digestKey];
  }

  tableName(table: string): string {
    const found = this.stack
      .resources("aws_dynamodb_table")
      .map(({ body }) => text(body["name"]))
      .find((name) => name.endsWith(`-${table}`));
    if (found === undefined) throw new Error(`the stack has no ${table} table`);
    return found;
  }

  /** Messages of the dead-letter queue of intake. */
  deadLetters(): Promise<readonly string[]> {
    const queue = this.stack.resources("aws_sqs_queue").find(({ body }) => text(body["name"]).endsWith("-intake-dlq"));
    return this.#fronts.queues.peek(text(queue?.body["arn"]));
  }

  /** Runs the sweeper once, as its schedule does. */
  async sweep(): Promise<void> {
    await this.#wake("sweeper");
    await this.quiet();
  }

  /** Runs the notifier once, as its schedule does; what it told is in `front.notices`. */
  async notify(): Promise<void> {
    await this.#wake("notifier");
  }

  /** Reconciles once, as its schedule does but for all fields; the run's report. Throws where the execution does not succeed. */
  async reconcile(): Promise<ReconciliationReport> {
    const { arn, role_arn: roleArn } = scheduleOf(this.stack, "reconciliation");
    this.iam.authorize(this.iam.role(roleArn), "states:StartExecution", arn);
    const name = `scheduled-${Date.now()}`;
    const execution = await this.front.executions.start(arn, name, JSON.stringify({ fields: "all" }));
    const result = await execution.result;
    if (result.status !== "SUCCEEDED") throw new Error(`the reconciliation ended as ${JSON.stringify(result)}`);
    return requireReport(this.#ledger(), (result.output as { readonly runId: string }).runId);
  }

  /** The ledger as an administrator reads it. */
  #ledger(): Store {
    const client = new DynamoDBClient({
      endpoint: this.front.url,
      region: REGION,
      credentials: { accessKeyId: "auditor", secretAccessKey: "auditor" },
    });
    return createStore({ ledger: this.tableName("ledger") }, documentClient(client));
  }

  async #wake(handler: HandlerName): Promise<void> {
    const { arn, role_arn: roleArn } = scheduleOf(this.stack, handler);
    this.iam.authorize(this.iam.role(roleArn), "lambda:InvokeFunction", arn);
    await this.#fronts.run(arn, {});
  }

  /** Waits until nothing is at work, nothing waits in a queue that somebody reads, and every change has ended or waits for people. */
  async quiet(): Promise<void> {
    const untilMs = Date.now() + QUIET_MS;
    for (let still = 0; still < QUIET_LOOKS && Date.now() < untilMs; still += 1) {
      const taken = await this.#fronts.queues.look();
      if (taken > 0 || this.#fronts.functions.running > 0 || this.#canGoOn()) still = -1;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /**
   * What the services still hold of the stack, asked of them and not of Terraform: nothing after a destroy. Secrets are this machine's own,
   * and keys wait for their deletion.
   */
  async leftovers(): Promise<readonly string[]> {
    const { moto } = this;
    const names = async (service: string, target: string, member: string, name?: string): Promise<string[]> => {
      const found = (await moto.json(service, target, {}))[member] as
        readonly (string | Record<string, string>)[] | undefined;
      return (found ?? []).map((each) => `${service} ${typeof each === "string" ? each : (each[name ?? ""] ?? "")}`);
    };
    const rest = async (service: string, path: string, member: string): Promise<string[]> => {
      const found = (await moto.rest(service, path)) as Readonly<Record<string, readonly object[]>> | undefined;
      return (found?.[member] ?? []).map((each) => `${service} ${JSON.stringify(each).slice(0, 80)}`);
    };
    const topics = async (): Promise<string[]> => {
      const found = await moto.query("sns", { Action: "ListTopics", Version: "2010-03-31" });
      return elementsOf(found, "TopicArn").map((arn) => `sns ${arn}`);
    };
    const query = async (service: string, action: string, version: string, element: string): Promise<string[]> =>
      elementsOf(await moto.query(service, { Action: action, Version: version }), element).map(
        (name) => `${service} ${name}`,
      );
    const roles = elementsOf(await moto.query("iam", { Action: "ListRoles", Version: "2010-05-08" }), "RoleName");
    // Keys of AWS's own, such as `alias/aws/dynamodb`, come with the account.
    const { Aliases } = await moto.json("kms", "TrentService.ListAliases", {});
    const ofAws = (Aliases as readonly Readonly<Record<string, string>>[])
      .filter(({ AliasName = "" }) => AliasName.startsWith("alias/aws/"))
      .map(({ TargetKeyId }) => TargetKeyId);
    const { Keys } = await moto.json("kms", "TrentService.ListKeys", {});
    const usable = await Promise.all(
      (Keys as readonly { readonly KeyId: string }[]).map(async ({ KeyId }) => {
        const { KeyMetadata } = await moto.json("kms", "TrentService.DescribeKey", { KeyId });
        const { KeyState } = KeyMetadata as Readonly<Record<string, string>>;
        return KeyState === "PendingDeletion" || ofAws.includes(KeyId) ? [] : [`kms ${KeyId}`];
      }),
    );
    const all = await Promise.all([
      names("dynamodb", "DynamoDB_20120810.ListTables", "TableNames"),
      names("sqs", "AmazonSQS.ListQueues", "QueueUrls"),
      names("states", "AWSStepFunctions.ListStateMachines", "stateMachines", "name"),
      names("logs", "Logs_20140328.DescribeLogGroups", "logGroups", "logGroupName"),
      names("events", "AWSEvents.ListEventBuses", "EventBuses", "Name"),
      rest("lambda", "/2015-03-31/functions", "Functions"),
      rest("apigateway", "/restapis", "item"),
      rest("apigateway", "/v2/apis", "items"),
      topics(),
      rest("scheduler", "/schedules", "Schedules"),
      names("events", "AWSEvents.ListRules", "Rules", "Name"),
      names("cloudtrail", "CloudTrail_20131101.ListTrails", "Trails", "Name"),
      names("athena", "AmazonAthena.ListWorkGroups", "WorkGroups", "Name"),
      names("glue", "AWSGlue.GetDatabases", "DatabaseList", "Name"),
      query("monitoring", "DescribeAlarms", "2010-08-01", "AlarmName"),
      query("monitoring", "ListDashboards", "2010-08-01", "DashboardName"),
      this.#buckets(),
    ]);
    const mappings = this.#fronts.sources.all().map(({ uuid }) => `lambda event source mapping ${uuid}`);
    const firewall = this.#fronts.firewall.size === 0 ? [] : ["route53resolver DNS firewall"];
    return [
      ...all.flat(),
      ...usable.flat(),
      ...roles.map((name) => `iam role ${name}`),
      ...mappings,
      ...firewall,
    ].filter((each) => !OF_AN_ACCOUNT.includes(each));
  }

  /** Buckets, which S3 lists in a protocol of its own. */
  async #buckets(): Promise<string[]> {
    const { body } = await this.moto.forward({
      method: "GET",
      url: "/",
      headers: { host: "s3.amazonaws.com" },
      body: Buffer.alloc(0),
    });
    const [buckets = ""] = elementsOf(body.toString("utf8"), "Buckets");
    return elementsOf(buckets, "Name").map((name) => `s3 ${name}`);
  }

  /** Ends everything that was started and removes its files. */
  async stop(): Promise<void> {
    await this.#fronts.stop();
    await Promise.all([this.#approvalsServer?.stop(), this.identity.stop(), this.systems.stop(), this.moto.stop()]);
    await rm(this.folder, { recursive: true, force: true });
  }

  async #attach(): Promise<void> {
    await this.#fronts.attach(await this.terraform.show());
    const api = new ApprovalsHttp(this.stack, verifyByDiscovery, async (functionArn, event, sourceArn) => {
      await this.#fronts.permitApi(functionArn, sourceArn);
      const invocation = await this.#fronts.run(functionArn, event);
      if (invocation.kind === "failed") throw new Error(invocation.errorType);
      return JSON.parse(invocation.payload) as unknown;
    });
    this.#approvals = api;
    await this.#approvalsServer?.stop();
    this.#approvalsServer = await serveApprovals(api);
    this.identity.register({ clientId: CLIENT_ID, redirectUri: this.pageUrl });
  }

  /** Whether an execution can go on by itself: some change of it does not wait for people. */
  #canGoOn(): boolean {
    return this.#fronts.executions.running.some((execution) => {
      const last = new Map<number | undefined, string | undefined>();
      for (const { item, type, state } of execution.history()) {
        if (type === "StateEntered") last.set(item, state);
        if (type === "StateExited") last.set(item, undefined);
      }
      const open = [...last].filter(([, state]) => state !== undefined);
      return (
        !open.some(([item]) => item !== undefined) ||
        open.some(([item, state]) => item !== undefined && state !== "RequestApproval")
      );
    });
  }

  #waysOf(functionName: string, event: unknown): Parameters<ConnectorCode>[1] {
    const functionArn = `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:${functionName}`;
    const connect = (hostName: string) => this.#fronts.connectFrom(functionName, hostName);
    return {
      connect,
      request: ({ value, ...request }) => {
        const connection = connect(new URL(request.url).hostname);
        return "refused" in connection
          ? Promise.resolve({ status: 0, body: "{}", by: connection.refused })
          : this.#fronts.gateway({ ...request, body: JSON.stringify({ value }), from: connection.from });
      },
      callAws: (action, resource) => {
        const found = this.stack
          .resources("aws_lambda_function")
          .find(({ body }) => body["function_name"] === functionName);
        this.iam.authorize(this.iam.role(text(found?.body["role"])), action, resource);
      },
      behave: async () => {
        const invocation = await this.#fronts.functions.invoke(functionArn, event);
        if (invocation.kind === "failed") throw new Error(invocation.errorType);
        return JSON.parse(invocation.payload) as unknown;
      },
    };
  }
}

/** Looks in a row that must find nothing to do. */
const QUIET_LOOKS = 3;

/** The longest that is waited for quiet, in milliseconds: a change may wait for hours, where an HRIS asks for that. */
const QUIET_MS = 60_000;

/** A line of a handler's structured log; any other line is kept under its own text's first words. */
function logLineOf(functionName: string, line: string): LogLine {
  try {
    const { level, handler, event, ...members } = JSON.parse(line) as Readonly<Record<string, string>>;
    const lower = (level ?? "INFO").toLowerCase();
    return {
      function: handler ?? functionName,
      level: lower === "error" || lower === "warn" ? lower : "info",
      event: event ?? "",
      members,
    };
  } catch {
    return { function: functionName, level: "warn", event: "unstructured-line", members: { line } };
  }
}
