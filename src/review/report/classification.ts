import { FIELD_CLASSES, type Field, type FieldClass, type Policy } from "../../policy";
import type { System } from "../system";
import { code, counted, listed, paragraph, said, type Block, type Section, type Text } from "./content";
import { durationInWords } from "./numbers";
import type { PolicyRead } from "./policy";

/** Every field with the answers to the four questions, and whatever narrows them. */
export function classificationSection(read: PolicyRead, system: System): Section {
  return {
    id: "classification",
    title: "What may be written back",
    blocks: "problem" in read ? unreadBlocks(read.problem, system) : policyBlocks(read.policy),
  };
}

function unreadBlocks(problem: string, { tables }: System): Block[] {
  return [
    paragraph(
      "The items of the classification table are no policy, so that nobody can say which field may be written: ",
      ...said(problem),
      ". Handlers refuse them, too.",
    ),
    paragraph("The table is ", tables.classification === undefined ? "not known" : code(tables.classification), "."),
  ];
}

const CLASS_SAYS: Readonly<Record<FieldClass, string>> = {
  safe: "Identity authors these values. They are written after an authorising event, once the value equals the source of truth and the HRIS holds what was expected.",
  conditional:
    "HR authors these values. They are written only after people of the named groups approved this exact change.",
  never: "These fields are never written, by nobody and after no event. What no list names, is of this class, too.",
};

function policyBlocks(policy: Policy): Block[] {
  const fields = Object.entries(policy.fields);
  return [
    paragraph(
      "Each field answers four questions: who owns it, which event authorises a write, how it is approved, and where it is reconciled. The answers are those of the stack's own classification table, by which every function decides.",
    ),
    ...FIELD_CLASSES.flatMap((fieldClass) => {
      const members = fields.filter(([, field]) => field.class === fieldClass);
      return [
        {
          kind: "heading" as const,
          text: [`${capital(fieldClass)}: ${counted(members.length, "field")}`],
          id: `class-${fieldClass}`,
        },
        paragraph(CLASS_SAYS[fieldClass]),
        ...(members.length === 0 ? [] : [fieldTable(fieldClass, members, policy)]),
      ];
    }),
    { kind: "heading", text: ["Owners"] },
    {
      kind: "table",
      caption: "Owners, and who approves for them",
      head: ["Owner", "Contact", "Approvers' group", "Fields"],
      rows: Object.entries(policy.owners).map(([name, owner]) => [
        [owner.name, " ", code(name)],
        [owner.contact],
        owner.approvers === undefined ? ["none"] : [code(owner.approvers.group)],
        [String(fields.filter(([, field]) => field.owner === name).length)],
      ]),
    },
    ...segmentBlocks(policy),
    ...initiatorBlocks(policy),
    { kind: "heading", text: ["Breaker"] },
    paragraph(
      `At most ${policy.breaker.maxWritesPerHour} writes within an hour and ${policy.breaker.maxWritesPerDay} within a day. Beyond that nothing is written until two operators agree.`,
    ),
  ];
}

function fieldTable(fieldClass: FieldClass, members: readonly (readonly [string, Field])[], policy: Policy): Block {
  if (fieldClass === "never") {
    return {
      kind: "table",
      caption: "Fields that are never written",
      head: ["Field", "Who owns it", "Which event", "How approved", "Where reconciled", "Source of truth"],
      rows: members.map(([name, field]) => [
        fieldName(name, field),
        ownerOf(field, policy),
        ["none"],
        ["nobody can"],
        reconciliation(field),
        [code(field.sourceOfTruth)],
      ]),
    };
  }
  return {
    kind: "table",
    caption: `Fields of class ${fieldClass}`,
    head: ["Field", "Who owns it", "Which event", "How approved", "Where reconciled", "Source of truth"],
    rows: members.map(([name, field]) => [
      fieldName(name, field),
      ownerOf(field, policy),
      eventsOf(field, policy),
      approvalOf(field),
      reconciliation(field),
      [code(field.sourceOfTruth)],
    ]),
  };
}

