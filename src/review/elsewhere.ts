import { blockOf, blocksOf, namesExactly, textOf, textsIn, textsOf } from "./body";
import { together, type Counterexample, type Findings, type Invariant } from "./finding";
import { arnOf, attributeOf } from "./identity";
import { eventQueues, redriveTarget } from "./queues";
import { functionArn } from "./resource-policies";
import type { Resource } from "./stack";
import { functionsTagged, queuesDeclared, type StackFunction, type System } from "./system";

/** Where HR's values are: in the ledger and its stream, and before intake on the bus and in its queues. */
interface Home {
  readonly what: string;
  /** ARNs and names of it. */
  readonly called: readonly string[];
}

/** Types that copy what they name as their source, or that let it be read by a way of its own. */
const COPIERS: ReadonlySet<string> = new Set([
  "aws_appsync_datasource",
  "aws_backup_selection",
  "aws_cloudwatch_event_archive",
  "aws_dynamodb_global_table",
  "aws_dynamodb_kinesis_streaming_destination",
  "aws_dynamodb_table_export",
  "aws_dynamodb_table_replica",
  "aws_glue_crawler",
  "aws_kms_replica_external_key",
  "aws_kms_replica_key",
  "aws_pipes_pipe",
  "aws_schemas_discoverer",
]);

/** Types that name where values are without taking them anywhere, or whose say is judged elsewhere. */
const NAMES_ONLY =
  /^(?:aws_(?:api_gateway|apigatewayv2|appautoscaling|athena|cloudtrail|cloudwatch|dynamodb|glue_catalog|iam|kms|lambda|resourcegroups|s3_bucket|scheduler|secretsmanager|securityhub|sfn|sns|sqs|ssm_parameter|vpc_endpoint)|terraform_data$)/;

/**
 * What takes HR's values out of where they belong, to where nothing here says who reads them: replicas, exports, archives, a second reader of
 * a stream or a queue, dead letters of somebody else's.
 */
export function proveElsewhere(system: System): Findings {
  const homes = homesOf(system);
  return together([
    ...system.stack.all.filter(({ type }) => COPIERS.has(type)).map((resource) => copied(resource, homes)),
    ...system.stack.all
      .filter(({ type }) => !COPIERS.has(type) && !NAMES_ONLY.test(type))
      .map((resource) => perhapsCopied(resource, homes)),
    ...system.stack.resources("aws_dynamodb_table").map((table) => replicated(system, table)),
    ...system.stack.resources("aws_lambda_event_source_mapping").map((mapping) => readBy(system, mapping)),
    ...eventQueues(system).map(({ resource }) => lettersOf(system, resource)),
    ...system.functions.map((fn) => resultsOf(system, fn)),
  ]);
}

function homesOf(system: System): Home[] {
  const { stack, tables, bus, keys } = system;
  const ledger = stack.resources("aws_dynamodb_table").find((each) => arnOf(stack, each) === tables.ledger);
  const named = (arn: string | undefined): string[] => (arn === undefined ? [] : [arn, arn.replace(/^.*[:/]/, "")]);
  return [
    {
      what: "the ledger",
      called: [
        ...named(tables.ledger),
        ...(ledger === undefined ? [] : [attributeOf(stack, ledger, "stream_arn"), attributeOf(stack, ledger, "id")]),
      ],
    },
    { what: "the lifecycle bus", called: named(bus) },
    ...eventQueues(system).map(({ arn }) => ({ what: `the queue \`${arn.replace(/^.*:/, "")}\``, called: [arn] })),
    { what: "the data key", called: named(keys.data) },
    { what: "the digest key", called: named(keys.digest) },
  ];
}

function wrong(message: string, address: string, invariants: readonly Invariant[] = [2, 7]): Partial<Findings> {
  const found: Counterexample = { code: "ValuesElsewhere", invariants, message, resources: [address] };
  return { counterexamples: [found] };
}

/** A text with stars, as backups choose what they copy. */
function asExpression(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*")}$`);
}

function copied({ type, address, body }: Resource, homes: readonly Home[]): Partial<Findings> {
  const texts = new Set(textsIn(body).map(({ text }) => text));
  const patterns = type === "aws_backup_selection" ? textsOf(body["resources"]).map(asExpression) : [];
  const home = homes.find(({ called }) =>
    called.some((name) => texts.has(name) || patterns.some((pattern) => pattern.test(name))),
  );
  return home === undefined
    ? {}
    : wrong(`\`${address}\` takes ${home.what} to where nothing here says who may read it`, address);
}

