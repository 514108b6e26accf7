import { FIELD_TAG, GATEWAY_METHOD, GATEWAY_STAGE, GRANT_TAG } from "../core";
import { witnessesOf, type Statement } from "../iam";
import type { Fields } from "./classification";
import type { GatewayApi } from "./rest-api";
import { FIELD_KEY, GRANT_KEY, MOMENTS, OTHER_GRANT, OWN_GRANT, type SessionLayers, type Tags } from "./session-layers";

/** One request of a session, and the moment it is made at. */
export interface SessionRequest {
  readonly action: string;
  readonly resource: string;
  readonly tags: Tags;
  readonly at: string;
}

/** HTTP's methods, and the one that API Gateway writes for all of them. @see https://www.rfc-editor.org/rfc/rfc9110#section-9 (read 2026-11-23) */
export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "ANY"] as const;

const INVOKE = "execute-api:Invoke";

const TIME = /aws:(?:CurrentTime|EpochTime|TokenIssueTime)/i;

/** Names that stand for all that the policy does not list, besides what the wildcards of the documents tell apart. */
const UNLISTED = "a_field_that_nobody_listed";

/** The values that each part of a request takes, so that every pair of documents that tell two values apart meets both. */
export class RequestSpace {
  /** Fields of the path and of the tag that are not the policy's. */
  readonly unlisted: readonly string[];
  readonly stages: readonly string[];
  /** A field that the documents let through, where there is one. */
  readonly listed: string | undefined;
  private readonly grantTags: readonly string[];
  private readonly prefix: string;
  /** Whether one document asks for the time and for tags, so that both have to be varied together. */
  private readonly timeMeetsTags: boolean;

  constructor(
    private readonly api: GatewayApi,
    private readonly layers: SessionLayers,
    private readonly fields: Fields,
  ) {
    const { statements } = layers;
    const known = new Set(fields.all);
    const witnesses = valuesCompared(statements, FIELD_KEY).filter((value) => value !== "" && !known.has(value));
    this.listed = fields.writable[0] ?? witnesses[0];
    this.unlisted = [UNLISTED, ...witnesses.filter((value) => value !== UNLISTED)];
    this.grantTags = valuesCompared(statements, GRANT_KEY).filter((value) => value !== OWN_GRANT && value !== "");
    this.stages = [...new Set([GATEWAY_STAGE, ...api.stages, "test-invoke-stage", "another-stage"])];
    this.prefix = `${api.requests}/`;
    const { identity, boundary, api: policy } = layers;
    const asksTime = [...identity, boundary, policy].some((document) => TIME.test(JSON.stringify(document ?? {})));
    this.timeMeetsTags = asksTime || /aws:principaltag\//i.test(JSON.stringify(layers.session(UNLISTED)));
  }

  /** The one request of a session for a field. */
  own(field: string): SessionRequest {
    return { action: INVOKE, resource: this.arn(field), tags: ownTags(field), at: MOMENTS.before };
  }

  /** The path that tags name, as a resource. */
  pathOf({ [GRANT_TAG]: grant, [FIELD_TAG]: field }: Tags): string | undefined {
    return grant === undefined || field === undefined ? undefined : this.arn(field, grant);
  }

  private arn(
    field: string,
    grant = OWN_GRANT,
    method: string = GATEWAY_METHOD,
    stage: string = GATEWAY_STAGE,
  ): string {
    return `${this.prefix}${stage}/${method}/grants/${grant}/fields/${field}`;
  }

  /** Everything else that a session for a field might try, each part varied by itself and every other field of the policy named. */
  variations(field: string): SessionRequest[] {
    const own = this.own(field);
    const to = (resource: string): SessionRequest => ({ ...own, resource });
    const otherFields = [
      ...this.fields.all.filter((name) => name !== field),
      ...this.unlisted,
      "*",
      "",
      field.toUpperCase(),
    ];
    return [
      ...Object.values(MOMENTS).map((at) => ({ ...own, at })),
      ...otherFields.map((name) => to(this.arn(name))),
      ...[OTHER_GRANT, "g-", "g-*", "*", "", OWN_GRANT.toLowerCase(), `${OWN_GRANT}0`].map((grant) =>
        to(this.arn(field, grant)),
      ),
      ...METHODS.map((method) => to(this.arn(field, OWN_GRANT, method))),
      ...this.stages.map((stage) => to(this.arn(field, OWN_GRANT, GATEWAY_METHOD, stage))),
      ...shapes(field).map((tail) => to(`${this.prefix}${tail}`)),
      ...this.witnessTails(field).map((tail) => to(`${this.prefix}${tail}`)),
      ...this.elsewhere(field).map(to),
      ...this.tagVariants(field).flatMap((tags) => [
        { ...own, tags },
        { ...own, tags, resource: this.pathOf(tags) ?? own.resource },
      ]),
      ...["ManageConnections", "InvalidateCache"].map((action) => ({ ...own, action: `execute-api:${action}` })),
    ];
  }

