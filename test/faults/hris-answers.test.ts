import { setTimeout as wait } from "node:timers/promises";

import type * as Http from "../../src/hris/http";
import type { Fault } from "../../src/local/loopback-server";
import { assemble, madeFor, WORKERS, type Cast } from "../../src/local/demo/cast";
import { exampleStack } from "../system/story";

/** What an HRIS may answer to the one write, over a real socket, through the whole synthesized stack; every call as IAM allows it. */

/** How long a write waits for its answer here, in milliseconds: 20 seconds of the gateway's, so that a slow HRIS costs none. */
const MOCK_PATIENCE_MS = 300;

jest.mock("../../src/hris/http", () => {
  const actual = jest.requireActual<typeof Http>("../../src/hris/http");
  const fetchHttp: typeof Http.fetchHttp = (request) =>
    actual.fetchHttp(request.method === "GET" ? request : { ...request, timeoutMs: MOCK_PATIENCE_MS });
  return { ...actual, fetchHttp };
});

let cast: Cast;
beforeEach(async () => {
  cast = await assemble((await exampleStack("acme")).stack);
}, 120_000);
afterEach(() => cast.stop());

const status = (code: number, retryAfter?: string): Fault => ({
  kind: "replace",
  answer: { status: code, ...(retryAfter === undefined ? {} : { headers: { "retry-after": retryAfter } }) },
});

async function joinerEmail(): Promise<void> {
  const now = cast.cloud.clock.now();
  const at = new Date(now - 60_000).toISOString();
  await cast.cloud.publish({
    source: "identity.joiner",
    detailType: "joiner.provisioned",
    detail: {
      requestId: "00000000-0000-4000-8000-00000000f001",
      occurredAt: at,
      worker: { id: WORKERS.joiner.id, attributes: { worker_type: "Full-Time", legal_entity: "acme-uk" } },
      initiator: { kind: "automation", id: "joiner-flow" },
      changes: [{ field: "work_email", value: madeFor("joiner").workEmail, finalizedAt: at }],
    },
  });
}

/** Sweeps until whatever is open is settled. */
async function sweepTwice(): Promise<void> {
  for (let sweep = 0; sweep < 2; sweep += 1) {
    await cast.cloud.clock.advance(3_600_000);
    await cast.cloud.sweep();
  }
}

test.each([
  ["401", status(401), "forbidden", 1],
  ["403", status(403), "forbidden", 1],
  ["404", status(404), "rejected", 1],
  ["409", status(409), "duplicate", 1],
  ["429 with Retry-After, once", status(429, "90"), "applied", 2],
  ["500", status(500), "not-applied", 1],
  ["503", status(503), "not-applied", 1],
  ["503 with Retry-After, once", status(503, "90"), "applied", 2],
  ["200 that changed nothing", { kind: "ignore" }, "not-applied", 1],
  ["a connection cut before the effect", { kind: "cut", when: "before" }, "not-applied", 1],
  ["a connection cut after the effect", { kind: "cut", when: "after" }, "applied", 1],
] as const)("%s ends truly", async (_name, fault, outcome, writes) => {
  let isFirst = true;
  cast.hris.setFaults((request) => {
    if (request.method === "GET" || !isFirst) return undefined;
    isFirst = false;
    return fault;
  });
  await joinerEmail();
  // Second by second to the end of the wait that was asked for: functions that really speak to somebody need real time.
  for (let second = 0; writes === 2 && second < 130; second += 1) {
    await cast.cloud.clock.advance(1_000);
    await cast.cloud.quiet();
  }
  await sweepTwice();
  expect(cast.cloud.outcomes().at(-1)).toMatchObject({ outcome });
  expect(cast.hris.writes()).toBe(writes);
  const held = cast.hris.employee(WORKERS.joiner.id)?.["workEmail"];
  expect(held).toBe(outcome === "applied" ? madeFor("joiner").workEmail : null);
  expect(cast.cloud.iam.trail.filter(({ allowed }) => !allowed)).toEqual([]);
});

test.each([
  ["after its effect", { kind: "hang", effect: true }, ["applied"]],
  ["and has none", { kind: "hang", effect: false }, ["unknown", "not-applied"]],
  ["before its effect, which comes when nobody waits any more", { kind: "delay", ms: 600 }, ["unknown", "applied"]],
] as const)("an answer that is slower than the deadline, %s, ends truly", async (_name, fault, told) => {
  cast.hris.setFaults((request) => (request.method === "GET" ? undefined : fault));
  const begun = Date.now();
  await joinerEmail();
  const held = (): unknown => cast.hris.employee(WORKERS.joiner.id)?.["workEmail"];
  expect(cast.cloud.outcomes().map(({ outcome }) => outcome)).toEqual(told.slice(0, 1));
  expect(Date.now() - begun).toBeGreaterThanOrEqual(MOCK_PATIENCE_MS);
  // The late effect; here, in real time.
  for (let tries = 0; fault.kind === "delay" && held() === null && tries < 100; tries += 1) await wait(20);
  await sweepTwice();
  expect(cast.cloud.outcomes().map(({ outcome }) => outcome)).toEqual(told);
  expect(cast.hris.writes()).toBe(1);
  expect(held()).toBe(told.at(-1) === "applied" ? madeFor("joiner").workEmail : null);
});
