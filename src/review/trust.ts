import { FIELD_TAG, GRANT_TAG } from "../core";
import {
  evaluate,
  evaluateAssumeRole,
  IamRequestError,
  witnessesOf,
  type AssumeRoleRequest,
  type PolicyDocument,
  type Statement,
} from "../iam";
import { ALLOW_ALL } from "./asking";
import { textsIn, unreadIn } from "./body";
import { isUnread, type StackDocument } from "./documents";
import { together, type Counterexample, type Evidence, type Findings, type Invariant, type NotRead } from "./finding";
import { unboundServices } from "./guards";
import { strangeAccount, type Holdings } from "./holdings";
import type { Principal } from "./principals";
import type { Resource } from "./stack";
import { rolesTagged, sorted, type System } from "./system";

/** Who may be which role: trust policies, and what runs as what. */
export function proveTrust(system: System, holdings: Holdings): Findings {
  const roles = system.principals.filter(({ kind, isDeclared }) => kind === "role" && isDeclared);
  return together([
    ...roles.map((role) => trusted(system, role, holdings)),
    ...uniquePrincipals(system),
    ...roles.flatMap((role) => usesOf(system, role)),
    connectorTrust(system),
  ]);
}

/** What runs as a role: the service that must be able to assume it. */
const RUNS: Readonly<Partial<Record<string, string>>> = {
  aws_api_gateway_account: "apigateway.amazonaws.com",
  aws_api_gateway_authorizer: "apigateway.amazonaws.com",
  aws_api_gateway_integration: "apigateway.amazonaws.com",
  aws_apigatewayv2_authorizer: "apigateway.amazonaws.com",
  aws_apigatewayv2_integration: "apigateway.amazonaws.com",
  aws_cloudtrail: "cloudtrail.amazonaws.com",
  aws_cloudwatch_event_target: "events.amazonaws.com",
  aws_cloudwatch_log_subscription_filter: "logs.amazonaws.com",
  aws_flow_log: "vpc-flow-logs.amazonaws.com",
  aws_kinesis_firehose_delivery_stream: "firehose.amazonaws.com",
  aws_lambda_function: "lambda.amazonaws.com",
  aws_pipes_pipe: "pipes.amazonaws.com",
  aws_s3_bucket_replication_configuration: "s3.amazonaws.com",
  aws_scheduler_schedule: "scheduler.amazonaws.com",
  aws_sfn_state_machine: "states.amazonaws.com",
  aws_sns_topic: "sns.amazonaws.com",
};

/** Services that say for which resource they assume a role, so that a trust can hold them to it. Lambda does not. */
const TELLING: ReadonlySet<string> = new Set([
  "events.amazonaws.com",
  "pipes.amazonaws.com",
  "scheduler.amazonaws.com",
  "states.amazonaws.com",
]);

/** Whom a role's trust lets in, besides the service that runs it. A role that can do nothing of the trust model may trust anybody. */
function trusted(system: System, role: Principal, holdings: Holdings): Partial<Findings> {
  const trust = role.trust ?? role.unread.find(({ attribute }) => attribute === "assume_role_policy");
  if (trust === undefined) return {};
  const powers = holdings.held
    .filter(({ holder, side }) => side === "identity" && holder === role.label)
    .map(({ power }) => power);
  const isConnector = role === system.connectorRole;
  if (powers.length === 0 && !isConnector && role.tag === undefined) return {};
  const uses = runsAs(system, role);
  // What runs as it and is not known here, may be any service.
  const isAnyService = hasUnreadUses(system, role) || uses.some(({ type }) => RUNS[type] === undefined);
  const services = new Set(uses.map(({ type }) => RUNS[type]));
  const brokers = isConnector ? rolesTagged(system, "broker").map(({ arn }) => arn) : [];
  const can = isConnector
    ? "act as a connector's session"
    : powers.length === 0
      ? "act as it"
      : powers
          .map(({ title }) => title)
          .slice(0, 3)
          .join(", ");
  const invariants = sortedInvariants([2, ...powers.flatMap((power) => power.invariants)]);
  const counterexamples = trust.statements.flatMap(({ ref, statement }) => {
    if (statement.Effect !== "Allow") return [];
    const strangers = principalsOf(statement).filter(({ kind, name }) =>
      kind === "Service" ? isConnector || !(isAnyService || services.has(name)) : !brokers.includes(name),
    );
    return strangers.map(({ kind, name }): Counterexample => ({
      code: "TrustsAnother",
      invariants: isConnector ? [2] : invariants,
      message: `the role of ${role.label} can be assumed by ${describe(kind, name)}, who could then ${can}`,
      resources: [role.address],
      statements: [ref],
    }));
  });
  if (isUnread(trust)) return { counterexamples };
  return together([
    { counterexamples },
    unboundServices(system, trust, {
      resource: role.arn,
      what: `assume the role of ${role.label}`,
      invariants: [2],
      services: TELLING,
    }),
    boundToMachine(system, role, trust, uses, holdings),
  ]);
}

