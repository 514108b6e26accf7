import { accountOf, compileArn, type ArnMatcher, type ArnTarget } from "./arn";
import { compileCondition, type ConditionTest } from "./condition";
import type { Context } from "./context";
import { IamDocumentError } from "./errors";
import { compilePattern, parsePattern } from "./pattern";

/** What a document is attached to, which decides its grammar: `trust` has principals and no resource. */
export type DocumentKind = "identity" | "resource" | "trust";

/**
 * How closely a `Principal` element names the caller. It decides which implicit denies still limit an Allow: `session`, which a
 * user counts as too, and `everyone` none, `role` those of boundary and session policy, `account` all (it delegates to identity policies).
 */
export type PrincipalMatch = "session" | "everyone" | "role" | "account" | "service";

/** Who asks: a role's session, or a service on its own behalf. */
export interface Caller {
  readonly roleArn?: string;
  readonly sessionArn?: string;
  readonly accountId?: string;
  readonly service?: string;
}

/** The request in the form that statements are held against. */
export interface Target {
  readonly caller: Caller;
  /** In lower case. */
  readonly action: string;
  readonly resource: ArnTarget;
  readonly context: Context;
}

/** A statement that can be asked about requests. */
export interface CompiledStatement {
  readonly effect: "Allow" | "Deny";
  readonly sid?: string;
  /** `undefined` where the statement does not apply; identity documents apply to every caller as `role`. */
  readonly applies: (target: Target) => PrincipalMatch | undefined;
}

