import {
  witnessesOf,
  type ContextInput,
  type Evaluation,
  type Layers,
  type PolicyDocument,
  type Statement,
} from "../../iam";
import {
  ALLOW_ALL,
  attempt,
  concerns,
  mayName,
  requestOf,
  settledBy,
  shownContext,
  type Ask,
  type Caller,
} from "../asking";
import { contextsFor } from "../contexts";
import type { DocumentReader, StatementRef } from "../documents";
import type { ExampleRequest } from "../finding";
import { differingAtoms } from "./atoms";
import { valuesToTry, type Requests } from "./requests";

/** Documents of one side that are held together against a request. */
export interface Side {
  readonly documents: readonly PolicyDocument[];
  readonly reader: DocumentReader;
  /** Who asks: the same one may have another name or other tags than before. */
  readonly callerOf: (caller: Caller) => Caller;
}

/** How documents decide: as identity policies, as a resource's, or as a trust. */
export interface Mode {
  /**
   * `granted`: whether it is allowed. `denied`: whether it is denied in so many words, whatever else allows it. `allowed`: whether an Allow
   * covers it, also one that a denial beside it outweighs.
   */
  readonly asks: "granted" | "allowed" | "denied";
  readonly layersOf: (documents: readonly PolicyDocument[], caller: Caller) => Layers;
}

/** A request that two sides decide otherwise. */
export interface Decided {
  readonly direction: "gains" | "loses";
  readonly asks: Mode["asks"];
  readonly caller: Caller;
  readonly ask: Ask;
  readonly request: ExampleRequest;
  readonly statements: readonly StatementRef[];
}

export interface Decisions {
  readonly list: readonly Decided[];
  /** Whether every case could be tried and had a certain meaning. */
  readonly complete: boolean;
}

const ALLOWS = new WeakMap<PolicyDocument, PolicyDocument>();

/** A document without its denials. */
function allowsOf(document: PolicyDocument): PolicyDocument {
  const known = ALLOWS.get(document);
  if (known !== undefined) return known;
  const made: PolicyDocument = {
    Version: "2012-10-17",
    Statement: document.Statement.filter(({ Effect }) => Effect === "Allow"),
  };
  ALLOWS.set(document, made);
  return made;
}

/** Identity policies, a boundary or a session policy by themselves. */
export const OWN_MODES: readonly Mode[] = [
  { asks: "granted", layersOf: (documents) => ({ identity: documents }) },
  { asks: "allowed", layersOf: (documents) => ({ identity: documents.map(allowsOf) }) },
  { asks: "denied", layersOf: (documents) => ({ identity: [...documents, ALLOW_ALL] }) },
];

/** A resource's policy: whom it lets in by itself, and whom it stops whatever else allows. */
export function resourceModes(resourceKind: NonNullable<Layers["resourceKind"]>, accountId: string): Mode[] {
  const layers = (
    identity: readonly PolicyDocument[],
    documents: readonly PolicyDocument[],
    caller: Caller,
  ): Layers => {
    const isOwn = !caller.arn.startsWith("arn:") || caller.arn.split(":")[4] === accountId;
    const [resource] = documents;
    return {
      identity: isOwn ? identity : [ALLOW_ALL],
      ...(resource === undefined ? {} : { resource }),
      resourceKind,
      sameAccount: isOwn,
    };
  };
  return [
    { asks: "granted", layersOf: (documents, caller) => layers([], documents, caller) },
    { asks: "allowed", layersOf: (documents, caller) => layers([], documents.map(allowsOf), caller) },
    { asks: "denied", layersOf: (documents, caller) => layers([ALLOW_ALL], documents, caller) },
  ];
}

/** The policy of an endpoint: what it lets through, and what an Allow of it covers whatever a denial beside it says. */
export const ENDPOINT_MODES: readonly Mode[] = [
  { asks: "granted", layersOf: (documents) => throughEndpoint(documents) },
  { asks: "allowed", layersOf: (documents) => throughEndpoint(documents.map(allowsOf)) },
];

function throughEndpoint([endpoint]: readonly PolicyDocument[]): Layers {
  return { identity: [ALLOW_ALL], ...(endpoint === undefined ? {} : { endpoint }) };
}

