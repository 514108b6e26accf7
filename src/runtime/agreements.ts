import { countPeople, type Person } from "../policy/approvals";
import { ledgerKeys, type AgreementItem, type ResumedItem } from "./ledger";
import type { StoreReads } from "./ports";

/** People who have to agree before anything is written again. */
export const OPERATORS_NEEDED = 2;

/** Who agreed so far that one stop ends. */
export interface Agreements {
  readonly by: readonly (Person & { readonly at: string })[];
  /** Different people among them: two accounts of one worker are one. */
  readonly people: number;
  readonly needed: typeof OPERATORS_NEEDED;
}

/** The id by which people agree that a breaker is set back. */
export function breakerStopId(trippedAt: string): string {
  return `breaker-${trippedAt}`;
}

/** Everybody's agreement to the end of a stop that is on record, in order of the person's key. */
export async function listAgreements(store: StoreReads, stopId: string): Promise<AgreementItem[]> {
  const { pk, sk } = ledgerKeys.agreement(stopId, "");
  return (await store.query("ledger", pk, sk)) as unknown as AgreementItem[];
}

/** How many different people a list of agreements comes to. */
export function peopleAgreed(agreements: readonly AgreementItem[]): number {
  return countPeople(
    agreements.map(({ operator, workerId }) => ({ decision: "approve", approver: operator, workerId, groups: [] })),
  );
}

/** Who agreed to the end of a stop, by name and time. */
export async function readAgreements(store: StoreReads, stopId: string): Promise<Agreements> {
  const items = await listAgreements(store, stopId);
  const by = items.map(({ operator: { issuer, subject }, agreedAt }) => ({ issuer, subject, at: agreedAt }));
  return {
    by: by.sort((a, b) => (a.at < b.at ? -1 : 1)),
    people: peopleAgreed(items),
    needed: OPERATORS_NEEDED,
  };
}

/** The last stop of the switch that two people let end; nothing where none was. */
export async function readLastResumed(store: StoreReads): Promise<ResumedItem | undefined> {
  const { pk } = ledgerKeys.resumed("");
  const items = (await store.query("ledger", pk)) as unknown as (ResumedItem | AgreementItem)[];
  return items
    .flatMap((item) => ("resumedAt" in item && item.what === "switch" ? [item] : []))
    .sort((a, b) => (a.resumedAt < b.resumedAt ? -1 : 1))
    .at(-1);
}
