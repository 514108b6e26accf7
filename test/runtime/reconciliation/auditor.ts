import { createMemoryPages, createMemoryStore } from "../../../src/local/memory-store";
import type { HrisAdapter, SourceReader } from "../../../src/hris/contract";
import * as reconcile from "../../../src/runtime/handlers/reconcile";
import type { Found } from "../../../src/runtime/reconciliation/finding";
import type { FinishedItem, ObservedItem } from "../../../src/runtime/reconciliation/records";
import type { LedgerPages, RecordedSession, Store, Systems, WriteAction } from "../../../src/runtime/ports";
import { Probe } from "../probe";
import type { World } from "../world";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** What happens between an invocation's calls. */
export interface Hooks {
  readonly onPage?: () => Promise<void>;
  readonly afterWrite?: (actions: readonly WriteAction[]) => void;
}

/** Reconciles a world, the way the state machine does it. */
export class Auditor {
  readonly probe = new Probe();
  /** Sessions on record besides those of the grants that were used. */
  readonly sessions: RecordedSession[] = [];
  /** Whether CloudTrail shows nothing at all. */
  isTrailBlind = false;
  settings = { parts: 3, concurrency: 1, readsPerSecond: 1_000, reviewEveryDays: 90 };
  /** Waits that the state machine was told to make, in seconds. */
  readonly waits: number[] = [];
  #runs = 0;

  constructor(
    readonly world: World,
    /** How it reads the HRIS. */
    private readonly hris: HrisAdapter & SourceReader = world.hris,
  ) {}

  /** The handler over the world's tables, each call counted by the probe. */
  handler(pageSize = 100, hooks: Hooks = {}): (event: unknown) => Promise<reconcile.ReconcileOutput> {
    const { world } = this;
    const tables = createMemoryStore({}, world.tables);
    const hooked: Store = {
      ...tables,
      write: async (actions, token) => {
        await tables.write(actions, token);
        hooks.afterWrite?.(actions);
      },
    };
    const store: Store = this.probe.wrap(hooked, ["get", "query", "write"]);
    const whole = createMemoryPages({}, world.tables);
    const pages: LedgerPages = this.probe.wrap(
      {
        page: async (from) => {
          const page = await whole.page({ ...from, limit: Math.min(from.limit, pageSize) });
          await hooks.onPage?.();
          return page;
        },
      } satisfies LedgerPages,
      ["page"],
    );
    const systems: Systems = {
      hris: () => this.probe.wrap(this.hris, ["readField"]),
      source: (name) => ({ directory: world.directory, finance: world.finance, hris: this.hris })[name],
    };
    return reconcile.createHandler(
      {
        store,
        pages,
        systems,
        trail: {
          sessions: (fromMs, untilMs) =>
            this.probe.run(() =>
              Promise.resolve(
                this.recorded().filter(
                  ({ openedAt }) => Date.parse(openedAt) >= fromMs && Date.parse(openedAt) < untilMs,
                ),
              ),
            ),
        },
        clock: {
          now: () => world.now,
          sleep: (ms) => {
            world.now += ms;
            return Promise.resolve();
          },
        },
        log: {
          info: (event, members) => world.lines.push({ level: "info", event, ...members }),
          warn: (event, members) => world.lines.push({ level: "warn", event, ...members }),
          error: (event, members) => world.lines.push({ level: "error", event, ...members }),
        },
      },
      { manifestHash: world.manifestHash, hrisSystem: "hris", reconciliation: this.settings },
    );
  }

  private recorded(): readonly RecordedSession[] {
    if (this.isTrailBlind) return [];
    const used = this.world.itemsOf("ledger", "intent#").flatMap(({ grantId }): RecordedSession[] => {
      const grant = this.world.ledger(`grant#${String(grantId)}`, "open");
      if (grant === undefined) return [];
      return [{ eventId: `e-${String(grantId)}`, openedAt: String(grant["openedAt"]), sessionName: String(grantId) }];
    });
    return [...used, ...this.sessions];
  }

  /** A whole run. What it throws, it throws: a later call goes on with it. */
  async run(input: object = {}, pageSize?: number): Promise<string> {
    const handler = this.handler(pageSize);
    this.#runs += 1;
    const begun = await handler({ version: 1, step: "begin", execution: `run-${String(this.#runs)}`, input });
    const { runId } = begun;
    const until = async (step: object): Promise<void> => {
      for (;;) {
        const { status, waitSeconds } = await handler({ version: 1, runId, ...step });
        if (status === "done") return;
        if (waitSeconds > 0) this.waits.push(waitSeconds);
        this.world.now += waitSeconds * 1000;
      }
    };
    for (const part of begun.parts ?? []) await until({ step: "part", ...part });
    await until({ step: "sessions" });
    await handler({ version: 1, step: "finish", runId });
    return runId;
  }

  /** What a run saw, by class and subject, the closed ones apart. */
  seen(runId: string, state: "open" | "closed" = "open"): readonly Found[] {
    return this.observed(runId)
      .filter((item) => (item.state === "closed") === (state === "closed"))
      .map(({ finding }) => finding)
      .filter((finding) => finding.class !== "JointReview");
  }

  observed(runId: string): readonly ObservedItem[] {
    return this.world.itemsOf("ledger", `observed#${runId}`) as unknown as ObservedItem[];
  }

  finished(runId: string): FinishedItem | undefined {
    return this.world.ledger(`reconciliation#${runId}`, "finished") as unknown as FinishedItem | undefined;
  }
}
