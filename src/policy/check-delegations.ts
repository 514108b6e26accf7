import { daysBetween, endOfUtcDay, parseDate } from "../core";
import { shown, type Path, type Problem } from "./problem";
import { entriesOf, isMapping, itemsOf, member, textMember, type Mapping } from "./raw";
import { unknownReference, type RawView } from "./view";

/** Longest time that a delegation may hold. */
const MAX_DELEGATION_DAYS = 90;

/** Delegations: of a group that is asked, signed by an owner whose group it is, short. */
export function checkDelegations(view: RawView): Problem[] {
  const seen = new Set<string>();
  return itemsOf(member(view.raw, "delegations")).flatMap((delegation, index): Problem[] => {
    if (!isMapping(delegation)) return [];
    const path = ["delegations", index];
    return [
      ...repeatedId(delegation, path, seen),
      ...unknownReference("UnknownGroup", view.groups, member(delegation, "group"), [...path, "group"], "groups"),
      ...checkSignatures(view, delegation, path),
      ...checkDays(delegation, path),
    ];
  });
}

/** Delegations that have ended, or not begun, at a moment. */
export function checkDelegationTimes({ raw }: RawView, nowMs: number): Problem[] {
  return itemsOf(member(raw, "delegations")).flatMap((delegation, index): Problem[] => {
    const path = ["delegations", index];
    const { from, until, fromMs, untilMs } = daysOf(delegation);
    if (untilMs !== undefined && endOfUtcDay(untilMs) < nowMs) {
      return [{ code: "DelegationExpired", path: [...path, "until"], message: `it ended with ${shown(until)}` }];
    }
    if (fromMs !== undefined && fromMs > nowMs) {
      return [{ code: "DelegationNotYetInForce", path: [...path, "from"], message: `it begins on ${shown(from)}` }];
    }
    return [];
  });
}

function repeatedId(delegation: Mapping, path: Path, seen: Set<string>): Problem[] {
  const id = textMember(delegation, "id");
  if (id === undefined) return [];
  if (seen.has(id)) {
    return [{ code: "DuplicateDelegationId", path: [...path, "id"], message: `the id ${shown(id)} is given again` }];
  }
  seen.add(id);
  return [];
}

/** Only an owner whose approvers a group is may lend its seats. */
function checkSignatures(view: RawView, delegation: Mapping, path: Path): Problem[] {
  const signatures = member(delegation, "approvedBy");
  if (!isMapping(signatures)) return [];
  const at = [...path, "approvedBy"];
  const unknown = Object.keys(signatures).flatMap((signer) =>
    unknownReference("UnknownOwner", view.owners, signer, [...at, signer], "owners", "key"),
  );
  const group = textMember(delegation, "group");
  const owners = entriesOf(view.owners).flatMap(([name, owner]) =>
    group !== undefined && textMember(member(owner, "approvers"), "group") === group ? [name] : [],
  );
  // A group that no owner has is reported as that.
  if (owners.length === 0 || owners.some((owner) => Object.hasOwn(signatures, owner))) return unknown;
  const message = `the signature of ${owners.map(shown).join(" or ")} is missing, whose approvers are ${shown(group)}`;
  return [...unknown, { code: "DelegationUnsigned", path: at, at: "key", message }];
}

function checkDays(delegation: Mapping, path: Path): Problem[] {
  const { from, until, fromMs, untilMs } = daysOf(delegation);
  if (fromMs === undefined || untilMs === undefined) return [];
  const days = daysBetween(fromMs, untilMs);
  const at = [...path, "until"];
  if (days < 0) {
    return [{ code: "DelegationEndsBeforeStart", path: at, message: `found ${shown(until)}, before ${shown(from)}` }];
  }
  if (days <= MAX_DELEGATION_DAYS) return [];
  const message = `found ${shown(until)}, ${String(days)} days after ${shown(from)}, expected at most ${String(MAX_DELEGATION_DAYS)}`;
  return [{ code: "DelegationTooLong", path: at, message }];
}

function daysOf(delegation: unknown): {
  readonly from: string | undefined;
  readonly until: string | undefined;
  readonly fromMs: number | undefined;
  readonly untilMs: number | undefined;
} {
  const from = textMember(delegation, "from");
  const until = textMember(delegation, "until");
  return {
    from,
    until,
    fromMs: from === undefined ? undefined : parseDate(from),
    untilMs: until === undefined ? undefined : parseDate(until),
  };
}