function describe(kind: string, name: string): string {
  if (kind === "Service") return `${name}, which runs nothing here as it`;
  if (name === "*") return "anybody";
  return name.endsWith(":root") || /^\d{12}$/.test(name) ? `whoever the account ${name} lets` : name;
}

function principalsOf({ Principal: principal }: Statement): { readonly kind: string; readonly name: string }[] {
  if (principal === "*") return [{ kind: "AWS", name: "*" }];
  return Object.entries(principal ?? {}).flatMap(([kind, names]) =>
    [names].flat().map((name) => ({ kind, name: name })),
  );
}

function sortedInvariants(invariants: readonly Invariant[]): Invariant[] {
  return [...new Set(invariants)].sort((a, b) => a - b);
}

/** Another state machine of the account that runs as the workflow would skip its approvals. */
function boundToMachine(
  system: System,
  role: Principal,
  trust: StackDocument,
  uses: readonly Resource[],
  holdings: Holdings,
): Partial<Findings> {
  const invokes = holdings.held.some(({ holder, power }) => holder === role.label && power.id === "invoke-broker");
  if (!invokes || !uses.some(({ type }) => type === "aws_sfn_state_machine")) return {};
  const { stack } = system;
  const other = `arn:${stack.partition}:states:${stack.region}:${stack.accountId}:stateMachine:another-machine`;
  const context = { "aws:SourceArn": other, "aws:SourceAccount": stack.accountId };
  const request = { principalService: "states.amazonaws.com", action: "sts:AssumeRole", resource: role.arn, context };
  const { decision, statements } = evaluate(request, { identity: [], resource: trust.document, resourceKind: "trust" });
  if (decision === "deny") return {};
  return {
    counterexamples: [
      {
        code: "ServiceUnbound",
        invariants: [1, 2],
        message: `another state machine can run as ${role.label}, and so invoke the broker without any approval`,
        resources: [role.address],
        statements: system.reader.refsOf(statements.map(({ sid }) => sid)),
        request: { principal: "states.amazonaws.com", action: "sts:AssumeRole", resource: role.arn, context },
      },
    ],
  };
}

/** Principals that are one function each: a second one would share their powers. */
const SINGLE_FUNCTIONS = [
  "gateway",
  "broker",
  "approvals",
  "inspect",
  "request-approval",
  "intake",
  "decide",
  "connector-execution",
] as const;

/** Tags that stand for one role: who has the powers of the trust model must not depend on which of two is meant. */
function uniquePrincipals(system: System): Partial<Findings>[] {
  return [...SINGLE_FUNCTIONS, "connector", "workflow"].map((tag) => {
    const roles = rolesTagged(system, tag);
    if (roles.length < 2) return {};
    const counterexample: Counterexample = {
      code: "PrincipalNotUnique",
      invariants: [2],
      message: `${roles.length} roles are tagged as \`${tag}\``,
      resources: roles.map(({ address }) => address).sort(),
    };
    return { counterexamples: [counterexample] };
  });
}

/** Resources that run as a role, by an argument that names its ARN. What the environment of a function says, runs nothing. */
export function runsAs({ stack }: System, role: Principal): Resource[] {
  return stack.all.filter(
    ({ type, body }) =>
      !/^aws_(?:iam_(?!instance_profile)|kms_|dynamodb_table_item|s3_bucket_policy|sqs_queue_policy|sns_topic_policy|secretsmanager_secret_policy|cloudwatch_event_(?:rule|bus_policy))/.test(
        type,
      ) &&
      textsIn(body).some(
        ({ at, text }) => (text === role.arn || (text === role.name && at === "role")) && !at.startsWith("environment"),
      ),
  );
}

