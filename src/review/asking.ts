import {
  evaluate,
  IamRequestError,
  type AccessRequest,
  type ContextInput,
  type Evaluation,
  type Layers,
  type PolicyDocument,
  type Statement,
} from "../iam";
import { contextsFor, type Settled } from "./contexts";
import type { DocumentReader, StatementRef } from "./documents";
import type { ExampleRequest } from "./finding";

/** One request, as far as it is settled: the caller may choose all other condition keys. */
export interface Ask {
  readonly action: string;
  readonly resource: string;
  readonly settled?: Settled;
}

/** Somebody who asks. */
export interface Caller {
  /** As people call it. */
  readonly label: string;
  /** ARN of a role or user, or the name of a service. */
  readonly arn: string;
  /** Tags of the role, which conditions see as `aws:PrincipalTag`. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** A request that is allowed, and the statements that allow it. */
export interface Allowed {
  readonly statements: readonly StatementRef[];
  readonly request: ExampleRequest;
}

/** Something that allows everything: stands for what is not known, or for a layer that somebody opened. */
export const ALLOW_ALL: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};

/**
 * A request that is allowed, among all that differ in what the statements concerned ask; `undefined` where none is, and `undecided` where
 * there are more cases than can be tried, or one without a certain meaning.
 */
export function findAllowed(
  reader: DocumentReader,
  caller: Caller,
  ask: Ask,
  layers: Layers,
): Allowed | "undecided" | undefined {
  if (!mayBeAllowed(caller, ask, layers)) return undefined;
  const answers = answersTo(caller, ask, layers);
  for (const { context, answer } of answers.list) {
    if (answer === undefined) return "undecided";
    if (answer.decision === "deny") continue;
    const allows = answer.statements.filter(({ effect }) => effect === "Allow").map(({ sid }) => sid);
    const { action, resource } = ask;
    return {
      statements: reader.refsOf(allows),
      request: { principal: caller.label, action, resource, context: shownContext(context) },
    };
  }
  return answers.complete ? undefined : "undecided";
}

/** Whether every request of this kind is denied in so many words, whatever else allows it; `undefined` where that cannot be told. */
export function isAlwaysDenied(caller: Caller, ask: Ask, layers: Layers): boolean | undefined {
  const { list, complete } = answersTo(caller, ask, layers);
  const certain = list.every(({ answer }) => answer !== undefined);
  if (list.some(({ answer }) => answer?.explicit === false)) return false;
  return complete && certain ? true : undefined;
}

interface Answers {
  readonly list: readonly { readonly context: ContextInput; readonly answer: Evaluation | undefined }[];
  readonly complete: boolean;
}

function answersTo(caller: Caller, ask: Ask, layers: Layers): Answers {
  const settled: Settled = { ...settledBy(caller), ...ask.settled };
  const relevant = documentsOf(layers).flatMap(({ Statement }) =>
    Statement.filter((statement) => mayName(statement, caller) && concerns(statement, ask)),
  );
  const { list, complete } = contextsFor(relevant, settled, ask.resource);
  return {
    list: list.map((context) => ({ context, answer: attempt(requestOf(caller, ask, context), layers) })),
    complete,
  };
}

export function requestOf({ arn }: Caller, { action, resource }: Ask, context: ContextInput): AccessRequest {
  return arn.startsWith("arn:")
    ? { principalArn: arn, action, resource, context }
    : { principalService: arn, action, resource, context };
}

/** `undefined` where a condition has no certain meaning for such a request. */
export function attempt(request: AccessRequest, layers: Layers): Evaluation | undefined {
  try {
    return evaluate(request, layers);
  } catch (error) {
    if (error instanceof IamRequestError) return undefined;
    throw error;
  }
}

function documentsOf({ identity, boundary, session, resource }: Layers): PolicyDocument[] {
  return [...identity, boundary, session, resource].filter((document) => document !== undefined);
}

/** Most requests are asked in vain: a look at the Allows without their conditions settles those, and mostly one at their actions. */
function mayBeAllowed(caller: Caller, ask: Ask, layers: Layers): boolean {
  const action = ask.action.toLowerCase();
  const givers = layers.resource === undefined ? layers.identity : [...layers.identity, layers.resource];
  if (!givers.some((document) => mayAllowAction(document, action))) return false;
  const bare: Layers = {
    ...layers,
    identity: layers.identity.map(bareAllows),
    ...(layers.boundary === undefined ? {} : { boundary: bareAllows(layers.boundary) }),
    ...(layers.session === undefined ? {} : { session: bareAllows(layers.session) }),
    ...(layers.resource === undefined ? {} : { resource: bareAllows(layers.resource) }),
  };
  return attempt(requestOf(caller, ask, {}), bare)?.decision !== "deny";
}

