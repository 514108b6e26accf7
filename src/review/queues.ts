import { findAllowed, type Ask } from "./asking";
import { blockOf, textOf } from "./body";
import { together, type Counterexample, type Evidence, type Findings } from "./finding";
import { findOpen, isHomeless, resourcesOf } from "./guards";
import { strangeAccount } from "./holdings";
import { arnOf, attributeOf } from "./identity";
import type { ResourcePolicy } from "./resource-policies";
import { Unreadable, type Resource, type Stack } from "./stack";
import { principalsCompared, strangersTo } from "./strangers";
import { policyOf, queuesDeclared, sorted, type System } from "./system";

/** A queue that holds events, with the values in them. */
export interface EventQueue {
  readonly resource: Resource;
  readonly arn: string;
}

/** The queues that hold events: those that intake reads, and wherever goes what the lifecycle bus could not deliver. */
export function eventQueues(system: System): EventQueue[] {
  const { stack, intakeQueues, bus } = system;
  const declared = queuesDeclared(stack);
  const busResource = stack.resources("aws_cloudwatch_event_bus").find((each) => arnOf(stack, each) === bus);
  const deadLetterOf = (resource: Resource | undefined): string | undefined =>
    resource === undefined ? undefined : textOf(blockOf(resource.body, "dead_letter_config") ?? {}, "arn");
  const deadLetters = [
    deadLetterOf(busResource),
    ...stack
      .resources("aws_cloudwatch_event_target")
      .filter((target) => mayBeOf(target, bus))
      .map(deadLetterOf),
    ...declared.filter(({ arn }) => intakeQueues.includes(arn)).map(({ resource }) => redriveTarget(resource)),
  ];
  return declared.filter(({ arn }) => intakeQueues.includes(arn) || deadLetters.includes(arn));
}

/** Whether a target is one of the bus. Without a bus it is one of the account's own, where AWS's events are and no publisher's. */
function mayBeOf({ body }: Resource, bus: string | undefined): boolean {
  const of = textOf(body, "event_bus_name");
  if (of === undefined) return body["event_bus_name"] !== undefined;
  return of === bus || of === bus?.replace(/^.*event-bus\//, "");
}

/** Where a queue sends what was received too often. */
export function redriveTarget({ body }: Pick<Resource, "body">): string | undefined {
  try {
    const policy = JSON.parse(textOf(body, "redrive_policy") ?? "{}") as { readonly deadLetterTargetArn?: unknown };
    return typeof policy.deadLetterTargetArn === "string" ? policy.deadLetterTargetArn : undefined;
  } catch {
    return undefined;
  }
}

/** Who may send to the queues with events. */
export function proveQueues(system: System): Findings {
  return together([
    ...system.intakeQueues.map((queue) => proveIntakeQueue(system, queue)),
    ...system.intakeQueues.map((queue) => proveDeadLetters(system, queue)),
    ...eventQueues(system).map(({ arn }) => {
      const policy = policyOf(system, "queue", arn);
      return policy === undefined ? {} : strangeSources(system, policy);
    }),
  ]);
}

/** Only the rules of the lifecycle bus may send to the queue that intake reads. */
function proveIntakeQueue(system: System, queue: string): Partial<Findings> {
  const { stack, reader } = system;
  const policy = policyOf(system, "queue", queue);
  if (policy === undefined) {
    if (isHomeless(system, "aws_sqs_queue_policy")) return {};
    const message = "the queue that intake reads has no policy: whoever may send in the account may claim any source";
    const resource = stack.resources("aws_sqs_queue").find((each) => arnOf(stack, each) === queue);
    return {
      counterexamples: [{ code: "QueueOpen", invariants: [2], message, resources: [resource?.address ?? queue] }],
    };
  }
  const { document } = policy;
  if (document === undefined) return {};
  const ask: Ask = { action: "sqs:SendMessage", resource: queue };
  const roles = system.principals.filter(({ kind }) => kind === "role");
  const found = findOpen(system, policy, [...strangersTo(system, document), ...roles], [ask], (allowed, caller) => ({
    code: "QueueOpen",
    invariants: [2],
    message: `${caller.label} may send to the queue that intake reads, and claim any source`,
    resources: resourcesOf(policy),
    ...allowed,
  }));
  if (found.counterexamples !== undefined || (found.unread ?? []).length > 0) return found;
  const own = new Set(system.principals.map(({ arn }) => arn));
  const right = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "sqs:SendMessage", Resource: queue }],
  } as const;
  const operators = sorted(principalsCompared(document)).filter((arn) => {
    const allowed = findAllowed(reader, { label: arn, arn }, ask, { identity: [right], resource: document });
    return !own.has(arn) && allowed !== undefined && allowed !== "undecided";
  });
  const but = operators.length === 0 ? "" : `, besides ${operators.join(", ")}, who move dead letters back`;
  const evidence: Evidence = {
    invariant: 2,
    text: `only the rules of the lifecycle bus may send to the queue that intake reads${but}`,
    resources: resourcesOf(policy),
  };
  return { evidence: [evidence] };
}

/**
 * What is among intake's dead letters is moved back to its queue one day. SQS itself puts them there, past the queue's policy, for every queue
 * that may: only the queue's redrive allow policy says which.
 */
