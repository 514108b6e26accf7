import fc from "fast-check";

import type { FieldWrite } from "../../src/hris";
import { createBambooHrAdapter } from "../../src/hris/bamboohr";
import { startBambooHrServer, type BambooHrServer, type BambooHrServerOptions } from "../../src/local/bamboohr-server";
import type { Fault } from "../../src/local/loopback-server";
import { realPorts, SECRET_ARN, TODAY } from "./support";

const WORKER = "WD-10293";
const JOB = {
  location: "Leeds",
  division: "Product",
  department: "Design",
  jobTitle: "Designer",
  reportsTo: "WD-20001",
};

const company = (more: Partial<BambooHrServerOptions> = {}): BambooHrServerOptions => ({
  credentials: {
    writer: { name: "writer", view: "*", edit: "*", employeeId: "WD-20001" },
    reader: { name: "reader", view: ["status", "hireDate", "workEmail", "reportsTo"], edit: [] },
    blind: { name: "blind", view: ["workEmail", "department", "status"], edit: "*" },
    half: { name: "half", view: "*", edit: ["department"] },
  },
  employees: {
    [WORKER]: {
      fields: {
        status: "Active",
        hireDate: "2026-11-23",
        workEmail: null,
        workPhone: "",
        customBadge: null,
        employeeNumber: null,
        firstName: "Ann",
        lastName: "Example",
      },
      jobInfo: [{ date: "2026-05-01", ...JOB }],
    },
    "WD-20001": {
      fields: {
        status: "Active",
        hireDate: "2020-01-01",
        workEmail: "lee@example.com",
        firstName: "Lee",
        lastName: "Example",
      },
    },
    "WD-20002": {
      fields: {
        status: "Active",
        hireDate: "2020-01-01",
        workEmail: "kim@example.com",
        firstName: "Kim",
        lastName: "Example",
      },
    },
    "WD-30001": {
      fields: { status: "Inactive", hireDate: "2019-01-01", terminationDate: "2026-01-31", workEmail: null },
    },
    "WD-40001": { fields: { status: "Inactive", hireDate: "2026-12-01", workEmail: null } },
  },
  lists: [
    {
      fieldId: "18",
      name: "Department",
      alias: "department",
      options: [
        { id: 1, name: "Design" },
        { id: 2, name: "Research" },
        { id: 3, name: "Typing Pool", archived: true },
      ],
    },
    { fieldId: "17", name: "Job Title", alias: "jobTitle", options: [{ id: 5, name: "Designer" }] },
    { fieldId: "90", name: "Twin", options: [] },
    { fieldId: "91", name: "twin", options: [] },
  ],
  today: () => TODAY,
  ...more,
});

let server: BambooHrServer | undefined;

async function setUp(more: Partial<BambooHrServerOptions> = {}, key = "writer", timeoutMs?: number) {
  const started = await startBambooHrServer(company(more));
  server = started;
  const adapter = createBambooHrAdapter(
    { kind: "bamboohr", baseUrl: started.url, secretArn: SECRET_ARN, timeZone: "Europe/London" },
    realPorts(key, timeoutMs),
  );
  return { server: started, adapter };
}

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

const change = (to: string | number, from: string | null = null): FieldWrite => ({ from, to });
const onWrites = (fault: Fault) => (request: { method: string }) => (request.method === "GET" ? undefined : fault);
const onReads = (fault: Fault) => (request: { method: string }) => (request.method === "GET" ? fault : undefined);
const answering = (status: number, headers: Record<string, string> = {}): Fault => ({
  kind: "replace",
  answer: { status, headers },
});