/** What follows from who asks: a caller cannot choose it. */
export function settledBy({ arn, tags = {} }: Caller): Settled {
  if (!arn.startsWith("arn:")) return { "aws:principalarn": undefined, "aws:principalaccount": undefined };
  const account = /^arn:[^:]*:[^:]*:[^:]*:(\d{12}):/.exec(arn)?.[1];
  return {
    "aws:principalarn": arn,
    "aws:principalaccount": account,
    "kms:calleraccount": account,
    // Only requests that a service makes on its own behalf have these.
    "aws:sourcearn": undefined,
    "aws:sourceaccount": undefined,
    "aws:securetransport": "true",
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:principaltag/${key.toLowerCase()}`, value])),
  };
}

/** Keys that say nothing about what was chosen. */
const MATTERS_OF_COURSE: ReadonlySet<string> = new Set([
  "aws:principalaccount",
  "aws:principalarn",
  "aws:securetransport",
  "kms:calleraccount",
]);

export function shownContext(context: ContextInput): ContextInput {
  return Object.fromEntries(
    Object.entries(context)
      .filter(([key]) => !MATTERS_OF_COURSE.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const ALLOWED_ACTIONS = new WeakMap<
  PolicyDocument,
  { readonly named: ReadonlySet<string>; readonly isOpen: boolean }
>();

/** Whether some Allow of a document names an action, in lower case, or may by a wildcard. */
function mayAllowAction(document: PolicyDocument, action: string): boolean {
  const { named, isOpen } = kept(ALLOWED_ACTIONS, document, () => {
    const allows = document.Statement.filter(({ Effect }) => Effect === "Allow");
    const actions = allows.flatMap(({ Action: each }) => [each ?? []].flat()).map((each) => each.toLowerCase());
    return {
      named: new Set(actions),
      isOpen: allows.some(({ NotAction }) => NotAction !== undefined) || actions.some((each) => /[*?]/.test(each)),
    };
  });
  return isOpen || named.has(action);
}

const BARE = new WeakMap<PolicyDocument, PolicyDocument>();

/** The Allows of a policy without conditions, their variables as wildcards: what it might allow at most. */
function bareAllows(document: PolicyDocument): PolicyDocument {
  return kept(BARE, document, () => ({
    Version: "2012-10-17",
    Statement: document.Statement.filter(({ Effect }) => Effect === "Allow").map(bare),
  }));
}

function bare(statement: Statement): Statement {
  const { Sid, Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource } = statement;
  const open = [Resource ?? []].flat().map((text) => text.replace(/\$\{[^*?$}][^}]*\}/g, "*"));
  return defined({
    Sid,
    Effect,
    Principal,
    NotPrincipal,
    Action,
    NotAction,
    // A variable in what is left out may stand for nothing: then nothing is left out.
    Resource: NotResource !== undefined ? "*" : Resource === undefined ? undefined : open,
  });
}

/** Without the members that are not there: the evaluator reads an element by its presence. */
function defined(statement: Statement): Statement {
  return Object.fromEntries(
    Object.entries(statement).filter(([, value]) => value !== undefined),
  ) as unknown as Statement;
}

/** Whether a statement can be about a caller at all: what is said to services is not said to roles, nor the other way round. */
export function mayName({ Principal: principal }: Statement, { arn }: Caller): boolean {
  if (typeof principal !== "object") return true;
  const kind = arn.startsWith("arn:") ? "AWS" : "Service";
  return principal[kind] !== undefined;
}

const SINGLES = new WeakMap<Statement, PolicyDocument>();

const ANYBODY = "arn:aws:iam::000000000000:role/anybody";

/** Whether a statement speaks of an action on a resource, whatever its effect, its principal and its conditions. */
export function concerns(statement: Statement, { action, resource }: Ask): boolean {
  const single = kept(SINGLES, statement, () => {
    const anybody = defined({ ...bare(statement), Effect: "Allow", Principal: undefined, NotPrincipal: undefined });
    return { Version: "2012-10-17" as const, Statement: [anybody] };
  });
  const request = { principalArn: ANYBODY, action, resource, context: {} };
  return attempt(request, { identity: [single] })?.decision !== "deny";
}

function kept<Key extends object, Made>(cache: WeakMap<Key, Made>, key: Key, make: () => Made): Made {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}
