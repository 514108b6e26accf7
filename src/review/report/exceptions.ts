import { daysBetween, endOfUtcDay, parseDate } from "../../core";
import { code, counted, listed, paragraph, type Block, type Inline, type Section, type Text } from "./content";
import type { PolicyRead } from "./policy";

/** The exceptions with their end dates and, at a given moment, the days left. */
export function exceptionsSection(read: PolicyRead, atMs: number | undefined): Section {
  return { id: "exceptions", title: "Exceptions", blocks: blocks(read, atMs) };
}

function blocks(read: PolicyRead, atMs: number | undefined): Block[] {
  if ("problem" in read) return [paragraph("The policy cannot be read, and so neither can its exceptions.")];
  const { exceptions } = read.policy;
  if (exceptions.length === 0) return [paragraph("There are none: every segment holds as it is written.")];
  return [
    paragraph(
      "Each lifts one segment's narrowing of one field, never above the field's own class, and ends by itself: handlers treat what has expired as absent.",
    ),
    {
      kind: "table",
      caption: "Exceptions",
      head: [
        "Exception",
        "Lifts",
        "Why",
        "Signed",
        "Until (UTC, the whole day)",
        ...(atMs === undefined ? [] : ["Left"]),
      ],
      rows: exceptions.map((exception): Text[] => [
        [code(exception.id)],
        ["field ", code(exception.field), " for segment ", code(exception.segment), `, up to class ${exception.allow}`],
        [exception.reason],
        [
          ...listed(
            Object.entries(exception.approvedBy).map(([owner, person]): Text => [code(person), " for ", code(owner)]),
          ),
          `, on ${exception.approvedOn}`,
        ],
        [exception.expires],
        ...(atMs === undefined ? [] : [[left(exception, atMs)]]),
      ]),
    },
    ...(atMs === undefined
      ? [paragraph("Days left are shown where the report is made with a time (", code("--at"), ").")]
      : []),
  ];
}

function left(
  { approvedOn, expires }: { readonly approvedOn: string; readonly expires: string },
  atMs: number,
): Inline {
  const [from, to] = [parseDate(approvedOn), parseDate(expires)];
  if (from === undefined || to === undefined) return { badge: "no date", tone: "bad" };
  if (atMs > endOfUtcDay(to)) return { badge: "expired", tone: "bad" };
  if (atMs < from) return { badge: "not yet in force", tone: "open" };
  const today = Math.floor(atMs / 86_400_000) * 86_400_000;
  const days = daysBetween(today, to);
  return days === 0 ? { badge: "the last day", tone: "open" } : { badge: counted(days, "day"), tone: "good" };
}
