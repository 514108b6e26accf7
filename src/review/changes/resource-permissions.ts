import type { PolicyDocument, Statement } from "../../iam";
import { isUnread, type StackDocument, type UnreadDocument } from "../documents";
import { attributeOf } from "../identity";
import { TARGET_NOUNS, type ResourcePolicy, type TargetKind } from "../resource-policies";
import type { System } from "../system";
import { changeOf, type Change } from "./change";
import { compareDecisions, OWN_MODES } from "./decisions";
import {
  callersOf,
  ENDPOINT_MODES,
  isOther,
  placesOf,
  resourceModes,
  sideOf,
  spoken,
  unreadChange,
  type PermissionPair,
  type Words,
} from "./permissions";

/** What changes of the policies of resources: whom each lets in by itself, and whom it stops whatever else allows. */
export function resourcePolicyChanges(pair: PermissionPair): Change[] {
  const key = ({ kind, target }: ResourcePolicy): string => `${kind} ${target}`;
  const old = new Map(pair.before.policies.map((policy) => [key(policy), policy]));
  const now = new Map(pair.after.policies.map((policy) => [key(policy), policy]));
  const keys = [...new Set([...old.keys(), ...now.keys()])].sort();
  return [...keys.flatMap((each) => policyChange(pair, old.get(each), now.get(each))), ...endpointChanges(pair)];
}

function policyChange(
  pair: PermissionPair,
  old: ResourcePolicy | undefined,
  now: ResourcePolicy | undefined,
): Change[] {
  const either = now ?? old;
  if (either === undefined) return [];
  const { kind, target, resourceKind } = either;
  const called = `the policy of ${TARGET_NOUNS[kind]} \`${nameOf(target)}\``;
  if (now === undefined) return removed(pair, old, called);
  const unread = now.unread.filter((document) =>
    isOther(pair, document, [...(old?.documents ?? []), ...(old?.unread ?? [])]),
  );
  if (unread.length > 0) return unread.map((document) => unreadChange(pair, document));
  const { documents } = now;
  const before = old?.documents ?? [];
  if (now.unread.length > 0 || (old?.unread.length ?? 0) > 0) {
    // What could not be read before, and can now, is read for the first time.
    return old !== undefined && old.unread.length > 0 && now.unread.length === 0
      ? documents
          .slice(0, 1)
          .map((document) =>
            unreadChange(pair, { ...asUnread(document), reason: "what it was before, cannot be judged" }),
          )
      : [];
  }
  const isNew = old === undefined && isNewTarget(pair, now);
  const callers = callersOf(pair, [...documents, ...before]).filter(({ label }) => !isNew || label.startsWith("`"));
  const decisions = compareDecisions(
    joined(pair.before, old, before),
    joined(pair.after, now, documents),
    callers,
    // A new resource is nobody's yet: whoever is let in that is not of the stack, is told.
    isNew
      ? resourceModes(resourceKind, pair.after.stack.accountId).slice(0, 1)
      : resourceModes(resourceKind, pair.after.stack.accountId),
    pair.requests,
  );
  const words: Words = {
    gains: "ResourcePolicyWidened",
    loses: "ResourcePolicyNarrowed",
    subject: called,
    may: `${called} now lets {who}`,
    mayNot: `${called} no longer lets {who}`,
    undenied: `${called} no longer stops {who}:`,
    denied: `${called} now stops {who}:`,
  };
  const kept = isNew
    ? { ...decisions, list: decisions.list.filter(({ caller }) => caller.arn.startsWith("arn:")) }
    : decisions;
  return [...spoken(pair, kept, words, { places: placesOf(documents) }), ...accountChanges(pair, now, before, called)];
}

/**
 * What a policy allows the account as a whole. It lets nobody in by itself; but whoever is given the same by an identity policy may from then
 * on, and the root user at once. Of a key, that is told with what it stops: no identity policy is enough for one that its policy does not name.
 */
function accountChanges(
  pair: PermissionPair,
  { kind, documents }: ResourcePolicy,
  before: readonly StackDocument[],
  called: string,
): Change[] {
  if (kind === "key") return [];
  const { accountId, partition } = pair.after.stack;
  const root = `arn:${partition}:iam::${accountId}:root`;
  const given = (system: System, those: readonly StackDocument[]) => {
    const side = sideOf(system, those);
    return { ...side, documents: side.documents.map((document) => givenTo([accountId, root], document)) };
  };
  const decisions = compareDecisions(
    given(pair.before, before),
    given(pair.after, documents),
    [{ label: "the whole account", arn: root }],
    OWN_MODES.slice(0, 1),
    pair.requests,
  );
  return spoken(pair, decisions, wordsOf(called), { places: placesOf(documents) });
}

/** How the decisions of one resource's policies are spoken of. */
function wordsOf(called: string): Words {
  return {
    gains: "ResourcePolicyWidened",
    loses: "ResourcePolicyNarrowed",
    subject: called,
    may: `${called} now lets {who}`,
    mayNot: `${called} no longer lets {who}`,
    undenied: "",
    denied: "",
  };
}