function fieldName(name: string, { hrisField, description, writeOnce, format, pattern }: Field): Text {
  return [
    code(name),
    ...(hrisField === name ? [] : [", in the HRIS ", code(hrisField)]),
    ...(writeOnce ? [", written once, into an empty value only"] : []),
    ...(format === undefined ? [] : [", in the form of ", code(format)]),
    ...(pattern === undefined ? [] : [", of the pattern ", code(pattern)]),
    ...(description === undefined ? [] : [`. ${description}`]),
  ];
}

function ownerOf({ owner }: Field, { owners }: Policy): Text {
  const name = owners[owner]?.name;
  return name === undefined ? [code(owner)] : [name, " ", code(owner)];
}

function eventsOf({ events }: Field, policy: Policy): Text {
  if (events.length === 0) return ["none"];
  return listed(
    events.map((name): Text => {
      const event = policy.events[name];
      if (event === undefined) return [code(name), " (not declared)"];
      return [
        code(name),
        " from ",
        ...listed(
          event.source.map((source) => [code(source)]),
          "or",
        ),
        ` within ${durationInWords(event.window)}`,
      ];
    }),
    "or",
  );
}

const CHECKS: Readonly<Partial<Record<string, string>>> = {
  "equals-source": "The value must be the one that the source of truth holds.",
  "exists-in-source": "The value must name an active record of the source of truth.",
  none: "The value is checked against nothing.",
};

function approvalOf({ class: fieldClass, approval, check }: Field): Text {
  const checked = check === undefined ? [] : [` ${CHECKS[check] ?? check}`];
  if (approval === undefined)
    return [fieldClass === "safe" ? "By the event alone." : "Not said: nobody can approve.", ...checked];
  const groups = listed(approval.groups.map(({ group, count }): Text => [`${count} of `, code(group)]));
  const raised = fieldClass === "safe" ? ["By the event alone; where a rule asks for more, by "] : ["By "];
  return [...raised, ...groups, ` within ${durationInWords(approval.expires)}.`, ...checked];
}

function reconciliation({ reconcile }: Field): Text {
  return reconcile === undefined
    ? ["nowhere"]
    : ["every ", durationInWords(reconcile.every).replace(/^1 /, ""), ", recorded in ", code(reconcile.log)];
}

function segmentBlocks({ segments }: Policy): Block[] {
  const rows = Object.entries(segments).map(([name, { when, mode, fields }]): Text[] => [
    [code(name)],
    listed(
      Object.entries(when).map(([attribute, values]): Text => [
        code(attribute),
        " is ",
        ...listed(
          values.map((value) => [code(String(value))]),
          "or",
        ),
      ]),
    ),
    [
      ...(mode === undefined ? [] : ["the owner is only told, nothing is written"]),
      ...(mode === undefined || Object.keys(fields).length === 0 ? [] : ["; "]),
      ...listed(Object.entries(fields).map(([field, fieldClass]): Text => [code(field), ` is ${fieldClass}`])),
    ],
  ]);
  if (rows.length === 0) return [];
  return [
    { kind: "heading", text: ["Segments"] },
    paragraph("For workers of a segment less may be written. Who lacks the attribute, counts as one of them."),
    {
      kind: "table",
      caption: "Segments, and what they narrow",
      head: ["Segment", "Workers whose", "Then"],
      rows,
    },
  ];
}

function initiatorBlocks({ initiators, publishers }: Policy): Block[] {
  const rules = new Map(Object.entries(initiators));
  return [
    { kind: "heading", text: ["Publishers and initiators"] },
    {
      kind: "table",
      caption: "Who may send events, and what holds for their kind",
      head: ["Publisher", "Kind of initiator", "Then"],
      rows: Object.entries(publishers).map(([name, { initiator }]): Text[] => {
        const rule = rules.get(initiator);
        const parts = [
          ...(rule?.minimumClass === undefined ? [] : [`no field is looser than ${rule.minimumClass}`]),
          ...(rule?.requireIntent === true ? ["an intent must be given"] : []),
        ];
        return [[code(name)], [initiator], [parts.length === 0 ? "each field's own class holds" : parts.join(", ")]];
      }),
    },
  ];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
