import { ENV, FIELD_TAG, GRANT_TAG } from "../core";
import { SESSION_POLICY_PLACEHOLDERS, type ContextInput, type PolicyDocument, type Statement } from "../iam";
import { isUnread, type StackDocument, type UnreadDocument } from "./documents";
import type { GatewayApi } from "./rest-api";
import { functionsTagged, type System } from "./system";

/** A grant, another one, and the minute that the session ends in. */
export const OWN_GRANT = "g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8C";
export const OTHER_GRANT = "g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8D";
export const MOMENTS = {
  before: "2026-11-23T10:14:59Z",
  end: "2026-11-23T10:15:00Z",
  after: "2026-11-23T10:15:01Z",
} as const;

export const GRANT_KEY = `aws:principaltag/${GRANT_TAG.toLowerCase()}`;
export const FIELD_KEY = `aws:principaltag/${FIELD_TAG.toLowerCase()}`;

/** What a session of the connector role is held to, as the stack declares it. */
export interface SessionLayers {
  readonly roleArn: string;
  readonly identity: readonly PolicyDocument[];
  readonly boundary?: PolicyDocument;
  /** The session policy that the broker would fill in for `OWN_GRANT`, a field and `MOMENTS.end`. */
  readonly session: (field: string) => PolicyDocument;
  /** Whether there is a session policy at all. */
  readonly hasSession: boolean;
  readonly api?: PolicyDocument;
  /** Every statement of these documents; the session policy's with its placeholders. */
  readonly statements: readonly Statement[];
}

/** The layers, or why they cannot be read. */
export function readSessionLayers(
  system: System,
  api: GatewayApi,
): { readonly layers?: SessionLayers; readonly template?: StackDocument; readonly unread: readonly UnreadDocument[] } {
  const { connectorRole } = system;
  if (connectorRole === undefined) return { unread: [] };
  const broker = functionsTagged(system, "broker")[0];
  const template = readSessionTemplate(system);
  if (template !== undefined && isUnread(template) && broker?.unreadEnvironment !== undefined)
    return { unread: [template] };
  const unread = [
    ...connectorRole.unread,
    ...(api.policy?.unread ?? []),
    ...(template === undefined || !isUnread(template) ? [] : [template]),
  ];
  if (unread.length > 0) return { unread };
  const { identity, boundary, arn } = connectorRole;
  const session = template as StackDocument | undefined;
  const documents = [
    ...identity,
    ...(boundary === undefined ? [] : [boundary]),
    ...(session === undefined ? [] : [session]),
  ].map(({ document }) => document);
  const policy = api.policy?.document;
  return {
    layers: {
      roleArn: arn,
      identity: identity.map(({ document }) => document),
      ...(boundary === undefined ? {} : { boundary: boundary.document }),
      session: (field) => (session === undefined ? NO_LIMIT : filled(session.document, field)),
      hasSession: session !== undefined,
      ...(policy === undefined ? {} : { api: policy }),
      statements: [...documents, ...(policy === undefined ? [] : [policy])].flatMap(({ Statement }) => Statement),
    },
    ...(session === undefined ? {} : { template: session }),
    unread: [],
  };
}

/** The template of the session policy that the broker is given, its end as an instant; `undefined` where it is given none. */
export function readSessionTemplate(system: System): StackDocument | UnreadDocument | undefined {
  const [broker] = functionsTagged(system, "broker");
  if (broker === undefined) return undefined;
  const attribute = `environment.variables.${ENV.sessionPolicyTemplate}`;
  const { address } = broker.resource;
  if (broker.unreadEnvironment !== undefined)
    return { resource: address, attribute, reason: broker.unreadEnvironment, statements: [] };
  const text = broker.environment[ENV.sessionPolicyTemplate];
  return text === undefined ? undefined : system.reader.read(broker.resource, attribute, forReading(text), "identity");
}

const NO_LIMIT: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};

const { grantId, field: fieldPlaceholder, expiresAt } = SESSION_POLICY_PLACEHOLDERS;

/** The template as a document: its end as an instant, which the evaluator wants to be one. */
function forReading<Text>(text: Text): Text | string {
  return typeof text === "string" ? text.replaceAll(expiresAt, MOMENTS.end) : text;
}

function filled(template: PolicyDocument, field: string): PolicyDocument {
  return JSON.parse(JSON.stringify(template), (_key, value: unknown) =>
    typeof value === "string" ? value.replaceAll(grantId, OWN_GRANT).replaceAll(fieldPlaceholder, field) : value,
  ) as PolicyDocument;
}

/** Tags of a session, and whatever else of a request conditions ask. */
export interface Tags {
  readonly [GRANT_TAG]?: string;
  readonly [FIELD_TAG]?: string;
}

export function tagContext(tags: Tags, at: string, more: ContextInput): ContextInput {
  const { [GRANT_TAG]: grant, [FIELD_TAG]: field } = tags;
  return {
    ...more,
    "aws:currenttime": at,
    "aws:securetransport": "true",
    ...(grant === undefined ? {} : { [GRANT_KEY]: grant }),
    ...(field === undefined ? {} : { [FIELD_KEY]: field }),
  };
}
