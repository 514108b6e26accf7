import { FIELD_TAG, GATEWAY_METHOD, GATEWAY_STAGE, GRANT_TAG } from "../core";
import {
  evaluate,
  IamRequestError,
  type ContextInput,
  type Evaluation,
  type Layers,
  type PolicyDocument,
  type Statement,
} from "../iam";
import { ALLOW_ALL, type Caller } from "./asking";
import { together, type Counterexample, type Findings } from "./finding";
import { FIELD_KEY, GRANT_KEY, MOMENTS, tagContext, type SessionLayers, type Tags } from "./session-layers";
import { METHODS, ownTags, type RequestSpace } from "./session-requests";
import type { GatewayApi } from "./rest-api";
import { strangersTo } from "./strangers";
import type { System } from "./system";

const NOT_WRITABLE = "a field that is not writable";

/** Something that must be denied in so many words. */
interface Denied {
  /** Completes "denies". */
  readonly what: string;
  readonly caller: Caller;
  readonly action: string;
  readonly resource: string;
  readonly tags: Tags;
  /** Whether the denial must not rest on how a missing tag is read elsewhere than by a test for it. */
  readonly plainly?: true;
}

/** Actions of services that a session has no business with, one of each that the trust model speaks of. */
const ELSEWHERE: readonly (readonly [action: string, resource: string])[] = [
  ["dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/any"],
  ["events:PutEvents", "arn:aws:events:eu-west-1:111122223333:event-bus/any"],
  ["iam:PassRole", "arn:aws:iam::111122223333:role/any"],
  ["kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/any"],
  ["lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111122223333:function:any"],
  ["s3:GetObject", "arn:aws:s3:::any/thing"],
  ["secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:any"],
  ["sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:any"],
  ["states:SendTaskSuccess", "*"],
  ["sts:AssumeRole", "arn:aws:iam::111122223333:role/any"],
  ["anything:Else", "*"],
];

/**
 * Denials that hold whatever else allows, now or later: the connector role's own policies refuse everything but the one path, and a
 * session without tags; the API's policy refuses everybody else, sessions without tags, fields that are not writable, other stages and
 * other methods.
 */
export function proveDenials(
  system: System,
  api: GatewayApi,
  layers: SessionLayers,
  space: RequestSpace,
  extras: readonly ContextInput[],
): Findings {
  const { connectorRole } = system;
  const field = space.listed;
  if (connectorRole === undefined || field === undefined) return together([]);
  const connector: Caller = { label: "connector", arn: connectorRole.arn };
  const own = {
    caller: connector,
    action: "execute-api:Invoke",
    resource: space.own(field).resource,
    tags: ownTags(field),
  };
  const role: Layers = { identity: [...layers.identity, ...(layers.boundary === undefined ? [] : [layers.boundary])] };
  const roleResources = [
    ...connectorRole.identity,
    ...(connectorRole.boundary === undefined ? [] : [connectorRole.boundary]),
  ].map(({ resource }) => resource);
  const at = (stage: string, method: string, path: string): string => `${api.requests}/${stage}/${method}/${path}`;
  const path = `grants/${ownTags(field)[GRANT_TAG] ?? ""}/fields/${field}`;
  const missingTags = [
    { what: `a session without the tag \`${GRANT_TAG}\``, tags: { [FIELD_TAG]: field } },
    { what: `a session without the tag \`${FIELD_TAG}\``, tags: { [GRANT_TAG]: own.tags[GRANT_TAG] } },
  ].map((each) => ({ ...own, ...each, plainly: true as const }));

  const byRole: Denied[] = [
    ...missingTags,
    { ...own, what: "another grant", resource: at(GATEWAY_STAGE, GATEWAY_METHOD, `grants/g-another/fields/${field}`) },
    { ...own, what: "another field", resource: at(GATEWAY_STAGE, GATEWAY_METHOD, path.replace(field, "other")) },
    { ...own, what: "another method", resource: at(GATEWAY_STAGE, "GET", path) },
    { ...own, what: "another stage", resource: at("another-stage", GATEWAY_METHOD, path) },
    { ...own, what: "another API", resource: own.resource.replace(api.requests, `${api.requests}x`) },
    ...ELSEWHERE.map(([action, resource]) => ({ ...own, what: action, action, resource })),
  ];
  const unlisted = space.unlisted[0] ?? "unlisted";
  const listed =
    layers.statements.length === 0
      ? []
      : [{ ...own, what: NOT_WRITABLE, tags: { ...own.tags, [FIELD_TAG]: unlisted } }];
  const byApi: Denied[] =
    layers.api === undefined
      ? []
      : [
          ...missingTags,
          ...listed,
          ...METHODS.filter((method) => method !== GATEWAY_METHOD).map((method) => ({
            ...own,
            what: `the method ${method}`,
            resource: at(GATEWAY_STAGE, method, path),
          })),
          ...space.stages
            .filter((stage) => stage !== GATEWAY_STAGE)
            .map((stage) => ({ ...own, what: `the stage \`${stage}\``, resource: at(stage, GATEWAY_METHOD, path) })),
          ...["", "other", "grants", "workers/1/fields/x"].map((other) => ({
            ...own,
            what: `the path \`/${other}\``,
            resource: at(GATEWAY_STAGE, GATEWAY_METHOD, other),
          })),
          ...[
            ...strangersTo(system, layers.api),
            ...system.principals.filter(({ kind, arn }) => kind === "role" && arn !== connectorRole.arn),
          ].map((caller) => ({ ...own, what: caller.label, caller })),
        ];
  return together([
    judge("the connector role's own policies", byRole, role, [connectorRole.address, ...roleResources], extras),
    ...(layers.api === undefined
      ? []
      : [
          judge(
            "the API's policy",
            byApi,
            { identity: [ALLOW_ALL], resource: layers.api },
            (api.policy?.documents ?? []).map(({ resource }) => resource),
            extras,
          ),
          allowsByApi(
            api,
            layers.api,
            byApi.filter(({ what }) => what !== NOT_WRITABLE),
            extras,
          ),
        ]),
  ]);
}