/** Whether something may run as a role, and nobody can tell: the role it names is not known. */
function hasUnreadUses({ stack }: System, role: Principal): boolean {
  if (stack.unread.some(({ address }) => address === role.address)) return true;
  return stack.all.some(
    ({ type, body }) => RUNS[type] !== undefined && unreadIn(body, "").some(({ at }) => /role|credentials/.test(at)),
  );
}

/** What runs as a principal besides the one thing that is it. */
function usesOf(system: System, role: Principal): Partial<Findings>[] {
  const { tag } = role;
  if (tag === undefined || ![...SINGLE_FUNCTIONS, "connector", "workflow"].some((each) => each === tag)) return [];
  const uses = runsAs(system, role);
  const isItself = (use: Resource): boolean =>
    tag === "workflow"
      ? use.type === "aws_sfn_state_machine"
      : tag !== "connector" && use.type === "aws_lambda_function";
  const those = uses.filter(isItself);
  const others = uses.filter((use) => !isItself(use));
  // Of two functions nobody can say which one is meant.
  const wrong = those.length > 1 ? uses : others;
  if (wrong.length > 0) {
    const names = wrong.map(({ address }) => `\`${address}\``).join(" and ");
    const counterexample: Counterexample = {
      code: "RunsAsAnother",
      invariants: [2],
      message: `${names} ${wrong.length === 1 ? "runs" : "run"} as ${tag}, with all its powers; it is for one alone`,
      resources: [...wrong.map(({ address }) => address), role.address],
    };
    return [{ counterexamples: [counterexample] }];
  }
  if (those.length === 0 && tag !== "connector") {
    const message = `nothing runs as the role of ${tag}`;
    const unread: NotRead = { code: "PartMissing", invariants: [2], message, resources: [role.address] };
    return [{ unread: [unread] }];
  }
  return [];
}

const GRANT = "g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8C";
const FIELD = "some_field";

type Action = "sts:AssumeRole" | "sts:SetSourceIdentity" | "sts:TagSession";

interface Attempt {
  readonly what: string;
  readonly change: Partial<AssumeRoleRequest>;
  /** The actions of STS that must each refuse it: no other statement may be what holds. */
  readonly refusedBy: readonly Action[];
}

const TAGGED: readonly Action[] = ["sts:AssumeRole", "sts:TagSession"];
const NAMED: readonly Action[] = ["sts:AssumeRole", "sts:SetSourceIdentity"];

/** What the trust of the connector role must refuse, also to the broker. */
function attempts(trust: PolicyDocument): Attempt[] {
  const tags = { [GRANT_TAG]: GRANT, [FIELD_TAG]: FIELD };
  const strange = (key: string): string[] => strangeValues(trust, key);
  const names = sorted(["somebody", ...strange("sts:RoleSessionName")]).filter((name) => name.length > 1);
  const sources = sorted(["somebody", ...strange("sts:SourceIdentity")]).filter((name) => name.length > 1);
  const grants = sorted(["anything", "", ...strange(`aws:RequestTag/${GRANT_TAG}`)]);
  return [
    { what: "without any tag", change: { tags: {} }, refusedBy: ["sts:AssumeRole"] },
    { what: `without the tag \`${GRANT_TAG}\``, change: { tags: { [FIELD_TAG]: FIELD } }, refusedBy: TAGGED },
    { what: `without the tag \`${FIELD_TAG}\``, change: { tags: { [GRANT_TAG]: GRANT } }, refusedBy: TAGGED },
    { what: `with an empty tag \`${FIELD_TAG}\``, change: { tags: { ...tags, [FIELD_TAG]: "" } }, refusedBy: TAGGED },
    ...grants.map((value) => ({
      what: `with \`${value}\` as the tag \`${GRANT_TAG}\``,
      change: { tags: { ...tags, [GRANT_TAG]: value } },
      refusedBy: TAGGED,
    })),
    { what: "with a further tag", change: { tags: { ...tags, department: "any" } }, refusedBy: TAGGED },
    { what: "with a transitive tag", change: { tags, transitiveTagKeys: [GRANT_TAG] }, refusedBy: TAGGED },
    { what: "without a source identity", change: { tags, sourceIdentity: undefined }, refusedBy: ["sts:AssumeRole"] },
    ...sources.map((sourceIdentity) => ({
      what: `with the source identity \`${sourceIdentity}\``,
      change: { tags, sourceIdentity },
      refusedBy: NAMED,
    })),
    ...names.map((sessionName) => ({
      what: `with the session name \`${sessionName}\``,
      change: { tags, sessionName },
      refusedBy: ["sts:AssumeRole"] as const,
    })),
  ];
}

