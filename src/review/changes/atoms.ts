import { canonicalJson } from "../../core";
import type { OneOrMany, Statement } from "../../iam";

/**
 * Statements as single sentences, one action, one resource and one principal each, in one spelling: what differs between two documents
 * in this form may differ in meaning, and what does not, does not.
 */
export function atomsOf(statements: readonly Statement[]): Map<string, Statement> {
  return new Map(statements.flatMap(splitInto).map((atom) => [keyOf(atom), atom]));
}

/** The sentences that stand in one document only. */
export function differingAtoms(
  before: readonly Statement[],
  after: readonly Statement[],
): { readonly gone: readonly Statement[]; readonly come: readonly Statement[] } {
  if (printed(before) === printed(after)) return { gone: [], come: [] };
  const [old, now] = [atomsOf(before), atomsOf(after)];
  return {
    gone: [...old].flatMap(([key, atom]) => (now.has(key) ? [] : [atom])),
    come: [...now].flatMap(([key, atom]) => (old.has(key) ? [] : [atom])),
  };
}

/** Statements word for word, whatever they are called. */
function printed(statements: readonly Statement[]): string {
  return JSON.stringify(statements, (key, value: unknown) => (key === "Sid" ? undefined : value));
}

function splitInto(statement: Statement): Statement[] {
  const { Action: action, Resource: resource, Principal: principal, Condition: condition, ...others } = statement;
  const rest = Object.fromEntries(Object.entries(others).filter(([name]) => name !== "Sid")) as typeof others;
  const actions = action === undefined ? [undefined] : [action].flat().map((each) => each.toLowerCase());
  const resources = resource === undefined ? [undefined] : [resource].flat();
  const conditions = condition === undefined ? {} : { Condition: spelt(condition) };
  const principals = principal === undefined ? [undefined] : principalsOf(principal);
  return principals.flatMap((who) =>
    actions.flatMap((what) =>
      resources.map((where): Statement => ({
        ...rest,
        ...negated(rest),
        ...(who === undefined ? {} : { Principal: who }),
        ...(what === undefined ? {} : { Action: what }),
        ...(where === undefined ? {} : { Resource: where }),
        ...conditions,
      })),
    ),
  );
}

/** What is left out is one list: it cannot be split, only sorted. */
function negated({
  NotAction: actions,
  NotResource: resources,
}: Statement): Pick<Statement, "NotAction" | "NotResource"> {
  return {
    ...(actions === undefined ? {} : { NotAction: sorted([actions].flat().map((each) => each.toLowerCase())) }),
    ...(resources === undefined ? {} : { NotResource: sorted([resources].flat()) }),
  };
}

function principalsOf(principal: NonNullable<Statement["Principal"]>): NonNullable<Statement["Principal"]>[] {
  if (principal === "*") return ["*"];
  return Object.entries(principal).flatMap(([kind, names]) =>
    [names]
      .flat()
      .map((name): NonNullable<Statement["Principal"]> =>
        kind === "AWS" && name === "*" ? "*" : { [kind]: /^\d{12}$/.test(name) ? `arn:aws:iam::${name}:root` : name },
      ),
  );
}

/** Conditions with their keys in one case and their values in one order. */
function spelt(condition: NonNullable<Statement["Condition"]>): NonNullable<Statement["Condition"]> {
  return Object.fromEntries(
    Object.entries(condition).map(([operator, keys]) => [
      operator,
      Object.fromEntries(
        Object.entries(keys).map(([key, values]): [string, OneOrMany<string>] => {
          const texts = sorted([values].flat().map(String));
          return [key.toLowerCase(), texts.length === 1 ? (texts[0] ?? "") : texts];
        }),
      ),
    ]),
  );
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

function keyOf(atom: Statement): string {
  return canonicalJson(atom);
}
