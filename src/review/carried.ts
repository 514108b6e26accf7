import { CONTROL, DEADLINES_MS, LAMBDA_SERVICE_ERRORS } from "../core";
import { asList, asObject, asText, scopesOf, type Loose } from "../compile/asl-graph";
import { isAlwaysDenied, findAllowed, ALLOW_ALL, type Ask } from "./asking";
import { blockOf, textOf } from "./body";
import { together, type Counterexample, type Evidence, type Findings, type Invariant, type NotRead } from "./finding";
import { layersOf, type Holding } from "./holdings";
import { arnOf, idOf } from "./identity";
import { eventQueues, type EventQueue } from "./queues";
import type { GatewayApi } from "./rest-api";
import { functionArn } from "./resource-policies";
import { Unreadable, type Resource } from "./stack";
import { functionsTagged, policyOf, rolesTagged, sorted, type System } from "./system";

/** What the Terraform carries of the invariants 4 to 7; the rest is held by handlers. */
export function proveCarried(system: System, apis: readonly GatewayApi[], held: readonly Holding[]): Findings {
  return together([
    digestKey(system),
    holders(held, 4, "make-digests", "make digests of changes"),
    holders(held, 4, "check-digests", "check them"),
    workflowType(system),
    retriesOfWrites(system),
    waitsEnd(system),
    deadlines(system, apis),
    holders(held, 5, "rewrite-ledger", "change or remove a record of the ledger"),
    switchIsAsked(system),
    holders(held, 6, "set-switch", "set the switch"),
    holders(held, 6, "read-writer-credential", "write to the HRIS at all"),
    ...system.stack.resources("aws_dynamodb_table").map((table) => tableIsEncrypted(system, table)),
    tablesAreAlike(system),
    ...eventQueues(system).map((queue) => queueIsClosed(system, queue)),
    busIsEncrypted(system),
    logsAreEncrypted(system),
    ...system.machines.map(noExecutionData),
    ...apis.map((api) => noBodies(system, api)),
  ]);
}

function counterexample(
  code: Counterexample["code"],
  invariant: Invariant,
  message: string,
  ...resources: readonly string[]
): Partial<Findings> {
  return { counterexamples: [{ code, invariants: [invariant], message, resources }] };
}

function evidence(invariant: Invariant, text: string, resources: readonly string[]): Partial<Findings> {
  const found: Evidence = { invariant, text, resources };
  return { evidence: [found] };
}

function unclear(invariant: Invariant, message: string, ...resources: readonly string[]): Partial<Findings> {
  const found: NotRead = { code: "UnreadValue", invariants: [invariant], message, resources };
  return { unread: [found] };
}

/** Who has a power, said as evidence; whether that is right, is judged with the powers. */
function holders(held: readonly Holding[], invariant: Invariant, id: string, what: string): Partial<Findings> {
  const found = held.filter(({ power }) => power.id === id);
  const who = sorted(found.map(({ holder }) => holder));
  const resources = sorted(found.flatMap(({ statements }) => statements.map(({ resource }) => resource)));
  return evidence(
    invariant,
    who.length === 0 ? `nobody of the stack may ${what}` : `only ${who.join(", ")} may ${what}`,
    resources,
  );
}

function digestKey({ stack, keys }: System): Partial<Findings> {
  const key = stack.resources("aws_kms_key").find((each) => arnOf(stack, each) === keys.digest);
  if (key === undefined) return evidence(4, "the digest key exists already: its kind is not in this stack", []);
  const spec = textOf(key.body, "customer_master_key_spec");
  const usage = textOf(key.body, "key_usage");
  if (spec?.startsWith("HMAC_") === true && usage === "GENERATE_VERIFY_MAC") {
    return evidence(4, `digests are keyed: \`${spec}\``, [key.address]);
  }
  return counterexample(
    "DigestKeyUnfit",
    4,
    `the digest key is a \`${spec ?? "SYMMETRIC_DEFAULT"}\` to \`${usage ?? "ENCRYPT_DECRYPT"}\``,
    key.address,
  );
}

function workflowType({ workflow }: System): Partial<Findings> {
  if (workflow === undefined) return {};
  const { address, body } = workflow.resource;
  const type = body["type"] ?? "STANDARD";
  if (type === "STANDARD")
    return evidence(5, "the workflow is of type STANDARD: each step runs once, but for its retriers", [address]);
  if (type instanceof Unreadable) return unclear(5, `the type of \`${address}\` is not known`, address);
  return counterexample(
    "WorkflowNotStandard",
    5,
    `the workflow is of type \`${textOf(body, "type") ?? "?"}\``,
    address,
  );
}

