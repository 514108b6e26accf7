import { createMemoryStore, createMemoryTables, type MemoryTables } from "../src/local/memory-store";
import type { HrisAdapter, SourceReader } from "../src/hris/contract";
import { parsePolicy, policyItems } from "../src/policy";
import { createHandler, type ReconcileOutput } from "../src/runtime/handlers/reconcile";
import type { FindingClass } from "../src/runtime/reconciliation/classes";
import { requireReport, type ReconciliationReport } from "../src/runtime/reconciliation/report";
import type { Item, Key, LedgerPages, RecordedSession, Store } from "../src/runtime/ports";

const DAY = 86_400_000;

/** When a planted ledger is reconciled, and when its first change came. */
export const NOW = Date.parse("2026-11-20T09:00:00Z");
const FIRST = NOW - 6 * DAY;

const POLICY = `
version: 1
owners:
  identity: { name: Identity, contact: identity@example.com, approvers: { group: iam-approvers } }
  hr: { name: HR, contact: hr@example.com, approvers: { group: hr-approvers } }
systems: { directory: { kind: directory }, hris: { kind: hris } }
publishers: { joiner: { initiator: automation } }
events: { joiner.provisioned: { source: [joiner], window: PT72H } }
defaults: { reconcile: { every: P1D, log: ledger } }
fields:
  work_email: { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned] }
  title:
    class: conditional
    owner: hr
    sourceOfTruth: hris
    events: [joiner.provisioned]
    check: none
    approval: { groups: [{ group: hr-approvers, count: 1 }], expires: PT24H }
`;

/** What is wrong with a change; the class of the one finding that it must lead to. */
const PLANTS = [
  "ChangedByHr",
  "RevertedByHris",
  "SourceChanged",
  "WrittenWithoutGrant",
  "ValueWithoutGrant",
  "WrittenLate",
  "GrantWithoutWrite",
  "ApprovalWithoutGrant",
  "OpenPastExpiry",
  "SessionWithoutGrant",
] as const;
type Plant = (typeof PLANTS)[number];

/** Kinds of records that a change can have, in the order of a page. */
const KINDS = [
  "request",
  "decision",
  "inspection",
  "approval",
  "attempt",
  "grant",
  "intent",
  "grant-outcome",
  "grant-end",
  "outcome",
] as const;
type Kind = (typeof KINDS)[number];

/**
 * A ledger of any size that takes no memory: each record is made of its change's number when it is asked for. One change in `every` is
 * planted, each kind of plant in turn. What a reconciliation writes is kept.
 */
export class PlantedLedger {
  readonly #kept: MemoryTables = createMemoryTables();
  readonly #keptStore = createMemoryStore({}, this.#kept);
  readonly #manifestHash: string;
  /** HRIS reads so far. */
  reads = 0;
  /** Calls of the store so far; the process is cut off at the ones that are here. */
  calls = 0;
  readonly cuts = new Set<number>();
  /** The most records that were handed out at once. */
  largestPage = 0;

  constructor(
    readonly changes: number,
    private readonly every: number,
  ) {
    const items = policyItems(parsePolicy(POLICY));
    this.#manifestHash = items.find(({ sk }) => sk === "manifest")?.hash ?? "";
    for (const item of items) this.#kept.classification.set(JSON.stringify([item.pk, item.sk]), item);
  }

  /** Findings that a run must show: class and change, and nothing else. */
  expected(): string[] {
    const found: string[] = [];
    for (let change = 0; change < this.changes; change += 1) {
      const plant = this.#plantOf(change);
      if (plant !== undefined) found.push(`${classOf(plant)} ${change}`);
    }
    return found.sort();
  }

  /** Class and change of every finding of a report. */
  found({ open }: ReconciliationReport): string[] {
    return open
      .map(({ class: findingClass, requestId, grantId, subject }) => {
        const change = requestId ?? grantId ?? subject;
        return `${findingClass} ${Number(/(\d+)(?:#0)?$/.exec(change)?.[1])}`;
      })
      .sort();
  }

  /** All records, counted one by one. */
  records(): number {
    let count = 0;
    for (let change = 0; change < this.changes; change += 1) count += this.#kindsOf(change).length;
    return count;
  }

