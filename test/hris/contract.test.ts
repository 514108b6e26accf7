import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import {
  createAdapter,
  MAX_RESPONSE_BYTES,
  type ConnectionConfig,
  type SourceReader,
  type SystemAdapter,
} from "../../src/hris";
import { startBambooHrServer } from "../../src/local/bamboohr-server";
import { startFinanceServer } from "../../src/local/finance-server";
import type { LocalServer } from "../../src/local/loopback-server";
import { startScimServer } from "../../src/local/scim-server";
import { realPorts, SECRET_ARN, TODAY } from "./support";

/**
 * What holds for every adapter, over real HTTP against the server that speaks its API. Each system knows the worker `WD-10293` with
 * a filled and an empty field and one record.
 */
interface Subject {
  readonly name: string;
  start(): Promise<{ readonly server: LocalServer; readonly connection: ConnectionConfig }>;
  readonly filled: readonly [field: string, value: string];
  readonly empty?: string;
  readonly record: readonly [field: string, active: string, inactive: string];
}

const SECRET = "the-secret";

const subjects: readonly Subject[] = [
  {
    name: "BambooHR",
    filled: ["workEmail", "marked.value@example.com"],
    empty: "workPhone",
    record: ["manager", "WD-20001", "WD-30001"],
    async start() {
      const server = await startBambooHrServer({
        credentials: { [SECRET]: { name: "reader", view: "*", edit: "*" } },
        employees: {
          "WD-10293": { fields: { status: "Active", workEmail: "marked.value@example.com", workPhone: null } },
          "WD-20001": { fields: { status: "Active" } },
          "WD-30001": { fields: { status: "Inactive" } },
        },
        today: () => TODAY,
      });
      return { server, connection: { kind: "bamboohr", baseUrl: server.url, secretArn: SECRET_ARN } };
    },
  },
  {
    name: "REST",
    filled: ["cost_centre", "marked-4130"],
    empty: "desk",
    record: ["cost-centres", "4130", "4199"],
    async start() {
      const server = await startFinanceServer({
        tokens: { [SECRET]: "reader" },
        collections: { "cost-centres": { "4130": { active: true }, "4199": { active: false } } },
        workers: { "WD-10293": { cost_centre: "marked-4130", desk: null } },
      });
      return {
        server,
        connection: {
          kind: "rest",
          baseUrl: server.url,
          secretArn: SECRET_ARN,
          read: { path: "/workers/{worker}", worker: "/id" },
          records: { "*": { path: "/{field}/{value}", key: "/id", active: [{ at: "/active", equals: true }] } },
          error: { at: "/error" },
        },
      };
    },
  },
  {
    name: "SCIM",
    filled: ["work_email", "marked.value@example.com"],
    empty: "mobile",
    record: ["manager", "WD-20001", "WD-30001"],
    async start() {
      const server = await startScimServer({
        tokens: { [SECRET]: "reader" },
        users: [
          {
            id: "u-1",
            externalId: "WD-10293",
            userName: "a",
            emails: [{ type: "work", value: "marked.value@example.com" }],
          },
          { id: "u-2", externalId: "WD-20001", userName: "b", active: true },
          { id: "u-3", externalId: "WD-30001", userName: "c", active: false },
        ],
      });
      return { server, connection: { kind: "scim", baseUrl: server.baseUrl, secretArn: SECRET_ARN } };
    },
  },
];

