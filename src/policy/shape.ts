import type { z } from "zod";

import {
  FIELD_NAME,
  NAME,
  OUTCOME_DETAIL_TYPE,
  OUTCOME_SOURCE,
  REVERSAL_EVENT,
  REVERSAL_SOURCE,
  WAITING_DETAIL_TYPE,
} from "../core";
import type { PolicyFindingCode } from "./codes";
import { nearest } from "./nearest";
import { shown, type Path, type Problem } from "./problem";
import { entriesOf, isMapping, valueAt } from "./raw";
import { ATTRIBUTE_NAME, isOptionalKeyAt, knownKeysAt, policyFileSchema, type PolicyFile } from "./schema";

/**
 * The policy without optional sections that are written down and left empty: a bare `segments:` declares none. Shape and rules
 * judge what this leaves.
 */
export function withoutEmptySections(raw: unknown): unknown {
  if (!isMapping(raw)) return raw;
  return Object.fromEntries(
    Object.entries(raw).filter(([section, value]) => value !== null || !isOptionalKeyAt([section])),
  );
}

/** What the schema says about a policy's shape: the typed file where it holds, and every problem where it does not. */
export function checkShape(raw: unknown): { readonly problems: readonly Problem[]; readonly file?: PolicyFile } {
  const parsed = policyFileSchema.safeParse(raw);
  return parsed.success
    ? { problems: checkNames(raw), file: parsed.data }
    : { problems: [...checkNames(raw), ...parsed.error.issues.flatMap((issue) => problemsOfIssue(issue, raw))] };
}

/** Codes of the keys that a field must have, by key. */
const FIELD_KEYS: Readonly<Record<string, PolicyFindingCode>> = {
  class: "MissingClass",
  owner: "MissingOwner",
  sourceOfTruth: "MissingSourceOfTruth",
  events: "MissingEvents",
  approval: "MissingApproval",
  check: "MissingCheck",
  reconcile: "MissingReconcile",
};

const EXPECTED: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

function problemsOfIssue(issue: z.core.$ZodIssue, raw: unknown): Problem[] {
  const path = issue.path as Path;
  const found = valueAt(raw, path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = knownKeysAt(path) ?? [];
      const given = Object.keys(isMapping(found) ? found : {});
      const free = known.filter((key) => !given.includes(key));
      return issue.keys.map((key) => {
        const meant = nearest(key, free);
        return {
          code: "UnknownKey",
          path: [...path, key],
          at: "key",
          message: `unknown key ${shown(key)}`,
          hint: unknownKeyHint(meant ?? nearest(key, known), known),
          ...(meant === undefined ? {} : { meant: [...path, meant] }),
        };
      });
    }
    case "invalid_type":
    case "invalid_union":
      if (found === undefined || found === null) return [missing(path, found, raw, expectedBy(issue))];
      return [
        {
          code: "InvalidType",
          path,
          message: `found ${shown(found)}, ${expectedBy(issue)}`,
          ...(issue.code === "invalid_type" && issue.expected === "string" && typeof found !== "object"
            ? { hint: "write it in quotes" }
            : {}),
        },
      ];
    case "invalid_value": {
      if (found === undefined || found === null) return [missing(path, found, raw, expectedBy(issue))];
      const values = issue.values.map(String);
      const near = typeof found === "string" ? nearest(found, values) : undefined;
      const confused = issue.values.find((value) => String(value) === String(found as unknown));
      if (confused !== undefined) {
        const message = `found the ${typeof found} ${shown(found)}, expected the ${typeof confused} ${shown(confused)}`;
        return [
          {
            code: "InvalidType",
            path,
            message,
            hint: typeof found === "string" ? "write it without quotes" : "write it in quotes",
          },
        ];
      }
      return [
        {
          code: "InvalidValue",
          path,
          message: `found ${shown(found)}, ${expectedBy(issue)}`,
          ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
        },
      ];
    }
    case "invalid_format":
      return [
        {
          code: path.at(-1) === "group" ? "InvalidName" : "InvalidValue",
          path,
          message: `found ${shown(found)}, ${issue.message}`,
        },
      ];
    case "too_big":
    case "too_small": {
      const text = issue.message.startsWith("expected") ? issue.message : "expected a smaller number";
      return [
        {
          code: "InvalidValue",
          path,
          message: `found ${Array.isArray(found) && found.length === 0 ? "an empty list" : shown(found)}, ${text}`,
        },
      ];
    }
    default:
      return [{ code: "InvalidValue", path, message: `found ${shown(found)}, ${issue.message}` }];
  }
}

/** What a value should have been, in words that begin with "expected". */
function expectedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${EXPECTED[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `expected ${issue.values
        .map((value) => `\`${String(value)}\``)
        .join(", ")
        .replace(/, ([^,]*)$/, " or $1")}`;
    default:
      return issue.message;
  }
}

function unknownKeyHint(near: string | undefined, known: readonly string[]): string {
  return near === undefined
    ? `remove it; known here: ${known.map((each) => `\`${each}\``).join(", ")}`
    : `did you mean \`${near}\`?`;
}