  /** Reconciles the way the state machine does, going on after every cut; the report, and how often it was cut. */
  async reconcile(): Promise<{ report: ReconciliationReport; cut: number }> {
    const handler = createHandler(
      {
        store: this.#store(),
        pages: this.#pages(),
        systems: { hris: () => this.#hris(), source: () => this.#directory() },
        trail: { sessions: (fromMs, untilMs) => Promise.resolve(this.#sessions(fromMs, untilMs)) },
        clock: { now: () => NOW, sleep: () => Promise.resolve() },
        log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      },
      {
        manifestHash: this.#manifestHash,
        hrisSystem: "hris",
        reconciliation: { parts: 8, concurrency: 1, readsPerSecond: 1_000, reviewEveryDays: 90 },
      },
    );
    let cut = 0;
    const surely = async (step: object): Promise<ReconcileOutput> => {
      for (;;) {
        try {
          return await handler({ version: 1, ...step });
        } catch (error) {
          if (!(error instanceof Cut)) throw error;
          cut += 1;
        }
      }
    };
    const { runId, parts = [] } = await surely({ step: "begin", execution: "run-1", input: {} });
    for (const { part } of parts) await surely({ step: "part", runId, part });
    await surely({ step: "sessions", runId });
    await surely({ step: "finish", runId });
    return { report: await requireReport(this.#keptStore, runId), cut };
  }

  #plantOf(change: number): Plant | undefined {
    return change % this.every === this.every - 1 ? PLANTS[Math.floor(change / this.every) % PLANTS.length] : undefined;
  }

  #isApproved(change: number): boolean {
    const plant = this.#plantOf(change);
    if (plant === "ApprovalWithoutGrant" || plant === "ValueWithoutGrant") return true;
    return plant === undefined && change % 3 === 0;
  }

  #kindsOf(change: number): readonly Kind[] {
    const approved = this.#isApproved(change);
    const absent: Readonly<Record<Plant, readonly Kind[]>> = {
      ChangedByHr: ["grant-end"],
      RevertedByHris: ["grant-end"],
      SourceChanged: ["grant-end"],
      // The grant is gone, and with it what says that it was one.
      WrittenWithoutGrant: ["grant-end", "grant", "attempt"],
      ValueWithoutGrant: ["attempt", "grant", "intent", "grant-outcome", "grant-end"],
      WrittenLate: ["grant-end"],
      GrantWithoutWrite: ["intent", "grant-outcome"],
      ApprovalWithoutGrant: ["attempt", "grant", "intent", "grant-outcome", "grant-end"],
      OpenPastExpiry: ["grant-outcome", "grant-end", "outcome"],
      SessionWithoutGrant: ["grant-end"],
    };
    const plant = this.#plantOf(change);
    const without = plant === undefined ? ["grant-end"] : absent[plant];
    return KINDS.filter((kind) => !without.includes(kind) && (kind !== "approval" || approved));
  }

  #record(change: number, kind: Kind): Item {
    const [requestId, grantId, digest] = [requestOf(change), grantOf(change), digestOf(change)];
    const place = `${requestId}#0`;
    const at = (afterMs: number): string => new Date(this.#atMs(change) + afterMs).toISOString();
    const plant = this.#plantOf(change);
    const approved = this.#isApproved(change);
    const field = approved ? "title" : "work_email";
    const approval = { groups: [{ group: "hr-approvers", count: 1 }], expires: "PT24H" };
    const policyDigest = "p".repeat(64);
    const ended = (): { outcome: string; reason: string } => {
      if (plant === "ValueWithoutGrant") return { outcome: "denied", reason: "ApprovalDenied" };
      if (plant === "ApprovalWithoutGrant") return { outcome: "conflict", reason: "ChangeMoved" };
      if (plant === "WrittenLate") return { outcome: "not-applied", reason: "NotObserved" };
      if (plant === "GrantWithoutWrite") return { outcome: "not-applied", reason: "GrantNotUsed" };
      return { outcome: "applied", reason: "ReadBack" };
    };
    switch (kind) {
      case "request": {
        const worker = { id: workerOf(change), attributes: {} };
        const initiator = { kind: "automation", id: "joiner-flow" };
        const changes = [{ field, value: valueOf(change), finalizedAt: at(0) }];
        const event = { event: "joiner.provisioned", source: "joiner", occurredAt: at(0) };
        const request = { requestId, worker, initiator, changes, ...event, receivedAt: at(0) };
        return { pk: `request#${requestId}`, sk: "request", contentDigest: digest, receivedAt: at(0), request };
      }
      case "decision":
        return { pk: `decision#${requestId}`, sk: "decision#0", field, decidedAt: at(1_000), policyDigest };
      case "inspection": {
        const values = { from: null, to: valueOf(change), inspectedAt: at(2_000) };
        const own = { field, workerRef: refOf(change), digest, policyDigest, ...values };
        return { pk: `inspection#${place}`, sk: `inspection#${digest}`, ...own, ...(approved ? { approval } : {}) };
      }
      case "approval": {
        const decision = plant === "ValueWithoutGrant" ? "deny" : "approve";
        const person = { approver: { issuer: "https://idp.example.com", subject: "u-1" }, workerId: "WD-1" };
        const own = { decision, digest, ...person, groups: ["hr-approvers"], policyDigest, decidedAt: at(3_000) };
        return { pk: `approval#${place}`, sk: `approval#${digest}#u-1`, ...own };
      }
      case "attempt":
        return { pk: `attempt#${place}`, sk: "attempt#1", grantId, openedAt: at(4_000) };
      case "grant": {
        const names = {
          field,
          hrisField: field,
          workerRef: refOf(change),
          pointer: `pointer#${refOf(change)}#${field}`,
        };
        const own = { grantId, requestId, index: 0, attempt: 1, ...names, digest, policyDigest };
        return { pk: `grant#${grantId}`, sk: "open", ...own, openedAt: at(4_000), expiresAt: at(900_000) };
      }
      case "intent":
        return { pk: `intent#${grantId}`, sk: "intent", grantId, intendedAt: at(5_000), settledBy: at(95_000) };
      case "grant-outcome":
        return { pk: `grant-outcome#${grantId}`, sk: "outcome", ...ended(), grantId, endedAt: at(6_000) };
      case "grant-end":
        return { pk: `grant-end#${grantId}`, sk: "end", grantId, reason: "GrantNotUsed", endedAt: at(900_000) };
      case "outcome": {
        const by = this.#kindsOf(change).includes("intent") ? { grantId } : {};
        return { pk: `outcome#${place}`, sk: "outcome", ...ended(), ...by, endedAt: at(7_000) };
      }
    }
  }

  /** Changes come evenly over five days. */
  #atMs(change: number): number {
    return FIRST + Math.floor((change / this.changes) * 5 * DAY);
  }

  #pointer(change: number): Item {
    const plant = this.#plantOf(change);
    const kinds = this.#kindsOf(change);
    const pk = `pointer#${refOf(change)}`;
    if (plant === "OpenPastExpiry") return { pk, grantId: grantOf(change) };
    const hadEffect = kinds.includes("grant-outcome") && plant !== "WrittenLate";
    return hadEffect ? { pk, lastGrantId: grantOf(change) } : { pk };
  }

