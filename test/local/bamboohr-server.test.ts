import { startBambooHrServer, type BambooHrServer } from "../../src/local/bamboohr-server";

let server: BambooHrServer;

beforeEach(async () => {
  server = await startBambooHrServer({
    credentials: {
      all: { name: "all", view: "*", edit: "*", employeeId: "2" },
      some: { name: "some", view: ["workEmail"], edit: ["workEmail", "department"] },
    },
    employees: {
      "1": {
        fields: { workEmail: "a@example.com", state: null, firstName: "Ann", lastName: "Example" },
        jobInfo: [
          { date: "2027-01-01", department: "Later" },
          { date: "2026-01-01", department: "Now", reportsTo: "2" },
          { date: "2025-01-01", department: "Before" },
        ],
      },
      "2": { fields: { workEmail: "b@example.com", firstName: "Lee", lastName: "Example" } },
    },
    today: () => "2026-11-23",
    normalise: (field, value) => (field === "state" && value === "Pennsylvania" ? "PA" : value),
  });
});
afterEach(() => server.stop());

const call = async (key: string, method: string, path: string, body?: unknown) => {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from(`${key}:x`).toString("base64")}` },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
};

describe("the local BambooHR", () => {
  test("leaves out what a credential may not see, and what does not exist", async () => {
    const path = "/api/v1/employees/1?fields=workEmail,state,department,nothing";
    expect((await call("all", "GET", path)).body).toEqual({
      id: "1",
      workEmail: "a@example.com",
      state: null,
      department: "Now",
    });
    expect((await call("some", "GET", path)).body).toEqual({ id: "1", workEmail: "a@example.com" });
  });

  test("shows the job information of the day, managers by name and by id", async () => {
    const { body } = await call("all", "GET", "/api/v1/employees/1?fields=reportsTo,reportsToId,reportsToName");
    expect(body).toEqual({ id: "1", reportsTo: "Lee Example", reportsToId: "2", reportsToName: "Lee Example" });
  });

  test("takes the id 0 for the key's own employee", async () => {
    expect((await call("all", "GET", "/api/v1/employees/0?fields=workEmail")).body).toMatchObject({
      workEmail: "b@example.com",
    });
    expect((await call("some", "GET", "/api/v1/employees/0")).status).toBe(404);
  });

  test("writes only what a credential may edit, refuses where that is nothing, and stores the value as it normalises it", async () => {
    expect(
      (await call("some", "POST", "/api/v1/employees/1", { workEmail: "c@example.com", state: "PA" })).status,
    ).toBe(200);
    expect(server.employee("1")).toMatchObject({ workEmail: "c@example.com", state: null });
    expect((await call("some", "POST", "/api/v1/employees/1", { state: "PA" })).status).toBe(403);
    expect((await call("all", "POST", "/api/v1/employees/1", { state: "Pennsylvania" })).status).toBe(200);
    expect(server.employee("1")?.["state"]).toBe("PA");
  });

  test("refuses the email of somebody else, with the reason in the header", async () => {
    expect((await call("all", "POST", "/api/v1/employees/1", { workEmail: "B@example.com" })).status).toBe(409);
    expect(server.employee("1")?.["workEmail"]).toBe("a@example.com");
  });

  test("skips columns that may not be edited and answers 200 all the same", async () => {
    const row = { date: "2026-11-23", department: "Research", location: "York" };
    expect((await call("some", "POST", "/api/v1/employees/1/tables/jobInfo", row)).status).toBe(200);
    expect(server.jobInfo("1").at(-1)).toMatchObject({ department: "Research", location: null });
  });

  test.each([
    ["an unknown key", "none", "GET", "/api/v1/employees/1", undefined, 401],
    ["another path", "all", "GET", "/api/v2/employees/1", undefined, 404],
    ["another table", "all", "GET", "/api/v1/employees/1/tables/compensation", undefined, 404],
    ["another method", "all", "DELETE", "/api/v1/employees/1", undefined, 405],
    ["nobody", "all", "GET", "/api/v1/employees/9", undefined, 404],
    ["a broken body", "all", "POST", "/api/v1/employees/1", "{", 400],
    ["an empty body", "all", "POST", "/api/v1/employees/1", {}, 400],
    ["a row without a date", "all", "POST", "/api/v1/employees/1/tables/jobInfo", { department: "x" }, 400],
    ["a row with a broken date", "all", "POST", "/api/v1/employees/1/tables/jobInfo", { date: "x" }, 406],
    ["an unknown column", "all", "POST", "/api/v1/employees/1/tables/jobInfo/1", { nothing: "x" }, 406],
    ["an unknown manager", "all", "POST", "/api/v1/employees/1/tables/jobInfo/1", { reportsTo: "x" }, 406],
    ["an unknown row", "all", "POST", "/api/v1/employees/1/tables/jobInfo/9", { department: "x" }, 404],
  ])("refuses %s", async (_, key, method, path, body, status) => {
    const before = [server.employee("1"), server.jobInfo("1")];
    expect((await call(key, method, path, body)).status).toBe(status);
    expect([server.employee("1"), server.jobInfo("1")]).toEqual(before);
  });

  test("logs who asked for what, without values, and counts what meant to change something", async () => {
    await call("some", "GET", "/api/v1/employees/1?fields=workEmail");
    await call("some", "POST", "/api/v1/employees/1", { workEmail: "c@example.com" });
    await call("none", "GET", "/api/v1/employees/1");
    expect(server.log).toEqual([
      { method: "GET", path: "/api/v1/employees/1", credential: "some", status: 200 },
      { method: "POST", path: "/api/v1/employees/1", credential: "some", status: 200 },
      { method: "GET", path: "/api/v1/employees/1", status: 401 },
    ]);
    expect(server.writes()).toBe(1);
  });

  test("changes a field as a person would, job information in the row of the day", () => {
    server.setField("1", "department", "Moved");
    server.setField("1", "state", "PA");
    expect(server.employee("1")).toMatchObject({ department: "Moved", state: "PA" });
    expect(server.jobInfo("1").map((row) => row.department)).toEqual(["Later", "Moved", "Before"]);
    expect(() => {
      server.setField("9", "state", "PA");
    }).toThrow(/no such employee/);
  });
});

describe("faults", () => {
  const write = () => call("all", "POST", "/api/v1/employees/1", { workEmail: "c@example.com" });
  const held = () => server.employee("1")?.["workEmail"];

  test("a cut before has no effect, a cut after has", async () => {
    server.setFaults(() => ({ kind: "cut", when: "before" }));
    await expect(write()).rejects.toThrow();
    expect(held()).toBe("a@example.com");
    server.setFaults(() => ({ kind: "cut", when: "after" }));
    await expect(write()).rejects.toThrow();
    expect(held()).toBe("c@example.com");
  });

  test("ignored and replaced requests have no effect", async () => {
    server.setFaults((_, count) =>
      count === 1 ? { kind: "ignore" } : { kind: "replace", answer: { status: 503, headers: { "retry-after": "1" } } },
    );
    expect((await write()).status).toBe(200);
    expect((await write()).status).toBe(503);
    expect(held()).toBe("a@example.com");
  });

  test("a delayed request has its effect later", async () => {
    server.setFaults(() => ({ kind: "delay", ms: 30 }));
    expect((await write()).status).toBe(200);
    expect(held()).toBe("c@example.com");
  });
});
