import { REASONS } from "../../policy";
import type { BambooHrServer } from "../bamboohr-server";
import type { Entry } from "../bus";
import { WORKERS, type WorkerName } from "./cast";

/** What of a stack's way through a story is asked and told in the same words wherever it runs. */

/** One change of the story and how it ended. */
export interface ToldChange {
  readonly requestId: string;
  readonly workerId: string;
  readonly field: string;
  readonly class: string;
  readonly verdict: string;
  readonly reason: string;
  readonly outcome: string;
}

/** Names of the HRIS's fields in the policy, for those that the story looks at. */
export const HRIS_FIELDS = {
  work_email: "workEmail",
  username: "customUsername",
  account_id: "customAccountId",
  manager: "reportsTo",
  base_salary: "payRate",
} as const;
export type StoryField = keyof typeof HRIS_FIELDS;

export interface Proposal {
  readonly field: StoryField;
  readonly value: string;
}

/** A lifecycle event about a worker of the story, as a publisher puts it. `nowMs` is the moment of that, since the epoch. */
export function joinerEvent(
  worker: WorkerName,
  proposals: readonly Proposal[],
  {
    requestId,
    nowMs,
    source = "identity.joiner",
    intent,
  }: { readonly requestId: string; readonly nowMs: number; readonly source?: string; readonly intent?: string },
) {
  return {
    source,
    detailType: "joiner.provisioned",
    detail: {
      requestId,
      occurredAt: new Date(nowMs - 60_000).toISOString(),
      worker: {
        id: WORKERS[worker].id,
        attributes: { worker_type: worker === "contractor" ? "Contractor" : "Full-Time", legal_entity: "acme-uk" },
      },
      initiator: { kind: source.startsWith("agents.") ? "agent" : "automation", id: source, intent },
      changes: proposals.map(({ field, value }) => ({
        field,
        value,
        finalizedAt: new Date(nowMs - 30_000).toISOString(),
      })),
    },
  } satisfies Entry;
}

/** What the HRIS holds of a worker; `null` for nothing. */
export function heldOf(hris: BambooHrServer, workerId: string, field: StoryField): unknown {
  return hris.employee(workerId)?.[HRIS_FIELDS[field]] ?? null;
}

/** The changes as the outcome events tell them: the last event on a change counts. */
export function toldChanges(
  outcomes: readonly Readonly<Record<string, unknown>>[],
  workerOf: ReadonlyMap<string, string>,
): ToldChange[] {
  const changes = new Map<string, ToldChange>();
  for (const outcome of outcomes) {
    const word = (key: string): string => String(outcome[key]);
    changes.set(`${word("requestId")}/${word("index")}`, {
      requestId: word("requestId"),
      workerId: workerOf.get(word("requestId")) ?? "",
      field: word("field"),
      class: word("class"),
      verdict: word("verdict"),
      reason: (REASONS as readonly string[]).includes(word("reason")) ? word("reason") : word("decision"),
      outcome: word("outcome"),
    });
  }
  return [...changes.values()].sort((a, b) => (a.requestId < b.requestId ? -1 : a.requestId > b.requestId ? 1 : 0));
}

/** A change in one line. */
export function lineOf({ field, class: fieldClass, verdict, reason, outcome }: ToldChange): string {
  return `${field.padEnd(12)} ${fieldClass.padEnd(11)} ${verdict.padEnd(7)} ${reason.padEnd(18)} -> ${outcome}`;
}

/** A value of a record as the story shows it. */
export function show(value: unknown): string {
  return value === null || value === undefined
    ? "nothing"
    : `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}