  /**
   * The whole product over one field: paths, methods, stages, moments and tags, with one other field of each kind. Where the session
   * policy alone asks for the time, and asks for no tags, what a moment changes does not depend on the tags: it is then varied with
   * the session's own tags only.
   */
  *product(field: string): Generator<SessionRequest> {
    const { writable, never } = this.fields;
    const other = writable.find((name) => name !== field);
    const names = [field, ...(other === undefined ? [] : [other]), ...never.slice(0, 1), ...this.unlisted, "*", ""];
    const own = ownTags(field);
    const tags = [own, ...this.tagVariants(field)];
    for (const name of names) {
      for (const grant of [OWN_GRANT, OTHER_GRANT, "g-*", "*", ""]) {
        for (const method of METHODS) {
          for (const stage of this.stages) {
            const resource = this.arn(name, grant, method, stage);
            for (const each of tags) {
              const moments = each === own || this.timeMeetsTags ? Object.values(MOMENTS) : [MOMENTS.before];
              for (const at of moments) yield { action: INVOKE, resource, tags: each, at };
            }
          }
        }
      }
    }
  }

  /** Tags that a session for a field should not have. */
  private tagVariants(field: string): Tags[] {
    const { writable, never } = this.fields;
    const other = writable.find((name) => name !== field);
    return [
      {},
      { [GRANT_TAG]: OWN_GRANT },
      { [FIELD_TAG]: field },
      { [GRANT_TAG]: OTHER_GRANT, [FIELD_TAG]: field },
      ...this.grantTags.map((grant) => ({ [GRANT_TAG]: grant, [FIELD_TAG]: field })),
      ...[
        ...(other === undefined ? [] : [other]),
        ...never.slice(0, 1),
        ...this.unlisted,
        "*",
        "",
        field.toUpperCase(),
      ].map((name) => ({
        [GRANT_TAG]: OWN_GRANT,
        [FIELD_TAG]: name,
      })),
      { [GRANT_TAG]: "*", [FIELD_TAG]: "*" },
    ];
  }

  /** One request for each combination of the documents' resources that it can match. */
  private witnessTails(field: string): string[] {
    const tags = ownTags(field);
    const tails = this.layers.statements.flatMap(({ Resource: one, NotResource: not }) =>
      [one ?? [], not ?? []].flat().flatMap((pattern) => this.tailOf(withTags(pattern, tags, field))),
    );
    return witnessesOf(tails).texts.filter((tail) => tail !== "");
  }

  /** What a pattern leaves open after the API's part of an ARN. */
  private tailOf(pattern: string): string[] {
    if (pattern.startsWith(this.prefix)) return [pattern.slice(this.prefix.length)];
    const wild = pattern.search(/[*?]/);
    return wild !== -1 && this.prefix.startsWith(pattern.slice(0, wild)) ? ["*"] : [];
  }

  /** The same request to another API, account, Region or partition. */
  private elsewhere(field: string): string[] {
    const own = this.arn(field);
    const segments = own.split(":");
    const swapped = (index: number, value: string): string =>
      segments.map((segment, at) => (at === index ? value : segment)).join(":");
    const otherApi = swapped(5, (segments[5] ?? "").replace(/^[^/]*/, "another-api"));
    return [otherApi, swapped(3, "us-gov-east-1"), swapped(4, "999999999999"), swapped(1, "aws-another")];
  }
}

export function ownTags(field: string): Tags {
  return { [GRANT_TAG]: OWN_GRANT, [FIELD_TAG]: field };
}

/** Paths that look like the one, to somebody who reads them differently from IAM. */
function shapes(field: string): string[] {
  const own = `grants/${OWN_GRANT}/fields/${field}`;
  const request = `${GATEWAY_STAGE}/${GATEWAY_METHOD}`;
  return [
    `${request}/${own}/`,
    `${request}//${own}`,
    `${request}/${own}/more`,
    `${request}/${own}?a=b`,
    `${request}/${own}%00`,
    `${request}/${own}%2F..%2Fother`,
    `${request}/${own}/../other`,
    `${request}/${own.replaceAll("/", "%2F")}`,
    `${request}/${own.replace("fields", "Fields")}`,
    `${request}/${own} `,
    `${request}/grants/${OWN_GRANT}/fields`,
    `${request}/grants/${OWN_GRANT}/fields/`,
    `${request}/grants/${OWN_GRANT}`,
    `${request}/grants`,
    `${request}/fields/${field}`,
    `${request}/`,
    request,
    GATEWAY_STAGE,
    `${request}/workers/1/fields/${field}`,
    `${request.toLowerCase()}/${own}`,
    own,
  ];
}

/** A pattern with the session's own tags in the place of their variables, and placeholders filled in. */
function withTags(pattern: string, tags: Tags, field: string): string {
  return pattern
    .replace(/\$\{([^}]*)\}/g, (whole, key: string) => {
      const name = key.trim().toLowerCase();
      return name === GRANT_KEY
        ? (tags[GRANT_TAG] ?? whole)
        : name === FIELD_KEY
          ? (tags[FIELD_TAG] ?? whole)
          : /^[*?$]$/.test(key)
            ? whole
            : "*";
    })
    .replaceAll("{grantId}", OWN_GRANT)
    .replaceAll("{field}", field);
}

/** Values of a key for each way to match what statements compare it with. */
function valuesCompared(statements: readonly Statement[], key: string): string[] {
  const patterns = statements.flatMap(({ Condition: condition }) =>
    Object.entries(condition ?? {}).flatMap(([operator, keys]) =>
      Object.entries(keys).flatMap(([name, value]) => {
        if (name.toLowerCase() !== key || operator === "Null") return [];
        const isLike = operator.includes("Like") || operator.includes("Arn");
        return [value].flat().map((text) => (isLike ? text : text.replace(/[*?$]/g, "${$&}")));
      }),
    ),
  );
  return witnessesOf(patterns.filter((pattern) => !/\$\{[^*?$}]/.test(pattern))).texts.slice();
}