  /** A record of the ledger, or of the pointers, by its key. */
  #made(table: string, { pk, sk = "" }: Key): Item | undefined {
    const change = changeOf(pk);
    if (change === undefined || change >= this.changes) return undefined;
    if (table === "control") return pk.startsWith("pointer#") ? this.#pointer(change) : undefined;
    const item = this.#kindsOf(change)
      .filter((kind) => pk.startsWith(`${kind}#`))
      .map((kind) => this.#record(change, kind))
      .find((each) => each["pk"] === pk && (sk === "" || String(each["sk"]).startsWith(sk)));
    return item;
  }

  #store(): Store {
    const cut = <T>(call: () => Promise<T>): Promise<T> => {
      this.calls += 1;
      return this.cuts.delete(this.calls) ? Promise.reject(new Cut()) : call();
    };
    return {
      get: (table, key) =>
        cut(async () => {
          const made = table === "classification" ? undefined : this.#made(table, key);
          return made !== undefined && (key.sk === undefined || made["sk"] === key.sk)
            ? made
            : this.#keptStore.get(table, key);
        }),
      query: (table, pk, skPrefix) =>
        cut(async () => {
          if (table !== "ledger" || changeOf(pk) === undefined) return this.#keptStore.query(table, pk, skPrefix);
          const made = this.#made("ledger", { pk, sk: skPrefix ?? "" });
          return made === undefined ? [] : [made];
        }),
      due: () => Promise.resolve([]),
      write: (actions, token) => cut(() => this.#keptStore.write(actions, token)),
    };
  }