/** The tasks that invoke the broker. */
function brokerTasks(system: System): { readonly name: string; readonly task: Loose }[] {
  const brokers = functionsTagged(system, "broker").map(({ arn }) => arn);
  const definition = system.workflow?.definition;
  if (definition === undefined || definition instanceof Unreadable) return [];
  return scopesOf(definition).flatMap((scope) =>
    [...scope.states].flatMap(([name, task]) => {
      const called = asText(asObject(task["Parameters"])["FunctionName"]);
      return called !== undefined && brokers.includes(functionArn(system.stack, called)) ? [{ name, task }] : [];
    }),
  );
}

function retriesOfWrites(system: System): Partial<Findings> {
  const address = system.workflow?.resource.address ?? "";
  const safe = new Set<unknown>(LAMBDA_SERVICE_ERRORS);
  const wrong = brokerTasks(system).flatMap(({ name, task }) =>
    asList(task["Retry"])
      .flatMap((retrier) => asList(asObject(retrier)["ErrorEquals"]))
      .filter((error) => !safe.has(error))
      .map((error) => `\`${name}\` after \`${String(error)}\``),
  );
  return wrong.length === 0
    ? evidence(5, "a write is repeated only after errors that Lambda's service raises by itself", [address])
    : counterexample("WriteRetried", 5, `the workflow repeats ${wrong.join(", ")}`, address);
}

/** Each deadline ends before the one around it, so that an outer one never cuts off an inner one that still writes. */
function deadlines(system: System, apis: readonly GatewayApi[]): Partial<Findings> {
  const seconds = (tag: string): { at: string; ms: number | undefined } => {
    const fn = functionsTagged(system, tag)[0];
    const timeout = fn?.resource.body["timeout"];
    return { at: fn?.resource.address ?? "", ms: typeof timeout === "number" ? timeout * 1000 : undefined };
  };
  const integration = apis[0]?.methods.find((method) => method.integration !== undefined)?.integration;
  const apiTimeout = integration?.body["timeout_milliseconds"] ?? DEADLINES_MS.api;
  const task = brokerTasks(system)[0]?.task["TimeoutSeconds"];
  const chain = [
    { name: "gateway", ...seconds("gateway") },
    { name: "API", at: integration?.address ?? "", ms: typeof apiTimeout === "number" ? apiTimeout : undefined },
    { name: "connector", ...seconds("connector-execution") },
    { name: "broker", ...seconds("broker") },
    {
      name: "task",
      at: system.workflow?.resource.address ?? "",
      ms: typeof task === "number" ? task * 1000 : undefined,
    },
  ].filter(({ at }) => at !== "");
  const known = chain.filter((each): each is typeof each & { ms: number } => each.ms !== undefined);
  for (const [index, outer] of known.entries()) {
    const inner = known[index - 1];
    if (inner !== undefined && inner.ms >= outer.ms) {
      const message = `${outer.name} ends after ${outer.ms / 1000} s, ${inner.name} inside of it after ${inner.ms / 1000} s`;
      return counterexample("DeadlinesCrossed", 5, message, outer.at, inner.at);
    }
  }
  const unknown = chain.filter(({ ms }) => ms === undefined);
  if (unknown.length > 0) {
    return unclear(
      5,
      `the deadline of ${unknown.map(({ name }) => name).join(", ")} is not known`,
      ...unknown.map(({ at }) => at),
    );
  }
  return evidence(
    5,
    `deadlines nest: ${known.map(({ name, ms }) => `${name} ${ms / 1000} s`).join(" < ")}`,
    known.map(({ at }) => at),
  );
}

/** A wait for people ends by itself: what nobody answers is not written. */
function waitsEnd({ workflow }: System): Partial<Findings> {
  if (workflow === undefined || workflow.definition instanceof Unreadable) return {};
  const waits = scopesOf(workflow.definition).flatMap((scope) =>
    [...scope.states].filter(([, task]) => asText(task["Resource"])?.endsWith(".waitForTaskToken") === true),
  );
  const endless = waits.filter(
    ([, task]) => task["TimeoutSeconds"] === undefined && task["TimeoutSecondsPath"] === undefined,
  );
  const { address } = workflow.resource;
  return endless.length === 0
    ? evidence(5, "every wait for people's decision ends by itself", [address])
    : counterexample("WaitWithoutEnd", 5, `\`${endless[0]?.[0] ?? ""}\` waits for a decision without an end`, address);
}

