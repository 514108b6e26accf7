import fc from "fast-check";

import { createAdapter, HttpError, type AdapterPorts, type ConnectionConfig, type HttpResponse } from "../../src/hris";
import { NOW_MS, SECRET_ARN } from "./support";

/** Whatever a system answers, at whatever call: no adapter throws, and each answer is one of its contract's. */

const BASE = { baseUrl: "https://system.example.com", secretArn: SECRET_ARN };
const CONNECTIONS: readonly (readonly [string, ConnectionConfig])[] = [
  ["BambooHR", { kind: "bamboohr", ...BASE, timeZone: "America/Denver" }],
  ["BambooHR without a time zone", { kind: "bamboohr", ...BASE }],
  ["SCIM", { kind: "scim", ...BASE }],
  [
    "REST",
    {
      kind: "rest",
      ...BASE,
      auth: { type: "oauth2-client-credentials", tokenUrl: "https://login.example.com/token", clientId: "x" },
      read: {
        path: "/workers/{worker}",
        worker: "/id",
        unwrap: "/value",
        active: [{ at: "/active", equals: true }],
        version: { at: "/version" },
      },
      write: {
        method: "PATCH",
        path: "/workers/{worker}",
        body: { "{field}": "{value}" },
        ifMatch: true,
        success: { status: [200], assert: [{ at: "/d[type=1]/ok", equals: true }] },
        outcomes: [{ outcome: "pending", status: [200], assert: [{ at: "/d", length: 1 }] }],
      },
      records: {
        "*": { path: "/{field}/{value}", at: "/d[type=1]", key: "/id", active: [{ at: "/on", oneOf: [1, null] }] },
      },
      error: { at: "/error/0/text" },
    },
  ],
];

/** Answers that the systems do give, to be spoilt in one place. */
const VALID: readonly unknown[] = [
  { id: "7", status: "Active", hireDate: "2020-01-01", department: "Sales", reportsToId: "1", workEmail: null },
  [{ id: "1", date: "2020-01-01", location: "x", division: "y", department: "Sales", jobTitle: "z", reportsTo: "Lee" }],
  [{ id: 1, date: "2027-01-01", department: "IT", reportsTo: "7" }],
  [{ fieldId: "18", name: "Department", alias: "department", options: [{ id: 1, name: "IT", archived: "no" }] }],
  {
    totalResults: 1,
    Resources: [{ id: "u", externalId: "7", userName: "IT", active: true, emails: [{ type: "work", value: "IT" }] }],
  },
  { access_token: "t", token_type: "Bearer", expires_in: 3600 },
  { id: "7", active: true, version: 3, department: { value: "Sales" }, d: [{ type: 1, id: "IT", on: 1, ok: true }] },
  { error: [{ text: "invalid value" }] },
];

/** The document with something else in one of its places. */
function spoilt(document: unknown, place: number, by: unknown): unknown {
  let left = place;
  const at = (value: unknown): unknown => {
    left -= 1;
    if (left < 0) {
      left = Number.POSITIVE_INFINITY;
      return by;
    }
    if (Array.isArray(value)) return value.map(at);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, at(member)]));
  };
  return at(document);
}

const odd = fc.oneof(
  fc.constantFrom<unknown>(null, [], {}, "", 0, true, [null], [[]], "2026-13-40", "2026-11-24", 1e300),
  fc.jsonValue({ maxDepth: 2 }),
);
const bodyFrom = (documents: readonly unknown[]): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.constantFrom(...documents), fc.nat(12), odd)
        .map(([document, place, by]) => JSON.stringify(spoilt(document, place, by))),
    },
    { weight: 3, arbitrary: fc.constantFrom(...documents).map((document) => JSON.stringify(document)) },
    { weight: 2, arbitrary: odd.map((document) => JSON.stringify(document)) },
    { weight: 1, arbitrary: fc.oneof(fc.string(), fc.constant("12345678901234567890")) },
  );
const answersFrom = (documents: readonly unknown[]): fc.Arbitrary<readonly (HttpResponse | "cut")[]> => {
  const status = fc.oneof(
    { weight: 8, arbitrary: fc.constant(200) },
    { weight: 3, arbitrary: fc.constantFrom(202, 204, 304, 307, 401, 403, 404, 409, 412, 429, 500, 503) },
    { weight: 1, arbitrary: fc.integer({ min: 100, max: 999 }) },
  );
  const headers = fc.dictionary(fc.constantFrom("retry-after", "x-bamboohr-error-message", "etag"), fc.string());
  const answer = fc.record({ status, headers, body: bodyFrom(documents) });
  const cut = fc.constant("cut" as const);
  return fc.array(fc.oneof({ weight: 9, arbitrary: answer }, { weight: 1, arbitrary: cut }), {
    minLength: 1,
    maxLength: 6,
  });
};

const READ = ["value", "forbidden", "no-such-worker", "unavailable"];
const FOUND = ["active", "inactive", "absent", "forbidden", "unavailable"];
const SCHEDULED = ["none", "scheduled", "forbidden", "unavailable"];
const WRITTEN = ["accepted", "pending", "conflict", "duplicate", "forbidden", "rejected", "throttled", "unknown"];

describe.each(CONNECTIONS)("%s", (_name, connection) => {
  const adapterOf = (answers: readonly (HttpResponse | "cut")[]) => {
    let calls = 0;
    const ports: AdapterPorts = {
      http: () => {
        const given = answers[Math.min(calls, answers.length - 1)] ?? "cut";
        calls += 1;
        return given === "cut" ? Promise.reject(new HttpError("cut", true)) : Promise.resolve(given);
      },
      secret: () => Promise.resolve('{"clientSecret":"s"}'),
      now: () => NOW_MS,
    };
    return createAdapter(connection, ports);
  };
  const answers = answersFrom(VALID);
  const field = fc.constantFrom("department", "reportsTo", "workEmail", "manager", "work_email", "badge");

  test("reads without throwing", async () => {
    await fc.assert(
      fc.asyncProperty(answers, field, async (given, name) => {
        const read = await adapterOf(given).readField("7", name);
        expect(READ).toContain(read.kind);
        if (read.kind === "value") expect(typeof read.value === "object" ? null : read.value).toBe(read.value);
      }),
      { numRuns: 1_500 },
    );
  });

  test("finds records without throwing", async () => {
    await fc.assert(
      fc.asyncProperty(answersFrom(VALID.slice(3)), field, async (given, name) => {
        expect(FOUND).toContain((await adapterOf(given).findRecord(name, "IT")).kind);
      }),
      { numRuns: 1_500 },
    );
  });

  test("writes, and looks for what is scheduled, without throwing", async () => {
    await fc.assert(
      fc.asyncProperty(answers, field, async (given, name) => {
        const adapter = adapterOf(given);
        if (!("writeField" in adapter)) return;
        const change = { from: "Sales", to: "IT", version: "3" };
        expect(WRITTEN).toContain((await adapter.writeField("7", name, change)).kind);
        const looker = adapterOf(given);
        if ("readScheduled" in looker && looker.readScheduled !== undefined)
          expect(SCHEDULED).toContain((await looker.readScheduled("7", name, "IT")).kind);
      }),
      { numRuns: 1_500 },
    );
  });
});