  #pages(): LedgerPages {
    return {
      page: ({ part, of, limit, after }) => {
        const items: Item[] = [];
        const first = after === undefined ? undefined : changeOf(after.pk);
        for (let change = first ?? part; change < this.changes; change += of) {
          let isPassed = change !== first;
          for (const kind of this.#kindsOf(change)) {
            const item = this.#record(change, kind);
            if (isPassed) items.push(item);
            else isPassed = item["pk"] === after?.pk && item["sk"] === after?.sk;
            if (items.length < limit) continue;
            this.largestPage = Math.max(this.largestPage, items.length);
            return Promise.resolve({ items, last: { pk: String(item["pk"]), sk: String(item["sk"]) } });
          }
        }
        return Promise.resolve({ items });
      },
    };
  }

  #hris(): HrisAdapter {
    const valueIn = (change: number, field: string): string | null => {
      const plant = this.#plantOf(change);
      if (plant === "RevertedByHris" || plant === "GrantWithoutWrite" || plant === "ApprovalWithoutGrant") return null;
      if (plant === "ChangedByHr") return "by.hand@example.com";
      return field === (this.#isApproved(change) ? "title" : "work_email") ? valueOf(change) : null;
    };
    return {
      compareAndSet: "detects",
      settleSeconds: 0,
      secondLookSeconds: 600,
      neverFields: [],
      readField: (workerId, field) => {
        this.reads += 1;
        return Promise.resolve({ kind: "value", value: valueIn(changeOfWorker(workerId), field) });
      },
      writeField: () => Promise.reject(new Error("a reconciliation writes nothing")),
      sameValue: (_field, a, b) => a === b,
    };
  }

  #directory(): SourceReader {
    return {
      readField: (workerId) => {
        const change = changeOfWorker(workerId);
        const value = this.#plantOf(change) === "SourceChanged" ? "married@example.com" : valueOf(change);
        return Promise.resolve({ kind: "value", value });
      },
      findRecord: () => Promise.resolve({ kind: "active" }),
      sameValue: (_field, a, b) => a === b,
    };
  }

  /** The sessions of all used grants, and of those that are nobody's. */
  #sessions(fromMs: number, untilMs: number): readonly RecordedSession[] {
    const sessions: RecordedSession[] = [];
    const perChange = (5 * DAY) / this.changes;
    const first = Math.max(0, Math.floor((fromMs - FIRST) / perChange) - 1);
    const last = Math.min(this.changes - 1, Math.ceil((untilMs - FIRST) / perChange) + 1);
    for (let change = first; change <= last; change += 1) {
      const openedMs = this.#atMs(change) + 4_500;
      if (openedMs < fromMs || openedMs >= untilMs) continue;
      const own = { eventId: `e-${change}`, openedAt: new Date(openedMs).toISOString() };
      if (this.#kindsOf(change).includes("grant")) sessions.push({ ...own, sessionName: grantOf(change) });
      if (this.#plantOf(change) === "SessionWithoutGrant") {
        sessions.push({ ...own, eventId: `stray-${change}`, sessionName: "somebody" });
      }
    }
    return sessions;
  }
}

/** The process ended in the middle of its work. */
class Cut extends Error {
  override readonly name = "Cut";
}

function classOf(plant: Plant): FindingClass {
  return plant === "ValueWithoutGrant" ? "WrittenWithoutGrant" : plant;
}

const padded = (change: number): string => String(change).padStart(10, "0");
const requestOf = (change: number): string => `r-${padded(change)}`;
const grantOf = (change: number): string => `g-01JD5Z8Q4T9V2W3X${padded(change)}`;
const workerOf = (change: number): string => `WD-${padded(change)}`;
const refOf = (change: number): string => `w-${padded(change)}`;
const digestOf = (change: number): string => `d${padded(change)}`;
const valueOf = (change: number): string => `worker.${padded(change)}@example.com`;

function changeOfWorker(workerId: string): number {
  return Number(workerId.slice("WD-".length));
}

/** The change that a key is about: whatever names it ends in its number. */
function changeOf(pk: string): number | undefined {
  const match = /^[a-z-]+#(?:r-|g-01JD5Z8Q4T9V2W3X|w-)(\d{10})(?:#.*)?$/.exec(pk);
  return match === null ? undefined : Number(match[1]);
}
