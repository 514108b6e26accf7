import * as z from "zod";

import type { StatementRef } from "../documents";
import { REVIEW_CODES } from "./codes";
import type { Change } from "./change";
import type { Reviewer } from "./people";
import type { Review } from "./review";

const effect = z
  .enum(["widens", "look", "narrows", "neutral"])
  .describe(
    "`widens`: more can happen, or less is guarded. `look`: nobody can tell without a person. `narrows`: less can happen. `neutral`: neither",
  );

const reviewer = z
  .strictObject({
    kind: z
      .enum(["owner", "group", "team"])
      .describe("An owner of the policy, an approving group, or a team by its work"),
    id: z.string().describe("As the policy names it; `security` for the team"),
    name: z.string().describe("What people call it"),
    contact: z.string().nullable().describe("How to reach it, where the policy says so"),
  })
  .describe("Somebody who must agree");

const change = z.strictObject({
  code: z.enum(Object.keys(REVIEW_CODES) as [string, ...string[]]).describe("What changed; stable"),
  effect,
  message: z.string().describe("The same in words, with the particulars"),
  details: z.array(z.string()).describe("What shows it, line by line"),
  hint: z.string().describe("The next step"),
  who: z.array(reviewer).describe("Who must agree; nobody where nothing is wider"),
  policyPath: z.string().nullable().describe("Where in the policy file, as in `fields.manager.class`"),
  places: z
    .array(
      z.strictObject({
        address: z.string().describe("Address of the resource, or name of a block"),
        attribute: z.string().nullable().describe("The argument, where it is one"),
        side: z.enum(["base", "head"]).describe("The stack that has it"),
      }),
    )
    .describe("Where it stands"),
  statements: z
    .array(
      z.strictObject({
        resource: z.string().describe("Address of the resource with the document"),
        attribute: z.string().describe("The argument that holds the document"),
        index: z.number().int().min(0).describe("Position of the statement in the document, from 0"),
        sid: z.string().nullable().describe("Its Sid, where it has one"),
        effect: z.enum(["Allow", "Deny"]).describe("Its effect"),
      }),
    )
    .describe("The statements that decide"),
  request: z
    .strictObject({
      principal: z.string().describe("Who asks"),
      action: z.string().describe("The action of IAM"),
      resource: z.string().describe("The ARN; `[address]` stands for an id that AWS assigns"),
      context: z
        .record(z.string(), z.union([z.string(), z.array(z.string())]))
        .describe("Condition keys of the request, in lower case, as far as they matter"),
    })
    .nullable()
    .describe("A request that is decided otherwise than before, where there is one"),
});

/** The result of `review --format json`. */
const reviewSchema = z.strictObject({
  version: z.literal(1).describe("Version of this form"),
  verdict: z
    .enum(["look", "fine"])
    .describe("`look`: a human must agree. `fine`: nothing is wider, and all could be read"),
  counts: z
    .strictObject({
      widens: z.number().int(),
      look: z.number().int(),
      narrows: z.number().int(),
      neutral: z.number().int(),
    })
    .describe("How many changes have which effect"),
  who: z.array(reviewer).describe("Everybody who must agree, each once"),
  changes: z.array(change).describe("Every change, the widest first"),
});

export type ReviewOutput = z.infer<typeof reviewSchema>;

/** A review as one JSON object: the form that `review.schema.json` describes. */
export function reviewOutput({ verdict, counts, who, changes }: Review): ReviewOutput {
  return reviewSchema.parse({
    version: 1,
    verdict,
    counts,
    who: who.map(reviewerOutput),
    changes: changes.map(changeOutput),
  });
}

/** The JSON Schema of `review --format json`. */
export function reviewJsonSchema(): object {
  const { $schema, ...rest } = z.toJSONSchema(reviewSchema, { target: "draft-7" });
  return {
    $schema,
    $id: "urn:cdktf-hris-writeback:review:1",
    title: "Review of a change of a write-back stack",
    description: "What `hris-writeback review --format json` prints",
    ...rest,
  };
}

function reviewerOutput({ kind, id, name, contact }: Reviewer) {
  return { kind, id, name, contact: contact ?? null };
}

function changeOutput({ code, effect: of, message, details, who, policyPath, places, statements, request }: Change) {
  return {
    code,
    effect: of,
    message,
    details,
    hint: REVIEW_CODES[code].mend,
    who: who.map(reviewerOutput),
    policyPath: policyPath ?? null,
    places: places.map(({ address, attribute, side }) => ({ address, attribute: attribute ?? null, side })),
    statements: statements.map(statementOutput),
    request: request ?? null,
  };
}

function statementOutput({ resource, attribute, index, sid, effect: of }: StatementRef) {
  return { resource, attribute, index, sid: sid ?? null, effect: of };
}
