import { GATEWAY_METHOD, GATEWAY_STAGE } from "../core";
import { evaluate, witnessesOf, type ContextInput } from "../iam";
import { namesExactly, textOf, textsIn } from "./body";
import { together, type Counterexample, type Evidence, type Findings, type Invariant, type NotRead } from "./finding";
import { servicesOf } from "./guards";
import { strangeAccount } from "./holdings";
import { idOf } from "./identity";
import { functionArn } from "./resource-policies";
import type { Resource } from "./stack";
import { functionsTagged, policyOf, type StackFunction, type System } from "./system";

/** A function that only one thing may start, and what follows where something else can. */
interface Guarded {
  readonly tag: string;
  /** As people call it. */
  readonly what: string;
  readonly invariants: readonly Invariant[];
  /** What may start it, for messages. */
  readonly way: string;
}

const GUARDED: readonly Guarded[] = [
  { tag: "gateway", what: "the field gateway", invariants: [2, 3], way: "its API's one method" },
  { tag: "broker", what: "the broker", invariants: [1, 2], way: "the workflow" },
  { tag: "connector-execution", what: "the connector", invariants: [2], way: "the broker" },
  { tag: "approvals", what: "the approvals function", invariants: [1, 2], way: "its API's routes" },
  { tag: "intake", what: "intake", invariants: [2], way: "its queue" },
  { tag: "inspect", what: "inspect", invariants: [2], way: "the workflow" },
  { tag: "decide", what: "decide", invariants: [2], way: "the workflow" },
  { tag: "announce", what: "announce", invariants: [2], way: "the workflow" },
  { tag: "kill-switch", what: "the kill switch", invariants: [2, 6], way: "its state machine" },
  { tag: "reversal", what: "reversal", invariants: [1, 2], way: "an operator's call" },
  { tag: "request-approval", what: "request-approval", invariants: [2], way: "the workflow" },
];

/** The invariants that fall with a function that something else can start, by the function's principal. */
export function invariantsOfDoor(tag: string | undefined): readonly Invariant[] {
  return GUARDED.find((guarded) => guarded.tag === tag)?.invariants ?? [2];
}

/** What besides the one way in could start the functions that matter, and the workflow. */
export function proveDoors(system: System): Findings {
  return together([
    ...GUARDED.flatMap((guarded) =>
      functionsTagged(system, guarded.tag).flatMap((fn) => [
        ...permissionsOf(system, guarded, fn),
        urls(system, guarded, fn),
        mappings(system, guarded, fn),
        mentions(system, guarded, fn),
      ]),
    ),
    ...system.functions
      .filter(({ principal }) => principal?.tag !== undefined && !GUARDED.some(({ tag }) => tag === principal.tag))
      .flatMap((fn) => [urls(system, otherOf(fn), fn), ...unbound(system, otherOf(fn), fn)]),
    workflowTriggers(system),
  ]);
}

/** Any other function of a principal: whatever starts it is its own way, but no URL is. */
function otherOf({ principal }: StackFunction): Guarded {
  const tag = principal?.tag ?? "";
  return { tag, what: `the function of ${tag}`, invariants: invariantsOfDoor(tag), way: "what the stack starts it by" };
}

/** The services that the function's own policy lets in. */
function permissionsOf(system: System, guarded: Guarded, fn: StackFunction): Partial<Findings>[] {
  const policy = policyOf(system, "function", fn.arn);
  if (policy === undefined) return [];
  return policy.documents.map((document) => {
    const counterexample = (problem: string, request?: Counterexample["request"]): Partial<Findings> => ({
      counterexamples: [
        {
          code: "AnotherDoor",
          invariants: guarded.invariants,
          message: `${guarded.what} can be started by ${problem}, not only by ${guarded.way}`,
          resources: [document.resource],
          statements: document.statements.map(({ ref }) => ref),
          ...(request === undefined ? {} : { request }),
        },
      ],
    });
    for (const { statement } of document.statements) {
      for (const service of servicesOf(statement)) {
        if (service !== "apigateway.amazonaws.com" || !(guarded.tag === "gateway" || guarded.tag === "approvals")) {
          return counterexample(service);
        }
        const sources = guarded.tag === "gateway" ? restSources(system) : httpSources(system, fn);
        const tried = [
          ...foreignSources(system),
          ...sources.others,
          ...witnesses(document.document.Statement, sources.own),
        ];
        const open = [undefined, ...tried].find((source) => isStarted(service, fn, source, document.document));
        if (open !== undefined || isStarted(service, fn, undefined, document.document)) {
          const context: ContextInput = open === undefined ? {} : { "aws:sourcearn": open };
          const request = { principal: service, action: "lambda:InvokeFunction", resource: fn.arn, context };
          return counterexample(open === undefined ? "any API of any account" : `the API request ${open}`, request);
        }
      }
    }
    return {};
  });
}

