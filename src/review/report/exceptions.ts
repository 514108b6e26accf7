import { daysBetween, endOfUtcDay, parseDate } from "../../core";
import type { Policy } from "../../policy";
import { code, counted, listed, paragraph, type Block, type Inline, type Section, type Text } from "./content";
import type { PolicyRead } from "./policy";

/** The exceptions, and the seats that are lent, with their end dates and, at a given moment, the days left. */
export function exceptionsSection(read: PolicyRead, atMs: number | undefined): Section {
  return { id: "exceptions", title: "Exceptions", blocks: blocks(read, atMs) };
}

function blocks(read: PolicyRead, atMs: number | undefined): Block[] {
  if ("problem" in read) return [paragraph("The policy cannot be read, and so neither can its exceptions.")];
  const { exceptions, delegations = [] } = read.policy;
  return [
    ...(exceptions.length === 0
      ? [paragraph("There are none: every segment holds as it is written.")]
      : exceptionBlocks(exceptions, atMs)),
    ...(delegations.length === 0 ? [] : delegationBlocks(delegations, atMs)),
    ...(atMs === undefined && exceptions.length + delegations.length > 0
      ? [paragraph("Days left are shown where the report is made with a time (", code("--at"), ").")]
      : []),
  ];
}

/** The head of the last column, where there is one. */
function leftHead(atMs: number | undefined): string[] {
  return atMs === undefined ? [] : ["Left"];
}

function exceptionBlocks(exceptions: Policy["exceptions"], atMs: number | undefined): Block[] {
  return [
    paragraph(
      "Each lifts one segment's narrowing of one field, never above the field's own class, and ends by itself: handlers treat what has expired as absent.",
    ),
    {
      kind: "table",
      caption: "Exceptions",
      head: ["Exception", "Lifts", "Why", "Signed", "Until (UTC, the whole day)", ...leftHead(atMs)],
      rows: exceptions.map((exception): Text[] => [
        [code(exception.id)],
        ["field ", code(exception.field), " for segment ", code(exception.segment), `, up to class ${exception.allow}`],
        [exception.reason],
        [...signatures(exception.approvedBy), `, on ${exception.approvedOn}`],
        [exception.expires],
        ...(atMs === undefined ? [] : [[left(exception.approvedOn, exception.expires, atMs)]]),
      ]),
    },
  ];
}

function delegationBlocks(delegations: NonNullable<Policy["delegations"]>, atMs: number | undefined): Block[] {
  return [
    { kind: "heading", text: ["Seats that are lent"], id: "delegations" },
    paragraph("For a time one person may decide in a group that is not theirs."),
    {
      kind: "table",
      caption: "Seats that are lent",
      head: [
        "Delegation",
        "Who",
        "In the group",
        "Why",
        "Signed",
        "From and until (UTC, whole days)",
        ...leftHead(atMs),
      ],
      rows: delegations.map(({ id, to, group, reason, approvedBy, from, until }): Text[] => [
        [code(id)],
        [to.name, " ", code(to.subject)],
        [code(group)],
        [reason],
        signatures(approvedBy),
        [`${from} to ${until}`],
        ...(atMs === undefined ? [] : [[left(from, until, atMs)]]),
      ]),
    },
  ];
}

function signatures(approvedBy: Readonly<Record<string, string>>): Text {
  return listed(Object.entries(approvedBy).map(([owner, person]): Text => [code(person), " for ", code(owner)]));
}

/** Whether something that ends with a UTC day has ended. What is no day, never began. */
export function isOver(ends: string, atMs: number): boolean {
  const to = parseDate(ends);
  return to === undefined || atMs > endOfUtcDay(to);
}

/** Whole days from now to the last day, or why there are none. */
function left(begins: string, ends: string, atMs: number): Inline {
  const [from, to] = [parseDate(begins), parseDate(ends)];
  if (from === undefined || to === undefined) return { badge: "no date", tone: "bad" };
  if (isOver(ends, atMs)) return { badge: "expired", tone: "bad" };
  if (atMs < from) return { badge: "not yet in force", tone: "open" };
  const today = Math.floor(atMs / 86_400_000) * 86_400_000;
  const days = daysBetween(today, to);
  return days === 0 ? { badge: "the last day", tone: "open" } : { badge: counted(days, "day"), tone: "good" };
}