function proveDeadLetters(system: System, queue: string): Partial<Findings> {
  const { stack } = system;
  const declared = queuesDeclared(stack);
  const source = declared.find(({ arn }) => arn === queue);
  const letters = declared.find(({ arn }) => source !== undefined && arn === redriveTarget(source.resource));
  if (letters === undefined) return {};
  const apart = stack
    .resources("aws_sqs_queue_redrive_allow_policy")
    .find(({ body }) =>
      [letters.arn, attributeOf(stack, letters.resource, "url")].includes(textOf(body, "queue_url") ?? ""),
    );
  const at = apart ?? letters.resource;
  const written = at.body["redrive_allow_policy"];
  if (written instanceof Unreadable) {
    const message = `which queues may leave messages with \`${at.address}\`, is not known: ${written.reason}`;
    return { unread: [{ code: "UnreadValue", invariants: [2], message, resources: [at.address] }] };
  }
  if (isHeldTo(written, system.intakeQueues)) return {};
  const message = `any queue of the account may leave messages with intake's dead letters (\`${at.address}\`), which are moved back to intake's queue one day`;
  return { counterexamples: [{ code: "QueueOpen", invariants: [2], message, resources: [at.address] }] };
}

/** Whether a redrive allow policy names none but some queues. */
function isHeldTo(policy: unknown, queues: readonly string[]): boolean {
  try {
    const { redrivePermission, sourceQueueArns } = JSON.parse(typeof policy === "string" ? policy : "{}") as {
      readonly redrivePermission?: unknown;
      readonly sourceQueueArns?: unknown;
    };
    if (redrivePermission === "denyAll") return true;
    const named: unknown[] = Array.isArray(sourceQueueArns) ? sourceQueueArns : [];
    return redrivePermission === "byQueue" && named.every((arn) => queues.some((queue) => queue === arn));
  } catch {
    return false;
  }
}

/** Services that a queue's policy lets send for something else than the lifecycle bus and its rules, whatever a denial beside it says. */
function strangeSources(system: System, policy: ResourcePolicy): Partial<Findings> {
  const { reader } = system;
  const { document, target } = policy;
  if (document === undefined) return {};
  const allows = { ...document, Statement: document.Statement.filter(({ Effect }) => Effect === "Allow") };
  const own = ownSources(system);
  const foreign = [
    undefined,
    ...foreignSources(system),
    ...sourcesCompared(allows).filter((source) => !own.has(source)),
  ];
  for (const service of servicesNamed(allows)) {
    for (const source of service === "events.amazonaws.com" ? foreign : [...foreign, ...own]) {
      const settled = {
        "aws:sourcearn": source,
        "aws:sourceaccount": source?.split(":")[4],
        "aws:securetransport": "true",
      };
      const ask: Ask = { action: "sqs:SendMessage", resource: target, settled };
      const allowed = findAllowed(reader, { label: service, arn: service }, ask, { identity: [], resource: allows });
      if (allowed === undefined || allowed === "undecided") continue;
      const counterexample: Counterexample = {
        code: "QueueOpen",
        invariants: [2],
        message: `${service} may send to a queue of events for ${source ?? "any resource"}, which is neither the lifecycle bus nor a rule of it`,
        resources: resourcesOf(policy),
        ...allowed,
      };
      return { counterexamples: [counterexample] };
    }
  }
  return {};
}

/** ARNs of the lifecycle bus and of its rules. */
function ownSources({ stack, bus }: System): Set<string> {
  return new Set([...(bus === undefined ? [] : [bus]), ...rulesOf(stack, bus).map((rule) => arnOf(stack, rule))]);
}

/** The rules of a bus. */
export function rulesOf(stack: Stack, bus: string | undefined): Resource[] {
  const name = bus?.replace(/^.*event-bus\//, "");
  return stack.resources("aws_cloudwatch_event_rule").filter(({ body }) => {
    const of = textOf(body, "event_bus_name");
    return of !== undefined && (of === name || of === bus);
  });
}

function foreignSources({ stack, bus }: System): string[] {
  const name = bus?.replace(/^.*event-bus\//, "") ?? "any";
  const rules = `arn:${stack.partition}:events:${stack.region}:${stack.accountId}:rule/`;
  return [
    `${rules}a-rule-of-the-default-bus`,
    `${rules}${name}/a-rule-that-the-stack-does-not-have`,
    `${rules.replace(stack.accountId, strangeAccount(stack.accountId))}${name}/any`,
  ];
}

function servicesNamed({ Statement }: NonNullable<ResourcePolicy["document"]>): string[] {
  return sorted(
    Statement.flatMap(({ Principal: principal }) =>
      typeof principal === "object" ? [principal["Service"] ?? []].flat(2) : [],
    ),
  );
}

function sourcesCompared({ Statement }: NonNullable<ResourcePolicy["document"]>): string[] {
  return Statement.flatMap(({ Condition: condition }) =>
    Object.values(condition ?? {}).flatMap((keys) =>
      Object.entries(keys).flatMap(([key, value]) => (key.toLowerCase() === "aws:sourcearn" ? [value].flat() : [])),
    ),
  );
}
