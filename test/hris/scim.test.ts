import { createScimReader } from "../../src/hris/scim";
import { startScimServer, type ScimServer, type ScimUser } from "../../src/local/scim-server";
import type { Fault } from "../../src/local/loopback-server";
import { json, realPorts, scriptedPorts, SECRET_ARN } from "./support";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const users: readonly ScimUser[] = [
  {
    id: "u-1",
    externalId: "WD-10293",
    userName: "ann@example.com",
    active: true,
    displayName: "Ann Example",
    emails: [{ value: "ann@example.com", type: "work", primary: true }],
    phoneNumbers: [{ value: "+44 20 7946 0000", type: "work" }],
    [ENTERPRISE]: { employeeNumber: "701984", costCenter: "4130", manager: { value: "u-2" } },
    "urn:example:provisioning:2.0:User": { provisionedAt: "2026-11-23" },
  },
  { id: "u-2", externalId: "WD-20001", userName: "lee@example.com" },
  { id: "u-3", externalId: "WD-30001", userName: "old@example.com", active: false },
  { id: "u-4", externalId: "WD-TWICE", userName: "t1@example.com", active: true },
  { id: "u-5", externalId: "WD-TWICE", userName: "t2@example.com", active: true },
  { id: "u-6", externalId: `a"b\\c/d'é`, userName: "odd@example.com" },
];

let server: ScimServer | undefined;

async function setUp(attributes?: Readonly<Record<string, string>>, token = "t0ken") {
  const started = await startScimServer({ tokens: { t0ken: "inspect" }, users });
  server = started;
  const reader = createScimReader(
    {
      kind: "scim",
      baseUrl: started.baseUrl,
      secretArn: SECRET_ARN,
      ...(attributes === undefined ? {} : { attributes }),
    },
    realPorts(token),
  );
  return { server: started, reader };
}

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

describe("reading", () => {
  test.each([
    ["work_email", "ann@example.com"],
    ["username", "ann@example.com"],
    ["account_id", "u-1"],
    ["directory_id", "u-1"],
    ["display_name", "Ann Example"],
    ["work_phone", "+44 20 7946 0000"],
    ["mobile", null],
    ["employee_number", "701984"],
    ["cost_centre", "4130"],
    ["manager", "u-2"],
    ["provisionedAt", "2026-11-23"],
    ["urn:example:provisioning:2.0:User:provisionedAt", "2026-11-23"],
    ["nothing_of_the_kind", null],
  ])("%s is %j", async (field, value) => {
    expect(await (await setUp()).reader.readField("WD-10293", field)).toEqual({ kind: "value", value });
  });

  test("the connection's own attributes come first", async () => {
    const { reader } = await setUp({ username: "displayName" });
    expect(await reader.readField("WD-10293", "username")).toEqual({ kind: "value", value: "Ann Example" });
  });

  test.each([
    ["nobody has the id", "WD-1", "no-such-worker"],
    ["the user is not active", "WD-30001", "no-such-worker"],
    ["two users have the id", "WD-TWICE", "unavailable"],
    ["the id is half a character", "\ud800", "no-such-worker"],
  ])("fails where %s", async (_, id, kind) => {
    expect(await (await setUp()).reader.readField(id, "username")).toMatchObject({ kind });
  });

  test("an id of any form finds its user and nobody else", async () => {
    const { reader } = await setUp();
    expect(await reader.readField(`a"b\\c/d'é`, "username")).toEqual({ kind: "value", value: "odd@example.com" });
    expect(await reader.readField('x" or externalId eq "WD-10293', "username")).toMatchObject({
      kind: "no-such-worker",
    });
  });

  test("fails as forbidden on a name that is no path, and on a token that is not known", async () => {
    expect(await (await setUp()).reader.readField("WD-10293", "a b")).toMatchObject({ kind: "forbidden" });
    await server?.stop();
    expect(await (await setUp({}, "other")).reader.readField("WD-10293", "username")).toMatchObject({
      kind: "forbidden",
    });
  });

  test.each([
    [{ kind: "replace", answer: { status: 404 } }, { kind: "unavailable" }],
    [
      { kind: "replace", answer: { status: 429, headers: { "retry-after": "9" } } },
      { kind: "unavailable", retryAfterSeconds: 9 },
    ],
    [{ kind: "replace", answer: { status: 400, body: { detail: "bad WD-10293 filter" } } }, { kind: "unavailable" }],
    [{ kind: "replace", answer: { status: 200, body: [] } }, { kind: "unavailable" }],
    [{ kind: "replace", answer: { status: 200, body: { totalResults: 11, Resources: [] } } }, { kind: "unavailable" }],
    [{ kind: "cut", when: "after" }, { kind: "unavailable" }],
  ] as readonly (readonly [Fault, object])[])("fails truthfully on %j", async (fault, expected) => {
    const { reader, server } = await setUp();
    server.setFaults(() => fault);
    const result = await reader.readField("WD-10293", "username");
    expect(result).toMatchObject(expected);
    expect(JSON.stringify(result)).not.toContain("10293");
  });

  test("refuses the user of somebody else, from a directory that does not filter", async () => {
    const ports = scriptedPorts(() => json({ totalResults: 1, Resources: [users[1]] }));
    const reader = createScimReader({ kind: "scim", baseUrl: "https://d.example.com", secretArn: SECRET_ARN }, ports);
    expect(await reader.readField("WD-10293", "username")).toMatchObject({ kind: "unavailable" });
    expect(await reader.findRecord("manager", "WD-10293")).toEqual({ kind: "absent" });
  });
});

describe("finding records", () => {
  test.each([
    ["manager", "WD-20001", "active"],
    ["manager", "WD-30001", "inactive"],
    ["manager", "WD-1", "absent"],
    ["manager", "u-2", "absent"],
    ["username", "lee@example.com", "active"],
    ["work_email", "ann@example.com", "active"],
    ["work_email", "nobody@example.com", "absent"],
    ["cost_centre", "4130", "active"],
    ["a b", "x", "absent"],
  ])("%s `%s` is %s", async (field, value, kind) => {
    expect(await (await setUp()).reader.findRecord(field, value)).toEqual({ kind });
  });

  test("fails where more than one user holds the value, active or not: it names neither", async () => {
    const { reader } = await setUp();
    expect(await reader.findRecord("manager", "WD-TWICE")).toMatchObject({ kind: "unavailable" });
  });
});

test("emails and phone numbers compare by what they mean", async () => {
  const { reader } = await setUp();
  expect(reader.sameValue("work_email", "Ann@Example.com", "ann@example.com")).toBe(true);
  expect(reader.sameValue("work_phone", "+44 20 7946 0000", "+442079460000")).toBe(true);
  expect(reader.sameValue("username", "Ann", "ann")).toBe(false);
});
