import type * as z from "zod";

import * as payloads from "../../src/runtime/payloads";
import { after, APPROVER, joiner, World } from "./world";

/** The deploy after the next change of a payload: handlers are of version 2, and work of version 1 is in flight. */
jest.mock("../../src/core/contract", () => ({
  ...jest.requireActual<object>("../../src/core/contract"),
  PAYLOAD_VERSION: 2,
}));

const VALUE = "new.hire@example.com";
const PLACE = { requestId: "r-1", index: 0, field: "work_email" };

type Versioned = z.ZodObject<{ readonly version: z.ZodType }>;

const versioned = Object.entries(payloads).flatMap(([name, schema]): (readonly [string, Versioned])[] =>
  name.endsWith("Schema") && "version" in (schema as Versioned).shape ? [[name, schema as unknown as Versioned]] : [],
);

test("every payload that has a version is among those that are held here", () => {
  expect(versioned.map(([name]) => name).sort()).toEqual([
    "announceInputSchema",
    "changeRefSchema",
    "connectorInputSchema",
    "connectorOutputSchema",
    "decideInputSchema",
    "drillLookInputSchema",
    "inspectInputSchema",
    "requestApprovalInputSchema",
    "reversalInputSchema",
    "writeInputSchema",
  ]);
});

test.each(versioned)("%s takes this version and the one before, and no other", (_name, schema) => {
  const takes = (version: unknown): boolean => schema.shape.version.safeParse(version).success;
  expect([0, 1, 2, 3, "2", undefined].map(takes)).toEqual([false, true, true, false, false, false]);
});

test.each([
  ["work_email", VALUE],
  ["manager", "WD-500"],
])("a change of %s that began under the version before comes to its end", async (field, value) => {
  const world = new World();
  await world.take(joiner([{ field, value }]));
  const end = await world.runChange(field, {
    onApproval: async ({ digest }) => {
      await world.decideAs(APPROVER, "approve", digest);
    },
  });
  expect(end).toMatchObject({ version: 2, outcome: "applied" });
  expect(world.invocations).toMatchObject([{ version: 2 }]);
});

test("a connector of the version before is understood", async () => {
  const world = new World();
  const { digest } = await world.prepare("work_email", VALUE);
  world.hris.nextReads.push({ kind: "unavailable", detail: "503", retryAfterSeconds: 77 });
  world.connectorCode = async (payload, managed) => ({ ...((await managed(payload)) as object), version: 1 });
  expect(await world.broker({ ...PLACE, version: 1, digest, attempt: 1 })).toMatchObject({
    retryAfterSeconds: after(77),
  });
});

test.each([0, 3])("fails at version %d, which no handler understands", async (version) => {
  const world = new World();
  const { digest } = await world.prepare("work_email", VALUE);
  const place = { ...PLACE, version };
  for (const call of [
    () => world.decide(place),
    () => world.inspect({ ...place, phase: "first" }),
    () => world.requestApproval({ ...place, digest, approvalTimeoutSeconds: 60, taskToken: "t" }),
    () => world.broker({ ...place, digest, attempt: 1 }),
    () => world.announce(place),
    () => world.reversal({ ...place, reversalId: "reversal-01JC0000000000000000000001", askedBy: "somebody" }),
  ]) {
    await expect(call()).rejects.toMatchObject({ name: "ZodError" });
  }
});
