import { accountOf, readArn } from "./arn";
import { readContext, type ContextInput } from "./context";
import type { PolicyDocument } from "./document";
import { IamRequestError } from "./errors";
import {
  compileDocument,
  type Caller,
  type CompiledStatement,
  type DocumentKind,
  type PrincipalMatch,
  type Target,
} from "./statement";

interface RequestBase {
  /** One action in full, as `execute-api:Invoke`. Case does not count. */
  readonly action: string;
  /** The ARN that the service authorises, or `*` for actions that have no resource type. Case counts. */
  readonly resource: string;
  /**
   * Condition keys of the request, `aws:CurrentTime` among them. `aws:PrincipalArn` and `aws:PrincipalAccount` follow from
   * the caller and may be left out.
   */
  readonly context: ContextInput;
}

/** A request by a role's session: `principalArn` is the role, `sessionArn` its `assumed-role` ARN. */
export interface RoleRequest extends RequestBase {
  readonly principalArn: string;
  readonly sessionArn?: string;
  readonly principalService?: undefined;
}

/** A request that an AWS service makes on its own behalf, as `events.amazonaws.com` to a queue. */
export interface ServiceRequest extends RequestBase {
  readonly principalService: string;
  readonly principalArn?: undefined;
  readonly sessionArn?: undefined;
}

export type AccessRequest = RoleRequest | ServiceRequest;

/** The documents that a request is held against. */
export interface Layers {
  readonly identity: readonly PolicyDocument[];
  readonly boundary?: PolicyDocument;
  readonly session?: PolicyDocument;
  readonly resource?: PolicyDocument;
  /**
   * Policy of the VPC endpoint that the request comes through. It limits and never grants: whatever else allows, it must too.
   * @see https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html (read 2026-11-23)
   * @default - the request comes through no endpoint whose policy is known
   */
  readonly endpoint?: PolicyDocument;
  /**
   * `may-allow`: within the account an Allow of either side suffices (API Gateway, SQS, EventBridge, Secrets Manager).
   * `must-allow`: nothing is allowed without the resource's policy (KMS keys). `trust`: the same, for a role's trust policy.
   * @default "may-allow"
   */
  readonly resourceKind?: "may-allow" | "must-allow" | "trust";
  /**
   * Whether caller and resource are in one account. Across accounts both sides must allow.
   * @default true
   */
  readonly sameAccount?: boolean;
}

export type Layer = "identity" | "boundary" | "session" | "resource" | "endpoint";

/** A statement that applied to the request. */
export interface AppliedStatement {
  readonly layer: Layer;
  readonly effect: "Allow" | "Deny";
  readonly sid?: string;
}

/** The answer, and who gave it. */
export interface Evaluation {
  readonly decision: "allow" | "deny";
  /** A Deny statement applied; otherwise a denial means that some layer did not allow. */
  readonly explicit: boolean;
  /** The layers that decided: those with a Deny, those that miss an Allow, or those whose Allow was needed. */
  readonly layers: readonly Layer[];
  /** The same in words, as in "explicit deny in boundary (DenyUnlistedFields)". */
  readonly by: string;
  /** Every statement that applied, of all layers. */
  readonly statements: readonly AppliedStatement[];
}

const ACTION = /^[a-z0-9-]+:[a-z0-9]+$/;

/**
 * Answers whether IAM allows a request, by the published evaluation rules: an explicit Deny anywhere wins; identity, boundary
 * and session policy must each allow; a resource policy's Allow replaces the identity policy's where it names the role,
 * and escapes boundary and session policy too where it names the session or everyone. The policy of a VPC endpoint that the
 * request comes through must allow as well.
 *
 * Pure. Documents are compiled once per object and kept; do not change a document after it was evaluated.
 * Throws `IamDocumentError` for documents without a certain meaning and `IamRequestError` for impossible requests.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html (read 2026-11-23)
 */
export function evaluate(request: AccessRequest, layers: Layers): Evaluation {
  const target = readRequest(request);
  const kind = layers.resourceKind ?? "may-allow";
  const statements: AppliedStatement[] = [];
  const allows: Partial<Record<Layer, boolean>> = {};
  let resourceMatch: PrincipalMatch | undefined;
  const judge = (layer: Layer, document: PolicyDocument, documentKind: DocumentKind): void => {
    allows[layer] ??= false;
    for (const { statement, applied } of compiled(document, layer, documentKind)) {
      const match = statement.applies(target);
      if (match === undefined) continue;
      statements.push(applied);
      if (applied.effect === "Deny") continue;
      allows[layer] = true;
      if (layer === "resource") resourceMatch = widest(resourceMatch, match);
    }
  };
  allows.identity = false;
  for (const document of layers.identity) judge("identity", document, "identity");
  if (layers.boundary !== undefined) judge("boundary", layers.boundary, "identity");
  if (layers.session !== undefined) judge("session", layers.session, "identity");
  if (layers.resource !== undefined) judge("resource", layers.resource, kind === "trust" ? "trust" : "resource");
  if (layers.endpoint !== undefined) judge("endpoint", layers.endpoint, "resource");

  const denies = statements.filter((statement) => statement.effect === "Deny");
  if (denies.length > 0) {
    return answer(
      "deny",
      true,
      unique(denies.map(({ layer }) => layer)),
      describe("explicit deny in", denies),
      statements,
    );
  }
  const needed = neededLayers(request, layers, kind, resourceMatch);
  if (layers.endpoint !== undefined) needed.push("endpoint");
  const missing = needed.filter((layer) => allows[layer] === false || (layer === "resource" && allows[layer] !== true));
  return missing.length > 0
    ? answer("deny", false, missing, `no allow in ${missing.join(", ")}`, statements)
    : answer(
        "allow",
        false,
        needed,
        describe(
          "allow in",
          statements.filter((statement) => needed.includes(statement.layer)),
        ),
        statements,
      );
}

