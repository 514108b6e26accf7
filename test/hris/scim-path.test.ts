import fc from "fast-check";

import { parseScimPath, readScimPath, scimFilter, type ScimPath } from "../../src/hris/scim-path";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const user = {
  userName: "ann@example.com",
  active: true,
  nickName: "",
  emails: [
    { value: "home@example.com", type: "home" },
    { value: "work@example.com", type: "Work", primary: true },
  ],
  phoneNumbers: [
    { value: "1", type: "work" },
    { value: "2", type: "work" },
  ],
  [ENTERPRISE]: { costCenter: "4130", manager: { value: "u-2", displayName: "Lee Example" } },
  "urn:example:badges:2.0:User": { badgeId: "B-1", twice: 1 },
  "urn:example:doors:2.0:User": { twice: 2 },
};

const read = (path: string) => {
  const parsed = parseScimPath(path);
  if (parsed === undefined) throw new Error(`no path: ${path}`);
  return readScimPath(user, parsed);
};

describe("readScimPath", () => {
  test.each([
    ["userName", "ann@example.com"],
    ["USERNAME", "ann@example.com"],
    ["urn:ietf:params:scim:schemas:core:2.0:User:userName", "ann@example.com"],
    ['emails[type eq "work"].value', "work@example.com"],
    ['emails[type eq "other"].value', null],
    ["emails[primary eq true].value", "work@example.com"],
    ["emails.value", "work@example.com"],
    ["emails", "work@example.com"],
    [`${ENTERPRISE}:costCenter`, "4130"],
    [`${ENTERPRISE}:manager.displayName`, "Lee Example"],
    [`${ENTERPRISE}:manager`, "u-2"],
    [`${ENTERPRISE}:absent`, null],
    ["urn:example:nothing:2.0:User:costCenter", null],
    ["badgeId", "B-1"],
    ["costCenter", "4130"],
    ["nickName", null],
    ["title", null],
    ["active", true],
  ])("%s", (path, value) => {
    expect(read(path)).toEqual({ kind: "value", value });
  });

  test.each([
    'phoneNumbers[type eq "work"].value',
    "phoneNumbers",
    "twice",
    ENTERPRISE.replace(/:User$/, ":User:manager.nothing."),
  ])("refuses to choose: %s", (path) => {
    const parsed = parseScimPath(path);
    expect(parsed === undefined ? { kind: "ambiguous" } : readScimPath(user, parsed)).toEqual({ kind: "ambiguous" });
  });
});

describe("parseScimPath", () => {
  test.each(["", "a b", "emails[type eq work].value", 'emails[type ne "work"]', "a.b.c", 'a[b eq "c"', "1a", "a,b"])(
    "refuses `%s`",
    (text) => {
      expect(parseScimPath(text)).toBeUndefined();
    },
  );
});

describe("scimFilter", () => {
  test("whatever the value is, the filter has one literal and it is the value", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (value) => {
        const filter = scimFilter({ attribute: "externalId" }, value);
        expect(filter.startsWith("externalId eq ")).toBe(true);
        expect(JSON.parse(filter.slice("externalId eq ".length))).toBe(value);
      }),
    );
  });

  test("a filtered path becomes a filter over elements", () => {
    expect(scimFilter(parseScimPath('emails[type eq "work"].value') as ScimPath, "a@example.com")).toBe(
      'emails[type eq "work" and value eq "a@example.com"]',
    );
    expect(scimFilter(parseScimPath(`${ENTERPRISE}:manager.value`) as ScimPath, true)).toBe(
      `${ENTERPRISE}:manager.value eq true`,
    );
  });
});