/** Every request that two sides decide otherwise, of all that the sentences in which they differ are about. */
export function compareDecisions(
  before: Side,
  after: Side,
  callers: readonly Caller[],
  modes: readonly Mode[],
  requests: Requests,
  known?: Ask,
): Decisions {
  const [old, now] = [before, after].map(({ documents }) => documents.flatMap(({ Statement }) => Statement));
  if (old === undefined || now === undefined) return { list: [], complete: true };
  const { gone, come } = differingAtoms(old, now);
  const atoms = [...come, ...gone];
  if (atoms.length === 0) return { list: [], complete: true };
  const all = [...old, ...now];
  const values = valuesToTry(gone, come);
  const found = new Map<string, Decided>();
  let complete = true;
  for (const caller of callers) {
    const asked = new Set<string>();
    for (const atom of atoms) {
      if (!mayName(atom, caller)) continue;
      const asks = known === undefined ? requests.about(atom, all, values) : trustAsks(atom, known);
      for (const ask of asks) {
        const name = `${ask.action} ${ask.resource}`;
        if (asked.has(name)) continue;
        asked.add(name);
        const answers = decide(before, after, caller, modes, all, ask);
        complete &&= answers.complete;
        for (const decided of answers.list) {
          const key = `${decided.direction} ${decided.asks} ${caller.arn} ${name}`;
          if (!found.has(key)) found.set(key, decided);
        }
      }
    }
  }
  return { list: [...found.values()], complete };
}

/** A trust speaks of actions on its role alone. */
function trustAsks(atom: Statement, { resource }: Ask): Ask[] {
  const actions = ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "SetSourceIdentity", "TagSession"];
  return actions
    .map((action) => ({ action: `sts:${action}`.toLowerCase(), resource }))
    .filter((ask) => concerns({ ...atom, Resource: "*" }, ask));
}

function decide(
  before: Side,
  after: Side,
  caller: Caller,
  modes: readonly Mode[],
  all: readonly Statement[],
  ask: Ask,
): Decisions {
  const [old, now] = [before.callerOf(caller), after.callerOf(caller)];
  const relevant = all.filter((statement) => mayName(statement, caller) && concerns(withResource(statement), ask));
  const settled = { ...settledBy(now), ...ask.settled };
  const { list: contexts, complete: isAll } = contextsFor(
    withoutVariables(fewerValues(relevant, ask.resource)),
    settled,
    ask.resource,
    MAX_CONTEXTS,
  );
  const list: Decided[] = [];
  let complete = isAll;
  for (const mode of modes) {
    const known = new Set<string>();
    for (const context of contexts) {
      const was = answer(before, old, mode, ask, context);
      const is = answer(after, now, mode, ask, context);
      if (was === undefined || is === undefined) {
        complete = false;
        continue;
      }
      if (was.decision === is.decision) continue;
      const direction = is.decision === "allow" ? "gains" : "loses";
      if (known.has(direction)) continue;
      known.add(direction);
      list.push(
        decidedBy(
          direction,
          mode,
          caller,
          ask,
          context,
          direction === "gains" ? [after, is, was, before] : [before, was, is, after],
        ),
      );
    }
  }
  return { list, complete };
}

/** What allows it on the side that allows, or what denied it on the other. */
function decidedBy(
  direction: Decided["direction"],
  { asks }: Mode,
  caller: Caller,
  ask: Ask,
  context: ContextInput,
  [side, allowing, denying, other]: readonly [Side, Evaluation, Evaluation, Side],
): Decided {
  const allows = allowing.statements.filter(({ effect }) => effect === "Allow").map(({ sid }) => sid);
  const denies = denying.statements.filter(({ effect }) => effect === "Deny").map(({ sid }) => sid);
  const statements = asks !== "denied" ? side.reader.refsOf(allows) : other.reader.refsOf(denies);
  const { action, resource } = ask;
  return {
    direction,
    asks,
    caller,
    ask,
    request: { principal: caller.label, action, resource, context: shownContext(context) },
    statements,
  };
}

function answer(side: Side, caller: Caller, mode: Mode, ask: Ask, context: ContextInput): Evaluation | undefined {
  // A context that was made for one name of the caller is not that of another.
  const own = { ...context };
  if (own["aws:principalarn"] !== undefined && caller.arn.startsWith("arn:")) own["aws:principalarn"] = caller.arn;
  return attempt(requestOf(caller, ask, own), mode.layersOf(side.documents, caller));
}

