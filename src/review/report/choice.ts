import { asList, asObject, asText, isObject, type Loose } from "../../compile/asl-graph";
import { code, counted, listed, shortened, type Text } from "./content";

/** Comparisons of Amazon States Language in words; those with a path compare with what stands there. */
const COMPARISONS: readonly (readonly [form: RegExp, words: string])[] = [
  [/GreaterThanEquals$/, "is at least"],
  [/LessThanEquals$/, "is at most"],
  [/GreaterThan$/, "is above"],
  [/LessThan$/, "is below"],
  [/Matches$/, "fits"],
  [/Equals$/, "is"],
];

/** Values that are written out before the rest is counted. */
const SHOWN = 10;

/** What a rule of a choice asks, in words; a test that is not known, as it is written. */
export function choiceInWords(rule: Loose): Text {
  const condition = asText(rule["Condition"]);
  if (condition !== undefined) return [code(condition)];
  if ("Not" in rule) return ["not (", ...choiceInWords(asObject(rule["Not"])), ")"];
  for (const [operator, word] of [
    ["And", "and"],
    ["Or", "or"],
  ] as const) {
    if (!(operator in rule)) continue;
    const rules = asList(rule[operator]).map(asObject);
    const alternatives = operator === "Or" ? oneVariable(rules) : undefined;
    if (alternatives !== undefined)
      return [
        ...nameOf(alternatives.variable),
        ` is one of ${counted(alternatives.values.length, "value")}: `,
        ...shortened(
          alternatives.values.map((value) => [code(value)]),
          SHOWN,
          "or",
        ),
      ];
    return listed(rules.map(inBrackets), word);
  }
  return comparison(rule);
}

/** The same in a few words, for a drawing. */
export function choiceInShort(rule: Loose): string {
  const parts = "And" in rule ? asList(rule["And"]).map(asObject) : [rule];
  return parts.map(shortly).join(", ");
}

function shortly(rule: Loose): string {
  const alternatives = "Or" in rule ? oneVariable(asList(rule["Or"]).map(asObject)) : undefined;
  if (alternatives !== undefined)
    return `${alternatives.variable.split(".").at(-1) ?? ""} one of ${alternatives.values.length}`;
  const value = Object.entries(rule).find(([key]) => key !== "Variable" && key !== "Next");
  const variable = asText(rule["Variable"]);
  if (variable === undefined || value === undefined || isObject(value[1]) || Array.isArray(value[1]))
    return "a condition";
  const [operator, operand] = value;
  const words = COMPARISONS.find(([form]) => form.test(operator.replace(/Path$/, "")))?.[1] ?? operator;
  return `${variable.split(".").at(-1) ?? variable} ${words} ${String(operand)}`;
}

function inBrackets(rule: Loose): Text {
  const words = choiceInWords(rule);
  return "And" in rule || ("Or" in rule && oneVariable(asList(rule["Or"]).map(asObject)) === undefined)
    ? ["(", ...words, ")"]
    : words;
}

/** Alternatives that all hold one variable against a text. */
function oneVariable(
  rules: readonly Loose[],
): { readonly variable: string; readonly values: readonly string[] } | undefined {
  const variable = asText(rules[0]?.["Variable"]);
  const values = rules.flatMap((rule) => {
    const value = asText(rule["StringEquals"]);
    return asText(rule["Variable"]) === variable && value !== undefined ? [value] : [];
  });
  return variable === undefined || values.length !== rules.length ? undefined : { variable, values };
}

function comparison(rule: Loose): Text {
  const variable = asText(rule["Variable"]) ?? "nothing";
  const [operator, operand] =
    Object.entries(rule).find(([key]) => key !== "Variable" && key !== "Next" && key !== "Comment") ?? [];
  if (operator === undefined) return [...nameOf(variable), " is asked nothing"];
  const presence = /^Is([A-Z]\w*)$/.exec(operator)?.[1];
  if (presence !== undefined)
    return [...nameOf(variable), ` is ${operand === true ? "" : "not "}${presence.toLowerCase()}`];
  const words = COMPARISONS.find(([form]) => form.test(operator.replace(/Path$/, "")))?.[1];
  const value = typeof operand === "string" ? operand : JSON.stringify(operand);
  return [...nameOf(variable), ` ${words ?? operator} `, code(value)];
}

function nameOf(variable: string): Text {
  return [code(variable)];
}