/**
 * What an Allow of the API's policy gives by itself, whatever the denials beside it take back. A private API needs one, to the connector
 * role and for its requests alone.
 */
function allowsByApi(
  { policy }: GatewayApi,
  api: PolicyDocument,
  denials: readonly Denied[],
  extras: readonly ContextInput[],
): Partial<Findings> {
  const allows = { ...api, Statement: api.Statement.filter(({ Effect }) => Effect === "Allow") };
  if (allows.Statement.length === 0) return {};
  const given = denials.find(({ caller, action, resource, tags, plainly }) => {
    // Tags and fields are for the other layers to tell: an Allow can only name the role and its requests.
    if (plainly === true) return false;
    return extras.some((extra) => {
      const request = { principalArn: caller.arn, action, resource, context: tagContext(tags, MOMENTS.before, extra) };
      return evaluate(request, { identity: [], resource: allows }).decision === "allow";
    });
  });
  if (given === undefined) return {};
  const resources = (policy?.documents ?? []).map((document) => document.resource);
  const message = `an Allow of the API's policy gives ${given.what}, and only a denial beside it takes it back`;
  return { counterexamples: [{ code: "LayerTooWide", invariants: [3], message, resources }] };
}

/** Which denials are missing in some documents; those of one kind are told together. */
function judge(
  whose: string,
  denials: readonly Denied[],
  layers: Layers,
  resources: readonly string[],
  extras: readonly ContextInput[],
): Findings {
  const missing = denials.filter((denied) => !extras.every((extra) => isDenied(denied, layers, extra)));
  if (missing.length === 0) {
    const text = `${whose} deny in so many words: ${summary(denials)}`.replace("policy deny", "policy denies");
    return { counterexamples: [], unread: [], evidence: [{ invariant: 3, text, resources }] };
  }
  const [first] = missing;
  const verb = whose.endsWith("policies") ? "do not deny" : "does not deny";
  const counterexample: Counterexample = {
    code: "DenyMissing",
    invariants: [3],
    message: `${whose} ${verb} in so many words: ${summary(missing)}`,
    resources,
    ...(first === undefined
      ? {}
      : {
          request: {
            principal: first.caller.label,
            action: first.action,
            resource: first.resource,
            context: tagContext(first.tags, MOMENTS.before, extras[0] ?? {}),
          },
        }),
  };
  return { counterexamples: [counterexample], unread: [], evidence: [] };
}

function summary(denials: readonly Denied[]): string {
  const named = denials.map(({ what }) => what);
  return named.length <= 4 ? named.join(", ") : `${named.slice(0, 3).join(", ")} and ${named.length - 3} more`;
}

function isDenied({ caller, action, resource, tags, plainly }: Denied, layers: Layers, extra: ContextInput): boolean {
  const held = plainly === true ? plainLayers(layers, tags) : layers;
  const request = { principalArn: caller.arn, action, resource, context: tagContext(tags, MOMENTS.before, extra) };
  return explicit(() => evaluate(request, held));
}

function explicit(ask: () => Evaluation): boolean {
  try {
    return ask().explicit;
  } catch (error) {
    if (error instanceof IamRequestError) return false;
    throw error;
  }
}

const PLAIN = new WeakMap<PolicyDocument, Map<string, PolicyDocument>>();

/**
 * Layers without the denials that a missing tag would meet by the way it is read: a variable without a value in `NotResource`, and an
 * operator that holds where its key is missing. Both are documented, and both have been read differently.
 */
function plainLayers(layers: Layers, tags: Tags): Layers {
  const keys = [
    ...(tags[GRANT_TAG] === undefined ? [GRANT_KEY] : []),
    ...(tags[FIELD_TAG] === undefined ? [FIELD_KEY] : []),
  ];
  const plain = (document: PolicyDocument): PolicyDocument => {
    const known = PLAIN.get(document) ?? new Map<string, PolicyDocument>();
    PLAIN.set(document, known);
    const made = known.get(keys.join()) ?? {
      ...document,
      Statement: document.Statement.filter(
        (statement) => statement.Effect === "Allow" || !restsOnMissing(statement, keys),
      ),
    };
    known.set(keys.join(), made);
    return made;
  };
  return {
    identity: layers.identity.map(plain),
    ...(layers.resource === undefined ? {} : { resource: plain(layers.resource) }),
  };
}

function restsOnMissing({ NotResource: not, Condition: condition }: Statement, keys: readonly string[]): boolean {
  if ([not ?? []].flat().some((text) => text.includes("${"))) return true;
  return Object.entries(condition ?? {}).some(
    ([operator, tests]) => operator !== "Null" && Object.keys(tests).some((key) => keys.includes(key.toLowerCase())),
  );
}