/** A service that may start a function for whoever asks it to, of any account. */
function unbound(system: System, guarded: Guarded, fn: StackFunction): Partial<Findings>[] {
  const policy = policyOf(system, "function", fn.arn);
  return (policy?.documents ?? []).map((document) => {
    const [service] = document.statements
      .flatMap(({ statement }) => servicesOf(statement))
      .filter((each) =>
        [undefined, ...foreignSources(system).slice(1)].some((source) =>
          isStarted(each, fn, source, document.document),
        ),
      );
    if (service === undefined) return {};
    const counterexample: Counterexample = {
      code: "ServiceUnbound",
      invariants: guarded.invariants,
      message: `${service} may start ${guarded.what} for somebody else's resource, of any account`,
      resources: [document.resource],
      statements: document.statements.map(({ ref }) => ref),
      request: { principal: service, action: "lambda:InvokeFunction", resource: fn.arn, context: {} },
    };
    return { counterexamples: [counterexample] };
  });
}

function isStarted(
  service: string,
  fn: StackFunction,
  source: string | undefined,
  resource: Parameters<typeof evaluate>[1]["resource"],
): boolean {
  const account = source === undefined ? undefined : source.split(":")[4];
  const context: ContextInput = {
    ...(source === undefined ? {} : { "aws:SourceArn": source }),
    ...(account === undefined ? {} : { "aws:SourceAccount": account }),
  };
  const request = { principalService: service, action: "lambda:InvokeFunction", resource: fn.arn, context };
  return evaluate(request, { identity: [], resource }).decision === "allow";
}

interface Sources {
  /** Whether a source is one that may start the function. */
  readonly own: (source: string) => boolean;
  /** Sources that may not, among those that are near at hand. */
  readonly others: readonly string[];
}

/** Requests to the REST APIs of the stack: one stage, one method, one path may reach the gateway. */
function restSources({ stack }: System): Sources {
  const prefix = executePrefix(stack);
  const apis = stack.resources("aws_api_gateway_rest_api").map((api) => idOf(stack, api));
  const own = new RegExp(`^${GATEWAY_STAGE}/${GATEWAY_METHOD}/grants/[^/]*/fields/[^/]*$`);
  return {
    own: (source) =>
      apis.some((id) => source.startsWith(`${prefix}${id}/`) && own.test(source.slice(prefix.length + id.length + 1))),
    others: apis.flatMap((id) =>
      [
        `test-invoke-stage/${GATEWAY_METHOD}/grants/g-1/fields/work_email`,
        `another/${GATEWAY_METHOD}/grants/g-1/fields/work_email`,
        `${GATEWAY_STAGE}/GET/grants/g-1/fields/work_email`,
        `${GATEWAY_STAGE}/${GATEWAY_METHOD}/`,
        `${GATEWAY_STAGE}/${GATEWAY_METHOD}/grants/g-1`,
        `${GATEWAY_STAGE}/${GATEWAY_METHOD}/other`,
      ].map((request) => `${prefix}${id}/${request}`),
    ),
  };
}

/** Requests to the HTTP APIs whose routes lead to the function: which routes, their authorizers say. */
function httpSources({ stack }: System, fn: StackFunction): Sources {
  const prefix = executePrefix(stack);
  const apis = stack
    .resources("aws_apigatewayv2_integration")
    .filter(({ body }) => textOf(body, "integration_uri")?.includes(fn.arn) === true)
    .flatMap(({ body }) => textOf(body, "api_id") ?? []);
  return { own: (source) => apis.some((id) => source.startsWith(`${prefix}${id}/`)), others: [] };
}

function executePrefix({ partition, region, accountId }: System["stack"]): string {
  return `arn:${partition}:execute-api:${region}:${accountId}:`;
}

function foreignSources({ stack }: System): string[] {
  const request = `another-api/${GATEWAY_STAGE}/${GATEWAY_METHOD}/grants/g-1/fields/work_email`;
  const prefix = executePrefix(stack);
  return [`${prefix}${request}`, `${prefix.replace(stack.accountId, strangeAccount(stack.accountId))}${request}`];
}

/** Sources that the wildcards of a permission let in and that are none of the function's own. */
function witnesses(statements: Parameters<typeof permissionSources>[0], own: (source: string) => boolean): string[] {
  return witnessesOf(permissionSources(statements)).texts.filter((source) => source.startsWith("arn:") && !own(source));
}

function permissionSources(statements: NonNullable<Parameters<typeof evaluate>[1]["resource"]>["Statement"]): string[] {
  return statements.flatMap(({ Condition: condition }) =>
    Object.values(condition ?? {}).flatMap((keys) =>
      Object.entries(keys).flatMap(([key, value]) => (key.toLowerCase() === "aws:sourcearn" ? [value].flat() : [])),
    ),
  );
}

/** A URL of its own passes by whatever stands before a function. */
function urls(system: System, guarded: Guarded, fn: StackFunction): Partial<Findings> {
  const { stack } = system;
  return {
    counterexamples: stack
      .resources("aws_lambda_function_url")
      .filter(({ body }) => functionArn(stack, body["function_name"]) === fn.arn)
      .map(({ address, body }): Counterexample => {
        const open = textOf(body, "authorization_type") === "NONE" ? ", which asks nobody who they are" : "";
        return {
          code: "AnotherDoor",
          invariants: guarded.invariants,
          message: `${guarded.what} has a URL of its own${open}, besides ${guarded.way}`,
          resources: [address],
        };
      }),
  };
}