describe("reading", () => {
  test("an empty field is empty, a full one has its value, and the worker's activity is told", async () => {
    const { adapter } = await setUp();
    expect(await adapter.readField(WORKER, "workPhone")).toEqual({ kind: "value", value: null, active: true });
    expect(await adapter.readField("WD-20001", "workEmail")).toMatchObject({ value: "lee@example.com", active: true });
    expect(await adapter.readField("WD-30001", "workEmail")).toMatchObject({ value: null, active: false });
    expect(await adapter.readField("WD-40001", "workEmail")).toMatchObject({ value: null, active: true });
  });

  test("job information is the value of the day, and a manager is an employee id", async () => {
    const { adapter } = await setUp();
    expect(await adapter.readField(WORKER, "department")).toMatchObject({ kind: "value", value: "Design" });
    expect(await adapter.readField(WORKER, "reportsTo")).toMatchObject({ kind: "value", value: "WD-20001" });
  });

  test("fails as forbidden on a field that the credential does not see, which is not an empty field", async () => {
    const { adapter } = await setUp({}, "reader");
    expect(await adapter.readField(WORKER, "workEmail")).toMatchObject({ kind: "value", value: null });
    expect(await adapter.readField(WORKER, "workPhone")).toMatchObject({ kind: "forbidden" });
    expect(await adapter.readField(WORKER, "noSuchField")).toMatchObject({ kind: "forbidden" });
  });

  test("fails where nobody has the id, without asking for the ids that mean others", async () => {
    const { adapter, server } = await setUp();
    expect(await adapter.readField("WD-1", "workEmail")).toMatchObject({ kind: "no-such-worker" });
    for (const id of ["0", "00", "all", "ALL", "..", ".", ""]) {
      expect(await adapter.readField(id, "workEmail")).toMatchObject({ kind: "no-such-worker" });
    }
    expect(server.log).toHaveLength(1);
  });

  test("refuses an answer about somebody else", async () => {
    const { adapter, server } = await setUp();
    server.setFaults(() => ({
      kind: "replace",
      answer: { status: 200, body: { id: "WD-1", workEmail: "x@example.com" } },
    }));
    expect(await adapter.readField(WORKER, "workEmail")).toMatchObject({ kind: "unavailable" });
  });

  test.each(["workEmail,ssn", "4340.4", "17", "a b", "../x", ""])("refuses the name `%s`, unsent", async (field) => {
    const { adapter, server } = await setUp();
    expect(await adapter.readField(WORKER, field)).toMatchObject({ kind: "forbidden" });
    expect(server.log).toHaveLength(0);
  });

  test.each([
    [answering(401), { kind: "forbidden" }],
    [answering(403), { kind: "forbidden" }],
    [answering(429, { "retry-after": "30" }), { kind: "unavailable", retryAfterSeconds: 30 }],
    [
      answering(503, { "retry-after": "Mon, 23 Nov 2026 10:00:40 GMT" }),
      { kind: "unavailable", retryAfterSeconds: 40 },
    ],
    [answering(500), { kind: "unavailable" }],
    [answering(302, { location: "https://login.example.com" }), { kind: "unavailable" }],
    [{ kind: "cut", when: "before" }, { kind: "unavailable" }],
  ] as const)("fails truthfully on %j", async (fault, expected) => {
    const { adapter, server } = await setUp();
    server.setFaults(() => fault);
    expect(await adapter.readField(WORKER, "workEmail")).toMatchObject(expected);
  });

  test("ids of any form reach the employee of exactly that id", async () => {
    const ids = ["a/b", "o'brien", 'q"q', "ünï-⚡", "a%2Fb", "x?y#z", "a b", "..x", "%"];
    const fields = { status: "Active", workEmail: "x@example.com" };
    const { adapter, server } = await setUp({ employees: Object.fromEntries(ids.map((id) => [id, { fields }])) });
    for (const id of ids) expect(await adapter.readField(id, "workEmail")).toMatchObject({ value: "x@example.com" });
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }), async (id) => {
        fc.pre(!ids.includes(id));
        expect(await adapter.readField(id, "workEmail")).toMatchObject({ kind: "no-such-worker" });
      }),
      { numRuns: 50 },
    );
    expect(server.log.every((line) => line.path.startsWith("/api/v1/employees/"))).toBe(true);
  });
});

