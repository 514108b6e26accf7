import { assemble, MANAGER_ID, madeFor, PEOPLE, WORKERS, type Cast } from "../../src/local/demo/cast";
import { exampleStack } from "./story";

/** What people are told of a request that waits for them, by the synthesized schedule, permissions, topics and topic policies. */

let cast: Cast;

beforeEach(async () => {
  cast = await assemble((await exampleStack("acme")).stack);
  const now = cast.cloud.clock.now();
  await cast.cloud.publish({
    source: "agents.onboarding",
    detailType: "joiner.provisioned",
    detail: {
      requestId: REQUEST,
      occurredAt: new Date(now - 60_000).toISOString(),
      worker: { id: WORKERS.joiner.id, attributes: { worker_type: "Full-Time", legal_entity: "acme-uk" } },
      initiator: { kind: "agent", id: "onboarding-agent", intent: "<b>finish onboarding</b>" },
      changes: [
        { field: "manager", value: MANAGER_ID, finalizedAt: new Date(now - 30_000).toISOString() },
        { field: "work_email", value: madeFor("joiner").workEmail, finalizedAt: new Date(now - 30_000).toISOString() },
      ],
    },
  });
}, 120_000);

afterEach(() => cast.stop());

const REQUEST = "00000000-0000-4000-8000-00000000cafe";
const kinds = (): unknown[] =>
  cast.cloud.notices.map(
    ({ topicArn, attributes }) => `${attributes["kind"] ?? ""} ${topicArn.split(":").at(-1) ?? ""}`,
  );

test("each group hears once of a request, and once more before it expires; no message has a value, a worker, a token or the event's words", async () => {
  await cast.cloud.notify();
  expect(kinds()).toEqual([]);
  await cast.cloud.clock.advance(60_000);
  await cast.cloud.notify();
  await cast.cloud.notify();
  const told = ["new acme-writeback-approvers-hr-ops-approvers", "new acme-writeback-approvers-iam-approvers"];
  expect(kinds()).toEqual(told);
  await cast.cloud.clock.advance(21 * 3_600_000);
  await cast.cloud.notify();
  await cast.cloud.notify();
  expect(kinds()).toEqual([...told, ...told.map((each) => each.replace("new", "reminder"))]);
  const waiting = cast.cloud.bus.events.filter((event) => event["detail-type"] === "writeback.waiting");
  expect(waiting).toHaveLength(4);
  const text = JSON.stringify([cast.cloud.notices, waiting]);
  const controls = [...cast.cloud.tables.control.values()].map((item) => item["encryptedToken"]);
  const tokens = controls.filter((token) => token !== undefined);
  expect(tokens).toHaveLength(2);
  const { id, name } = WORKERS.joiner;
  for (const secret of [MANAGER_ID, madeFor("joiner").workEmail, id, name, "onboarding", ...tokens]) {
    expect(text).not.toContain(secret);
  }
  expect(cast.cloud.iam.trail.filter(({ allowed }) => !allowed)).toEqual([]);
});

test("a request that was decided before is not spoken of", async () => {
  const { cloud } = cast;
  for (const [person, index] of [
    [PEOPLE.hr, 0],
    [PEOPLE.identity, 1],
  ] as const) {
    const token = await cloud.tokenOf(person);
    const { body } = await cloud.approvals(token, "GET", `/approvals/${REQUEST}/${index}`);
    const { digest } = body as { digest: string };
    const decision = { decision: "deny", digest, reason: "not this one" };
    expect(await cloud.approvals(token, "POST", `/approvals/${REQUEST}/${index}`, decision)).toMatchObject({
      status: 200,
    });
    await cloud.quiet();
  }
  await cloud.clock.advance(60_000);
  await cloud.notify();
  expect(kinds()).toEqual([]);
});