/** The gateway's transaction asks switch and breaker; without the permission it would fail, and nobody could tell why. */
function switchIsAsked(system: System): Partial<Findings> {
  const { control } = system.tables;
  if (control === undefined)
    return {
      unread: [
        {
          code: "PartMissing",
          invariants: [6],
          message: "no function's environment names the control table",
          resources: [],
        },
      ],
    };
  const parts = ["gateway", "broker"].flatMap((tag) =>
    rolesTagged(system, tag).map((role): Partial<Findings> => {
      if (role.unread.length > 0) return {};
      const missing = [CONTROL.switch, CONTROL.breaker].filter((key) => {
        const ask: Ask = {
          action: "dynamodb:ConditionCheckItem",
          resource: control,
          settled: { "dynamodb:leadingkeys": [key] },
        };
        const allowed = findAllowed(system.reader, role, ask, layersOf(role));
        return allowed === undefined || allowed === "undecided";
      });
      return missing.length === 0
        ? evidence(
            6,
            `the ${tag} may ask the switch and the breaker within its transaction`,
            role.identity.map(({ resource }) => resource),
          )
        : counterexample(
            "SwitchNotAsked",
            6,
            `the ${tag} may not ask ${missing.join(" and ")} within its transaction`,
            role.address,
          );
    }),
  );
  return together(parts);
}

function tableIsEncrypted(system: System, table: Resource): Partial<Findings> {
  const { address, body } = table;
  const isOurs = Object.values(system.tables).includes(arnOf(system.stack, table));
  if (!isOurs) return {};
  const encryption = blockOf(body, "server_side_encryption");
  const key = encryption?.["kms_key_arn"];
  if (encryption?.["enabled"] === true && typeof key === "string")
    return evidence(7, `the table is encrypted with ${key}`, [address]);
  if (key instanceof Unreadable && encryption?.["enabled"] === true)
    return unclear(7, `the key of \`${address}\`: ${key.reason}`, address);
  return counterexample(
    "NotEncrypted",
    7,
    `the table \`${textOf(body, "name") ?? address}\` is not encrypted with a key of its own`,
    address,
  );
}

/** Tables are protected alike: one that is less so than its siblings was changed by hand. */
function tablesAreAlike({ stack, tables }: System): Partial<Findings> {
  const ours = stack
    .resources("aws_dynamodb_table")
    .filter((table) => Object.values(tables).includes(arnOf(stack, table)));
  const protections: readonly (readonly [string, (body: Resource["body"]) => boolean])[] = [
    ["protection from deletion", (body) => body["deletion_protection_enabled"] === true],
    ["point-in-time recovery", (body) => blockOf(body, "point_in_time_recovery")?.["enabled"] === true],
  ];
  return together(
    protections.map(([what, has]): Partial<Findings> => {
      const without = ours.filter(({ body }) => !has(body));
      if (without.length === ours.length)
        return evidence(
          5,
          `no table has ${what}: the stack may be taken down`,
          ours.map(({ address }) => address),
        );
      if (without.length === 0)
        return evidence(
          5,
          `all tables have ${what}`,
          ours.map(({ address }) => address),
        );
      return counterexample(
        "ProtectedUnlike",
        5,
        `${without.map(({ address }) => `\`${address}\``).join(", ")} is without ${what}, unlike its siblings`,
        ...without.map(({ address }) => address),
      );
    }),
  );
}

function queueIsClosed(system: System, { resource, arn }: EventQueue): Partial<Findings> {
  const { address, body } = resource;
  const key = body["kms_master_key_id"];
  const isEncrypted = (typeof key === "string" && key !== "") || body["sqs_managed_sse_enabled"] === true;
  const parts: Partial<Findings>[] = [];
  if (key instanceof Unreadable) parts.push(unclear(7, `the key of \`${address}\`: ${key.reason}`, address));
  else if (!isEncrypted)
    parts.push(
      counterexample(
        "NotEncrypted",
        7,
        `the queue \`${textOf(body, "name") ?? address}\` holds events and is not encrypted`,
        address,
      ),
    );
  const policy = policyOf(system, "queue", arn);
  if (policy !== undefined && policy.document === undefined) return together(parts);
  const settled = { "aws:securetransport": "false" };
  const isDenied =
    policy?.document !== undefined &&
    ["sqs:SendMessage", "sqs:ReceiveMessage"].every((action) =>
      ["arn:aws:iam::" + system.stack.accountId + ":role/anybody"].every(
        (caller) =>
          isAlwaysDenied(
            { label: caller, arn: caller },
            { action, resource: arn, settled },
            { identity: [ALLOW_ALL], resource: policy.document },
          ) === true,
      ),
    );
  const at = policy?.documents.map((document) => document.resource) ?? [address];
  if (!isDenied)
    parts.push(
      counterexample(
        "PlainTextAllowed",
        7,
        `the queue \`${textOf(body, "name") ?? address}\` holds events and takes requests without TLS`,
        ...at,
      ),
    );
  return parts.length === 0
    ? evidence(7, `the queue \`${textOf(body, "name") ?? address}\` is encrypted and refuses requests without TLS`, [
        address,
        ...at,
      ])
    : together(parts);
}