describe("writing a plain field", () => {
  test("sends one call with one key", async () => {
    const { adapter, server } = await setUp();
    expect(await adapter.writeField(WORKER, "workEmail", change("ann@example.com"))).toEqual({ kind: "accepted" });
    expect(server.writes()).toBe(1);
    expect(server.employee(WORKER)).toMatchObject({ workEmail: "ann@example.com", workPhone: "" });
  });

  test("empties it by an empty text, and no column of a dated row", async () => {
    const { adapter, server } = await setUp();
    await adapter.writeField(WORKER, "workEmail", change("ann@example.com"));
    expect(adapter.canClear?.("workEmail")).toBe(true);
    const emptied = { from: "ann@example.com", to: null };
    expect(await adapter.writeField(WORKER, "workEmail", emptied)).toEqual({ kind: "accepted" });
    expect(await adapter.readField(WORKER, "workEmail")).toMatchObject({ kind: "value", value: null });
    expect(server.employee(WORKER)).toMatchObject({ workEmail: "" });
    const writes = server.writes();
    for (const field of ["jobTitle", "reportsTo", "department"]) {
      expect(adapter.canClear?.(field)).toBe(false);
      const read = await adapter.readField(WORKER, field);
      const from = read.kind === "value" ? read.value : null;
      if (from === null) continue;
      expect(await adapter.writeField(WORKER, field, { from, to: null })).toMatchObject({ kind: "rejected" });
    }
    expect(server.writes()).toBe(writes);
  });

  test("a future hire may be written, a leaver not", async () => {
    const { adapter, server } = await setUp();
    expect(await adapter.writeField("WD-40001", "workEmail", change("new@example.com"))).toEqual({ kind: "accepted" });
    expect(await adapter.writeField("WD-30001", "workEmail", change("old@example.com"))).toMatchObject({
      kind: "rejected",
    });
    expect(server.writes()).toBe(1);
  });

  test("refuses, unsent, where the value moved", async () => {
    const { adapter, server } = await setUp();
    server.setField(WORKER, "workEmail", "somebody@example.com");
    expect(await adapter.writeField(WORKER, "workEmail", change("ann@example.com"))).toMatchObject({
      kind: "conflict",
    });
    expect(server.writes()).toBe(0);
  });

  test.each([
    "ssn",
    "SSN",
    "payRate",
    "status",
    "firstName",
    "homeEmail",
    "hireDate",
    "17",
    "4340.4",
    "workEmail,ssn",
    "reportsToId",
    "supervisorEId",
    "jobTitleId",
  ])("refuses %s, with nothing sent", async (field) => {
    const { adapter, server } = await setUp();
    expect(await adapter.writeField(WORKER, field, change("x"))).toMatchObject({ kind: "rejected" });
    expect(server.log).toHaveLength(0);
  });

  test("refuses where the credential does not see the field or who is active", async () => {
    const { adapter, server } = await setUp({}, "blind");
    expect(await adapter.writeField(WORKER, "workPhone", change("+44 20 7946 0000"))).toMatchObject({
      kind: "forbidden",
    });
    await server.stop();
    const unseen = await setUp({ credentials: { k: { name: "k", view: ["workEmail"], edit: "*" } } }, "k");
    expect(await unseen.adapter.writeField(WORKER, "workEmail", change("a@example.com"))).toMatchObject({
      kind: "forbidden",
    });
    expect(unseen.server.writes()).toBe(0);
  });

  test("fails as forbidden where the credential may not edit, as duplicate where the email is taken", async () => {
    const { adapter, server } = await setUp({}, "reader");
    expect(await adapter.writeField(WORKER, "workEmail", change("ann@example.com"))).toMatchObject({
      kind: "forbidden",
    });
    await server.stop();
    const writer = await setUp();
    expect(await writer.adapter.writeField(WORKER, "workEmail", change("LEE@example.com"))).toEqual({
      kind: "duplicate",
      detail: "workEmail: status 409: duplicate email …",
    });
    expect(writer.server.employee(WORKER)?.["workEmail"]).toBeNull();
  });

  test.each([
    [answering(400), { kind: "rejected" }],
    [answering(401), { kind: "forbidden" }],
    [answering(404), { kind: "rejected" }],
    [answering(409), { kind: "rejected" }],
    [answering(429, { "retry-after": "30" }), { kind: "throttled", retryAfterSeconds: 30 }],
    [answering(429), { kind: "throttled", retryAfterSeconds: 60 }],
    [answering(503, { "retry-after": "Mon, 23 Nov 2026 10:00:40 GMT" }), { kind: "throttled", retryAfterSeconds: 40 }],
    [answering(503), { kind: "unknown" }],
    [answering(500), { kind: "unknown" }],
    [answering(202), { kind: "unknown" }],
    [answering(304), { kind: "unknown" }],
    [answering(302, { location: "https://login.example.com" }), { kind: "unknown" }],
  ] as const)("understands the answer %j, after one call", async (fault, expected) => {
    const { adapter, server } = await setUp();
    server.setFaults(onWrites(fault));
    expect(await adapter.writeField(WORKER, "customBadge", change("B-1"))).toMatchObject(expected);
    expect(server.writes()).toBe(1);
  });

  test.each(["before", "after"] as const)(
    "a connection cut %s the effect is unknown, and a read tells",
    async (when) => {
      const { adapter, server } = await setUp();
      server.setFaults(onWrites({ kind: "cut", when }));
      expect(await adapter.writeField(WORKER, "workEmail", change("ann@example.com"))).toMatchObject({
        kind: "unknown",
      });
      server.setFaults(undefined);
      const value = when === "after" ? "ann@example.com" : null;
      expect(await adapter.readField(WORKER, "workEmail")).toMatchObject({ kind: "value", value });
      expect(server.writes()).toBe(1);
    },
  );

  test("a time-out is unknown", async () => {
    const { adapter, server } = await setUp({}, "writer", 300);
    server.setFaults(onWrites({ kind: "delay", ms: 1000 }));
    expect(await adapter.writeField(WORKER, "workEmail", change("ann@example.com"))).toMatchObject({ kind: "unknown" });
  });

  test("an answer 200 without effect is accepted, and the read-back shows that nothing happened", async () => {
    const { adapter, server } = await setUp();
    server.setFaults(onWrites({ kind: "ignore" }));
    expect(await adapter.writeField(WORKER, "workEmail", change("ann@example.com"))).toEqual({ kind: "accepted" });
    expect(await adapter.readField(WORKER, "workEmail")).toMatchObject({ kind: "value", value: null });
  });

  test("nothing is written while the guard's read fails, and the change may come again", async () => {
    const { adapter, server } = await setUp();
    server.setFaults(onReads(answering(500)));
    expect(await adapter.writeField(WORKER, "workEmail", change("ann@example.com"))).toMatchObject({
      kind: "throttled",
    });
    expect(server.writes()).toBe(0);
  });

  test("no detail shows a value, an id or a person", async () => {
    const { adapter, server } = await setUp();
    const message = "Ann Example (WD-10293) cannot have marked.value@example.com: marked.value is used by Lee Example";
    for (const status of [400, 403, 404, 409, 412, 429, 500, 503]) {
      server.setFaults(onWrites(answering(status, { "x-bamboohr-error-message": message })));
      const result = await adapter.writeField(WORKER, "workEmail", change("marked.value@example.com"));
      expect(JSON.stringify(result)).not.toMatch(/marked|\bann\b|lee|10293|example/i);
    }
  });
});

