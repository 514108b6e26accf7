import { duplicateEntries, unknownReference, type RawView } from "./view";
import { isStricter, toFieldClass } from "./classes";
import { shown, type Problem } from "./problem";
import { entriesOf, isMapping, member, type Mapping } from "./raw";

/** Segments can only narrow. */
export function checkSegments(view: RawView): Problem[] {
  return entriesOf(view.segments).flatMap(([name, segment]) =>
    isMapping(segment) ? checkSegment(view, name, segment) : [],
  );
}

function checkSegment(view: RawView, name: string, segment: Mapping): Problem[] {
  const path = ["segments", name];
  const when = member(segment, "when");
  const fields = member(segment, "fields");
  const problems: Problem[] = [];
  if (isMapping(when) && Object.keys(when).length === 0) {
    problems.push({ code: "EmptySegmentCondition", path: [...path, "when"], message: "`when` names no attribute" });
  }
  const narrowsFields = fields !== undefined && !(isMapping(fields) && Object.keys(fields).length === 0);
  if (member(segment, "mode") === undefined && !narrowsFields) {
    problems.push({
      code: "EmptySegment",
      path,
      at: "key",
      message: `the segment ${shown(name)} has neither \`mode\` nor \`fields\``,
    });
  }
  for (const [attribute, values] of entriesOf(when)) {
    const at = [...path, "when", attribute];
    problems.push(
      ...unknownReference("UnknownAttribute", view.attributes, attribute, at, "attributes", "key"),
      ...duplicateEntries(values, at),
    );
  }
  for (const [field, narrowed] of entriesOf(fields)) {
    const at = [...path, "fields", field];
    problems.push(...unknownReference("UnknownField", view.fields, field, at, "fields", "key"));
    const own = toFieldClass(member(member(view.fields, field), "class"));
    const given = toFieldClass(narrowed);
    if (own === undefined || given === undefined) continue;
    if (isStricter(own, given)) {
      problems.push({
        code: "SegmentWidens",
        path: at,
        message: `found ${shown(given)}, and the field's own class is ${shown(own)}`,
      });
    } else if (own === given) {
      problems.push({
        code: "SegmentNarrowsNothing",
        path: at,
        message: `found ${shown(given)}, which is the field's own class`,
      });
    }
  }
  return problems;
}
