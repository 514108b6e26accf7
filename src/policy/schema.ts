import * as z from "zod";

import { FIELD_NAME, NAME, parseDate, parseDuration } from "../core";
import { FIELD_CLASSES, INITIATOR_KINDS } from "./model";
import { MAX_PATTERN_LENGTH, MAX_VALUE_LENGTH } from "./pattern";
import { UNSEEN } from "./values";

/**
 * The policy file as people write it: the shape alone. What one key says about another (references, classes, signatures)
 * is in `checks.ts`, so that a wrong shape in one place hides nothing in another. Every key carries the description that
 * the generated JSON Schema shows in an editor.
 *
 * Error texts say what was expected; `shape.ts` adds what was found.
 */

/** Names of attributes: ours to choose, yet often taken over from the system that holds them, so capitals are allowed. */
export const ATTRIBUTE_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/;

/** Names that systems give their fields: printable ASCII without blanks around, so that no two look alike. */
const SYSTEM_FIELD = /^[!-~](?:[ -~]{0,126}[!-~])?$/;

/** Ids of exceptions, as tickets have them. */
const EXCEPTION_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Longest duration: a Standard execution lives one year. @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (read 2026-11-23) */
const MAX_DURATION_MS = 365 * 86_400_000;

/** Longest text of a policy, in UTF-16 code units. */
const MAX_TEXT = 1024;

/** A short text on one line, shown in tables and compared: nothing in it that cannot be seen. */
const text = (max: number) =>
  z
    .string()
    .refine((value) => value.trim() !== "" && value.length <= max, {
      error: `expected 1 to ${String(max)} characters of text`,
      abort: true,
    })
    .refine((value) => !UNSEEN.test(value), "expected text without characters that cannot be seen")
    .meta({ minLength: 1, maxLength: max });

/** What would let a text move a terminal's cursor or turn its own direction; line ends are fine in a longer text. */
const UNPRINTABLE = /[^\P{Cc}\n]|[\p{Cs}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;

/** A longer text for readers, perhaps of several lines. */
const prose = (max: number) =>
  z
    .string()
    .refine((value) => value.trim() !== "" && value.length <= max, {
      error: `expected 1 to ${String(max)} characters of text`,
      abort: true,
    })
    .refine((value) => !UNPRINTABLE.test(value), "expected text without control characters")
    .meta({ minLength: 1, maxLength: max });

const duration = z
  .string()
  .refine((value) => {
    const ms = parseDuration(value);
    return ms !== undefined && ms <= MAX_DURATION_MS;
  }, "expected an ISO 8601 duration of fixed length and at most 365 days, as `PT72H` or `P1D`")
  .meta({ examples: ["PT24H", "P1D"] });

const day = z
  .string()
  .refine((value) => parseDate(value) !== undefined, "expected a day that exists, as `2026-11-23`")
  .meta({ format: "date" });

const scalar = z.union([z.string(), z.number(), z.boolean()], { error: "expected text, a number, true or false" });

const systemField = z
  .string()
  .regex(SYSTEM_FIELD, "expected the system's own name of a field, 1 to 128 printable ASCII characters");

/** A reference to something declared elsewhere in the policy; `checks.ts` looks it up. */
const reference = z.string();

const named = <Value extends z.ZodType>(pattern: RegExp, value: Value) =>
  z.record(z.string().meta({ pattern: pattern.source }), value);

const owner = z.strictObject({
  name: text(128).describe("What people call this owner"),
  contact: text(256).describe("How to reach this owner: a mailbox or a page, of a team rather than a person"),
  approvers: z
    .strictObject({
      group: z
        .string()
        .regex(NAME, "expected a name of lower-case letters, digits, `_`, `.` and `-`, beginning with a letter")
        .describe("Group of the identity provider whose members approve for this owner"),
    })
    .describe("Who approves for this owner")
    .optional(),
});

const reconcile = z.strictObject({
  every: duration.describe("How often the field is compared with its source of truth, ISO 8601"),
  log: z
    .string()
    .regex(NAME, "expected a name of lower-case letters, digits, `_`, `.` and `-`")
    .describe("Where the comparison is recorded: `ledger`"),
});

const approval = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        group: reference.describe("A group that some owner names under `approvers`"),
        count: z
          .int()
          .min(1, "expected at least 1")
          .max(20, "expected at most 20")
          .describe("How many different people of the group must agree"),
      }),
    )
    .min(1, "expected at least one group")
    .describe("Groups that must all agree"),
  expires: duration.describe("How long the approval may stay undecided; then it is a denial. ISO 8601"),
});