describe("writing job information", () => {
  test("adds a row of the day that keeps every other column", async () => {
    const { adapter, server } = await setUp();
    expect(await adapter.writeField(WORKER, "department", change("Research", "Design"))).toEqual({ kind: "accepted" });
    expect(server.writes()).toBe(1);
    expect(server.jobInfo(WORKER)).toEqual([
      { id: "1", date: "2026-05-01", ...JOB },
      { id: "2", date: TODAY, ...JOB, department: "Research" },
    ]);
  });

  test("edits the row of the day, so that a reversal leaves no second row", async () => {
    const { adapter, server } = await setUp();
    await adapter.writeField(WORKER, "Department", change("Research", "Design"));
    expect(await adapter.writeField(WORKER, "department", change("Design", "Research"))).toEqual({ kind: "accepted" });
    expect(server.jobInfo(WORKER).map((row) => [row.date, row.department])).toEqual([
      ["2026-05-01", "Design"],
      [TODAY, "Design"],
    ]);
  });

  test("a department does not move the manager, also where two people have the manager's name", async () => {
    const { employees } = company();
    const lee = employees["WD-20001"]!;
    const { adapter, server } = await setUp({ employees: { "WD-20000": lee, ...employees } });
    expect(await adapter.writeField(WORKER, "department", change("Research", "Design"))).toEqual({ kind: "accepted" });
    expect(server.jobInfo(WORKER).at(-1)).toMatchObject({ department: "Research", reportsTo: "WD-20001" });
    expect(server.log.filter(({ method }) => method === "POST")).toHaveLength(1);
  });

  test("says so where the new row names another manager all the same", async () => {
    const { adapter, server } = await setUp({
      normalise: (field, value) => (field === "reportsTo" && value === "WD-20001" ? "WD-20002" : value),
    });
    expect(await adapter.writeField(WORKER, "department", change("Research", "Design"))).toEqual({
      kind: "conflict",
      detail: "the new row names another manager than the row before it",
    });
    expect(server.writes()).toBe(1);
  });

  test("refuses, unsent, where the credential sees the row's manager and not who that is", async () => {
    const { adapter, server } = await setUp();
    const employee = { id: WORKER, status: "Active", department: "Design" };
    server.setFaults(({ path }) =>
      path.includes("/tables/") ? undefined : { kind: "replace", answer: { status: 200, body: employee } },
    );
    expect(await adapter.writeField(WORKER, "department", change("Research", "Design"))).toMatchObject({
      kind: "forbidden",
      detail: expect.stringContaining("reportsToId"),
    });
    expect(server.writes()).toBe(0);
  });

  test("a manager is written and read by employee id", async () => {
    const { adapter, server } = await setUp();
    expect(await adapter.writeField(WORKER, "reportsTo", change("WD-20002", "WD-20001"))).toEqual({ kind: "accepted" });
    expect(await adapter.readField(WORKER, "reportsTo")).toMatchObject({ value: "WD-20002" });
    expect(server.jobInfo(WORKER).at(-1)).toMatchObject({ ...JOB, reportsTo: "WD-20002" });
  });

  test("refuses where a later row exists, and where the value moved", async () => {
    const { adapter, server } = await setUp({
      employees: {
        [WORKER]: {
          fields: { status: "Active" },
          jobInfo: [
            { date: "2026-05-01", ...JOB },
            { date: "2026-12-01", ...JOB, department: "Sales" },
          ],
        },
        "WD-20001": { fields: { status: "Active" } },
      },
    });
    expect(await adapter.writeField(WORKER, "department", change("Research", "Design"))).toMatchObject({
      kind: "conflict",
    });
    expect(await adapter.writeField(WORKER, "location", change("York", "Bath"))).toMatchObject({ kind: "conflict" });
    expect(server.writes()).toBe(0);
  });

  test("refuses where a new row would blank what the credential does not see", async () => {
    const { adapter, server } = await setUp({}, "blind");
    expect(await adapter.writeField(WORKER, "department", change("Research", "Design"))).toMatchObject({
      kind: "forbidden",
    });
    expect(server.writes()).toBe(0);
  });

  test("says so where BambooHR answers 200 and keeps only part of the row", async () => {
    const { adapter } = await setUp({}, "half");
    expect(await adapter.writeField(WORKER, "department", change("Research", "Design"))).toEqual({
      kind: "conflict",
      detail: "the new row does not hold what the row before it held in location, division, jobTitle",
    });
  });

  test("a row that was answered 200 and is not there is unknown", async () => {
    const { adapter, server } = await setUp();
    server.setFaults(onWrites({ kind: "ignore" }));
    expect(await adapter.writeField(WORKER, "department", change("Research", "Design"))).toMatchObject({
      kind: "unknown",
    });
  });

  test.each([
    [answering(403), "forbidden"],
    [answering(406), "rejected"],
    [answering(409), "conflict"],
    [answering(412), "rejected"],
    [answering(500), "unknown"],
    [{ kind: "cut", when: "after" }, "unknown"],
  ] as const)("understands the answer %j", async (fault, kind) => {
    const { adapter, server } = await setUp();
    server.setFaults(onWrites(fault));
    expect(await adapter.writeField(WORKER, "department", change("Research", "Design"))).toMatchObject({ kind });
    expect(server.writes()).toBe(1);
  });

  test.each([
    ["2026-11-24T03:00:00Z", "America/Denver", "2026-11-23"],
    ["2026-11-22T22:00:00Z", "Australia/Sydney", "2026-11-23"],
    ["2026-11-23T00:30:00Z", "Etc/GMT+12", "2026-11-22"],
    ["2026-11-23T11:00:00Z", "Pacific/Kiritimati", "2026-11-24"],
  ])("at %s in %s a row begins on %s, the day there, and is current at once", async (now, timeZone, day) => {
    const { server } = await setUp({ today: () => day });
    const adapter = createBambooHrAdapter(
      { kind: "bamboohr", baseUrl: server.url, secretArn: SECRET_ARN, timeZone },
      { ...realPorts("writer"), now: () => Date.parse(now) },
    );
    expect(await adapter.writeField(WORKER, "department", change("Research", "Design"))).toEqual({ kind: "accepted" });
    expect(server.jobInfo(WORKER).at(-1)?.date).toBe(day);
    expect(await adapter.readField(WORKER, "department")).toMatchObject({ value: "Research" });
  });

  test("on a hire's first day the row of that day is edited, also where it has not begun in UTC", async () => {
    const jobInfo = [{ date: TODAY, ...JOB }];
    const { server } = await setUp({
      employees: { [WORKER]: { fields: { status: "Active", hireDate: TODAY }, jobInfo } },
    });
    const adapter = createBambooHrAdapter(
      { kind: "bamboohr", baseUrl: server.url, secretArn: SECRET_ARN, timeZone: "Australia/Sydney" },
      { ...realPorts("writer"), now: () => Date.parse("2026-11-22T22:00:00Z") },
    );
    expect(await adapter.writeField(WORKER, "department", change("Research", "Design"))).toEqual({ kind: "accepted" });
    expect(server.jobInfo(WORKER)).toMatchObject([{ date: TODAY, department: "Research" }]);
  });

  test("fails, unsent, without the tenant's time zone: the UTC day may be tomorrow there", async () => {
    const { server } = await setUp();
    const adapter = createBambooHrAdapter(
      { kind: "bamboohr", baseUrl: server.url, secretArn: SECRET_ARN },
      realPorts("writer"),
    );
    expect(await adapter.writeField(WORKER, "department", change("Research", "Design"))).toMatchObject({
      kind: "rejected",
      detail: expect.stringContaining("timeZone"),
    });
    expect(server.writes()).toBe(0);
    expect(await adapter.writeField(WORKER, "workEmail", change("ann@example.com"))).toEqual({ kind: "accepted" });
  });
});

