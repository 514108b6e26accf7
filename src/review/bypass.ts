import type { Statement } from "../iam";
import { nameOfStatement, type StackDocument, type StatementRef, type UnreadDocument } from "./documents";
import { together, type Counterexample, type Findings, type Invariant } from "./finding";
import type { CounterexampleCode } from "./codes";
import { invariantsOfDoor } from "./doors";
import { BY_DEFAULT, type TargetKind } from "./resource-policies";
import type { System } from "./system";

/** A document, and what it is for: that decides what must not stand in it. */
interface Place {
  readonly document: StackDocument | UnreadDocument;
  readonly role: "identity" | "boundary" | "trust" | "resource";
  readonly kind?: TargetKind;
  /** The account that a policy may name as a whole: the stack's own, in the policy of one of its two keys. */
  readonly ownAccount?: string;
  readonly invariants: readonly Invariant[];
  /** Whether its resources may hold the session's tags: those of the connector role are judged by the product. */
  readonly isConnector: boolean;
}

/**
 * Statements that bypass a layer by their form, whatever else still denies: an Allow of everything but something, a wildcard where a
 * name was, an Allow to everybody, a condition that also holds without its key.
 */
export function proveForm(system: System): Findings {
  return together(
    placesOf(system).map((place) => ({
      counterexamples: place.document.statements.flatMap(({ ref, statement }) => judge(place, ref, statement)),
    })),
  );
}

function placesOf(system: System): Place[] {
  const { principals, policies, connectorRole, keys, stack } = system;
  const own = principals.flatMap((principal): Place[] => {
    const isConnector = principal === connectorRole;
    const invariants: readonly Invariant[] = isConnector ? [2, 3] : [2];
    const place = (document: StackDocument | UnreadDocument, role: Place["role"]): Place => ({
      document,
      role,
      invariants,
      isConnector,
    });
    // A boundary of another role than the connector's may allow widely: it only ever takes away.
    const boundary = principal.boundary === undefined || !isConnector ? [] : [place(principal.boundary, "boundary")];
    const trust = principal.trust === undefined ? [] : [place(principal.trust, "trust")];
    const unread = principal.unread.map((document) =>
      place(document, document.attribute === "assume_role_policy" ? "trust" : "identity"),
    );
    return [...principal.identity.map((document) => place(document, "identity")), ...boundary, ...trust, ...unread];
  });
  const functions = new Map(system.functions.map(({ arn, principal }) => [arn, principal?.tag]));
  const resources = policies.flatMap(({ kind, target, documents, unread }) =>
    [...documents, ...unread].map((document): Place => ({
      document,
      role: "resource",
      kind,
      ...(target === keys.data || target === keys.digest ? { ownAccount: stack.accountId } : {}),
      invariants: kind === "api" ? [2, 3] : kind === "function" ? invariantsOfDoor(functions.get(target)) : [2],
      isConnector: kind === "api",
    })),
  );
  const seen = new Set<string>();
  return [...own, ...resources].filter(({ document: { resource, attribute }, role }) => {
    if (attribute === BY_DEFAULT) return false;
    const key = `${resource} ${attribute} ${role}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function judge(place: Place, ref: StatementRef, statement: Statement): Counterexample[] {
  if (statement.Effect !== "Allow") return [];
  const wrong = (code: CounterexampleCode, problem: string): Counterexample => ({
    code,
    invariants: place.invariants,
    message: `${nameOfStatement(ref)} of \`${ref.resource}\` ${problem}`,
    resources: [ref.resource],
    statements: [ref],
  });
  const found: Counterexample[] = [];
  if (statement.NotAction !== undefined) found.push(wrong("AllowWithNotAction", "allows every action but some"));
  if (statement.NotResource !== undefined)
    found.push(wrong("AllowWithNotResource", "allows on every resource but some"));
  if (statement.NotPrincipal !== undefined) found.push(wrong("AllowWithNotPrincipal", "allows everybody but some"));
  const wildAction = [statement.Action ?? []].flat().find((action) => /[*?]/.test(action));
  if (wildAction !== undefined) found.push(wrong("WildcardAction", `allows \`${wildAction}\``));
  if (place.role === "identity" || place.role === "boundary") {
    const wild = [statement.Resource ?? []].flat().find((resource) => !isNamed(resource, statement, place.isConnector));
    if (wild !== undefined)
      found.push(wrong("WildcardResource", `allows ${[statement.Action ?? []].flat().join(", ")} on \`${wild}\``));
  }
  if (place.role === "resource") found.push(...judgePrincipals(place, statement, wrong));
  const vacuous = vacuousKey(statement);
  if (vacuous !== undefined) {
    found.push(
      wrong("ConditionHoldsVacuously", `also holds for a request without \`${vacuous.key}\` (\`${vacuous.operator}\`)`),
    );
  }
  return found;
}