const field = z
  .strictObject({
    class: z
      .enum(FIELD_CLASSES)
      .describe(
        "`safe`: written at once; `conditional`: written after approval; `never`: not written, whatever else is said",
      ),
    owner: reference.describe("The one owner who answers for the field"),
    sourceOfTruth: reference.describe("The system that holds the true value"),
    events: z.array(reference).describe("The lifecycle events that authorise a write").optional(),
    hrisField: systemField.describe("The field's name in the HRIS; the policy's own name unless written").optional(),
    sourceField: systemField
      .describe("The field's name in its source of truth; the policy's own name unless written")
      .optional(),
    description: prose(MAX_TEXT).describe("For readers and approvers").optional(),
    type: z.enum(["string", "number", "boolean"]).describe("The type that a value must have").optional(),
    format: z.enum(["email", "phone"]).describe("`email`, or `phone` as E.164 (+442079460000)").optional(),
    pattern: z
      .string()
      .max(MAX_PATTERN_LENGTH, `expected at most ${String(MAX_PATTERN_LENGTH)} characters`)
      .describe("ECMAScript regular expression that the whole value must match")
      .optional(),
    enum: z.array(scalar).min(1, "expected at least one value").describe("The values that are allowed").optional(),
    maxLength: z
      .int()
      .min(1, "expected at least 1")
      .max(MAX_VALUE_LENGTH, `expected at most ${String(MAX_VALUE_LENGTH)}`)
      .describe("Longest value, in UTF-16 code units")
      .optional(),
    writeOnce: z.boolean().describe("Written only where the HRIS holds nothing yet").optional(),
    check: z
      .enum(["equals-source", "exists-in-source", "none"])
      .describe(
        "How the value is held against the source of truth: it is what the source holds, it names an active record there, or not at all",
      )
      .optional(),
    approval: approval.describe("Who must agree before a write; required for conditional fields").optional(),
    reconcile: reconcile
      .describe("Where and how often the field is reconciled; `defaults.reconcile` unless written")
      .optional(),
  })
  .meta({
    allOf: [
      {
        if: { required: ["class"], properties: { class: { enum: ["safe", "conditional"] } } },
        then: { required: ["events"] },
      },
      {
        if: { required: ["class"], properties: { class: { const: "conditional" } } },
        then: { required: ["approval", "check"] },
      },
      {
        if: { required: ["class"], properties: { class: { const: "never" } } },
        then: { properties: { events: false, approval: false, check: false } },
      },
    ],
  });

const segment = z.strictObject({
  when: named(
    ATTRIBUTE_NAME,
    z.array(scalar).min(1, "expected at least one value").describe("Values of which the attribute has one"),
  ).describe("Attributes that must all match; an attribute that is missing counts as a match"),
  mode: z.enum(["notify"]).describe("`notify`: nothing is written for these workers, the owners are told").optional(),
  fields: named(FIELD_NAME, z.enum(FIELD_CLASSES)).describe("Stricter classes of single fields").optional(),
});

const initiatorRule = z.strictObject({
  minimumClass: z
    .enum(["conditional", "never"])
    .describe("The loosest class that a change by this kind of initiator may have")
    .optional(),
  requireIntent: z.boolean().describe("Whether the event must say, in words, why").optional(),
});

const exception = z.strictObject({
  id: z
    .string()
    .regex(EXCEPTION_ID, "expected 1 to 64 letters, digits, `_`, `.` or `-`")
    .describe("As your ticket has it"),
  field: reference.describe("The one field it is about"),
  segment: reference.describe("The one segment whose narrowing it lifts"),
  allow: z.enum(["safe", "conditional"]).describe("The class that then holds, at most the field's own"),
  reason: prose(MAX_TEXT).describe("Why, for whoever reads the report"),
  approvedOn: day.describe("UTC day from which it holds"),
  approvedBy: z
    .record(z.string(), text(128))
    .describe("Owner to the person who signed: the field's owner and `identity`, two different people"),
  expires: day.describe("Last UTC day on which it holds, at most 90 days after `approvedOn`"),
});

const delegation = z.strictObject({
  id: z
    .string()
    .regex(EXCEPTION_ID, "expected 1 to 64 letters, digits, `_`, `.` or `-`")
    .describe("As your ticket has it"),
  group: reference.describe("The group whose seats the person may take: one that some owner names under `approvers`"),
  to: z
    .strictObject({
      subject: text(256).describe("The person's subject (`sub`) in the identity provider's tokens"),
      name: text(128).describe("What people call them"),
    })
    .describe("The one person who stands in"),
  reason: prose(MAX_TEXT).describe("Why, for whoever reads the report"),
  approvedBy: z
    .record(z.string(), text(128))
    .describe("Owner to the person who signed: an owner whose approvers the group is"),
  from: day.describe("First UTC day on which it holds"),
  until: day.describe("Last UTC day on which it holds, at most 90 days after `from`"),
});

