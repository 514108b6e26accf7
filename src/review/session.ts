import { FIELD_NAME, FIELD_TAG, GRANT_TAG } from "../core";
import type { ContextInput, Evaluation, PolicyDocument } from "../iam";
import type { Fields } from "./classification";
import { contextsFor } from "./contexts";
import { together, type Counterexample, type Evidence, type Findings } from "./finding";
import type { GatewayApi } from "./rest-api";
import { SessionAnswers, SharedAnswers, UnclearConditionError, type Alone, type LayerName } from "./session-answers";
import { proveDenials } from "./session-denials";
import { FIELD_KEY, GRANT_KEY, MOMENTS, readSessionLayers, tagContext, type SessionLayers } from "./session-layers";
import { RequestSpace, type SessionRequest } from "./session-requests";
import type { System } from "./system";
import { plainBy } from "./trust";

/** Further condition keys lead to so many contexts at most; each multiplies the product. */
const MAX_EXTRA = 64;

/**
 * Of all requests a session may make exactly one. For every writable field each part of a request is varied by itself, over every field
 * of the policy; for one field of each kind of field, the whole product is tried. Fields that no document tells apart are of one kind,
 * so what holds for one holds for all. Each request is held against all layers, against all but one, and against each by itself.
 */
export function proveSession(system: System, api: GatewayApi, fields: Fields): Findings {
  const { layers, unread } = readSessionLayers(system, api);
  if (layers === undefined) {
    const notRead = unread.map(({ resource, attribute, reason }) => ({
      code: "UnreadDocument" as const,
      invariants: [3] as const,
      message: `\`${attribute}\` of \`${resource}\` cannot be judged: ${reason}`,
      resources: [resource],
    }));
    return together([{ unread: notRead }]);
  }
  const missing = missingLayers(system, layers);
  const resources = addressesOf(system);
  const settled = Object.fromEntries(SETTLED.map((key) => [key, undefined]));
  const { list: extras, complete } = contextsFor(layers.statements, settled, undefined, MAX_EXTRA);
  if (!complete) {
    const message = "the documents of a session ask for more condition keys than can be tried together";
    return together([missing, { unread: [{ code: "TooManyCases", invariants: [3], message, resources }] }]);
  }
  const trial = new Trial(system, api, layers, fields, extras);
  try {
    return together([missing, trial.run(), proveDenials(system, api, layers, trial.space, extras)]);
  } catch (error) {
    if (!(error instanceof UnclearConditionError)) throw error;
    return together([
      missing,
      { unread: [{ code: "UnreadDocument", invariants: [3], message: error.message, resources }] },
    ]);
  }
}

/** Keys whose values the requests themselves vary, or that follow from who asks. */
const SETTLED = [
  FIELD_KEY,
  GRANT_KEY,
  "aws:currenttime",
  "aws:principalarn",
  "aws:principalaccount",
  "aws:securetransport",
];

function addressesOf({ connectorRole }: System): string[] {
  if (connectorRole === undefined) return [];
  const { address, identity, boundary } = connectorRole;
  return [address, ...identity.map(({ resource }) => resource), ...(boundary === undefined ? [] : [boundary.resource])];
}

function missingLayers(system: System, layers: SessionLayers): Partial<Findings> {
  const { connectorRole } = system;
  const broker = system.functions.find(({ principal }) => principal?.tag === "broker");
  const missing = (code: Counterexample["code"], message: string, address: string | undefined): Counterexample => ({
    code,
    invariants: [3],
    message,
    resources: address === undefined ? [] : [address],
  });
  return {
    counterexamples: [
      ...(layers.boundary === undefined
        ? [missing("BoundaryMissing", "the connector role has no boundary", connectorRole?.address)]
        : []),
      ...(layers.hasSession
        ? []
        : [
            missing(
              "SessionPolicyMissing",
              "the broker's environment has no template of a session policy",
              broker?.resource.address,
            ),
          ]),
    ],
  };
}

const LOST: Readonly<Record<LayerName, string>> = {
  identity: "with the identity policy replaced by Allow *",
  boundary: "with the boundary replaced by Allow *",
  session: "with the session policy replaced by Allow *",
  api: "without the API's policy",
};

const ALONE = { identity: "the identity policy", boundary: "the boundary", session: "the session policy" } as const;

/** What is tried, and what came of it: of each way to fail, the first request is kept and the others are counted. */
class Trial {
  readonly space: RequestSpace;
  private readonly found = new Map<string, { readonly counterexample: Counterexample; count: number }>();
  private readonly writable: ReadonlySet<string>;
  private readonly apiAllows: "nobody" | "roles" | "everybody";
  private readonly shared: SharedAnswers;
  private requests = 0;

