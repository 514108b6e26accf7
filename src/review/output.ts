import * as z from "zod";

import { COUNTEREXAMPLE_CODES, UNREAD_CODES } from "./codes";
import type { StatementRef } from "./documents";
import type { ExampleRequest } from "./finding";
import type { InvariantProof, PowerRow, Proof } from "./prove";

const invariantNumber = z.number().int().min(1).max(7);
const verdict = z
  .enum(["proved", "not-proved", "counterexample"])
  .describe(
    "`counterexample`: it does not hold. `not-proved`: something could not be read. `proved`: what the Terraform carries of it holds",
  );
const addresses = z.array(z.string()).describe("Addresses of resources, as Terraform writes them");

const statement = z
  .strictObject({
    resource: z.string().describe("Address of the resource with the document"),
    attribute: z.string().describe("The argument that holds the document"),
    index: z.number().int().min(0).describe("Position of the statement in the document, from 0"),
    sid: z.string().nullable().describe("Its Sid, where it has one"),
    effect: z.enum(["Allow", "Deny"]).describe("Its effect"),
  })
  .describe("A statement of a policy document");

const request = z
  .strictObject({
    principal: z.string().describe("Who asks: the tag `writeback:principal`, an ARN, or a service"),
    action: z.string().describe("The action of IAM"),
    resource: z.string().describe("The ARN; `[address]` stands for an id that AWS assigns"),
    context: z
      .record(z.string(), z.union([z.string(), z.array(z.string())]))
      .describe("Condition keys of the request, in lower case, as far as they matter"),
  })
  .describe("A request that IAM would allow, or that nothing denies");

const step = z.strictObject({
  state: z.string().describe("Name of the state"),
  via: z.string().nullable().describe("How the way leaves it, as in `Choices[1]`, `Default`, `Catch[0]` or `Next`"),
});

const counterexample = z.strictObject({
  code: z.enum(Object.keys(COUNTEREXAMPLE_CODES) as [string, ...string[]]).describe("What is wrong; stable"),
  message: z.string().describe("The same in words, with the particulars"),
  hint: z.string().describe("The next step"),
  resources: addresses,
  statements: z.array(statement).describe("The statements that allow it"),
  request: request.nullable().describe("The request, where there is one"),
  path: z.array(step).nullable().describe("The way through the workflow, where there is one"),
});

const notRead = z.strictObject({
  code: z.enum(Object.keys(UNREAD_CODES) as [string, ...string[]]).describe("What could not be read; stable"),
  message: z.string().describe("The same in words, with the particulars"),
  hint: z.string().describe("The next step"),
  resources: addresses,
});

const invariant = z.strictObject({
  invariant: invariantNumber.describe("Its number in the design"),
  title: z.string().describe("The invariant in words"),
  verdict,
  evidence: z
    .array(z.strictObject({ text: z.string().describe("What was shown"), resources: addresses }))
    .describe("What carries it"),
  counterexamples: z.array(counterexample).describe("What breaks it"),
  notRead: z.array(notRead).describe("What could not be read and may matter to it"),
  heldByHandlers: z
    .array(
      z.strictObject({
        what: z.string().describe("What the code of a handler does"),
        tests: z
          .array(
            z.strictObject({ file: z.string().describe("Test file"), test: z.string().describe("Name of the test") }),
          )
          .describe("What shows it"),
      }),
    )
    .describe("What no Terraform can carry, and has no effect on the verdict"),
});

const power = z.strictObject({
  power: z.string().describe("Id of the power; stable"),
  title: z.string().describe("Completes `may`"),
  belongsTo: z.array(z.string()).describe("Principals that may have it"),
  heldBy: z
    .array(
      z.strictObject({
        principal: z.string().describe("Who has it"),
        side: z
          .enum(["identity", "resource"])
          .describe("`identity`: by its own policies. `resource`: by the resource's policy"),
        statements: z.array(statement).describe("The statements that give it"),
      }),
    )
    .describe("Principals that have it"),
});

/** The result of `prove --format json`. */
const proofSchema = z.strictObject({
  version: z.literal(1).describe("Version of this form"),
  verdict,
  stack: z
    .strictObject({
      accountId: z.string().describe("The account that the stack's ARNs name"),
      region: z.string().describe("The region that they name"),
      resources: z.number().int().describe("How many resources were read"),
    })
    .describe("The stack"),
  fields: z
    .strictObject({
      safe: z.array(z.string()).describe("Fields of class safe"),
      conditional: z.array(z.string()).describe("Fields of class conditional"),
      never: z.array(z.string()).describe("Fields of class never"),
    })
    .describe("The fields of the classification table, by class"),
  invariants: z.array(invariant).describe("The seven invariants of the design"),
  powers: z.array(power).describe("Who may do what"),
});

export type ProofOutput = z.infer<typeof proofSchema>;

/** A proof as one JSON object: the form that `prove.schema.json` describes. */
export function proofOutput(proof: Proof): ProofOutput {
  return proofSchema.parse({
    version: 1,
    verdict: proof.verdict,
    stack: proof.stack,
    fields: proof.fields,
    invariants: proof.invariants.map(invariantOutput),
    powers: proof.powers.map(powerOutput),
  });
}

/** The JSON Schema of `prove --format json`. */
export function proofJsonSchema(): object {
  const { $schema, ...rest } = z.toJSONSchema(proofSchema, { target: "draft-7" });
  return {
    $schema,
    $id: "urn:cdktf-hris-writeback:proof:1",
    title: "Proof of a write-back stack",
    description: "What `hris-writeback prove --format json` prints",
    ...rest,
  };
}

function invariantOutput({
  number,
  title,
  verdict: of,
  evidence,
  counterexamples,
  unread,
  heldByHandlers,
}: InvariantProof) {
  return {
    invariant: number,
    title,
    verdict: of,
    evidence: evidence.map(({ text, resources }) => ({ text, resources })),
    counterexamples: counterexamples.map(({ code, message, resources, statements, request: asked, path }) => ({
      code,
      message,
      hint: COUNTEREXAMPLE_CODES[code].mend,
      resources,
      statements: (statements ?? []).map(statementOutput),
      request: asked === undefined ? null : requestOutput(asked),
      path: path?.map(({ state, via }) => ({ state, via: via ?? null })) ?? null,
    })),
    notRead: unread.map(({ code, message, resources }) => ({
      code,
      message,
      hint: UNREAD_CODES[code].mend,
      resources,
    })),
    heldByHandlers: heldByHandlers.map(({ what, tests }) => ({ what, tests })),
  };
}

function requestOutput({ principal, action, resource, context }: ExampleRequest) {
  return { principal, action, resource, context };
}

function statementOutput({ resource, attribute, index, sid, effect }: StatementRef) {
  return { resource, attribute, index, sid: sid ?? null, effect };
}

function powerOutput({ power: { id, title, allowed }, held }: PowerRow) {
  return {
    power: id,
    title,
    belongsTo: allowed,
    heldBy: held.map(({ holder, side, statements }) => ({
      principal: holder,
      side,
      statements: statements.map(statementOutput),
    })),
  };
}