describe.each(subjects)("$name", (subject) => {
  let server: LocalServer;
  let connection: ConnectionConfig;
  let adapter: SystemAdapter;
  const [field, value] = subject.filled;
  const [collection, active, inactive] = subject.record;
  const withSecret = (secret: string | (() => string), timeoutMs?: number): SourceReader =>
    createAdapter(connection, realPorts(secret, timeoutMs));

  beforeEach(async () => {
    ({ server, connection } = await subject.start());
    adapter = withSecret(SECRET);
  });
  afterEach(() => server.stop());

  test("reads a value, an empty field, and nobody", async () => {
    expect(await adapter.readField("WD-10293", field)).toMatchObject({ kind: "value", value });
    expect(await adapter.readField("WD-10293", subject.empty ?? field)).toMatchObject({ kind: "value", value: null });
    expect(await adapter.readField("WD-99999", field)).toMatchObject({ kind: "no-such-worker" });
  });

  test("tells active, inactive and absent records apart", async () => {
    expect(await adapter.findRecord(collection, active)).toEqual({ kind: "active" });
    expect(await adapter.findRecord(collection, inactive)).toEqual({ kind: "inactive" });
    expect(await adapter.findRecord(collection, "no-such-record")).toEqual({ kind: "absent" });
  });

  test("reads with a credential that was rotated meanwhile", async () => {
    const connected = createAdapter(connection, {
      ...realPorts(SECRET),
      secret: (fresh) => Promise.resolve(fresh ? SECRET : "the-old-secret"),
    });
    expect(await connected.readField("WD-10293", field)).toMatchObject({ kind: "value", value });
    expect(server.log.map((line) => line.status)).toEqual([401, 200]);
  });

  test("fails as forbidden with a credential that is not known, once", async () => {
    const connected = withSecret("wrong");
    expect(await connected.readField("WD-10293", field)).toMatchObject({ kind: "forbidden" });
    expect(server.log).toHaveLength(1);
  });

  test.each(["120", "Mon, 23 Nov 2026 10:02:00 GMT"])("hands on how long to wait: %s", async (header) => {
    for (const status of [429, 503]) {
      server.setFaults(() => ({ kind: "replace", answer: { status, headers: { "retry-after": header } } }));
      const expected = { kind: "unavailable", retryAfterSeconds: 120 };
      expect(await adapter.readField("WD-10293", field)).toMatchObject(expected);
      expect(await adapter.findRecord(collection, active)).toMatchObject(expected);
    }
  });

  test.each(["before", "after"] as const)("fails as unavailable where the connection is cut %s", async (when) => {
    server.setFaults(() => ({ kind: "cut", when }));
    expect(await adapter.readField("WD-10293", field)).toMatchObject({ kind: "unavailable" });
    expect(await adapter.findRecord(collection, active)).toMatchObject({ kind: "unavailable" });
  });

  test("fails as unavailable where the answer comes too late, or nobody listens", async () => {
    server.setFaults(() => ({ kind: "delay", ms: 1000 }));
    expect(await withSecret(SECRET, 150).readField("WD-10293", field)).toMatchObject({ kind: "unavailable" });
    const { server: gone, connection: stale } = await subject.start();
    await gone.stop();
    expect(await createAdapter(stale, realPorts(SECRET)).readField("WD-10293", field)).toMatchObject({
      kind: "unavailable",
    });
  });

  test("refuses an answer that is too long, no JSON, or a redirect, which is not followed", async () => {
    let reached = 0;
    const other = createServer((_, response) => {
      reached += 1;
      response.end("{}");
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const location = `http://127.0.0.1:${String((other.address() as AddressInfo).port)}/`;
    for (const answer of [
      { status: 200, body: `"${"x".repeat(MAX_RESPONSE_BYTES)}"` },
      { status: 200, body: "<html>" },
      { status: 302, headers: { location } },
      { status: 307, headers: { location } },
    ]) {
      server.setFaults(() => ({ kind: "replace", answer }));
      expect(await adapter.readField("WD-10293", field)).toMatchObject({ kind: "unavailable" });
      expect(await adapter.findRecord(collection, active)).toMatchObject({ kind: "unavailable" });
    }
    await new Promise((resolve) => other.close(resolve));
    expect(reached).toBe(0);
  });

  test("no detail shows a value, an id or a credential", async () => {
    const message = `marked value of WD-10293, key ${SECRET}`;
    for (const status of [400, 401, 403, 404, 409, 429, 500]) {
      server.setFaults(() => ({
        kind: "replace",
        answer: { status, headers: { "x-bamboohr-error-message": message }, body: { detail: message, error: message } },
      }));
      const answers = [
        await adapter.readField("WD-10293", field),
        await adapter.findRecord(collection, "marked-record"),
      ];
      expect(JSON.stringify(answers)).not.toMatch(/marked|10293|the-secret/);
    }
  });

  test("no value, an empty text and equal texts are the same", () => {
    expect(adapter.sameValue(field, null, "")).toBe(true);
    expect(adapter.sameValue(field, value, value)).toBe(true);
    expect(adapter.sameValue(field, value, "another")).toBe(false);
    expect(adapter.sameValue(field, value, null)).toBe(false);
  });
});