describe("what is on record for days to come", () => {
  const later = (...rows: readonly Record<string, string>[]): Partial<BambooHrServerOptions> => {
    const employees = company().employees;
    const jobInfo = [{ date: "2026-05-01", ...JOB }, ...rows.map((row) => ({ date: "2026-11-24", ...JOB, ...row }))];
    return { employees: { ...employees, [WORKER]: { ...employees[WORKER]!, jobInfo } } };
  };
  const SCHEDULED = { kind: "scheduled", begunBy: "2026-11-24T12:00:00.000Z" };

  test.each([
    ["department", "Research", [], "none"],
    ["department", "Research", [{ department: "Sales" }], "none"],
    ["department", "Research", [{ department: "Research" }], "scheduled"],
    ["department", "Research", [{ department: "Research" }, { date: "2027-01-01", department: "Sales" }], "scheduled"],
    ["reportsTo", "WD-20002", [{ department: "Research" }], "none"],
    ["reportsTo", "WD-20002", [{ reportsTo: "WD-20002" }], "scheduled"],
    ["workEmail", "ann@example.com", [{ department: "Research" }], "none"],
  ] as const)("%s `%s` with later rows %#", async (field, to, rows, kind) => {
    const { adapter, server } = await setUp(later(...rows));
    expect(await adapter.readScheduled?.(WORKER, field, to)).toEqual(kind === "none" ? { kind } : SCHEDULED);
    expect(server.writes()).toBe(0);
  });

  test("where the connection names no time zone, only a day that has begun nowhere is to come", async () => {
    const { server } = await setUp(later({ date: TODAY, department: "Research" }));
    const at = (now: string) =>
      createBambooHrAdapter(
        { kind: "bamboohr", baseUrl: server.url, secretArn: SECRET_ARN },
        { ...realPorts("writer"), now: () => Date.parse(now) },
      ).readScheduled?.(WORKER, "department", "Research");
    expect(await at("2026-11-23T11:59:59Z")).toMatchObject({ kind: "scheduled", begunBy: "2026-11-23T12:00:00.000Z" });
    expect(await at("2026-11-23T12:00:00Z")).toEqual({ kind: "none" });
  });

  test("fails to tell of a manager where several rows are to come and the last names another", async () => {
    const { adapter } = await setUp(later({ reportsTo: "WD-20002" }, { date: "2027-01-01", reportsTo: "WD-20001" }));
    expect(await adapter.readScheduled?.(WORKER, "reportsTo", "WD-20002")).toMatchObject({ kind: "unavailable" });
  });

  test("fails as forbidden where the credential does not see the column, and truthfully where nothing answers", async () => {
    const { adapter, server } = await setUp(later({ department: "Research" }), "reader");
    expect(await adapter.readScheduled?.(WORKER, "department", "Research")).toMatchObject({ kind: "forbidden" });
    expect(await adapter.readScheduled?.("WD-1", "department", "Research")).toMatchObject({ kind: "unavailable" });
    for (const [status, kind] of [
      [403, "forbidden"],
      [500, "unavailable"],
    ] as const) {
      server.setFaults(() => answering(status));
      expect(await adapter.readScheduled?.(WORKER, "department", "Research")).toMatchObject({ kind });
    }
  });
});

