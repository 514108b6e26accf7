import type { FakeHris } from "../runtime/world";
import { joiner } from "../runtime/world";
import { violations } from "./audit";
import { isEffect } from "./invocations";
import { POLICY, Site } from "./site";

/** Four fields that are safe, one that people approve, one that is never written; no breaker in the way. */
const LOAD_POLICY = POLICY.replace(
  /( {2}desk: .*\n)/,
  `$1  badge: { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned] }
  account_id: { class: safe, owner: identity, sourceOfTruth: directory, events: [joiner.provisioned], writeOnce: true }
  base_salary: { class: never, owner: hr-operations, sourceOfTruth: hris }
`,
).replace("maxWritesPerHour: 3, maxWritesPerDay: 1000", "maxWritesPerHour: 100000, maxWritesPerDay: 1000000");

/** Workers whose changes are in flight at once. */
const WAVE = 25;
const FIELDS = ["work_email", "desk", "badge", "account_id", "manager", "base_salary"] as const;

export interface LoadOptions {
  readonly workers: number;
  /** Of the writes that meet an HRIS that fails or lies, and of the changes that meet a process that fails or dies. */
  readonly faults: number;
  readonly seed: number;
  /** Told after each wave. */
  readonly onWave?: (done: number) => void;
}

export interface LoadResult {
  readonly changes: number;
  /** How many changes ended how. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Changes without an end that is on record and told. */
  readonly lost: number;
  /** Changes that took effect in the HRIS more than once, and grants that wrote more than once. */
  readonly doubled: number;
  /** Everything else that does not hold, in words. */
  readonly violations: readonly string[];
  readonly faults: { readonly hris: number; readonly processes: number };
  /** Heap in use after each wave, in bytes; after a collection where that can be asked for. */
  readonly heapBytes: readonly number[];
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What an HRIS answers that fails or lies, and whether the value is there all the same. */
const LIES: readonly ((to: string) => NonNullable<FakeHris["nextWrite"]>)[] = [
  () => ({ written: { kind: "throttled", detail: "429", retryAfterSeconds: 30 } }),
  () => ({ written: { kind: "unknown", detail: "cut before" } }),
  (to) => ({ written: { kind: "unknown", detail: "cut after" }, effect: to }),
  () => ({ written: { kind: "accepted" } }),
  (to) => ({ written: { kind: "accepted" }, effect: `${to}-altered` }),
  () => ({ written: { kind: "rejected", detail: "400" } }),
];

/** Calls of ports that a change makes, about: so that a share of calls is a share of changes. */
const CALLS_OF_A_CHANGE = 90;

/**
 * Takes changes of so many workers through warm processes, wave after wave, and accounts for every one. The same seed, the same result.
 */
export async function runLoad({ workers, faults, seed, onWave }: LoadOptions): Promise<LoadResult> {
  const random = randomOf(seed);
  const site = new Site(LOAD_POLICY);
  const { world } = site;
  const met = { hris: 0, processes: 0 };
  const write = world.hris.writeField.bind(world.hris);
  world.hris.writeField = (workerId, field, change) => {
    if (random() < faults) {
      met.hris += 1;
      world.hris.nextWrite = LIES[Math.floor(random() * LIES.length)]?.(String(change.to));
    }
    return write(workerId, field, change);
  };
  site.invocations.sometimes = (call) => {
    if (random() >= faults / CALLS_OF_A_CHANGE) return undefined;
    met.processes += 1;
    const moment = isEffect(call) && random() < 0.5 ? "after" : "before";
    return { moment, how: random() < 0.5 ? "fails" : { dies: "Sandbox.Timedout" } };
  };

  const outcomes: Record<string, number> = {};
  const found: string[] = [];
  const heapBytes: number[] = [];
  let [changes, lost, doubled] = [0, 0, 0];
  for (let first = 0; first < workers; first += WAVE) {
    const wave = Array.from({ length: Math.min(WAVE, workers - first) }, (_, place) => first + place);
    for (const worker of wave) join(site, worker, random);
    await site.live(() => site.decideOn("approve"));
    found.push(...violations(site));
    for (const worker of wave) {
      for (const index of FIELDS.keys()) {
        changes += 1;
        const outcome = world.outcome(`r-${String(worker)}`, index);
        const isTold = world.events.some(
          ({ detail }) =>
            detail["requestId"] === `r-${String(worker)}` &&
            detail["index"] === index &&
            detail["outcome"] !== "unknown",
        );
        if (outcome === undefined || !isTold) lost += 1;
        else outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      }
    }
    const took = site.writes
      .filter(({ before, after }) => before !== after)
      .map((each) => `${each.workerId}/${each.field}`);
    const grants = site.writes.map(({ grantId }) => grantId);
    doubled += took.length - new Set(took).size + (grants.length - new Set(grants).size);
    site.archive();
    globalThis.gc?.();
    heapBytes.push(process.memoryUsage().heapUsed);
    onWave?.(changes);
  }
  return { changes, outcomes, lost, doubled, violations: found, faults: met, heapBytes };
}

/** A joiner's six changes; one worker in ten is a contractor, whose record is only told of. */
function join(site: Site, worker: number, random: () => number): void {
  const { hris, directory } = site.world;
  const id = `WD-${String(100_000 + worker)}`;
  const values = {
    work_email: `worker.${String(worker)}@example.com`,
    desk: `D-${String(worker)}`,
    badge: `B-${String(worker)}`,
    account_id: `a-${String(worker)}`,
    manager: "WD-500",
    base_salary: "1",
  };
  const before = {
    employment_type: random() < 0.1 ? "contingent" : "employee",
    workEmail: null,
    badge: null,
    account_id: null,
  };
  for (const [field, value] of Object.entries({ ...before, desk: "1A", manager: "WD-1", base_salary: "0" })) {
    hris.set(field, value, id);
  }
  for (const field of ["work_email", "badge", "account_id"] as const) directory.set(field, values[field], id);
  const detail = {
    requestId: `r-${String(worker)}`,
    occurredAt: new Date(site.world.now - 60_000).toISOString(),
    worker: { id, attributes: { worker_type: "employee" } },
  };
  const finalizedAt = new Date(site.world.now - 30_000).toISOString();
  site.publish(
    joiner(
      FIELDS.map((field) => ({ field, value: values[field], finalizedAt })),
      detail,
    ),
  );
}
