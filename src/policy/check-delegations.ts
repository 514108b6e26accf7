import { shown, type Path, type Problem } from "./problem";
import { entriesOf, member, textMember, type Mapping } from "./raw";
import { checkTerms, checkTermTimes, signaturesOf, type Terms } from "./terms";
import { unknownReference, type RawView } from "./view";

const DELEGATIONS: Terms = {
  list: "delegations",
  first: "from",
  last: "until",
  codes: {
    duplicateId: "DuplicateDelegationId",
    endsBeforeStart: "DelegationEndsBeforeStart",
    tooLong: "DelegationTooLong",
    expired: "DelegationExpired",
    notYetInForce: "DelegationNotYetInForce",
  },
};

/** Delegations: of a group that is asked, signed by an owner whose group it is, short. */
export function checkDelegations(view: RawView): Problem[] {
  return checkTerms(view, DELEGATIONS, (delegation, path) => [
    ...unknownReference("UnknownGroup", view.groups, member(delegation, "group"), [...path, "group"], "groups"),
    ...checkSignatures(view, delegation, path),
  ]);
}

/** Delegations that have ended, or not begun, at a moment. */
export function checkDelegationTimes(view: RawView, nowMs: number): Problem[] {
  return checkTermTimes(view, DELEGATIONS, nowMs);
}

/** Only an owner whose approvers a group is may lend its seats. */
function checkSignatures(view: RawView, delegation: Mapping, path: Path): Problem[] {
  const signed = signaturesOf(view, delegation, path);
  if (signed === undefined) return [];
  const { signatures, at, unknown } = signed;
  const group = textMember(delegation, "group");
  const owners = entriesOf(view.owners).flatMap(([name, owner]) =>
    group !== undefined && textMember(member(owner, "approvers"), "group") === group ? [name] : [],
  );
  // A group that no owner has is reported as that.
  if (owners.length === 0 || owners.some((owner) => Object.hasOwn(signatures, owner))) return unknown;
  const message = `the signature of ${owners.map(shown).join(" or ")} is missing, whose approvers are ${shown(group)}`;
  return [...unknown, { code: "DelegationUnsigned", path: at, at: "key", message }];
}
