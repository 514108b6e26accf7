import type { Statement } from "../../iam";
import { isRecord, record } from "../stack";
import { actionsInWords } from "./actions";
import { conditionInWords } from "./conditions";
import { capitalised, code, listed, shortened, type ExplainedStatement, type Text } from "./content";
import type { Lexicon } from "./lexicon";

/** Resources that are written out before the rest is counted. */
const SHOWN = 8;

/** What the statement allows or denies, to whom, on what and when: from the statement alone, whatever made it. */
export function explainStatement(statement: Statement, lexicon: Lexicon): ExplainedStatement {
  const isAllow = statement.Effect === "Allow";
  const isKnown = isAllow || (statement.Effect as unknown) === "Deny";
  const who = whom(statement, lexicon);
  const what: Text = [...actions(statement), ...resources(statement, lexicon)];
  const start: Text =
    who === undefined
      ? isAllow
        ? ["Allows to "]
        : ["Denies, whatever else allows it, to "]
      : isAllow
        ? ["Allows ", ...who, " to "]
        : ["Denies ", ...who, ", whatever else allows it, to "];
  const conditions = Object.entries(record(statement.Condition)).flatMap(([operator, keys]) =>
    Object.entries(record(keys)).map(([key, values]) => conditionInWords(operator, key, textsOf(values))),
  );
  const only = conditions.length === 0 ? "." : isAllow ? ", only if:" : ", if:";
  return {
    says: isKnown ? [...start, ...what, only] : ["Neither allows nor denies: its effect is none that IAM knows."],
    points: [
      ...conditions.map((condition, index) => [
        ...capitalised(condition),
        index < conditions.length - 1 ? ", and" : ".",
      ]),
      ...variables(statement),
    ],
    json: JSON.stringify(statement, undefined, 2),
  };
}

function actions({ Action: action, NotAction: not }: Statement): Text {
  if (not !== undefined) return ["do everything but ", ...actionsInWords(textsOf(not))];
  return actionsInWords(textsOf(action));
}

function resources({ Resource: resource, NotResource: not }: Statement, lexicon: Lexicon): Text {
  if (not !== undefined) return [" on everything but ", ...namesOf(not, lexicon)];
  // A trust policy speaks of the role that it stands in.
  if (resource === undefined) return [" as this role"];
  return [" on ", ...namesOf(resource, lexicon)];
}

function namesOf(arns: unknown, lexicon: Lexicon): Text {
  return shortened(
    textsOf(arns).map((arn) => lexicon.resource(arn)),
    SHOWN,
  );
}

function whom({ Principal: principal, NotPrincipal: not }: Statement, lexicon: Lexicon): Text | undefined {
  if (not !== undefined) return ["everybody but ", ...principals(not, lexicon)];
  return principal === undefined ? undefined : principals(principal, lexicon);
}

function principals(principal: unknown, lexicon: Lexicon): Text {
  if (typeof principal === "string") return lexicon.principal("AWS", principal);
  if (!isRecord(principal)) return [code(JSON.stringify(principal))];
  return listed(
    Object.entries(principal).flatMap(([kind, ids]) => textsOf(ids).map((id) => lexicon.principal(kind, id))),
  );
}

/** What the policy variables stand for, each once. */
function variables(statement: Statement): Text[] {
  const found = new Set(JSON.stringify(statement).match(/\$\{[^}"\\]+\}/g) ?? []);
  return [...found].sort().flatMap((variable): Text[] => {
    const name = variable.slice(2, -1);
    if (name === "*" || name === "?" || name === "$") return [["Here ", code(variable), " is the character itself."]];
    const tag = /^aws:PrincipalTag\/(.+)$/i.exec(name)?.[1];
    return tag === undefined
      ? [[code(variable), " stands for what the request has as ", code(name), "."]]
      : [[code(variable), " stands for the caller's own tag ", code(tag), "."]];
  });
}

/** One text or several; what is neither, is shown as JSON has it. */
function textsOf(values: unknown): string[] {
  return [values]
    .flat()
    .flatMap((value) => (value === undefined ? [] : [typeof value === "string" ? value : JSON.stringify(value)]));
}