const DOCUMENT_KEYS = new Set(["Version", "Id", "Statement"]);
const STATEMENT_KEYS = new Set([
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
]);
const ACTION = /^(?:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$/;
const PRINCIPAL_ARN = /^arn:[a-z-]+:(?:iam|sts)::\d{12}:[^*?$]+$/;
const USER = /^arn:[a-z-]+:iam::\d{12}:user\//;
const ACCOUNT = /^\d{12}$/;
const SERVICE = /^[a-z0-9.-]+$/;

/** Compiles a document, or throws `IamDocumentError` for the first thing in it that has no certain meaning. */
export function compileDocument(document: unknown, kind: DocumentKind): CompiledStatement[] {
  const { Version: version, Statement: statement, ...rest } = recordOf(document, "document");
  refuseUnknown(rest, DOCUMENT_KEYS, "document");
  if (version !== "2012-10-17") throw new IamDocumentError("Version", "expected `2012-10-17`");
  const statements: readonly unknown[] = Array.isArray(statement) ? statement : [statement];
  return statements.map((entry, index) => compileStatement(entry, kind, `Statement[${String(index)}]`));
}

function compileStatement(value: unknown, kind: DocumentKind, path: string): CompiledStatement {
  const statement = recordOf(value, path);
  refuseUnknown(statement, STATEMENT_KEYS, path);
  const { Sid: sid, Effect: effect, Condition: condition } = statement;
  if (effect !== "Allow" && effect !== "Deny") {
    throw new IamDocumentError(`${path}.Effect`, "expected `Allow` or `Deny`");
  }
  if (sid !== undefined && typeof sid !== "string") throw new IamDocumentError(`${path}.Sid`, "expected a text");
  const principal = compilePrincipal(statement, kind, path);
  const action = compileActions(statement, path);
  const resource = compileResources(statement, kind, path);
  const tests: readonly ConditionTest[] =
    condition === undefined ? [] : compileCondition(condition, `${path}.Condition`);
  return {
    effect,
    ...(sid === undefined ? {} : { sid }),
    applies: (target) => {
      if (!action(target.action) || !resource(target.resource, target.context)) return undefined;
      const match = principal(target.caller);
      if (match === undefined) return undefined;
      for (const test of tests) if (!test(target.context)) return undefined;
      return match;
    },
  };
}

function compileActions(statement: Record<string, unknown>, path: string): (action: string) => boolean {
  const [values, negated, at] = oneOf(statement, "Action", "NotAction", path);
  const exact = new Set<string>();
  const patterns: ((action: string) => boolean)[] = [];
  for (const value of values) {
    if (!ACTION.test(value)) throw new IamDocumentError(at, `\`${value}\` is not an action`);
    const name = value.toLowerCase();
    if (/[*?]/.test(name)) {
      const matcher = compilePattern(parsePattern(name, at, { wildcards: true }));
      patterns.push((action) => matcher(action, NO_CONTEXT));
    } else {
      exact.add(name);
    }
  }
  return (action) => (exact.has(action) || patterns.some((pattern) => pattern(action))) !== negated;
}

const NO_CONTEXT: Context = new Map();

function compileResources(statement: Record<string, unknown>, kind: DocumentKind, path: string): ArnMatcher {
  if (kind === "trust") {
    if (statement["Resource"] !== undefined || statement["NotResource"] !== undefined) {
      throw new IamDocumentError(path, "a trust policy has no resource");
    }
    return () => true;
  }
  const [values, negated, at] = oneOf(statement, "Resource", "NotResource", path);
  const matchers = values.map((value) => compileArn(value, at));
  // A variable without a value matches nothing: `Resource` then does not apply, and `NotResource` applies to everything.
  return (target, context) => matchers.some((matcher) => matcher(target, context)) !== negated;
}

function compilePrincipal(
  statement: Record<string, unknown>,
  kind: DocumentKind,
  path: string,
): (caller: Caller) => PrincipalMatch | undefined {
  const { Principal: principal, NotPrincipal: notPrincipal } = statement;
  if (notPrincipal !== undefined) {
    throw new IamDocumentError(`${path}.NotPrincipal`, "is not judged; deny with `aws:PrincipalArn` instead");
  }
  if (kind === "identity") {
    if (principal !== undefined) throw new IamDocumentError(`${path}.Principal`, "has no place in an identity policy");
    return () => "role";
  }
  const at = `${path}.Principal`;
  if (principal === undefined) throw new IamDocumentError(at, "is missing in a resource policy");
  if (principal === "*") return () => "everyone";
  const arns = new Set<string>();
  const accounts = new Set<string>();
  const services = new Set<string>();
  let everyone = false;
  for (const [type, member] of Object.entries(recordOf(principal, at))) {
    for (const value of textsOf(member, `${at}.${type}`)) {
      const where = `${at}.${type}`;
      if (type === "Service" && SERVICE.test(value)) services.add(value);
      else if (type === "AWS" && value === "*") everyone = true;
      else if (type === "AWS" && ACCOUNT.test(value)) accounts.add(value);
      else if (type === "AWS" && PRINCIPAL_ARN.test(value)) {
        if (value.endsWith(":root")) accounts.add(accountOf(value) ?? "");
        else arns.add(value);
      } else throw new IamDocumentError(where, `\`${value}\` is not a principal that can be judged`);
    }
  }
  return (caller) => {
    if (caller.sessionArn !== undefined && arns.has(caller.sessionArn)) return "session";
    if (everyone) return "everyone";
    // A user has no session: what names the user is limited by no implicit deny.
    if (caller.roleArn !== undefined && arns.has(caller.roleArn)) return USER.test(caller.roleArn) ? "session" : "role";
    if (caller.accountId !== undefined && accounts.has(caller.accountId)) return "account";
    return caller.service !== undefined && services.has(caller.service) ? "service" : undefined;
  };
}

/** The values of exactly one of two elements, whether it is the negated one, and its path. */
function oneOf(
  statement: Record<string, unknown>,
  positive: string,
  negative: string,
  path: string,
): readonly [values: readonly string[], negated: boolean, path: string] {
  const has = statement[positive] !== undefined;
  if (has === (statement[negative] !== undefined)) {
    throw new IamDocumentError(path, `expected exactly one of \`${positive}\` and \`${negative}\``);
  }
  const name = has ? positive : negative;
  return [textsOf(statement[name], `${path}.${name}`), !has, `${path}.${name}`];
}

function textsOf(value: unknown, path: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw new IamDocumentError(path, "expected at least one text");
  return list.map((member) => {
    if (typeof member !== "string") throw new IamDocumentError(path, "expected texts");
    return member;
  });
}

function recordOf(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new IamDocumentError(path, "expected an object");
  }
  return value as Record<string, unknown>;
}

function refuseUnknown(value: Record<string, unknown>, known: ReadonlySet<string>, path: string): void {
  const unknown = Object.keys(value).find((key) => !known.has(key));
  if (unknown !== undefined) throw new IamDocumentError(`${path}.${unknown}`, "unknown element");
}
