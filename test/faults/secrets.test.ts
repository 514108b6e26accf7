import { Probe } from "../runtime/probe";
import { Auditor, DAY } from "../runtime/reconciliation/auditor";
import { violations } from "./audit";
import type { Fault, PortCall } from "./invocations";
import { KeyedHris } from "./keyed-hris";
import { POLICY, Site } from "./site";
import { APPROVED, ends, LOST, SAFE, told, type Story } from "./stories";
import type * as Warm from "./warm";

jest.mock("../../src/policy/items", () =>
  jest.requireActual<typeof Warm>("./warm").warmItems(jest.requireActual("../../src/policy/items")),
);
jest.mock("../../src/policy/normalise", () =>
  jest.requireActual<typeof Warm>("./warm").warmNormalise(jest.requireActual("../../src/policy/normalise")),
);

/** Secrets that are replaced while a change is in flight, and a Secrets Manager that does not answer: at every call, none sampled. */

interface Told {
  readonly site: Site;
  readonly keyed: KeyedHris;
}

/** A story of an HRIS that asks for a key. */
async function toldWithKeys(story: Story, arrange: (of: Told) => void = () => undefined): Promise<Told> {
  const keyed = new KeyedHris();
  const site = new Site(POLICY, { adapterOf: keyed.adapterOf });
  await told(
    story,
    (fresh) => {
      arrange({ site: fresh, keyed });
    },
    site,
  );
  return { site, keyed };
}

const named = ({ process, method }: PortCall): string => `${process}.${method}`;

async function callsOf(story: Story): Promise<readonly PortCall[]> {
  const { site, keyed } = await toldWithKeys(story);
  expect([violations(site), ends(site), keyed.refused]).toEqual([[], story.ends, []]);
  return site.invocations.calls;
}

describe.each([SAFE, APPROVED])("$name", (story) => {
  test("is written, once, wherever both keys are replaced on its way", async () => {
    const calls = await callsOf(story);
    const refusedTo = new Set<string>();
    for (const call of calls) {
      const { site, keyed } = await toldWithKeys(story, (fresh) => {
        const meanwhile = (): void => {
          fresh.keyed.rotate();
        };
        fresh.site.invocations.fault = { call: call.number, moment: "before", how: { meanwhile } };
      });
      const where = `before call ${String(call.number)}, ${named(call)}`;
      expect({ where, found: violations(site) }).toEqual({ where, found: [] });
      expect({ where, ended: ends(site), writes: site.writes.length }).toEqual({
        where,
        ended: ["applied"],
        writes: 1,
      });
      // One refused request at most of each who holds a key: nobody knocks with an old one again.
      expect({ where, refused: keyed.refused.length <= 3 }).toEqual({ where, refused: true });
      for (const { method } of keyed.refused) refusedTo.add(method);
    }
    // Also the one write met it, between the compare and itself.
    expect([...refusedTo].sort()).toEqual(["GET", "PATCH"]);
  });
});

const OUT_FOR_MS = 10 * 60_000;
const FAULTS: readonly (Pick<Fault, "how"> & { readonly name: string })[] = [
  { name: "fails once", how: "fails" },
  { name: "is out for ten minutes", how: { outageMs: OUT_FOR_MS } },
];

describe.each([SAFE, APPROVED, LOST])("$name, where Secrets Manager", (story) => {
  test.each(FAULTS)("$name, at each call of each process", async ({ how }) => {
    const calls = (await callsOf(story)).filter(({ method }) => method === "getSecretValue");
    const processes = new Set(calls.map(({ process }) => process));
    expect([...processes].sort()).toEqual(["gateway", "inspect", "sweeper"]);
    for (const call of calls) {
      const { site } = await toldWithKeys(story, (fresh) => {
        fresh.site.invocations.fault = { call: call.number, moment: "before", how };
      });
      // It broke where it was meant to: the way up to there is always the same.
      expect(named(site.invocations.calls[call.number - 1]!)).toBe(named(call));
      const where = `call ${String(call.number)}, ${named(call)}`;
      expect({ where, found: violations(site) }).toEqual({ where, found: [] });
      expect({ where, ended: ends(site) }).toEqual({ where, ended: ["applied"] });
    }
  });
});

describe("a reconciliation after a safe write", () => {
  /** A run of it by a process that has read no secret yet, with something done at one of its calls. */
  async function reconciled(
    { site, keyed }: Told,
    fault?: Omit<Fault, "moment">,
  ): Promise<Auditor & { runId: string }> {
    const { world, invocations } = site;
    invocations.calls.length = 0;
    invocations.fault = fault === undefined ? undefined : { ...fault, moment: "before" };
    const probe = invocations.take(new Probe(), "reconcile");
    const auditor = new Auditor(world, keyed.adapterOf(world.hris, "reconcile", probe, world.clock));
    return Object.assign(auditor, { runId: await auditor.run() });
  }
  const inSync = { incomplete: [], fields: { work_email: { compared: 1, inSync: 1, unread: 0 } } };
  const calls = async (): Promise<readonly PortCall[]> => {
    const after = await toldWithKeys(SAFE);
    const clean = await reconciled(after);
    expect([clean.finished(clean.runId), clean.seen(clean.runId)]).toMatchObject([inSync, []]);
    return [...after.site.invocations.calls];
  };

  test("finds all in sync wherever the keys are replaced", async () => {
    const all = await calls();
    expect(all.filter(({ method }) => method === "exchange").length).toBeGreaterThan(0);
    for (const { number } of all) {
      const after = await toldWithKeys(SAFE);
      const how = {
        meanwhile: () => {
          after.keyed.rotate();
        },
      };
      const run = await reconciled(after, { call: number, how });
      expect([number, run.finished(run.runId), run.seen(run.runId)]).toMatchObject([number, inSync, []]);
    }
  });

  test.each(FAULTS)("finds nothing that is not so where Secrets Manager $name", async ({ how }) => {
    const reads = (await calls()).filter(({ method }) => method === "getSecretValue");
    expect(reads.length).toBeGreaterThan(0);
    for (const { number } of reads) {
      const after = await toldWithKeys(SAFE);
      const run = await reconciled(after, { call: number, how });
      const unread = { incomplete: ["work_email"], fields: { work_email: { compared: 0, unread: 1 } } };
      expect([run.finished(run.runId), run.seen(run.runId)]).toMatchObject([how === "fails" ? inSync : unread, []]);
      after.site.world.now += DAY;
      const later = await run.run();
      expect([run.finished(later), run.seen(later)]).toMatchObject([inSync, []]);
    }
  });
});
