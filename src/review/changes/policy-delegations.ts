import { parseDate } from "../../core";
import type { Delegation, Policy } from "../../policy";
import { changeOf, directed, listed, type Change, type Effect } from "./change";
import { own, type Reviewer } from "./people";
import type { PolicyPair } from "./policy-read";

/** What changes of who may take a seat of a group that is not theirs. */
export function delegationChanges(pair: PolicyPair): Change[] {
  const [old, now] = [pair.before, pair.after].map(
    ({ delegations }) => new Map((delegations ?? []).map((each) => [each.id, each])),
  );
  if (old === undefined || now === undefined) return [];
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((id): Change[] => {
    const [from, to] = [old.get(id), now.get(id)];
    const places = pair.placesOf("delegation", id);
    if (to === undefined) {
      const message = `delegation \`${id}\` is gone`;
      return [changeOf({ code: "DelegationRemoved", effect: "narrows", message, places, policyPath: "delegations" })];
    }
    if (from === undefined || from.to.subject !== to.to.subject) return [added(pair, to)];
    if (from.group !== to.group && !isRenamed(pair, from.group, to.group)) return [added(pair, to)];
    return changed(pair, from, to);
  });
}

/** Whether an owner's group has another name now: the delegation is for the seats that it was for. */
function isRenamed({ before, after }: PolicyPair, from: string, to: string): boolean {
  const groupOf = ({ owners }: Policy, name: string): string | undefined => own(owners, name)?.approvers?.group;
  const names = Object.keys(before.owners);
  return (
    names.some((name) => groupOf(before, name) === from && groupOf(after, name) === to) &&
    !names.some((name) => groupOf(before, name) === to)
  );
}

function concerned({ before, after, people }: PolicyPair, { group, approvedBy }: Delegation): Reviewer[] {
  const ownersIn = ({ owners }: Policy): string[] =>
    Object.entries(owners).flatMap(([name, { approvers }]) => (approvers?.group === group ? [name] : []));
  const owners = [...ownersIn(before), ...ownersIn(after), ...Object.keys(approvedBy).sort()];
  return [...people.owner(...owners), ...people.identity(), ...people.groups([group])];
}

function added(pair: PolicyPair, delegation: Delegation): Change {
  const { id, group, to, from, until, approvedBy, reason } = delegation;
  return changeOf({
    code: "DelegationAdded",
    effect: "widens",
    message: `delegation \`${id}\` lets \`${to.name}\` (\`${to.subject}\`) decide for \`${group}\` from ${from} until ${until}`,
    details: [`reason: ${reason}`, `signed for by ${listed(Object.keys(approvedBy).sort())}`],
    who: concerned(pair, delegation),
    places: pair.placesOf("delegation", id),
    policyPath: "delegations",
  });
}

function changed(pair: PolicyPair, from: Delegation, to: Delegation): Change[] {
  const note = (effect: Effect, message: string): Change =>
    changeOf({
      code: "DelegationChanged",
      effect,
      message: `delegation \`${to.id}\` ${message}`,
      who: concerned(pair, to),
      places: pair.placesOf("delegation", to.id),
      policyPath: "delegations",
    });
  const day = (text: string): number => parseDate(text) ?? NaN;
  const found: Change[] = [];
  if (from.group !== to.group)
    found.push(note("look", `is for \`${to.group}\`, as the owner's group \`${from.group}\` is called now`));
  // A day that cannot be read is taken for the wider one.
  if (from.until !== to.until)
    found.push(note(directed(!(day(to.until) < day(from.until))), `ends on ${to.until}, not on ${from.until}`));
  if (from.from !== to.from)
    found.push(note(directed(!(day(to.from) > day(from.from))), `holds from ${to.from}, not from ${from.from}`));
  const signatures = ({ approvedBy }: Delegation): string => JSON.stringify(Object.entries(approvedBy).sort());
  if (signatures(from) !== signatures(to)) found.push(note("look", "bears other signatures"));
  if (from.reason !== to.reason || from.to.name !== to.to.name)
    found.push(note("neutral", "gives another reason, or calls the person otherwise"));
  return found;
}
