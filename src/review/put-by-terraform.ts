import { CONTROL } from "../core";
import { textOf } from "./body";
import { together, type Findings, type Invariant } from "./finding";
import { arnOf, idOf } from "./identity";
import { record, type Resource } from "./stack";
import type { System } from "./system";

/**
 * What Terraform itself does where handlers alone should act: records that nobody decided about, a switch set by a deploy, a rotation of the HRIS's
 * credentials by a function that nobody here sees, parts of the system in an account of somebody else's.
 */
export function provePutByTerraform(system: System): Findings {
  return together([
    ...system.stack.resources("aws_dynamodb_table_item").map((item) => recorded(system, item)),
    ...system.stack.resources("aws_secretsmanager_secret_rotation").map((rotation) => rotated(system, rotation)),
    ...system.stack.all.map((resource) => placedElsewhere(system, resource)),
  ]);
}

/** The two items that people change at run time: a deploy puts each once, and then leaves it alone. */
const BORN: ReadonlySet<string> = new Set([CONTROL.switch, CONTROL.breaker]);

function recorded({ stack, tables }: System, { address, body, raw }: Resource): Partial<Findings> {
  const table = stack.resources("aws_dynamodb_table").find((each) => idOf(stack, each) === body["table_name"]);
  const arn = table === undefined ? undefined : arnOf(stack, table);
  if (arn === undefined || arn === tables.classification) return {};
  const wrong = (problem: string, invariants: readonly Invariant[]): Partial<Findings> => ({
    counterexamples: [
      { code: "RecordByTerraform", invariants, message: `\`${address}\` ${problem}`, resources: [address] },
    ],
  });
  if (arn === tables.ledger) return wrong("puts a record into the ledger, which nobody decided about", [1, 2, 4, 5]);
  if (arn !== tables.control) return {};
  const item = raw?.["item"] ?? body["item"];
  // A plan does not show what it leaves alone, nor always what it will put.
  if (typeof item !== "string") return {};
  const key = keyOf(item);
  if (key === undefined || !BORN.has(key))
    return wrong(
      `puts ${key === undefined ? "an item" : `\`${key}\``} into the control table, which handlers alone keep`,
      [2, 5, 6],
    );
  return raw === undefined || textOf(body, "item") === undefined
    ? {}
    : wrong(`sets \`${key}\` at every deploy, whatever people have set it to meanwhile`, [6]);
}

/** Partition of an item as it is written; `undefined` where that cannot be read. */
function keyOf(item: string): string | undefined {
  const match = /"pk"\s*:\s*\{\s*"S"\s*:\s*"([^"$]*)"\s*\}/.exec(item);
  return match?.[1];
}

/** A function that rotates a secret reads it. One of the stack is judged by its powers; of any other nobody here knows what it does. */
function rotated({ secrets }: System, { address, body }: Resource): Partial<Findings> {
  const secret = textOf(body, "secret_id");
  const isOurs = [...secrets.writer, ...secrets.reader].some((arn) => arn === secret);
  if (!isOurs) return {};
  const by = textOf(body, "rotation_lambda_arn") ?? "somebody";
  const message = `\`${address}\` has ${by} rotate a credential of the HRIS, which that one then reads; what it does, is not known here`;
  return { unread: [{ code: "UnreadPart", invariants: [2], message, resources: [address] }] };
}

/** What must be where its policies and its callers are. An archive of log files may be in an account of its own. */
const AT_HOME =
  /^aws_(?:api_gateway_|apigatewayv2_|cloudwatch_event_(?:bus|rule|target)|dynamodb_|iam_|lambda_|sfn_|sqs_)/;

/** Arguments of a provider that lead to another account. */
const LEADS_AWAY = ["access_key", "assume_role", "assume_role_with_web_identity", "profile"] as const;

function placedElsewhere({ stack }: System, { type, address, raw }: Resource): Partial<Findings> {
  const provider = raw?.["provider"];
  const alias = typeof provider === "string" ? /^\$?\{?aws\.([\w-]+)\}?$/.exec(provider)?.[1] : undefined;
  if (alias === undefined || !AT_HOME.test(type)) return {};
  const providers = [record(stack.rest["provider"])["aws"]].flat().map(record);
  const [own] = providers.filter((provider) => provider["alias"] === undefined);
  const told = providers.find((provider) => provider["alias"] === alias) ?? {};
  const isAway =
    LEADS_AWAY.some((name) => JSON.stringify(told[name]) !== JSON.stringify(own?.[name])) ||
    (told["allowed_account_ids"] !== undefined &&
      JSON.stringify(told["allowed_account_ids"]) !== JSON.stringify([stack.accountId]));
  if (!isAway) return {};
  const message = `\`${address}\` is made with the provider \`aws.${alias}\`, which leads to another account or acts as somebody else there`;
  return { unread: [{ code: "UnreadPart", invariants: [1, 2, 3, 4, 5, 6, 7], message, resources: [address] }] };
}