/** What a document allows some principals by name, as a policy of their own. */
function givenTo(names: readonly string[], { Version, Statement: statements }: PolicyDocument): PolicyDocument {
  const own = statements.flatMap((statement): Statement[] => {
    const { Principal: principal, ...rest } = statement;
    const named = typeof principal === "object" ? [principal["AWS"] ?? []].flat(2) : [];
    return rest.Effect === "Allow" && named.some((name) => names.includes(name)) ? [rest] : [];
  });
  return { Version, Statement: own };
}

function asUnread({ resource, attribute, statements }: StackDocument): Omit<UnreadDocument, "reason"> {
  return { resource, attribute, statements };
}

/** All documents of a resource as the one that AWS makes of them. */
function joined(system: System, policy: ResourcePolicy | undefined, documents: readonly StackDocument[]) {
  const side = sideOf(system, documents);
  return { ...side, documents: policy?.document === undefined ? [] : [policy.document] };
}

/** What has policies, and the attribute that names it in them. */
const TARGETS: Readonly<Record<TargetKind, readonly [type: string, attribute: string]>> = {
  api: ["aws_api_gateway_rest_api", "execution_arn"],
  bucket: ["aws_s3_bucket", "arn"],
  bus: ["aws_cloudwatch_event_bus", "arn"],
  function: ["aws_lambda_function", "arn"],
  key: ["aws_kms_key", "arn"],
  queue: ["aws_sqs_queue", "arn"],
  secret: ["aws_secretsmanager_secret", "arn"],
  table: ["aws_dynamodb_table", "arn"],
  topic: ["aws_sns_topic", "arn"],
};

/** Whether a stack declares what a policy is the policy of. */
function isDeclared({ stack }: System, { kind, target }: ResourcePolicy): boolean {
  const [type, attribute] = TARGETS[kind];
  return stack.resources(type).some((resource) => attributeOf(stack, resource, attribute) === target);
}

/** Whether the resource itself is new, so that its policy opens nothing that was closed. */
function isNewTarget({ before, after }: PermissionPair, policy: ResourcePolicy): boolean {
  return isDeclared(after, policy) && !isDeclared(before, policy);
}

function removed(pair: PermissionPair, old: ResourcePolicy | undefined, called: string): Change[] {
  if (old === undefined) return [];
  const statements = [...old.documents, ...old.unread].flatMap((document) => document.statements);
  const denies = statements.filter(({ statement }) => statement.Effect === "Deny");
  // A policy that goes with its resource takes nothing away from anybody.
  if (isDeclared(pair.before, old) && !isDeclared(pair.after, old)) return [];
  return [
    changeOf({
      code: denies.length > 0 ? "ResourcePolicyRemoved" : "ResourcePolicyNarrowed",
      effect: denies.length > 0 ? "widens" : "narrows",
      message:
        denies.length > 0
          ? `${called} is gone, with ${String(denies.length)} denials`
          : `${called} is gone, and whom it let in`,
      who: pair.people.technical(),
      places: placesOf(old.documents, "base"),
      statements: denies.map(({ ref }) => ref),
    }),
  ];
}

function nameOf(target: string): string {
  return (
    target
      .split(":")
      .slice(5)
      .join(":")
      .replace(/^(?:event-bus|table|function|key|secret)[/:]/, "") || target
  );
}

const ENDPOINTS = ["aws_vpc_endpoint", "aws_vpc_endpoint_policy"] as const;

/** Policies of endpoints limit what comes through them, and grant nothing. */
function endpointChanges(pair: PermissionPair): Change[] {
  const documentsOf = (system: System): Map<string, StackDocument | UnreadDocument> =>
    new Map(
      ENDPOINTS.flatMap((type) => system.stack.resources(type))
        .filter(({ body }) => body["policy"] !== undefined && body["policy"] !== null && body["policy"] !== "")
        .map((resource) => [
          resource.address,
          system.reader.read(resource, "policy", resource.body["policy"], "resource"),
        ]),
    );
  const [old, now] = [documentsOf(pair.before), documentsOf(pair.after)];
  const known = new Set(pair.after.stack.all.map(({ address }) => address));
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((address): Change[] => {
    const [from, to] = [old.get(address), now.get(address)];
    const called = `the policy of endpoint \`${address}\``;
    if (to === undefined) {
      if (from === undefined || (!known.has(address) && address.startsWith("aws_vpc_endpoint."))) return [];
      return [
        changeOf({
          code: "ResourcePolicyRemoved",
          effect: "widens",
          message: `${called} is gone: it lets everything through`,
          who: pair.people.technical(),
          places: placesOf([from], "base"),
        }),
      ];
    }
    if (isUnread(to) || (from !== undefined && isUnread(from)))
      return isUnread(to) && isOther(pair, to, from === undefined ? [] : [from]) ? [unreadChange(pair, to)] : [];
    if (from === undefined) return [];
    const decisions = compareDecisions(
      sideOf(pair.before, [from]),
      sideOf(pair.after, [to]),
      callersOf(pair, [from, to]),
      ENDPOINT_MODES,
      pair.requests,
    );
    return spoken(pair, decisions, wordsOf(called), { places: placesOf([to]) });
  });
}