test("fails as forbidden, unsent, on a secret of several texts: the key is not guessed, and the others are not sent", async () => {
  const { adapter, server } = await setUp({}, '{"apiKey":"writer","password":"hunter2"}');
  expect(await adapter.readField(WORKER, "workEmail")).toMatchObject({ kind: "forbidden" });
  expect(server.log).toHaveLength(0);
});

describe("finding records", () => {
  test.each([
    ["manager", "WD-20001", "active"],
    ["reportsTo", "WD-20001", "active"],
    ["reports_to", "WD-30001", "inactive"],
    ["manager", "WD-40001", "inactive"],
    ["supervisor", "WD-9", "absent"],
    ["manager", "0", "absent"],
    ["department", "Research", "active"],
    ["department", "Typing Pool", "inactive"],
    ["department", "research", "absent"],
    ["department", "2", "absent"],
    ["job_title", "Designer", "active"],
    ["cost_centre", "4130", "forbidden"],
    ["twin", "x", "unavailable"],
  ])("%s `%s` is %s", async (field, value, kind) => {
    const { adapter } = await setUp();
    expect(await adapter.findRecord(field, value)).toMatchObject({ kind });
  });

  test.each([
    [answering(403), "forbidden"],
    [answering(404), "unavailable"],
    [answering(500), "unavailable"],
  ] as const)("fails truthfully on %j", async (fault, kind) => {
    const { adapter, server } = await setUp();
    server.setFaults(() => fault);
    expect(await adapter.findRecord("department", "Research")).toMatchObject({ kind });
  });
});
