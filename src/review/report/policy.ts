import * as z from "zod";

import { policyFromItems, PolicyItemsError, type Policy } from "../../policy";
import { classificationItems } from "../classification";
import type { System } from "../system";

/** The policy of a stack's own classification items, and the digest that its manifest binds; or why there is none to show. */
export type PolicyRead =
  { readonly policy: Policy; readonly digest: string; readonly address: string } | { readonly problem: string };

const text = z.string();
const texts = z.array(text);
const scalars = z.array(z.union([z.string(), z.number(), z.boolean()]));
const fieldClass = z.enum(["safe", "conditional", "never"]);
const approval = z.object({
  groups: z.array(z.object({ group: text, count: z.number() })),
  expires: text,
});
const field = z.object({
  class: fieldClass,
  owner: text,
  sourceOfTruth: text,
  events: texts,
  hrisField: text,
  writeOnce: z.boolean(),
  description: text.optional(),
  format: text.optional(),
  pattern: text.optional(),
  check: text.optional(),
  approval: approval.optional(),
  reconcile: z.object({ every: text, log: text }).optional(),
});

/** What a report reads of a policy. Items are bound by hashes that anybody can compute, so their form is not taken on trust. */
const shape = z.object({
  owners: z.record(text, z.object({ name: text, contact: text, approvers: z.object({ group: text }).optional() })),
  systems: z.record(text, z.object({ kind: text })),
  publishers: z.record(text, z.object({ initiator: text })),
  events: z.record(text, z.object({ source: texts, window: text })),
  attributes: z.record(text, z.object({ system: text, field: text })),
  fields: z.record(text, field),
  segments: z.record(
    text,
    z.object({
      when: z.record(text, scalars),
      mode: text.optional(),
      fields: z.record(text, fieldClass),
    }),
  ),
  initiators: z.record(text, z.object({ minimumClass: text.optional(), requireIntent: z.boolean() })),
  breaker: z.object({ maxWritesPerHour: z.number(), maxWritesPerDay: z.number() }),
  delegations: z
    .array(
      z.object({
        id: text,
        group: text,
        to: z.object({ subject: text, name: text }),
        reason: text,
        approvedBy: z.record(text, text),
        from: text,
        until: text,
      }),
    )
    .optional(),
  exceptions: z.array(
    z.object({
      id: text,
      field: text,
      segment: text,
      allow: text,
      reason: text,
      approvedOn: text,
      approvedBy: z.record(text, text),
      expires: text,
    }),
  ),
});

/** Reads the policy from a stack's items. Never throws: what cannot be read, is said. */
export function readPolicy(system: System): PolicyRead {
  const items = classificationItems(system);
  const manifest = items.find(({ item }) => item["kind"] === "manifest");
  try {
    const policy = policyFromItems(items.map(({ item }) => item));
    const checked = shape.safeParse(policy);
    if (!checked.success) {
      const [issue] = checked.error.issues;
      return { problem: `\`${(issue?.path ?? []).join(".")}\` is not what a policy has there` };
    }
    const digest = manifest?.item["policyDigest"];
    return { policy, digest: typeof digest === "string" ? digest : "", address: manifest?.resource.address ?? "" };
  } catch (error) {
    if (error instanceof PolicyItemsError) return { problem: error.message };
    throw error;
  }
}
