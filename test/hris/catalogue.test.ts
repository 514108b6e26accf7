import fc from "fast-check";

import { catalogueOf, isNeverField, neverFieldsOf } from "../../src/hris";

describe("isNeverField", () => {
  test.each([
    "firstName",
    "FIRSTNAME",
    " ssn ",
    "nationalId",
    "dateOfBirth",
    "gender",
    "homeEmail",
    "address1",
    "city",
    "country",
    "payRate",
    "payType",
    "paidPer",
    "exempt",
    "hireDate",
    "originalHireDate",
    "terminationDate",
    "employmentHistoryStatus",
    "employmentStatus",
    "status",
    "compensation",
    "bankAccount",
    "id",
    "17",
    "4340.4",
  ])("BambooHR's %s is never written", (field) => {
    expect(isNeverField("bamboohr", field)).toBe(true);
  });

  test.each([
    "workEmail",
    "workPhone",
    "employeeNumber",
    "reportsTo",
    "department",
    "jobTitle",
    "mobilePhone",
    "customBadge",
  ])("BambooHR's %s may be", (field) => {
    expect(isNeverField("bamboohr", field)).toBe(false);
  });

  test("a field cannot escape its pattern by case", () => {
    const never = neverFieldsOf("bamboohr").map((pattern) => pattern.replace("*", "Anything"));
    fc.assert(
      fc.property(fc.constantFrom(...never), fc.array(fc.boolean(), { minLength: 40 }), (name, upper) => {
        const spelled = name.replace(/./g, (letter, at: number) =>
          upper[at] === true ? letter.toUpperCase() : letter.toLowerCase(),
        );
        expect(isNeverField("bamboohr", spelled)).toBe(true);
      }),
    );
  });

  test.each(["base_salary", "baseSalary", "bank-account", "ssn", "legalName"])(
    "%s is never written by REST",
    (field) => {
      expect(isNeverField("rest", field)).toBe(true);
    },
  );

  test("a connection adds names of its own", () => {
    expect(isNeverField("rest", "wage_type")).toBe(false);
    expect(isNeverField("rest", "wage_type", ["wage*"])).toBe(true);
  });

  test("no catalogue offers a field that it forbids", () => {
    for (const kind of ["bamboohr", "scim", "rest"] as const) {
      const { safe, conditional } = catalogueOf(kind);
      for (const { hrisField } of [...safe, ...conditional])
        expect([hrisField, isNeverField(kind, hrisField)]).toEqual([hrisField, false]);
    }
  });
});
