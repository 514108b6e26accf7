import { UnknownReference } from "../errors";
import type { StoreReads } from "../ports";
import { CLASSES, FINDING_CLASSES, type FindingClass, type Weight } from "./classes";
import type { Found } from "./finding";
import {
  listObserved,
  readFinished,
  readRun,
  type FieldCounts,
  type ObservedItem,
  type ObservedState,
} from "./records";

/** A finding as a run's report tells it. Ids, names and codes; no value of a record and no worker's id. */
export interface ReportedFinding extends Found {
  readonly id: string;
  readonly class: FindingClass;
  readonly weight: Weight;
  readonly state: ObservedState;
  readonly openedAt: string;
  readonly meaning: string;
  readonly next: string;
}

/** What one run did and saw, from the ledger alone. */
export interface ReconciliationReport {
  readonly runId: string;
  readonly scope: "all" | "due";
  readonly startedAt: string;
  /** Absent while the run goes on, or was cut off. */
  readonly finishedAt?: string;
  readonly records: number;
  readonly sessions: number;
  /** Fields whose last writes were held against the HRIS, by name. */
  readonly fields: readonly (FieldCounts & { readonly field: string })[];
  /** Fields that could not be read wholly. */
  readonly incomplete: readonly string[];
  /** Open findings, the heaviest first, then by age. */
  readonly open: readonly ReportedFinding[];
  /** Those that the run closed. */
  readonly closed: readonly ReportedFinding[];
  /** Open findings that a person must look at. */
  readonly forHumans: number;
}

/** The report of a run; nothing where the ledger does not know it. */
export async function readReport(store: StoreReads, runId: string): Promise<ReconciliationReport | undefined> {
  const run = await readRun(store, runId);
  if (run === undefined) return undefined;
  const [finished, observed] = [await readFinished(store, runId), await listObserved(store, runId)];
  const findings = observed.map(reportedOf).sort(byWeight);
  const open = findings.filter(({ state }) => state !== "closed");
  return {
    runId,
    scope: run.scope,
    startedAt: run.startedAt,
    ...(finished === undefined ? {} : { finishedAt: finished.finishedAt }),
    records: finished?.records ?? 0,
    sessions: finished?.sessions ?? 0,
    fields: Object.entries(finished?.fields ?? {})
      .map(([field, counts]) => ({ field, ...counts }))
      .sort((a, b) => (a.field < b.field ? -1 : 1)),
    incomplete: finished?.incomplete ?? [],
    open,
    closed: findings.filter(({ state }) => state === "closed"),
    forHumans: open.filter(({ weight }) => weight !== "record").length,
  };
}

/** Likewise. Throws `UnknownReference` where there is none. */
export async function requireReport(store: StoreReads, runId: string): Promise<ReconciliationReport> {
  const report = await readReport(store, runId);
  if (report === undefined) throw new UnknownReference(`the ledger holds no reconciliation \`${runId}\``);
  return report;
}

function reportedOf({ findingId: id, finding, state, openedAt }: ObservedItem): ReportedFinding {
  const { weight, meaning, next } = FINDING_CLASSES[finding.class];
  return { ...finding, id, weight, state, openedAt, meaning, next };
}

function byWeight(a: ReportedFinding, b: ReportedFinding): number {
  const order = CLASSES.indexOf(a.class) - CLASSES.indexOf(b.class);
  if (order !== 0) return order;
  if (a.openedAt !== b.openedAt) return a.openedAt < b.openedAt ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}