function judgePrincipals(
  { kind, ownAccount }: Place,
  { Principal: principal }: Statement,
  wrong: (code: CounterexampleCode, problem: string) => Counterexample,
): Counterexample[] {
  const named = principal === "*" ? ["*"] : [principal?.["AWS"] ?? []].flat(2);
  if (named.includes("*")) return [wrong("AllowToEveryone", "allows everybody")];
  const session = named.find((name) => /:sts::\d{12}:(?:assumed-role|federated-user)\//.test(name));
  if (session !== undefined) return [wrong("AllowToSession", `allows the session ${session}`)];
  const accounts = named.filter((name) => /^\d{12}$/.test(name) || name.endsWith(":root"));
  const foreign = ownAccount === undefined ? undefined : accounts.find((name) => !name.includes(ownAccount));
  if (foreign !== undefined) return [wrong("AllowToAccount", `allows the account ${foreign}`)];
  const [account] = accounts;
  // A key's policy must name the account for anybody to use the key; buckets and topics hold nothing of HR's.
  if (account !== undefined && !(kind === "key" || kind === "bucket" || kind === "topic")) {
    return [wrong("AllowToAccount", `allows the account ${account}`)];
  }
  return [];
}

/** Actions that AWS knows no narrower resource for. @see https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html (read 2026-11-23) */
const NO_RESOURCE_TYPE: ReadonlySet<string> = new Set(
  [
    "dynamodb:ListTables",
    "kms:GenerateRandom",
    "kms:ListAliases",
    "kms:ListKeys",
    "lambda:CreateEventSourceMapping",
    "lambda:GetAccountSettings",
    "lambda:ListEventSourceMappings",
    "lambda:ListFunctions",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeDeliveries",
    "logs:DescribeLogGroups",
    "logs:DescribeQueries",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "s3:ListAllMyBuckets",
    "secretsmanager:GetRandomPassword",
    "secretsmanager:ListSecrets",
    "sns:ListTopics",
    "sqs:ListQueues",
    "states:ListStateMachines",
    "states:SendTaskFailure",
    "states:SendTaskHeartbeat",
    "states:SendTaskSuccess",
    "sts:GetCallerIdentity",
  ].map((action) => action.toLowerCase()),
);

/** Services whose resources hold, carry or guard a change. What is allowed of others widely, is no power of the trust model. */
const NAMED_SERVICES: ReadonlySet<string> = new Set([
  "apigateway",
  "dynamodb",
  "events",
  "execute-api",
  "iam",
  "kms",
  "lambda",
  "logs",
  "s3",
  "scheduler",
  "secretsmanager",
  "sns",
  "sqs",
  "states",
  "sts",
]);

/** After a whole name, what a service lets follow it: streams of a log group, objects of a bucket, versions of a function. */
const WHOLE_NAME: Readonly<Partial<Record<string, RegExp>>> = {
  dynamodb: /^table\/[^/*?]+\//,
  lambda: /^function:[^:*?]+:/,
  logs: /^log-group:[^:*?]+:/,
  s3: /^[^/*?]+\//,
  secretsmanager: /^secret:[^*?]+-\?{6}$/,
  states: /^(?:execution|express|mapRun):[^:*?]+[:/]/,
};

/** Whether a resource of an Allow says which one. */
function isNamed(resource: string, { Action: actions }: Statement, isConnector: boolean): boolean {
  const open = resource.replace(/\$\{[^*?$}][^}]*\}/g, "*");
  if (!/[*?]/.test(open)) return true;
  const concerned = [actions ?? []]
    .flat()
    .map((action) => action.toLowerCase())
    .filter((action) => NAMED_SERVICES.has(action.split(":")[0] ?? "") && !NO_RESOURCE_TYPE.has(action));
  if (concerned.length === 0) return true;
  if (
    isConnector &&
    resource.includes(":execute-api:") &&
    concerned.every((action) => action.startsWith("execute-api:"))
  ) {
    // Whether the path is narrow enough, the product of requests says.
    return !/[*?]/.test(open.split("/")[0] ?? "");
  }
  const [arn, partition = "", service = "", region = "", account = "", ...rest] = open.split(":");
  if (arn !== "arn" || /[*?]/.test(`${partition}${service}${region}${account}`)) return false;
  return WHOLE_NAME[service]?.test(rest.join(":")) === true;
}

/** Keys that no request lacks. */
const ALWAYS_PRESENT: ReadonlySet<string> = new Set([
  "aws:currenttime",
  "aws:epochtime",
  "aws:securetransport",
  "aws:principalarn",
  "aws:principalaccount",
]);

const NEGATED = /^(?:String|Arn|Numeric|Date)Not|^NotIpAddress/;

/** A test of an Allow that also holds where the request has no value for its key, without another test that demands one. */
function vacuousKey({
  Condition: condition,
}: Statement): { readonly operator: string; readonly key: string } | undefined {
  const tests = Object.entries(condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, value]) => ({
      operator,
      key,
      name: key.toLowerCase(),
      values: [value].flat().map(String),
    })),
  );
  const demands = new Set(
    tests
      .filter(({ operator, values }) => (operator === "Null" ? values[0] === "false" : !holdsWithout(operator)))
      .map(({ name }) => name),
  );
  return tests.find(
    ({ operator, name }) =>
      operator !== "Null" && holdsWithout(operator) && !demands.has(name) && !ALWAYS_PRESENT.has(name),
  );
}

function holdsWithout(operator: string): boolean {
  if (operator.startsWith("ForAnyValue:")) return false;
  return operator.startsWith("ForAllValues:") || operator.endsWith("IfExists") || NEGATED.test(operator);
}