  constructor(
    private readonly system: System,
    api: GatewayApi,
    private readonly layers: SessionLayers,
    private readonly fields: Fields,
    private readonly extras: readonly ContextInput[],
  ) {
    this.space = new RequestSpace(api, layers, fields);
    this.writable = new Set(fields.writable);
    this.apiAllows = whomApiAllows(layers.api);
    this.shared = new SharedAnswers(layers);
  }

  run(): Partial<Findings> {
    const { writable, never } = this.fields;
    const kinds = new Set(this.kinds(writable));
    for (const field of writable) {
      const answers = new SessionAnswers(this.layers, field, this.shared);
      this.tryOwn(field, answers);
      for (const request of this.space.variations(field)) this.tryOther(request, field, answers);
      if (!kinds.has(field)) continue;
      for (const request of this.space.product(field)) this.tryOther(request, field, answers);
    }
    // A session for a field that may not be written: nothing, whatever the broker does. It mints for field names alone.
    for (const field of [...never, ...this.space.unlisted.filter((name) => FIELD_NAME.test(name))]) {
      this.tryOther(this.space.own(field), field, new SessionAnswers(this.layers, field, this.shared));
    }
    const counterexamples = [...this.found.values()].map(({ counterexample, count }) =>
      count === 1
        ? counterexample
        : { ...counterexample, message: `${counterexample.message} (and ${count - 1} more such requests)` },
    );
    return { counterexamples, evidence: counterexamples.length === 0 ? this.evidence(writable.length) : [] };
  }

  private evidence(sessions: number): Evidence[] {
    const resources = addressesOf(this.system);
    const tried = `${this.requests} requests of sessions for ${sessions} writable fields were tried`;
    return [
      {
        invariant: 3,
        text: `${tried}: each session may make its own until its minute ends, and no other, by all layers and with any one of identity policy, boundary, session policy and API policy lost`,
        resources,
      },
      {
        invariant: 3,
        text: "identity policy, boundary and session policy each hold a session to its one request by themselves; time rests on the session policy, on STS and on the grant",
        resources,
      },
    ];
  }

  /** One field of each kind: fields that no condition and no resource of the documents tells apart are alike. */
  private kinds(names: readonly string[]): string[] {
    const kinds = new Map<string, string>();
    const lists = this.layers.statements.flatMap(({ Condition: condition }) =>
      Object.values(condition ?? {}).flatMap((keys) =>
        Object.entries(keys).flatMap(([key, value]) =>
          key.toLowerCase() === FIELD_KEY ? [new Set([value].flat())] : [],
        ),
      ),
    );
    const resources = this.layers.statements
      .flatMap(({ Resource: one, NotResource: not }) => [one ?? [], not ?? []].flat())
      .join(" ");
    for (const name of names) {
      const kind = [...lists.map((list) => (list.has(name) ? "1" : "0")), resources.includes(name) ? name : ""].join(
        "",
      );
      if (!kinds.has(kind)) kinds.set(kind, name);
    }
    return [...kinds.values()];
  }

  /** The one request, which must be allowed where it comes the way it should. */
  private tryOwn(field: string, answers: SessionAnswers): void {
    const request = this.space.own(field);
    const given = this.extras.map((extra) => answers.together(request, extra));
    this.requests += 1;
    if (given.some(({ decision }) => decision === "allow")) return;
    this.keep("own", {
      code: "OwnRequestDenied",
      invariants: [3],
      message: `a session for \`${field}\` may not make its own request: ${plainBy(given[0]?.by ?? "")}`,
      resources: addressesOf(this.system),
      request: shown(request, {}),
    });
  }

