import { LEDGER, marshallItem } from "../../../src/core";
import { recordOf, shownOf, streamEventSchema } from "../../../src/runtime/evidence/record";

const stream = (after: object | undefined, before?: object, eventName = "INSERT") =>
  streamEventSchema.parse({
    Records: [
      {
        eventID: "e-1",
        eventName,
        dynamodb: {
          ApproximateCreationDateTime: 1_795_420_800.25,
          Keys: marshallItem({ pk: "grant#g-1", sk: "open" }),
          ...(after === undefined ? {} : { NewImage: marshallItem(after) }),
          ...(before === undefined ? {} : { OldImage: marshallItem(before) }),
        },
      },
    ],
  }).Records[0]!;

const GRANT = { pk: "grant#g-1", sk: "open", grantId: "g-1", attempt: 1 };

describe("the record of a change of the ledger", () => {
  test("is the item, when and by which event it came", () => {
    expect(recordOf(stream(GRANT))).toEqual({
      event: "INSERT",
      eventId: "e-1",
      at: "2026-11-23T08:00:00Z",
      pk: "grant#g-1",
      sk: "open",
      item: GRANT,
    });
  });

  test("tells of tampering: a replaced record with what it was, a removed one without what it is", () => {
    expect(recordOf(stream({ ...GRANT, attempt: 2 }, GRANT, "MODIFY"))).toMatchObject({
      event: "MODIFY",
      item: { attempt: 2 },
      was: { attempt: 1 },
    });
    const removed = recordOf(stream(undefined, GRANT, "REMOVE"));
    expect(removed).toMatchObject({ event: "REMOVE", was: GRANT });
    expect(removed.item).toBeUndefined();
  });

  test("is told also of an item of types that nobody here writes: it never stops the chain", () => {
    const record = stream(GRANT);
    const image = { ...record.dynamodb.NewImage, note: { B: "AAAA" } };
    const told = recordOf({ ...record, dynamodb: { ...record.dynamodb, NewImage: image } });
    expect(told).toMatchObject({
      event: "INSERT",
      pk: "grant#g-1",
      omitted: ["attempt", "grantId", "note", "pk", "sk"],
    });
  });
});

describe("what is left out", () => {
  const request = {
    pk: "request#r-1",
    sk: "request",
    contentDigest: "0".repeat(64),
    receivedAt: "2026-11-23T08:00:00Z",
    request: {
      requestId: "r-1",
      event: "joiner.provisioned",
      source: "identity.joiner",
      occurredAt: "2026-11-23T07:00:00Z",
      worker: { id: "WD-1", attributes: { legal_entity: "acme-uk" } },
      initiator: { kind: "agent", id: "a-1", issuer: "i", subject: "s", intent: "because WD-1 moved" },
      changes: [
        { field: "base_salary", value: "9000.00 EUR", finalizedAt: "2026-11-23T07:00:00Z" },
        { field: "manager", value: "WD-2" },
      ],
      dryRun: false,
      reversal: { requestId: "r-0", index: 0, grantId: "g-1", expected: "WD-9" },
      later: "what a later version adds",
    },
  };

  test("values, workers and whatever a request may hold one day, each named", () => {
    const { shown, omitted } = shownOf(request);
    expect(omitted).toEqual([
      "contentDigest",
      "request.changes[].value",
      "request.initiator.intent",
      "request.later",
      "request.reversal.expected",
      "request.worker",
    ]);
    expect(shown).toMatchObject({
      request: {
        requestId: "r-1",
        initiator: { kind: "agent", id: "a-1", issuer: "i", subject: "s" },
        reversal: { requestId: "r-0", index: 0, grantId: "g-1" },
        changes: [{ field: "base_salary", finalizedAt: "2026-11-23T07:00:00Z" }, { field: "manager" }],
      },
    });
    expect(JSON.stringify(shown)).not.toMatch(/WD-|9000|acme-uk|moved|later/);
  });

  test("an inspection's values, not its keyed digest; an approver's worker id, not their account", () => {
    const inspection = {
      pk: "inspection#r-1#0",
      sk: "inspection#d",
      from: "a",
      to: "b",
      digest: "d",
      workerRef: "w-1",
    };
    expect(shownOf(inspection)).toEqual({
      shown: { pk: inspection.pk, sk: inspection.sk, digest: "d", workerRef: "w-1" },
      omitted: ["from", "to"],
    });
    const approval = {
      pk: "approval#r-1#0",
      sk: "approval#d#p",
      approver: { issuer: "i", subject: "s" },
      workerId: "WD-3",
    };
    expect(shownOf(approval)).toEqual({
      shown: { pk: approval.pk, sk: approval.sk, approver: approval.approver },
      omitted: ["workerId"],
    });
  });

  test("everything but the key of a kind that nobody knows", () => {
    expect(shownOf({ pk: "unknown#1", sk: "x", value: "9000.00 EUR" })).toEqual({
      shown: { pk: "unknown#1", sk: "x" },
      omitted: ["value"],
    });
  });

  test.each(Object.values(LEDGER))("of the kind `%s` is no more than that", (kind) => {
    const { omitted } = shownOf({ pk: kind.endsWith("#") ? `${kind}r-1` : kind, sk: "x", digest: "d" });
    expect(omitted).toEqual(kind === LEDGER.requestPrefix ? ["digest"] : []);
  });
});
