import * as fc from "fast-check";

import { marshallItem } from "../../../src/core";
import { createMemoryStore, createMemoryTables, type StoreFault } from "../../../src/local/memory-store";
import { CHAIN_START, segmentAfter, type ChainHead } from "../../../src/runtime/evidence/chain";
import { headOf } from "../../../src/runtime/evidence/head";
import type { Archive } from "../../../src/runtime/evidence/keep";
import { verifyChain } from "../../../src/runtime/evidence/verify";
import { createHandler } from "../../../src/runtime/handlers/evidence";
import { recordNumber, sourcesOf } from "./support";

/** A stack's ledger stream, tables and bucket, in which every call can be made to end the function. */
class Keeper {
  readonly tables = createMemoryTables();
  readonly bucket = new Map<string, string>();
  readonly errors: string[] = [];
  /** Calls so far, and the one before or after which the function ends. */
  calls = 0;
  crashAt: { readonly call: number; readonly moment: "before" | "after" } | undefined;
  readonly #store = createMemoryStore(
    {
      fault: (moment) => {
        this.#fault(moment);
      },
    },
    this.tables,
  );

  readonly #archive: Archive = {
    putIfAbsent: (name, body) =>
      this.#call(() => {
        if (this.bucket.has(name)) return "exists" as const;
        this.bucket.set(name, body);
        return "kept" as const;
      }),
    get: (name) => this.#call(() => this.bucket.get(name) ?? ""),
  };

  /** What a write of the head waits for. */
  beforeWrite: () => Promise<void> = () => Promise.resolve();

  readonly handler = createHandler({
    store: {
      get: (table, key) => this.#store.get(table, key),
      write: async (actions) => {
        await this.beforeWrite();
        await this.#store.write(actions);
      },
    },
    archive: this.#archive,
    clock: { now: () => 1_795_420_800_000, sleep: () => Promise.resolve() },
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: (event) => {
        this.errors.push(event);
      },
    },
  });

  /** The verified chain: what it holds, by event id. */
  async chain() {
    const ids: string[] = [];
    const files = new Map([...this.bucket].map(([name, body]) => [name, Buffer.from(body)]));
    const report = await verifyChain(sourcesOf(files), {
      heads: this.head === undefined ? [] : [this.head],
      onRecord: ({ record }) => {
        ids.push((record as { readonly eventId: string }).eventId);
      },
    });
    return { ...report, ids };
  }

  get head() {
    const item = this.tables.control.get(JSON.stringify(["evidence-head", ""]));
    return item === undefined ? undefined : headOf(item);
  }

  loseHead(): void {
    this.tables.control.clear();
  }

  readonly #fault = (moment: Parameters<StoreFault>[0]): void => {
    if (moment === "before") this.calls += 1;
    if (this.crashAt?.call === this.calls && this.crashAt.moment === moment) throw new Error("the function ended");
  };

  #call<T>(effect: () => T): Promise<T> {
    return new Promise((resolve) => {
      this.#fault("before");
      const result = effect();
      this.#fault("after");
      resolve(result);
    });
  }
}

const batch = (...numbers: readonly number[]) => ({
  Records: numbers.map((number) => ({
    eventID: `e-${String(number)}`,
    eventName: "INSERT",
    dynamodb: {
      ApproximateCreationDateTime: 1_795_420_800,
      Keys: marshallItem({ pk: `grant#g-${String(number)}`, sk: "open" }),
      NewImage: marshallItem({ pk: `grant#g-${String(number)}`, sk: "open", grantId: `g-${String(number)}` }),
    },
  })),
});

const idsOf = (...numbers: readonly number[]) => numbers.map((number) => `e-${String(number)}`);