function busIsEncrypted({ stack, bus }: System): Partial<Findings> {
  const resource = stack.resources("aws_cloudwatch_event_bus").find((each) => arnOf(stack, each) === bus);
  if (resource === undefined) return {};
  const key = resource.body["kms_key_identifier"];
  if (typeof key === "string" && key !== "") return evidence(7, `the bus is encrypted with ${key}`, [resource.address]);
  if (key instanceof Unreadable)
    return unclear(7, `the key of \`${resource.address}\`: ${key.reason}`, resource.address);
  return counterexample(
    "NotEncrypted",
    7,
    "the lifecycle bus holds values and is not encrypted with a key of its own",
    resource.address,
  );
}

/** Log groups are encrypted alike; where the data key is made here, with a key. */
function logsAreEncrypted({ stack, keys }: System): Partial<Findings> {
  const groups = stack.resources("aws_cloudwatch_log_group");
  const without = groups.filter(
    ({ body }) => body["kms_key_id"] === undefined || body["kms_key_id"] === null || body["kms_key_id"] === "",
  );
  const isKeyHere = stack.resources("aws_kms_key").some((key) => arnOf(stack, key) === keys.data);
  if (without.length > 0 && (isKeyHere || without.length < groups.length)) {
    const message = `${without.map(({ address }) => `\`${address}\``).join(", ")} is not encrypted with a key of the stack, unlike other log groups`;
    return counterexample("NotEncrypted", 7, message, ...without.map(({ address }) => address));
  }
  const how = without.length === 0 ? "with a key" : "with CloudWatch's own key";
  return evidence(
    7,
    `${groups.length} log groups are encrypted ${how}`,
    groups.map(({ address }) => address),
  );
}

/** The workflow's log says which state was entered, not with what. */
function noExecutionData({ resource }: System["machines"][number]): Partial<Findings> {
  const logging = blockOf(resource.body, "logging_configuration");
  const includes = logging?.["include_execution_data"];
  if (includes === undefined || includes === null || includes === false) {
    return evidence(7, "the log of the state machine holds no execution data", [resource.address]);
  }
  if (includes instanceof Unreadable)
    return unclear(7, `what \`${resource.address}\` logs is not known`, resource.address);
  return counterexample("ValuesLogged", 7, `\`${resource.address}\` logs execution data`, resource.address);
}

/** API Gateway logs no bodies: its execution log would hold the value. */
function noBodies({ stack }: System, api: GatewayApi): Partial<Findings> {
  const settings = stack
    .resources("aws_api_gateway_method_settings")
    .filter(({ body }) => body["rest_api_id"] === idOf(stack, api.resource))
    .map((resource) => ({ resource, block: blockOf(resource.body, "settings") ?? {} }));
  const wrong = settings.filter(
    ({ block }) =>
      block["data_trace_enabled"] === true || ["INFO", "ERROR"].includes(textOf(block, "logging_level") ?? "OFF"),
  );
  if (wrong.length > 0) {
    const message = `${wrong.map(({ resource }) => `\`${resource.address}\``).join(", ")} logs what passes through the field gateway`;
    return counterexample("ValuesLogged", 7, message, ...wrong.map(({ resource }) => resource.address));
  }
  return evidence(7, "the field gateway's API logs no bodies", [
    api.resource.address,
    ...settings.map(({ resource }) => resource.address),
  ]);
}