function missing(path: Path, found: unknown, raw: unknown, expected: string): Problem {
  const last = path.at(-1);
  if (last === undefined) {
    return { code: "MissingKey", path, message: "the policy is empty", hint: "begin with `version: 1`" };
  }
  if (typeof last === "number") {
    return {
      code: "InvalidType",
      path,
      message: `found nothing, ${expected}`,
      hint: "write a value, or remove the entry",
    };
  }
  const key = last;
  if (found === null && isOptional(path, raw)) {
    return {
      code: "InvalidType",
      path,
      at: "key",
      message: `\`${key}\` is empty`,
      hint: "write a value, or remove the key",
    };
  }
  const how = found === null ? "is empty" : "is missing";
  const fieldCode = isOfField(path) && Object.hasOwn(FIELD_KEYS, key) ? FIELD_KEYS[key] : undefined;
  if (fieldCode !== undefined) {
    const isNever = valueAt(raw, [...path.slice(0, 2), "class"]) === "never";
    const forbidden = isNever && ["events", "approval", "check"].includes(key);
    return { code: forbidden ? "NeverFieldHasRules" : fieldCode, path, at: "key", message: `\`${key}\` ${how}` };
  }
  return { code: "MissingKey", path, at: "key", message: `\`${key}\` ${how}` };
}

function isOfField(path: Path): boolean {
  return path.length === 3 && path[0] === "fields";
}

/** Whether a key may be left out where it stands; what a field's class asks for may not. */
function isOptional(path: Path, raw: unknown): boolean {
  if (!isOptionalKeyAt(path)) return false;
  if (!isOfField(path)) return true;
  const fieldClass = valueAt(raw, [...path.slice(0, 2), "class"]);
  switch (path[2]) {
    case "events":
      return fieldClass !== "safe" && fieldClass !== "conditional" && fieldClass !== "never";
    case "approval":
    case "check":
      return fieldClass !== "conditional" && fieldClass !== "never";
    case "reconcile":
      return fieldClass === "never" || valueAt(raw, ["defaults", "reconcile"]) !== undefined;
    default:
      return true;
  }
}

/** Sections whose keys are names, with the form that they must have. */
const NAMED_SECTIONS: readonly (readonly [section: string, form: RegExp, what: string])[] = [
  ["owners", NAME, "lower-case letters, digits, `_`, `.` and `-`"],
  ["systems", NAME, "lower-case letters, digits, `_`, `.` and `-`"],
  ["publishers", NAME, "lower-case letters, digits, `_`, `.` and `-`"],
  ["events", NAME, "lower-case letters, digits, `_`, `.` and `-`"],
  ["segments", NAME, "lower-case letters, digits, `_`, `.` and `-`"],
  ["attributes", ATTRIBUTE_NAME, "letters, digits, `_`, `.` and `-`"],
  ["fields", FIELD_NAME, "lower-case letters, digits and `_`"],
];

function checkNames(raw: unknown): Problem[] {
  const problems: Problem[] = [];
  const check = (path: Path, name: string, form: RegExp, what: string): void => {
    if (form.test(name)) return;
    const message = `the name ${shown(name)} does not have the form ${what}, beginning with a letter, at most 63 characters`;
    problems.push({ code: "InvalidName", path: [...path, name], at: "key", message });
  };
  for (const [section, form, what] of NAMED_SECTIONS) {
    for (const [name] of entriesOf(valueAt(raw, [section]))) check([section], name, form, what);
  }
  for (const [segment, definition] of entriesOf(valueAt(raw, ["segments"]))) {
    for (const [attribute] of entriesOf(valueAt(definition, ["when"]))) {
      check(["segments", segment, "when"], attribute, ATTRIBUTE_NAME, "letters, digits, `_`, `.` and `-`");
    }
  }
  for (const [publisher] of entriesOf(valueAt(raw, ["publishers"]))) {
    const isOwn = publisher === OUTCOME_SOURCE || publisher === REVERSAL_SOURCE;
    if (!publisher.startsWith("aws.") && !isOwn) continue;
    const message = `the name ${shown(publisher)} is kept for ${isOwn ? "this system's own events" : "events of AWS"}`;
    problems.push({ code: "InvalidName", path: ["publishers", publisher], at: "key", message });
  }
  for (const type of [OUTCOME_DETAIL_TYPE, REVERSAL_EVENT, WAITING_DETAIL_TYPE]) {
    if (!isMapping(valueAt(raw, ["events", type]))) continue;
    const message = `the name \`${type}\` is kept for this system's own events`;
    problems.push({ code: "InvalidName", path: ["events", type], at: "key", message });
  }
  return problems;
}
