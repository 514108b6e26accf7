import type { PolicyFindingCode } from "./codes";
import { hintOfKnown, nearest } from "./nearest";
import { shown, type Path, type Problem } from "./problem";
import { entriesOf, isMapping, itemsOf, member, textMember, type Mapping } from "./raw";
import { knownKeysAt } from "./schema";

/** The parts of a raw policy that checks look things up in; `undefined` where a part is too malformed to judge by. */
export interface RawView {
  readonly raw: Mapping;
  readonly owners: Mapping | undefined;
  readonly groups: Mapping | undefined;
  readonly systems: Mapping | undefined;
  readonly publishers: Mapping | undefined;
  readonly events: Mapping | undefined;
  readonly attributes: Mapping | undefined;
  readonly fields: Mapping | undefined;
  readonly segments: Mapping | undefined;
}

/** The view of a raw policy. */
export function viewOf(raw: Mapping): RawView {
  const required = (key: string): Mapping | undefined => {
    const section = member(raw, key);
    return isMapping(section) ? section : undefined;
  };
  const optional = (key: string): Mapping | undefined =>
    Object.hasOwn(raw, key) || isMisspelt(raw, key) ? required(key) : {};
  const owners = required("owners");
  const groups = owners && groupsOf(owners);
  return {
    raw,
    owners,
    groups,
    systems: required("systems"),
    publishers: optional("publishers"),
    events: optional("events"),
    attributes: optional("attributes"),
    fields: required("fields"),
    segments: optional("segments"),
  };
}

/** Whether a section is there under a name that is nearly its own: what it declares is then not known to be absent. */
function isMisspelt(raw: Mapping, section: string): boolean {
  const known = knownKeysAt([]) ?? [];
  return Object.keys(raw).some((key) => !known.includes(key) && nearest(key, [section]) === section);
}

function groupsOf(owners: Mapping): Mapping {
  const groups = entriesOf(owners).flatMap(([, owner]) => textMember(member(owner, "approvers"), "group") ?? []);
  return Object.fromEntries(groups.map((group) => [group, true]));
}

/** A reference that leads nowhere, or nothing: where the target or the name is malformed there is nothing to say. */
export function unknownReference(
  code: PolicyFindingCode,
  target: Mapping | undefined,
  name: unknown,
  path: Path,
  what: string,
  at: "key" | "value" = "value",
): Problem[] {
  if (target === undefined || typeof name !== "string" || Object.hasOwn(target, name)) return [];
  return [
    {
      code,
      path,
      at,
      message: `unknown ${what.replace(/s$/, "")} ${shown(name)}`,
      hint: hintOfKnown(name, Object.keys(target), what),
    },
  ];
}

/** Entries that a set-like list names again. */
export function duplicateEntries(list: unknown, path: Path): Problem[] {
  const seen = new Set<string>();
  return itemsOf(list).flatMap((entry, index): Problem[] => {
    if (typeof entry !== "string" && typeof entry !== "number" && typeof entry !== "boolean") return [];
    const key = `${typeof entry} ${String(entry)}`;
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [{ code: "DuplicateEntry", path: [...path, index], message: `${shown(entry)} is listed again` }];
  });
}

/** References and repeated groups of one approval. */
export function checkApproval(view: RawView, approval: unknown, path: Path): Problem[] {
  const seen = new Set<unknown>();
  return itemsOf(member(approval, "groups")).flatMap((entry, index): Problem[] => {
    const group = textMember(entry, "group");
    const at = [...path, "groups", index, "group"];
    if (group === undefined) return [];
    if (seen.has(group))
      return [{ code: "DuplicateApprovalGroup", path: at, message: `the group ${shown(group)} is named again` }];
    seen.add(group);
    return unknownReference("UnknownGroup", view.groups, group, at, "groups");
  });
}