  /** A request that must be denied: by all layers, by all but any one, and by each that can tell by itself. */
  private tryOther(request: SessionRequest, field: string, answers: SessionAnswers): void {
    const own = this.space.own(field);
    const isOwnPath = request.action === own.action && request.resource === own.resource;
    const isOwn =
      isOwnPath && request.tags[GRANT_TAG] === own.tags[GRANT_TAG] && request.tags[FIELD_TAG] === own.tags[FIELD_TAG];
    const isTime = isOwn && this.writable.has(field);
    if (isTime && request.at === MOMENTS.before) return;
    // What its tags name is what identity policy and boundary are there to allow, for a writable field.
    const isOfTagsPath = request.resource === this.space.pathOf(request.tags) && request.action === own.action;
    const isOfTags = isOfTagsPath && this.writable.has(request.tags[FIELD_TAG] ?? "");
    const excused = { identity: isOfTags, boundary: isOfTags, session: isOwnPath && request.at === MOMENTS.before };
    for (const extra of this.extras) {
      this.requests += 1;
      const alone = answers.alone(request, extra);
      for (const layer of ["identity", "boundary", "session"] as const) {
        const answer = alone[layer];
        if (excused[layer] || answer?.decision !== "allow") continue;
        this.fail(
          `alone ${layer}`,
          "LayerTooWide",
          `${ALONE[layer]} by itself allows ${named(request)}`,
          request,
          answer,
          extra,
        );
      }
      for (const layer of ["identity", "boundary"] as const) {
        const answer = alone[layer];
        // Every statement that applied is told, also an Allow that a Deny beside it outweighs.
        if (isOfTagsPath || answer?.explicit !== true || !answer.statements.some(({ effect }) => effect === "Allow"))
          continue;
        const message = `an Allow of ${ALONE[layer]} gives ${named(request)}, and only a denial beside it takes it back`;
        this.fail(`allows ${layer}`, "LayerTooWide", message, request, answer, extra);
      }
      if (this.firmDenials(alone, () => answers.api(request, extra)) >= 2) continue;
      for (const lost of [undefined, "identity", "boundary", "session", "api"] as const) {
        // Time rests on the session policy, and another session's request on its tags.
        if (lost === "session" && (isTime || isOfTags)) continue;
        const answer = answers.together(request, extra, lost);
        if (answer.decision === "deny") continue;
        const how = lost === undefined ? "" : `, ${LOST[lost]}`;
        this.fail(
          `lost ${lost ?? "none"}`,
          "RequestAllowed",
          `a session for \`${field}\` may make ${named(request)}${how}`,
          request,
          answer,
          extra,
        );
        if (lost === undefined) break;
      }
    }
  }

  /** How many layers deny whatever the others say. With two, any one may be lost. */
  private firmDenials({ identity, boundary, session }: Alone, api: () => Evaluation | undefined): number {
    const limits = [boundary, session].filter(
      (answer) => answer?.decision === "deny" && (answer.explicit || this.apiAllows !== "everybody"),
    );
    const own = identity?.decision === "deny" && (identity.explicit || this.apiAllows === "nobody") ? 1 : 0;
    const found = limits.length + own;
    return found >= 2 || api()?.explicit !== true ? found : found + 1;
  }

  private fail(
    key: string,
    code: "LayerTooWide" | "RequestAllowed",
    message: string,
    request: SessionRequest,
    answer: Evaluation,
    extra: ContextInput,
  ): void {
    const allows = answer.statements.filter(({ effect }) => effect === "Allow").map(({ sid }) => sid);
    const statements = this.system.reader.refsOf(allows);
    const resources = [...new Set(statements.map(({ resource }) => resource))];
    this.keep(key, {
      code,
      invariants: [3],
      message,
      resources: resources.length === 0 ? addressesOf(this.system) : resources,
      statements,
      request: shown(request, extra),
    });
  }

  private keep(key: string, counterexample: Counterexample): void {
    const known = this.found.get(key);
    if (known === undefined) this.found.set(key, { counterexample, count: 1 });
    else known.count += 1;
  }
}

/** A request in words: what is called, when, and with which tags. */
function named({ action, resource, at, tags }: SessionRequest): string {
  const path = resource.replace(/^(?:[^:]*:){5}[^/]*\//, "");
  const what = action === "execute-api:Invoke" ? `\`${path}\`` : `\`${action}\` on \`${path}\``;
  const when = at === MOMENTS.before ? "" : at === MOMENTS.end ? ", at the end of its minute" : ", after its minute";
  return `${what} (tagged ${GRANT_TAG}=${tags[GRANT_TAG] ?? "-"} ${FIELD_TAG}=${tags[FIELD_TAG] ?? "-"}${when})`;
}

function shown({ action, resource, tags, at }: SessionRequest, extra: ContextInput) {
  return { principal: "connector", action, resource, context: tagContext(tags, at, extra) };
}

/** Whose Allow of the API's policy could take the place of other layers' Allows. */
function whomApiAllows(api: PolicyDocument | undefined): "nobody" | "roles" | "everybody" {
  const allows = (api?.Statement ?? []).filter(({ Effect }) => Effect === "Allow");
  if (allows.length === 0) return "nobody";
  const named = allows.flatMap(({ Principal: principal }) =>
    typeof principal === "object" ? Object.values(principal).flat(2) : ["*"],
  );
  return named.every((name) => /^arn:[^:]*:iam::\d{12}:role\//.test(name)) ? "roles" : "everybody";
}