/** The layers whose Allow this request needs, in the order they are reported. */
function neededLayers(
  request: AccessRequest,
  layers: Layers,
  kind: NonNullable<Layers["resourceKind"]>,
  resourceMatch: PrincipalMatch | undefined,
): Layer[] {
  if (request.principalService !== undefined) return ["resource"];
  const limits: Layer[] = [];
  if (layers.boundary !== undefined) limits.push("boundary");
  if (layers.session !== undefined) limits.push("session");
  if (layers.sameAccount === false) return ["identity", ...limits, "resource"];
  switch (resourceMatch) {
    case "session":
    case "everyone":
      return ["resource"];
    case "role":
      return [...limits, "resource"];
    default:
      return kind === "may-allow" ? ["identity", ...limits] : ["identity", ...limits, "resource"];
  }
}

const WIDTH: Readonly<Record<PrincipalMatch, number>> = { account: 0, service: 1, role: 2, session: 3, everyone: 4 };

/** Of two Allows of a resource policy the one that escapes more implicit denies. */
function widest(a: PrincipalMatch | undefined, b: PrincipalMatch): PrincipalMatch {
  return a === undefined || WIDTH[b] > WIDTH[a] ? b : a;
}

function readRequest(request: AccessRequest): Target {
  const action = request.action.toLowerCase();
  if (!ACTION.test(action)) throw new IamRequestError(`\`${request.action}\` is not one action`);
  const resource = readArn(request.resource);
  if (resource.segments === undefined && request.resource !== "*") {
    throw new IamRequestError(`\`${request.resource}\` is neither an ARN nor \`*\``);
  }
  const caller = readCaller(request);
  const implied: Record<string, string> = {};
  if (caller.roleArn !== undefined) implied["aws:PrincipalArn"] = caller.roleArn;
  if (caller.accountId !== undefined) implied["aws:PrincipalAccount"] = caller.accountId;
  return { caller, action, resource, context: readContext(request.context, implied) };
}

function readCaller(request: AccessRequest): Caller {
  if (request.principalService !== undefined) return { service: request.principalService };
  const roleArn = request.principalArn;
  const accountId = accountOf(roleArn);
  if (accountId === undefined) throw new IamRequestError(`\`${roleArn}\` is not the ARN of a role`);
  return { roleArn, accountId, ...(request.sessionArn === undefined ? {} : { sessionArn: request.sessionArn }) };
}

/** A statement with what is reported when it applies. */
interface JudgedStatement {
  readonly statement: CompiledStatement;
  readonly applied: AppliedStatement;
}

/** Compiled documents by where they were held: the same object may stand in several layers. */
const CACHES = new Map<string, WeakMap<PolicyDocument, readonly JudgedStatement[]>>();

function compiled(document: PolicyDocument, layer: Layer, kind: DocumentKind): readonly JudgedStatement[] {
  const place = kind === "trust" ? kind : layer;
  let cache = CACHES.get(place);
  if (cache === undefined) CACHES.set(place, (cache = new WeakMap()));
  let statements = cache.get(document);
  if (statements === undefined) {
    statements = compileDocument(document, kind).map((statement) => ({
      statement,
      applied: { layer, effect: statement.effect, ...(statement.sid === undefined ? {} : { sid: statement.sid }) },
    }));
    cache.set(document, statements);
  }
  return statements;
}

function answer(
  decision: Evaluation["decision"],
  explicit: boolean,
  layers: readonly Layer[],
  by: string,
  statements: readonly AppliedStatement[],
): Evaluation {
  return { decision, explicit, layers, by, statements };
}

function describe(prefix: string, statements: readonly AppliedStatement[]): string {
  const names: string[] = [];
  for (const { layer, sid } of statements) {
    const name = sid === undefined ? layer : `${layer} (${sid})`;
    if (!names.includes(name)) names.push(name);
  }
  return `${prefix} ${names.join(", ")}`;
}

function unique<T>(values: readonly T[]): T[] {
  return values.length < 2 ? [...values] : [...new Set(values)];
}