describe("the function that keeps evidence", () => {
  test("makes one chain of batch after batch, and knows where it stands", async () => {
    const keeper = new Keeper();
    expect(await keeper.handler(batch(1, 2, 3))).toEqual({ records: 3 });
    expect(await keeper.handler(batch(4))).toEqual({ records: 1 });
    expect([...keeper.bucket.keys()]).toEqual(["0000000000000001.jsonl", "0000000000000004.jsonl"]);
    expect(await keeper.chain()).toMatchObject({ holds: true, headsFound: 1, ids: idsOf(1, 2, 3, 4) });
  });

  test("keeps a record that is delivered twice once, alone or among others, also within one batch", async () => {
    const keeper = new Keeper();
    await keeper.handler(batch(1, 2));
    expect(await keeper.handler(batch(1, 2))).toEqual({ records: 0 });
    expect(await keeper.handler(batch(2, 3, 3))).toEqual({ records: 1 });
    expect(await keeper.chain()).toMatchObject({ holds: true, ids: idsOf(1, 2, 3) });
  });

  test("ended before or after any call it makes, and run again whole or in halves, keeps each record once", async () => {
    const whole = new Keeper();
    await whole.handler(batch(1, 2));
    await whole.handler(batch(3, 4, 5, 6));
    for (let call = 1; call <= whole.calls; call += 1) {
      for (const moment of ["before", "after"] as const) {
        for (const again of [
          [[3, 4, 5, 6]],
          [
            [3, 4],
            [5, 6],
          ],
        ]) {
          const keeper = new Keeper();
          keeper.crashAt = { call, moment };
          await keeper.handler(batch(1, 2)).catch(() => undefined);
          keeper.crashAt = keeper.calls < call ? { call, moment } : undefined;
          if (keeper.crashAt === undefined) await keeper.handler(batch(1, 2));
          await keeper.handler(batch(3, 4, 5, 6)).catch(() => undefined);
          keeper.crashAt = undefined;
          for (const numbers of again) await keeper.handler(batch(...numbers));
          expect(await keeper.chain()).toMatchObject({ holds: true, ids: idsOf(1, 2, 3, 4, 5, 6) });
          expect(keeper.head?.sequence).toBe(6);
        }
      }
    }
  });

  test("run for several shards at once makes one chain, each shard in its order, and none is lost", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 4 }), async (scheduler, shards) => {
        const keeper = new Keeper();
        const work = Array.from({ length: shards }, async (_, shard) => {
          for (const part of [0, 1, 2]) {
            await scheduler.schedule(Promise.resolve());
            await keeper.handler(batch(shard * 100 + part * 2, shard * 100 + part * 2 + 1));
          }
        });
        await scheduler.waitFor(Promise.all(work));
        const { holds, ids } = await keeper.chain();
        expect(holds).toBe(true);
        expect(ids).toHaveLength(shards * 6);
        for (let shard = 0; shard < shards; shard += 1) {
          const own = ids.filter((id) => Math.floor(Number(id.slice(2)) / 100) === shard);
          expect(own).toEqual(idsOf(...[0, 1, 2, 3, 4, 5].map((number) => shard * 100 + number)));
        }
      }),
      { numRuns: 25 },
    );
  });

  test("finds the end of the chain again where the head is lost, or is one of before", async () => {
    const keeper = new Keeper();
    for (let number = 1; number <= 60; number += 1) await keeper.handler(batch(number));
    keeper.loseHead();
    expect(await keeper.handler(batch(60, 61))).toEqual({ records: 1 });
    expect(keeper.head?.sequence).toBe(61);
    expect((await keeper.chain()).ids).toHaveLength(61);
  });

  test("a head never goes back: a process that was held up between its segment and the head leaves a further one", async () => {
    const keeper = new Keeper();
    let release = (): void => undefined;
    keeper.beforeWrite = () => new Promise((resolve) => (release = resolve));
    const slow = keeper.handler(batch(1));
    await new Promise((resolve) => setImmediate(resolve));
    keeper.beforeWrite = () => Promise.resolve();
    await keeper.handler(batch(2));
    await keeper.handler(batch(3));
    const furthest = keeper.head;
    release();
    await slow;
    expect(furthest?.sequence).toBe(3);
    expect(keeper.head).toEqual(furthest);
  });

  test.each([
    ["a segment that somebody else put where the next one belongs", () => "{}\n"],
    [
      "one that goes on from another chain",
      (head: ChainHead) => segmentAfter({ ...head, link: "f".repeat(64) }, [recordNumber(9)]).body,
    ],
    [
      "one that leaves out a number",
      (head: ChainHead) => segmentAfter({ ...head, sequence: 2 }, [recordNumber(9)]).body,
    ],
    ["one without an end", (head: ChainHead) => segmentAfter(head, [recordNumber(9)]).body.trimEnd()],
  ])("stops, and says so, before %s", async (_what, forged) => {
    const keeper = new Keeper();
    await keeper.handler(batch(1));
    keeper.bucket.set("0000000000000002.jsonl", forged(keeper.head ?? CHAIN_START));
    await expect(keeper.handler(batch(2))).rejects.toThrow(/does not go on from record 1/);
    expect(keeper.errors).toEqual(["evidence-diverges"]);
    expect(keeper.head?.sequence).toBe(1);
  });

  test("fails for what is no batch of a stream, so that it comes again and is told of", async () => {
    await expect(new Keeper().handler({ Records: [{ eventName: "INSERT" }] })).rejects.toThrow();
  });
});