/** Something of which nobody here knows what it does with the home that it names. */
function perhapsCopied({ address, body }: Resource, homes: readonly Home[]): Partial<Findings> {
  const texts = textsIn(body).map(({ text }) => text);
  const home = homes.find(({ called }) => called.some((name) => texts.some((text) => namesExactly(text, name))));
  if (home === undefined) return {};
  const message = `\`${address}\` names ${home.what}; whether it takes values from there, is not known here`;
  return { unread: [{ code: "UnreadPart", invariants: [2, 7], message, resources: [address] }] };
}

/** A table with replicas is read, and written, in other Regions too, where nothing of this stack holds anybody back. */
function replicated(system: System, table: Resource): Partial<Findings> {
  const { address, body } = table;
  if (!Object.values(system.tables).includes(arnOf(system.stack, table))) return {};
  const regions = blocksOf(body, "replica").map((replica) => textOf(replica, "region_name") ?? "another Region");
  const ttl = blockOf(body, "ttl");
  const expires = arnOf(system.stack, table) === system.tables.ledger && ttl !== undefined && ttl["enabled"] !== false;
  return together([
    regions.length === 0
      ? {}
      : wrong(
          `\`${address}\` is replicated to ${regions.join(", ")}, where nothing here says who may use it`,
          address,
          [2, 5, 7],
        ),
    expires
      ? {
          counterexamples: [
            {
              code: "RecordsExpire",
              invariants: [5],
              message: `records of the ledger (\`${address}\`) are deleted after a time, by \`${textOf(ttl, "attribute_name") ?? "ttl"}\``,
              resources: [address],
            },
          ],
        }
      : {},
  ]);
}

/** Who reads the ledger's stream and intake's queue besides those for whom they are. */
function readBy(system: System, { address, body }: Resource): Partial<Findings> {
  const { stack, tables } = system;
  const source = textOf(body, "event_source_arn");
  const reader = functionArn(stack, body["function_name"]);
  const runs = (tag: string): boolean => functionsTagged(system, tag).some(({ arn }) => arn === reader);
  const ledger = stack.resources("aws_dynamodb_table").find((each) => arnOf(stack, each) === tables.ledger);
  const streams = ledger === undefined ? [] : [attributeOf(stack, ledger, "stream_arn")];
  const isStream =
    streams.some((stream) => stream === source) || source?.startsWith(`${tables.ledger}/stream/`) === true;
  if (isStream && !runs("evidence"))
    return wrong(`\`${address}\` hands the ledger's stream, values included, to another function`, address);
  if (source !== undefined && eventQueues(system).some(({ arn }) => arn === source) && !runs("intake"))
    return wrong(`\`${address}\` takes events, values included, from a queue that is intake's alone`, address);
  return isStream || !runs("intake") ? {} : lettersOf(system, { address, body });
}

/** Where events go that could not be handled: to a queue of the stack, which is judged with the others. */
function lettersOf(system: System, { address, body }: Pick<Resource, "address" | "body">): Partial<Findings> {
  const failed = blockOf(blockOf(body, "destination_config") ?? {}, "on_failure");
  const to = [redriveTarget({ body }), textOf(failed ?? {}, "destination_arn")];
  return strange(system, address, to, "events that could not be handled");
}

/** What a function is invoked with, or answers, sent to somebody else. */
function resultsOf(system: System, { principal, arn, resource }: StackFunction): Partial<Findings> {
  if (principal?.tag === undefined) return {};
  const letters = textOf(blockOf(resource.body, "dead_letter_config") ?? {}, "target_arn");
  const configs = system.stack
    .resources("aws_lambda_function_event_invoke_config")
    .filter(({ body }) => functionArn(system.stack, body["function_name"]) === arn);
  return together([
    strange(system, resource.address, [letters], `what ${principal.tag} is invoked with`),
    ...configs.map(({ address, body }) => {
      const config = blockOf(body, "destination_config") ?? {};
      const to = ["on_success", "on_failure"].map((when) => textOf(blockOf(config, when) ?? {}, "destination"));
      return strange(system, address, to, `what ${principal.tag} is invoked with and answers`);
    }),
  ]);
}

function strange(
  { stack }: System,
  address: string,
  to: readonly (string | undefined)[],
  what: string,
): Partial<Findings> {
  const own = new Set(queuesDeclared(stack).map(({ arn }) => arn));
  const other = to.find((arn) => arn !== undefined && !own.has(arn));
  return other === undefined
    ? {}
    : wrong(`\`${address}\` sends ${what} to ${other}, which is not of this stack`, address);
}