/** Statements of a trust are about their own role, whatever it is called. */
function withResource(statement: Statement): Statement {
  if (statement.Resource !== undefined || statement.NotResource !== undefined) return statement;
  const known = WITH_RESOURCE.get(statement);
  if (known !== undefined) return known;
  const made: Statement = { ...statement, Resource: "*" };
  WITH_RESOURCE.set(statement, made);
  return made;
}

const WITH_RESOURCE = new WeakMap<Statement, Statement>();

/** Contexts tried of one request. */
const MAX_CONTEXTS = 20_000;

/** Lists longer than this are thinned out. */
const MANY = 4;

/**
 * Statements with fewer values to compare with, for the search of contexts: values that stand in the same lists are alike, but for one that
 * the resource names. Hundreds of fields then are a handful of cases.
 */
function fewerValues(statements: readonly Statement[], resource: string): readonly Statement[] {
  const places = new Map<string, Map<string, string>>();
  let number = 0;
  for (const { Condition: condition } of statements) {
    for (const keys of Object.values(condition ?? {})) {
      for (const [key, values] of Object.entries(keys)) {
        number += 1;
        const ofKey = places.get(key.toLowerCase()) ?? new Map<string, string>();
        for (const value of [values].flat()) ofKey.set(value, `${ofKey.get(value) ?? ""},${String(number)}`);
        places.set(key.toLowerCase(), ofKey);
      }
    }
  }
  const parts = new Set(resource.split(/[/:]/));
  const kept = new Map(
    [...places].map(([key, ofKey]) => {
      const seen = new Set<string>();
      const values = [...ofKey].flatMap(([value, signature]) => {
        if (/[*?$]/.test(value) || parts.has(value)) return [value];
        if (seen.has(signature)) return [];
        seen.add(signature);
        return [value];
      });
      return [key, new Set(values)];
    }),
  );
  return statements.map((statement) => {
    if (statement.Condition === undefined) return statement;
    const thinned = Object.entries(statement.Condition).map(([operator, keys]) => [
      operator,
      Object.fromEntries(
        Object.entries(keys).map(([key, values]) => {
          const list = [values].flat();
          if (list.length <= MANY || !/^(?:For\w+:)?String(?:Not)?Equals/.test(operator)) return [key, values];
          return [key, list.filter((value) => kept.get(key.toLowerCase())?.has(value))];
        }),
      ),
    ]);
    return { ...statement, Condition: Object.fromEntries(thinned) as Statement["Condition"] };
  });
}

/**
 * Statements whose conditions compare with no variable, for the search of contexts: a value such as `${aws:RequestTag/grantId}` becomes every
 * text that the other key is compared with, so that both meet in some contexts and not in others.
 */
function withoutVariables(statements: readonly Statement[]): readonly Statement[] {
  const tests = statements.flatMap(({ Condition: condition }) => Object.entries(condition ?? {}));
  if (!tests.some(([, keys]) => Object.values(keys).some((values) => [values].flat().some(namesVariable))))
    return statements;
  const known = new Map<string, Set<string>>();
  for (const [operator, keys] of tests) {
    for (const [key, values] of Object.entries(keys)) {
      if (!/String|Arn/.test(operator)) continue;
      const patterns = [values].flat().filter((value) => !namesVariable(value));
      const isLike = /Like|Arn/.test(operator);
      const texts = witnessesOf(patterns.map((value) => (isLike ? value : value.replace(/[*?$]/g, "${$&}")))).texts;
      const ofKey = known.get(key.toLowerCase()) ?? new Set<string>();
      for (const text of texts) ofKey.add(text);
      known.set(key.toLowerCase(), ofKey);
    }
  }
  const filled = (value: string): string[] => {
    const name = /\$\{([^*?$}][^},]*)/.exec(value)?.[1]?.trim().toLowerCase();
    if (name === undefined) return [value];
    const texts = [...(known.get(name) ?? []), "some-value"];
    return texts.map((text) => value.replace(/\$\{[^*?$}][^}]*\}/g, text)).filter((text) => text !== "");
  };
  return statements.map((statement) => ({
    ...statement,
    ...(statement.Condition === undefined
      ? {}
      : {
          Condition: Object.fromEntries(
            Object.entries(statement.Condition).map(([operator, keys]) => [
              operator,
              Object.fromEntries(Object.entries(keys).map(([key, values]) => [key, [values].flat().flatMap(filled)])),
            ]),
          ),
        }),
  }));
}

function namesVariable(value: string): boolean {
  return /\$\{[^*?$}]/.test(value);
}
