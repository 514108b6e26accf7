import { parseConnections, systemsOf, type ConnectionConfig } from "../../src/hris";
import { scriptedPorts, SECRET_ARN } from "./support";

const bamboohr = { kind: "bamboohr", baseUrl: "https://acme.bamboohr.com", secretArn: SECRET_ARN };
const scim = { kind: "scim", baseUrl: "https://directory.example.com/scim/v2", secretArn: SECRET_ARN };
const finance = {
  kind: "rest",
  baseUrl: "https://finance.example.com",
  secretArn: SECRET_ARN,
  read: { path: "/workers/{worker}" },
};

const named = { ...finance.read, worker: "/id" };

const parse = (connections: unknown) => parseConnections(JSON.stringify(connections));

describe("parseConnections", () => {
  test("reads every kind and gives back what was written", () => {
    const connections = {
      hris: { ...bamboohr, settleSeconds: 0, secondLookSeconds: 60, timeZone: "America/Denver", phoneCountryCode: "1" },
      directory: { ...scim, attributes: { account_id: "urn:example:2.0:User:accountId" } },
      finance: {
        ...finance,
        auth: { type: "oauth2-client-credentials", tokenUrl: "https://login.example.com/token", scope: "read" },
        records: { "*": { path: "/{field}/{value}", active: [{ at: "/active", equals: true }] } },
      },
    };
    expect(parse(connections)).toEqual(connections);
  });

  test("takes a REST system that is written, whose answers say whose they are", () => {
    const write = { method: "PATCH", path: "/workers/{worker}", body: { "{field}": "{value}" } };
    expect(parse({ hris: { ...finance, read: named, write } })).toBeDefined();
  });

  test.each(["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"])(
    "takes plain HTTP on loopback: %s",
    (baseUrl) => {
      expect(parse({ hris: { ...bamboohr, baseUrl } })).toBeDefined();
    },
  );

  test.each([
    ["plain HTTP beyond this machine", "http://acme.bamboohr.com"],
    ["a host that only looks like loopback", "http://127.0.0.1.example.com"],
    ["credentials", "https://user:secret@acme.bamboohr.com"],
    ["a query", "https://acme.bamboohr.com?x=1"],
    ["an empty query", "https://acme.bamboohr.com?"],
    ["a fragment", "https://acme.bamboohr.com#x"],
    ["another protocol", "file:///etc/passwd"],
    ["no URL", "acme"],
  ])("refuses a base URL with %s", (_, baseUrl) => {
    expect(() => parse({ hris: { ...bamboohr, baseUrl } })).toThrow(/hris\.baseUrl/);
  });

  test.each([
    ["an unknown kind", { ...bamboohr, kind: "excel" }],
    ["an unknown member", { ...bamboohr, apiKey: "k" }],
    ["a secret that is no ARN of a secret", { ...bamboohr, secretArn: "hunter2" }],
    ["a time zone that does not exist", { ...bamboohr, timeZone: "Mars/Olympus" }],
    ["an attribute that is no path", { ...scim, attributes: { a: "b c" } }],
    ["no way to read", { ...finance, read: undefined }],
    ["an unknown option", { ...finance, retries: 3 }],
    ["a path with an unknown hole", { ...finance, read: { path: "/workers/{id}" } }],
    [
      "a body with an unknown hole",
      { ...finance, read: named, write: { method: "PATCH", path: "/{worker}", body: { a: "{b}" } } },
    ],
    ["a broken selector", { ...finance, read: { path: "/{worker}", value: "x" } }],
    [
      "a token URL without https",
      { ...finance, auth: { type: "oauth2-client-credentials", tokenUrl: "http://x.example" } },
    ],
    ["a credential with an unknown hole", { ...finance, auth: { type: "bearer", token: "{password}" } }],
    ["a header that ends itself", { ...finance, headers: { "x-a": "b\r\nc: d" } }],
    [
      "a write of a system whose answers do not say whose they are",
      { ...finance, write: { method: "PATCH", path: "/{worker}", body: {} } },
    ],
    [
      "a condition on a version that is never read",
      { ...finance, read: named, write: { method: "PATCH", path: "/{worker}", body: {}, ifMatch: true } },
    ],
    [
      "a dated write of a tenant that is nowhere",
      { ...finance, read: named, write: { method: "PATCH", path: "/{worker}", body: { from: "{effectiveDate}" } } },
    ],
  ])("refuses %s", (_, connection) => {
    expect(() => parse({ hris: connection })).toThrow(/hris/);
  });

  test("refuses what is not JSON, and a system's name that is none", () => {
    expect(() => parseConnections("{")).toThrow(/not JSON/);
    expect(() => parse({ "a system": scim })).toThrow(/name of a system/);
    expect(Object.keys(parseConnections(`{"__proto__":${JSON.stringify(scim)}}`))).toEqual([]);
  });
});

describe("systemsOf", () => {
  const connections = parse({ hris: bamboohr, directory: scim, finance });

  test("gives each system an adapter, made once with the ports of its connection", () => {
    const asked: [string, string][] = [];
    const systems = systemsOf(connections, "hris", (connection: ConnectionConfig, system) => {
      asked.push([system, connection.kind]);
      return scriptedPorts(() => ({}));
    });
    expect(systems.hris()).toBe(systems.hris());
    expect(systems.source("hris")).toBe(systems.hris());
    expect(systems.source("directory")).toBe(systems.source("directory"));
    expect(asked).toEqual([
      ["hris", "bamboohr"],
      ["directory", "scim"],
    ]);
  });

  test("knows no system that is not connected, nor any by an inherited name", () => {
    const systems = systemsOf(connections, "payroll", () => scriptedPorts(() => ({})));
    expect(systems.source("payroll")).toBeUndefined();
    expect(systems.source("constructor")).toBeUndefined();
    expect(() => systems.hris()).toThrow(/`payroll` is not connected/);
  });

  test("refuses a directory as the HRIS", () => {
    const systems = systemsOf(connections, "directory", () => scriptedPorts(() => ({})));
    expect(() => systems.hris()).toThrow(/only read/);
  });
});