const count = z.int().min(1, "expected at least 1");

/** The policy file. */
export const policyFileSchema = z.strictObject({
  version: z.literal(1).describe("Version of this format"),
  owners: named(NAME, owner).describe("Who answers for fields; `identity` is required"),
  systems: named(
    NAME,
    z.strictObject({
      kind: z
        .enum(["directory", "hris", "finance", "payroll", "facilities", "other"])
        .describe("What the system is; `hris` is the one that is written to"),
    }),
  ).describe("Systems that hold true values or attributes"),
  publishers: named(
    NAME,
    z.strictObject({ initiator: z.enum(INITIATOR_KINDS).describe("What acts through this publisher") }),
  )
    .describe("Who may put events on the bus, by EventBridge `source`")
    .optional(),
  events: named(
    NAME,
    z.strictObject({
      source: z
        .array(reference)
        .min(1, "expected at least one publisher")
        .describe("Publishers whose event of this name counts"),
      window: duration.describe("How long after `occurredAt` the event authorises a write, ISO 8601"),
    }),
  )
    .describe("Lifecycle events that authorise a write, by EventBridge `detail-type`")
    .optional(),
  defaults: z
    .strictObject({ reconcile: reconcile.describe("Reconciliation of writable fields that name none").optional() })
    .describe("What fields share unless they say otherwise")
    .optional(),
  attributes: named(
    ATTRIBUTE_NAME,
    z.strictObject({
      system: reference.describe("The system that holds the attribute"),
      field: systemField.describe("The system's own name of it"),
    }),
  )
    .describe("Where segment attributes are read from, whatever an event says")
    .optional(),
  fields: named(FIELD_NAME, field).describe("The worker fields; whatever is not listed is never written"),
  segments: named(NAME, segment).describe("Populations with narrower rules").optional(),
  initiators: z
    .strictObject({
      human: initiatorRule.describe("People").optional(),
      automation: initiatorRule.describe("Deterministic programs").optional(),
      agent: initiatorRule.describe("AI agents, and whatever is unknown; strict unless written").optional(),
    })
    .describe("Rules by the kind of initiator")
    .optional(),
  breaker: z
    .strictObject({
      maxWritesPerHour: count
        .describe("Writes in one hour after which the breaker trips; 200 unless written")
        .optional(),
      maxWritesPerDay: count
        .describe("Writes in one UTC day after which the breaker trips; 1000 unless written")
        .optional(),
    })
    .describe("Limits on outbound writes")
    .optional(),
  exceptions: z.array(exception).describe("Signed, dated liftings of one segment's narrowing of one field").optional(),
  delegations: z
    .array(delegation)
    .describe("Signed, dated permissions of one person to take a seat of a group that is not theirs")
    .optional(),
});

/** A policy as a typed object: the same keys as the file. */
export type PolicyInput = z.input<typeof policyFileSchema>;

/** The parsed file before defaults are filled in. */
export type PolicyFile = z.output<typeof policyFileSchema>;

/** The JSON Schema of the policy file, for editors and other tools. Draft 7, which editors know best. */
export function policyJsonSchema(): object {
  const { $schema, ...rest } = z.toJSONSchema(policyFileSchema, { target: "draft-7", io: "input" });
  return {
    $schema,
    $id: "urn:cdktf-hris-writeback:policy:1",
    title: "HRIS write-back policy",
    description:
      "Which worker fields identity may write back into the HR system, by whom, after which event and approval",
    ...rest,
  };
}

/** Keys that are known at a place of the policy, or `undefined` where names are free. */
export function knownKeysAt(path: readonly (string | number)[]): readonly string[] | undefined {
  const schema = schemaAt(path);
  const inner = schema && bare(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : undefined;
}

/** Whether the key at the end of a path may be left out; false for names of ours and entries of lists. */
export function isOptionalKeyAt(path: readonly (string | number)[]): boolean {
  return schemaAt(path) instanceof z.ZodOptional;
}

function schemaAt(path: readonly (string | number)[]): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = policyFileSchema;
  for (const step of path) {
    const inner: z.core.$ZodType = bare(schema);
    if (inner instanceof z.ZodObject) schema = memberOf(inner.shape, step);
    else if (inner instanceof z.ZodRecord) schema = inner.valueType;
    else if (inner instanceof z.ZodArray) schema = inner.element;
    else return undefined;
    if (schema === undefined) return undefined;
  }
  return schema;
}

function memberOf(shape: Record<string, z.core.$ZodType>, step: string | number): z.core.$ZodType | undefined {
  return Object.hasOwn(shape, step) ? shape[step] : undefined;
}

function bare(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional ? schema.unwrap() : schema;
}
