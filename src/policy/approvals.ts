import type { Approval } from "./model";

/** A person, as the identity provider names them. */
export interface Person {
  readonly issuer: string;
  readonly subject: string;
}

/** What one account said about one exact change. */
export interface ApprovalDecision {
  readonly decision: "approve" | "deny";
  readonly approver: Person;
  /** Whose record is the approver's own: accounts of one worker are one person. */
  readonly workerId?: string;
  /** The person's groups, as their token had them. */
  readonly groups: readonly string[];
}

/** Where an approval stands. */
export type ApprovalState = "approved" | "denied" | "waiting";

/**
 * Where an approval stands after the decisions on one digest. Any denial is a denial. Every required group must be filled by
 * different people, each counting for one group only; an assignment is looked for, so the order of the decisions does not
 * matter. One person is whoever shares an account (issuer and subject) or a worker id. What `excluded` accounts say (of the
 * initiator, of the worker concerned) does not count, either way, and no other account of theirs takes a seat. An approval that
 * requires nobody is never satisfied.
 */
export function approvalSatisfied(
  approval: Approval,
  decisions: readonly ApprovalDecision[],
  excluded: readonly Person[],
): ApprovalState {
  const out = new Set(excluded.map(personKey));
  const counted = decisions.filter(({ approver }) => !out.has(personKey(approver)));
  if (counted.some(({ decision }) => decision !== "approve")) return "denied";
  const groupsOf = peopleOf(decisions)
    .filter((accounts) => !accounts.some(({ approver }) => out.has(personKey(approver))))
    .map((accounts) => new Set(accounts.flatMap(({ groups }) => groups)));
  const seats = approval.groups.flatMap(({ group, count }) =>
    Array.from({ length: Math.max(1, Math.ceil(count)) }, () => group),
  );
  return seats.length > 0 && canFill(seats, groupsOf) ? "approved" : "waiting";
}

/**
 * Whether two ids are one, however they are spelled: compatibility forms, case, outer white space, characters that cannot be seen and
 * the kind of a dash say nothing.
 */
export function sameId(a: string, b: string): boolean {
  return normalisedId(a) === normalisedId(b);
}

/** How many people made some decisions: accounts that an issuer and subject, or a worker id, joins are one. */
export function countPeople(decisions: readonly ApprovalDecision[]): number {
  return peopleOf(decisions).length;
}

/** The decisions, person by person: those that a shared account or a shared worker id joins, directly or over others. */
function peopleOf(decisions: readonly ApprovalDecision[]): readonly ApprovalDecision[][] {
  let people: { readonly marks: ReadonlySet<string>; readonly decisions: ApprovalDecision[] }[] = [];
  for (const decision of decisions) {
    const marks = marksOf(decision);
    const same = people.filter((person) => marks.some((mark) => person.marks.has(mark)));
    const joined = {
      marks: new Set([...marks, ...same.flatMap((person) => [...person.marks])]),
      decisions: [...same.flatMap((person) => person.decisions), decision],
    };
    people = [...people.filter((person) => !same.includes(person)), joined];
  }
  return people.map((person) => person.decisions);
}

/** What tells a person: the account, and the worker id where it is known. */
function marksOf({ approver, workerId }: ApprovalDecision): string[] {
  const id = normalisedId(workerId ?? "");
  return [`account ${personKey(approver)}`, ...(id === "" ? [] : [`worker ${id}`])];
}

/** Format characters, and whatever else a reader is told to show nothing for. */
const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Dashes of all lengths, and the minus sign. */
const DASH = /[\p{Dash_Punctuation}\u2212]/gu;

function normalisedId(id: string): string {
  return id.normalize("NFKC").replace(UNSEEN, "").replace(DASH, "-").trim().toLowerCase();
}

/** Whether every seat can be taken by another person of its group (bipartite matching by augmenting paths). */
function canFill(seats: readonly string[], groupsOf: readonly ReadonlySet<string>[]): boolean {
  const seatOf = new Map<number, number>();
  const seat = (position: number, tried: Set<number>): boolean => {
    for (const [person, groups] of groupsOf.entries()) {
      if (tried.has(person) || !groups.has(seats[position] ?? "")) continue;
      tried.add(person);
      const taken = seatOf.get(person);
      if (taken === undefined || seat(taken, tried)) {
        seatOf.set(person, position);
        return true;
      }
    }
    return false;
  };
  return seats.every((_, position) => seat(position, new Set()));
}

function personKey({ issuer, subject }: Person): string {
  return JSON.stringify([issuer, subject]);
}