/** Values that the trust's patterns for a key let in and that are no grant's. */
function strangeValues(trust: PolicyDocument, key: string): string[] {
  const patterns = trust.Statement.flatMap(({ Condition: condition }) =>
    Object.entries(condition ?? {}).flatMap(([operator, keys]) =>
      Object.entries(keys).flatMap(([name, value]) =>
        name.toLowerCase() === key.toLowerCase() && operator !== "Null"
          ? [value].flat().map((text) => (operator.includes("Like") ? text : text.replace(/[*?$]/g, "${$&}")))
          : [],
      ),
    ),
  ).filter((text) => !/\$\{[^*?$}]/.test(text));
  return witnessesOf(patterns).texts.filter((text) => !text.startsWith("g-"));
}

/** The trust of the connector role: the broker gets in with both tags, session name and source identity, and with nothing less or more. */
function connectorTrust(system: System): Partial<Findings> {
  const { connectorRole, stack } = system;
  const [broker] = rolesTagged(system, "broker");
  const trust = connectorRole?.trust;
  if (connectorRole === undefined || trust === undefined || broker === undefined) return {};
  const isBrokerRead = broker.unread.length === 0;
  const good: AssumeRoleRequest = {
    caller: { roleArn: broker.arn },
    roleArn: connectorRole.arn,
    sessionName: GRANT,
    sourceIdentity: GRANT,
    tags: { [GRANT_TAG]: GRANT, [FIELD_TAG]: FIELD },
  };
  const ask = (change: Partial<AssumeRoleRequest>, identity: readonly PolicyDocument[]) => {
    try {
      return evaluateAssumeRole({ ...good, ...change }, { identity, trust: trust.document });
    } catch (error) {
      if (error instanceof IamRequestError) return undefined;
      throw error;
    }
  };
  const counterexample = (
    code: Counterexample["code"],
    message: string,
    statements: readonly (string | undefined)[] = [],
  ): Counterexample => ({
    code,
    invariants: [2, 3],
    message,
    resources: [connectorRole.address],
    statements: system.reader.refsOf(statements),
  });
  const found: Counterexample[] = [];
  const unread: NotRead[] = [];
  for (const { what, change, refusedBy } of attempts(trust.document)) {
    const answer = ask(change, [ALLOW_ALL]);
    if (answer === undefined) {
      const message = "a condition of the connector role's trust compares a list with a single value";
      unread.push({ code: "UnreadDocument", invariants: [2, 3], message, resources: [connectorRole.address] });
      break;
    }
    const open = answer.steps.find(
      ({ action, trust: says }) => refusedBy.includes(action) && says.decision === "allow",
    );
    if (open === undefined) continue;
    const marks = open.trust.statements.map(({ sid }) => sid);
    found.push(counterexample("TrustTooWide", `the trust of the connector role accepts ${open.action} ${what}`, marks));
  }
  const strangers = [`arn:${stack.partition}:iam::${strangeAccount(stack.accountId)}:role/${broker.name}`];
  for (const roleArn of strangers) {
    if (ask({ caller: { roleArn } }, [ALLOW_ALL])?.trust === "allow") {
      found.push(counterexample("TrustTooWide", `the trust of the connector role accepts ${roleArn}`));
    }
  }
  const own = ask(
    {},
    broker.identity.map(({ document }) => document),
  );
  if (
    isBrokerRead &&
    own !== undefined &&
    (own.decision === "deny" || own.trust === "deny" || own.identity === "deny")
  ) {
    found.push({
      ...counterexample("BrokerNotTrusted", `the broker cannot assume the connector role: ${plainBy(own.by)}`),
      invariants: [3],
    });
  }
  const evidence: Evidence = {
    invariant: 2,
    text: "the trust of the connector role names the broker's role alone, and accepts only a session with both tags, a session name and a source identity of one grant",
    resources: [connectorRole.address],
  };
  return { counterexamples: found, unread, evidence: found.length === 0 && unread.length === 0 ? [evidence] : [] };
}

/** Without the marks that stand in the place of Sids. */
export function plainBy(by: string): string {
  return by.replace(/ \(s\d+\)/g, "");
}
