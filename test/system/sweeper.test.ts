import { assemble, madeFor, MANAGER_ID, PEOPLE, WORKERS, type Cast } from "../../src/local/demo/cast";
import { exampleStack } from "./story";

/** What is left open or comes later, settled by the deployed sweeper with the deployed permissions. */

let cast: Cast;

beforeEach(async () => {
  cast = await assemble((await exampleStack("acme")).stack);
}, 120_000);

afterEach(() => cast.stop());

const REQUEST = "00000000-0000-4000-8000-00000000abcd";

async function joinerEmail(): Promise<void> {
  const now = cast.cloud.clock.now();
  await cast.cloud.publish({
    source: "identity.joiner",
    detailType: "joiner.provisioned",
    detail: {
      requestId: REQUEST,
      occurredAt: new Date(now - 60_000).toISOString(),
      worker: { id: WORKERS.joiner.id, attributes: { worker_type: "Full-Time", legal_entity: "acme-uk" } },
      initiator: { kind: "automation", id: "joiner-flow" },
      changes: [
        {
          field: "work_email",
          value: madeFor("joiner").workEmail,
          finalizedAt: new Date(now - 30_000).toISOString(),
        },
      ],
    },
  });
}

const outcomes = (): unknown[] => cast.cloud.outcomes().map(({ outcome }) => outcome);
const email = (): unknown => cast.hris.employee(WORKERS.joiner.id)?.["workEmail"];
const refused = (): unknown[] => cast.cloud.iam.trail.filter(({ allowed }) => !allowed);

test("a value that the HRIS reverts later is found by the second look and told", async () => {
  await joinerEmail();
  expect(outcomes()).toEqual(["applied"]);
  cast.hris.setField(WORKERS.joiner.id, "workEmail", "old.address@example.com");
  await cast.cloud.clock.advance(7 * 86_400_000);
  await cast.cloud.sweep();
  expect(outcomes()).toEqual(["applied", "reverted-by-hris"]);
  expect(refused()).toEqual([]);
  await cast.cloud.sweep();
  expect(outcomes()).toHaveLength(2);
});

test("a value that is kept stays applied, and the look is taken once", async () => {
  await joinerEmail();
  await cast.cloud.clock.advance(7 * 86_400_000);
  await cast.cloud.sweep();
  const reads = cast.hris.log.length;
  await cast.cloud.sweep();
  expect(cast.hris.log.length).toBe(reads);
  expect(outcomes()).toEqual(["applied"]);
  expect(refused()).toEqual([]);
});

test("a change whose execution was stopped while people were asked ends, and its wait with it", async () => {
  const now = cast.cloud.clock.now();
  await cast.cloud.publish({
    source: "identity.joiner",
    detailType: "joiner.provisioned",
    detail: {
      requestId: REQUEST,
      occurredAt: new Date(now - 60_000).toISOString(),
      worker: { id: WORKERS.joiner.id, attributes: { worker_type: "Full-Time", legal_entity: "acme-uk" } },
      initiator: { kind: "automation", id: "joiner-flow" },
      changes: [{ field: "manager", value: MANAGER_ID, finalizedAt: new Date(now - 30_000).toISOString() }],
    },
  });
  await cast.cloud.clock.advance(2 * 3_600_000);
  await cast.cloud.sweep();
  expect(outcomes()).toEqual([]);
  cast.cloud.engine.execution(REQUEST)?.stop("an operator stopped it");
  await cast.cloud.clock.advance(7 * 3_600_000);
  await cast.cloud.sweep();
  expect(outcomes()).toEqual(["not-applied"]);
  const token = await cast.cloud.tokenOf(PEOPLE.hr);
  expect((await cast.cloud.approvals(token, "GET", "/approvals")).body).toEqual({ waiting: [] });
  expect(refused()).toEqual([]);
});

test.each([
  ["after", "applied"],
  ["before", "not-applied"],
] as const)("a connection cut %s the write took effect is unknown, and later %s", async (when, settled) => {
  let cut = false;
  cast.hris.setFaults((request) => {
    if (request.method === "GET" || cut) return undefined;
    cut = true;
    return { kind: "cut", when };
  });
  await joinerEmail();
  const first = outcomes();
  await cast.cloud.clock.advance(3_600_000);
  await cast.cloud.sweep();
  expect(outcomes().at(-1)).toBe(settled);
  expect(["unknown", settled]).toContain(first[0]);
  expect(email()).toBe(settled === "applied" ? madeFor("joiner").workEmail : null);
  expect(cast.hris.writes()).toBe(1);
  expect(refused()).toEqual([]);
});