function mappings(system: System, guarded: Guarded, fn: StackFunction): Partial<Findings> {
  const { stack } = system;
  const found = stack
    .resources("aws_lambda_event_source_mapping")
    .filter(({ body }) => functionArn(stack, body["function_name"]) === fn.arn)
    .filter(({ body }) => guarded.tag !== "intake" || textOf(body, "event_source_arn")?.includes(":sqs:") !== true);
  return {
    counterexamples: found.map(({ address, body }): Counterexample => ({
      code: "AnotherDoor",
      invariants: guarded.invariants,
      message: `${guarded.what} is started by ${textOf(body, "event_source_arn") ?? "an event source"}, not only by ${guarded.way}`,
      resources: [address],
    })),
  };
}

/** Types that start what they name. */
const TRIGGERS: ReadonlySet<string> = new Set([
  "aws_api_gateway_authorizer",
  "aws_api_gateway_integration",
  "aws_apigatewayv2_authorizer",
  "aws_apigatewayv2_integration",
  "aws_appsync_datasource",
  "aws_cloudwatch_event_target",
  "aws_cloudwatch_log_subscription_filter",
  "aws_cognito_user_pool",
  "aws_iot_topic_rule",
  "aws_kinesis_firehose_delivery_stream",
  "aws_lambda_invocation",
  "aws_lb_target_group_attachment",
  "aws_pipes_pipe",
  "aws_s3_bucket_notification",
  "aws_scheduler_schedule",
  "aws_secretsmanager_secret_rotation",
  "aws_ses_receipt_rule",
  "aws_sns_topic_subscription",
  "aws_vpclattice_target_group_attachment",
]);

/** Types that start a function that they may call by its name alone. */
const BY_NAME: ReadonlySet<string> = new Set(["aws_lambda_invocation"]);

/** Types that name a function without starting it, or whose say is judged elsewhere. */
const HARMLESS =
  /^aws_(?:cloudtrail|cloudwatch_(?:composite_alarm|dashboard|event_rule|log_\w+|metric_alarm|query_definition)|dynamodb_table_item|iam_\w+|kms_\w+|lambda_(?:alias|function|function_event_invoke_config|function_url|permission|provisioned_concurrency_config)|lambda_event_source_mapping|resourcegroups_group|s3_bucket_policy|sfn_state_machine|sns_topic_policy|sqs_queue_policy|vpc_endpoint\w*)$/;

/** Whatever else names the function: a trigger, or something of which nobody can say what it does. */
function mentions(system: System, guarded: Guarded, fn: StackFunction): Partial<Findings> {
  const named = system.stack.all.filter(
    ({ type, body }) =>
      !HARMLESS.test(type) && (isNamedIn(fn.arn, body) || (BY_NAME.has(type) && isNamedIn(fn.name, body))),
  );
  const others = named.filter((resource) => !isOwnWay(guarded, resource));
  return {
    counterexamples: others
      .filter(({ type }) => TRIGGERS.has(type))
      .map(({ address }): Counterexample => ({
        code: "AnotherDoor",
        invariants: guarded.invariants,
        message: `${guarded.what} can be started through \`${address}\`, not only by ${guarded.way}`,
        resources: [address],
      })),
    unread: [
      ...others
        .filter(({ type }) => !TRIGGERS.has(type))
        .map(({ address }): NotRead => ({
          code: "UnreadPart",
          invariants: guarded.invariants,
          message: `\`${address}\` names ${guarded.what}; whether it starts it, is not known here`,
          resources: [address],
        })),
      ...system.stack.data
        .filter(({ type, body }) => type === "aws_lambda_invocation" && isNamedIn(fn.name, body))
        .map(({ address }): NotRead => ({
          code: "UnreadPart",
          invariants: guarded.invariants,
          message: `\`${address}\` starts ${guarded.what} whenever Terraform runs`,
          resources: [address],
        })),
    ],
  };
}

function isNamedIn(arn: string, body: Resource["body"]): boolean {
  return textsIn(body).some(({ text }) => namesExactly(text, arn));
}

/** The integrations that are judged with their APIs. */
function isOwnWay({ tag }: Guarded, { type }: Resource): boolean {
  return (
    (tag === "gateway" && type === "aws_api_gateway_integration") ||
    (tag === "approvals" && type === "aws_apigatewayv2_integration")
  );
}

/** Only intake starts the workflow: nothing else may name it as its target. */
function workflowTriggers(system: System): Findings {
  const { workflow, stack } = system;
  if (workflow === undefined) return together([]);
  const found = stack.all.filter(({ type, body }) => TRIGGERS.has(type) && isNamedIn(workflow.arn, body));
  const evidence: Evidence[] =
    found.length > 0
      ? []
      : [{ invariant: 2, text: "nothing but intake starts the workflow", resources: [workflow.resource.address] }];
  return {
    counterexamples: found.map(({ address }) => ({
      code: "AnotherDoor",
      invariants: [2],
      message: `\`${address}\` can start the workflow, not only intake`,
      resources: [address],
    })),
    unread: [],
    evidence,
  };
}
