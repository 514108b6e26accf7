import * as z from "zod";

/** How a stack reconciles. Travels as JSON in the function's environment. */
export const reconciliationSettingsSchema = z.strictObject({
  /** Parts that the ledger is read in. One transaction ends them all. */
  parts: z.int().min(1).max(64),
  /** Parts that are read at the same time: what the HRIS is asked is shared between them. */
  concurrency: z.int().min(1).max(40),
  /** Reads of each system in a second, all parts together. */
  readsPerSecond: z.number().positive().max(1_000),
  /** Days between two joint reviews of what does not end by itself. */
  reviewEveryDays: z.int().min(15).max(366),
});
export type ReconciliationSettings = z.infer<typeof reconciliationSettingsSchema>;

/** What an environment's text says. Throws for anything else. */
export function parseReconciliationSettings(text: string): ReconciliationSettings {
  return reconciliationSettingsSchema.parse(JSON.parse(text) as unknown);
}
