import fc from "fast-check";

import { jobInfoColumnOf, lostColumns, parseRows, planRow, type JobInfoRow } from "../../src/hris/bamboohr-tables";

const TODAY = "2026-11-23";
const whole = {
  location: "Leeds",
  division: "Product",
  department: "Design",
  jobTitle: "Designer",
  reportsTo: "Lee Example",
};
const row = (id: string, date: string, columns: object = whole): JobInfoRow => ({
  id,
  date,
  columns: { id, employeeId: "WD-10293", date, ...columns },
});

const MANAGER_ID = "WD-20001";

describe("planRow", () => {
  test("edits the row of the day with the one column", () => {
    const rows = [row("1", "2026-01-01"), row("2", TODAY)];
    expect(planRow(rows, "department", "Research", TODAY, MANAGER_ID)).toEqual({
      kind: "edit",
      rowId: "2",
      body: { department: "Research" },
    });
  });

  test("adds a row that repeats every other column of the current one, whatever their order and however many", () => {
    const rows = [
      row("3", "2026-05-01", { ...whole, teams: ["a"], customCode: "x", note: "", none: null }),
      row("1", "2026-01-01", { ...whole, location: "York" }),
    ];
    expect(planRow(rows, "department", "Research", TODAY, MANAGER_ID)).toEqual({
      kind: "add",
      body: { date: TODAY, ...whole, reportsTo: MANAGER_ID, department: "Research", teams: ["a"], customCode: "x" },
      carried: { location: "Leeds", division: "Product", jobTitle: "Designer", teams: ["a"], customCode: "x" },
      managerId: MANAGER_ID,
    });
  });

  test("adds the first row of a worker who has none", () => {
    expect(planRow([], "department", "Research", TODAY, null)).toEqual({
      kind: "add",
      body: { date: TODAY, department: "Research" },
      carried: {},
    });
  });

  test("refuses where a later row exists", () => {
    expect(planRow([row("1", TODAY), row("2", "2026-11-24")], "department", "Research", TODAY, null).kind).toBe(
      "conflict",
    );
  });

  test("refuses where two rows begin on the day that counts", () => {
    expect(planRow([row("1", "2026-05-01"), row("2", "2026-05-01")], "department", "R", TODAY, MANAGER_ID).kind).toBe(
      "conflict",
    );
    expect(planRow([row("1", TODAY), row("2", TODAY)], "department", "R", TODAY, MANAGER_ID).kind).toBe("conflict");
  });

  test.each(Object.keys(whole))("refuses to blank %s, which the credential does not see", (hidden) => {
    const seen = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== hidden));
    const column = hidden === "department" ? "location" : "department";
    expect(planRow([row("1", "2026-05-01", seen)], column, "X", TODAY, MANAGER_ID)).toMatchObject({
      kind: "forbidden",
      detail: expect.stringContaining(hidden),
    });
  });

  test("carries the manager by id, never by the name that a row shows", () => {
    const plan = (manager: string | null | undefined, reportsTo: string | null) =>
      planRow([row("1", "2026-05-01", { ...whole, reportsTo })], "department", "Research", TODAY, manager);
    expect(plan(MANAGER_ID, "Lee Example")).toMatchObject({ kind: "add", body: { reportsTo: MANAGER_ID } });
    const unmanaged = plan(null, null);
    expect(unmanaged).toMatchObject({ kind: "add", managerId: null });
    expect(unmanaged.kind === "add" && unmanaged.body).not.toHaveProperty("reportsTo");
    expect(plan(undefined, "Lee Example")).toMatchObject({ kind: "forbidden" });
    expect(plan(null, "Lee Example")).toMatchObject({ kind: "conflict" });
    expect(plan(MANAGER_ID, null)).toMatchObject({ kind: "conflict" });
  });

  test("of a manager, carries no other", () => {
    expect(planRow([row("1", "2026-05-01")], "reportsTo", "WD-20002", TODAY, undefined)).toEqual({
      kind: "add",
      body: { date: TODAY, ...whole, reportsTo: "WD-20002" },
      carried: { location: "Leeds", division: "Product", department: "Design", jobTitle: "Designer" },
    });
  });

  test("whatever the history, an added row is what was current but for the column", () => {
    const date = fc
      .integer({ min: 0, max: 300 })
      .map((day) => new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10));
    fc.assert(
      fc.property(fc.uniqueArray(date, { minLength: 1, maxLength: 8 }), (dates) => {
        const rows = dates.map((day, index) => row(String(index), day, { ...whole, location: day }));
        const plan = planRow(rows, "jobTitle", "Lead", TODAY, MANAGER_ID);
        const current = [...dates].sort().at(-1);
        expect(plan).toMatchObject({
          kind: "add",
          body: { ...whole, location: current, jobTitle: "Lead", reportsTo: MANAGER_ID, date: TODAY },
        });
      }),
    );
  });
});

describe("lostColumns", () => {
  test("names what the new row does not hold as it was carried", () => {
    const carried = { location: "Leeds", teams: ["a"], division: "Product" };
    const kept = row("2", TODAY, { ...carried, department: "Research" });
    expect(lostColumns([kept], TODAY, carried)).toEqual([]);
    expect(lostColumns([row("2", TODAY, { location: null, teams: ["a"] })], TODAY, carried)).toEqual([
      "location",
      "division",
    ]);
    expect(lostColumns([row("1", "2026-05-01")], TODAY, carried)).toBeUndefined();
  });
});

describe("parseRows", () => {
  test.each([[{}], [[{ id: "1" }]], [[{ id: "1", date: "23.11.2026" }]], [[{ date: TODAY }]], [[null]]])(
    "refuses %j",
    (document) => {
      expect(parseRows(document)).toBeUndefined();
    },
  );
});

test("a column is known whatever its case, and nothing else is a column", () => {
  expect(jobInfoColumnOf("DEPARTMENT")?.column).toBe("department");
  expect(jobInfoColumnOf("reportsTo")?.currentField).toBe("reportsToId");
  for (const name of ["workEmail", "reportsToId", "constructor", "date"]) expect(jobInfoColumnOf(name)).toBeUndefined();
});
