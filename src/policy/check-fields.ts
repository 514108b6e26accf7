import { checkApproval, duplicateEntries, unknownReference, type RawView } from "./view";
import { MAX_PATTERN_LENGTH, patternProblem } from "./pattern";
import { shown, type Path, type Problem } from "./problem";
import { entriesOf, isMapping, itemsOf, member, textMember, type Mapping } from "./raw";
import { valueTest, type ValueRules } from "./values";

/** The four questions that every field answers, and what contradicts itself within one. */
export function checkFields(view: RawView): Problem[] {
  const fields = entriesOf(view.fields).filter((entry): entry is readonly [string, Mapping] => isMapping(entry[1]));
  const judgePattern = memoised(patternProblem);
  return [
    ...fields.flatMap(([name, field]) => checkField(view, name, field, judgePattern)),
    ...duplicateHrisFields(fields),
    ...nothingWritable(view),
  ];
}

/** A function that works out each answer once: thousands of fields may share one pattern. */
function memoised<Answer>(answerOf: (question: string) => Answer): (question: string) => Answer {
  const known = new Map<string, { readonly answer: Answer }>();
  return (question) => {
    const earlier = known.get(question) ?? { answer: answerOf(question) };
    known.set(question, earlier);
    return earlier.answer;
  };
}

function checkField(view: RawView, name: string, field: Mapping, judgePattern: typeof patternProblem): Problem[] {
  const path = ["fields", name];
  const events = member(field, "events");
  return [
    ...unknownReference("UnknownOwner", view.owners, member(field, "owner"), [...path, "owner"], "owners"),
    ...unknownReference(
      "UnknownSystem",
      view.systems,
      member(field, "sourceOfTruth"),
      [...path, "sourceOfTruth"],
      "systems",
    ),
    ...itemsOf(events).flatMap((event, index) =>
      unknownReference("UnknownEvent", view.events, event, [...path, "events", index], "events"),
    ),
    ...duplicateEntries(events, [...path, "events"]),
    ...checkApproval(view, member(field, "approval"), [...path, "approval"]),
    ...checkClass(view, name, field, path),
    ...checkValueRules(field, path, judgePattern),
  ];
}

function checkClass(view: RawView, name: string, field: Mapping, path: Path): Problem[] {
  const fieldClass = member(field, "class");
  if (fieldClass === "never") return neverWithRules(field, path);
  if (fieldClass !== "safe" && fieldClass !== "conditional") return [];
  const absent = (key: string): boolean => member(field, key) === undefined;
  const problem = (code: Problem["code"], key: string, message: string): Problem => ({
    code,
    path: [...path, key],
    at: "key",
    message,
  });
  const problems: Problem[] = [];
  const events = member(field, "events");
  if (absent("events") || (Array.isArray(events) && events.length === 0)) {
    problems.push(problem("MissingEvents", "events", `the ${fieldClass} field names no event`));
  }
  if (absent("reconcile") && member(member(view.raw, "defaults"), "reconcile") === undefined) {
    problems.push(problem("MissingReconcile", "reconcile", `the ${fieldClass} field is reconciled nowhere`));
  }
  if (fieldClass === "conditional") {
    if (absent("approval"))
      problems.push(problem("MissingApproval", "approval", "the conditional field has no approval"));
    if (absent("check"))
      problems.push(problem("MissingCheck", "check", "the conditional field does not say how it is checked"));
  } else {
    problems.push(...withoutApprovers(view, name, field, path));
  }
  return [...problems, ...checkedAgainstHris(view, fieldClass, field, path)];
}

function neverWithRules(field: Mapping, path: Path): Problem[] {
  return ["events", "approval", "check"]
    .filter((key) => member(field, key) !== undefined && member(field, key) !== null)
    .map((key) => ({
      code: "NeverFieldHasRules",
      path: [...path, key],
      at: "key",
      message: `a never field has \`${key}\``,
    }));
}

function checkedAgainstHris(view: RawView, fieldClass: "safe" | "conditional", field: Mapping, path: Path): Problem[] {
  const written = member(field, "check");
  const check = written ?? (fieldClass === "safe" && written === undefined ? "equals-source" : undefined);
  const source = textMember(field, "sourceOfTruth");
  if (check !== "equals-source" || source === undefined) return [];
  if (member(member(view.systems, source), "kind") !== "hris") return [];
  const how = written === undefined ? "a safe field's default check, `equals-source`," : "`equals-source`";
  const message = `${how} would hold the value against ${shown(source)}, the HRIS that it is written to`;
  return [{ code: "CheckAgainstHris", path: [...path, "check"], message }];
}

/** A safe field that may need an approval which nobody could give. */
function withoutApprovers(view: RawView, name: string, field: Mapping, path: Path): Problem[] {
  const ownerName = textMember(field, "owner");
  const owner = ownerName === undefined ? undefined : member(view.owners, ownerName);
  if (!isMapping(owner) || member(owner, "approvers") !== undefined || member(field, "approval") !== undefined)
    return [];
  const raisedBy = whatRaises(view, name);
  if (raisedBy === undefined) return [];
  const message = `${raisedBy} can raise this safe field to conditional, and its owner ${shown(ownerName)} has no approvers`;
  return [{ code: "OwnerWithoutApprovers", path: [...path, "owner"], message }];
}

/** What can turn a safe field into a conditional one: a rule on initiators, a segment, or an exception to a segment. */
function whatRaises(view: RawView, name: string): string | undefined {
  const initiators = member(view.raw, "initiators");
  for (const kind of ["agent", "automation", "human"]) {
    const written = member(member(initiators, kind), "minimumClass");
    if (written === "conditional" || (kind === "agent" && written === undefined))
      return `the rule for initiators of kind \`${kind}\``;
  }
  for (const [segment, definition] of entriesOf(view.segments)) {
    const narrowed = member(member(definition, "fields"), name);
    if (narrowed === "conditional") return `the segment ${shown(segment)}`;
    const isLiftable = narrowed === "never" || member(definition, "mode") === "notify";
    const lifted = itemsOf(member(view.raw, "exceptions")).some(
      (exception) =>
        member(exception, "field") === name &&
        member(exception, "segment") === segment &&
        member(exception, "allow") === "conditional",
    );
    if (isLiftable && lifted) return `an exception to the segment ${shown(segment)}`;
  }
  return undefined;
}

/** Most other fields that a message names. */
const MAX_NAMED = 3;

function duplicateHrisFields(fields: readonly (readonly [string, Mapping])[]): Problem[] {
  const byTarget = new Map<string, { readonly name: string; readonly target: string }[]>();
  for (const [name, field] of fields) {
    const written = member(field, "hrisField");
    if (written !== undefined && typeof written !== "string") continue;
    const target = written ?? name;
    const same = byTarget.get(target.toLowerCase());
    if (same === undefined) byTarget.set(target.toLowerCase(), [{ name, target }]);
    else same.push({ name, target });
  }
  return [...byTarget.values()].flatMap((same) =>
    same.length === 1 ? [] : same.map(({ name, target }) => duplicateHrisField(name, target, same)),
  );
}

function duplicateHrisField(name: string, target: string, same: readonly { readonly name: string }[]): Problem {
  const others = same.slice(0, MAX_NAMED + 1).filter((other) => other.name !== name);
  const named = others.slice(0, MAX_NAMED).map((other) => shown(other.name));
  const more = same.length - 1 - named.length;
  const message = `the HRIS field ${shown(target)} is also that of ${named.join(", ")}${more === 0 ? "" : ` and ${String(more)} more`}`;
  return { code: "DuplicateHrisField", path: ["fields", name, "hrisField"], message };
}

function nothingWritable(view: RawView): Problem[] {
  if (view.fields === undefined) return [];
  const writable = Object.values(view.fields).some((field) => member(field, "class") !== "never");
  return writable ? [] : [{ code: "NothingWritable", path: ["fields"], at: "key", message: "no field may be written" }];
}

/** Pattern, and rules on values that exclude each other. */
function checkValueRules(field: Mapping, path: Path, judgePattern: typeof patternProblem): Problem[] {
  const problems: Problem[] = [];
  const written = textMember(field, "pattern");
  // One that is too long is the schema's to report.
  const pattern = written !== undefined && written.length <= MAX_PATTERN_LENGTH ? written : undefined;
  const wrong = pattern === undefined ? undefined : judgePattern(pattern);
  if (wrong !== undefined) {
    problems.push({
      code: wrong.kind === "invalid" ? "InvalidPattern" : "UnsafePattern",
      path: [...path, "pattern"],
      message: `${shown(pattern)} ${wrong.kind === "invalid" ? "is no ECMAScript regular expression" : "can take very long"}${wrong.detail === "" ? "" : `: ${wrong.detail}`}`,
    });
  }
  const type = textMember(field, "type");
  const forText = ["format", "pattern", "maxLength"].filter((key) => member(field, key) !== undefined);
  if (type === "number" || type === "boolean") {
    for (const key of forText) {
      problems.push({
        code: "ContradictoryRules",
        path: [...path, key],
        at: "key",
        message: `\`${key}\` is about text, and the type is \`${type}\``,
      });
    }
    if (forText.length > 0) return problems;
  }
  const others = rulesOf(field, wrong === undefined ? pattern : undefined);
  const problemOf = valueTest(others);
  itemsOf(member(field, "enum")).forEach((value, index) => {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return;
    const problem = problemOf(value);
    if (problem === undefined) return;
    problems.push({
      code: "ContradictoryRules",
      path: [...path, "enum", index],
      message: `${shown(value)} can never be written: ${problem}`,
    });
  });
  return [...problems, ...duplicateEntries(member(field, "enum"), [...path, "enum"])];
}

/** The rules on values that are well-formed; the pattern where it may be run. */
function rulesOf(field: Mapping, pattern: string | undefined): ValueRules {
  const type = textMember(field, "type");
  const format = textMember(field, "format");
  const maxLength = member(field, "maxLength");
  return {
    ...(type === "string" || type === "number" || type === "boolean" ? { type } : {}),
    ...(format === "email" || format === "phone" ? { format } : {}),
    ...(pattern === undefined ? {} : { pattern }),
    ...(typeof maxLength === "number" ? { maxLength } : {}),
  };
}
