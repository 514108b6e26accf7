import fc from "fast-check";

import { HttpError, parseConnections, type FieldWrite, type HttpResponse, type RestOptions } from "../../src/hris";
import { createRestAdapter } from "../../src/hris/rest";
import { json, named, NOW_MS, scriptedPorts, SECRET_ARN } from "./support";

const BASE = "https://hris.example.com/api";

/** An adapter over scripted answers; its options must pass the parser too. */
function adapterOf(options: RestOptions, ...[answer, secret]: Parameters<typeof scriptedPorts>) {
  parseConnections(JSON.stringify({ hris: { kind: "rest", baseUrl: BASE, secretArn: SECRET_ARN, ...options } }));
  const ports = scriptedPorts(answer, secret);
  return { adapter: createRestAdapter({ baseUrl: BASE, ...options }, ports), sent: ports.sent };
}

const plain: RestOptions = { read: { path: "/workers/{worker}" } };
const owned = { ...plain.read, worker: "/id" };
const writable: RestOptions = {
  read: owned,
  write: { method: "PATCH", path: "/workers/{worker}", body: { "{field}": "{value}" } },
};
const change: FieldWrite = { from: null, to: "new.hire@example.com" };

function unreadable(name: string): never {
  throw named(name);
}

describe("authentication", () => {
  const read = async (options: RestOptions, secret: string) => {
    const { adapter, sent } = adapterOf(
      options,
      () => json({ badge: "B-1" }),
      () => secret,
    );
    const result = await adapter.readField("WD-10293", "badge");
    return { result, headers: sent[0]?.headers };
  };

  test.each([
    [undefined, "t0ken\n", "authorization", "Bearer t0ken"],
    [undefined, '{"token":"t0ken"}', "authorization", "Bearer t0ken"],
    [
      { type: "basic", user: "{secret.user}@acme", password: "{secret.password}" } as const,
      '{"user":"svc","password":"pä"}',
      "authorization",
      `Basic ${Buffer.from("svc@acme:pä").toString("base64")}`,
    ],
    [{ type: "header", name: "X-Api-Key", value: "{secret}" } as const, "k", "x-api-key", "k"],
  ])("makes the header for %j", async (auth, secret, name, value) => {
    expect((await read({ ...plain, ...(auth === undefined ? {} : { auth }) }, secret)).headers?.[name]).toBe(value);
  });

  test.each([
    ["empty", "", {}],
    ["of another form", '{"other":"x","more":"y"}', { auth: { type: "bearer", token: "{secret.token}" } as const }],
    ["with a line break inside", "a\r\nb", {}],
    ["of several texts, of which none is the one", '{"token":"t0ken","other":"x"}', {}],
    ["of no text", '{"token":{}}', {}],
  ])("fails as forbidden, with nothing sent, on a secret %s", async (_, secret, options) => {
    const { result, headers } = await read({ ...plain, ...options }, secret);
    expect(result).toMatchObject({ kind: "forbidden" });
    expect(headers).toBeUndefined();
  });

  test("fails as forbidden where the secret may not be read, as unavailable where it cannot be read now", async () => {
    for (const [name, kind] of [
      ["AccessDenied", "forbidden"],
      ["ServiceUnavailable", "unavailable"],
    ] as const) {
      const { adapter } = adapterOf(
        writable,
        () => json({}),
        () => {
          throw named(name);
        },
      );
      expect(await adapter.readField("WD-10293", "badge")).toMatchObject({ kind });
      expect(await adapter.writeField("WD-10293", "badge", change)).toMatchObject({
        kind: kind === "forbidden" ? "forbidden" : "throttled",
      });
    }
  });

  test("a read answered 401 is tried once more with the fresh secret, and only if that is another", async () => {
    const answer = (request: { headers: Readonly<Record<string, string>> }) =>
      request.headers["authorization"] === "Bearer new" ? json({ badge: "B-1" }) : { status: 401 };
    const rotated = adapterOf(plain, answer, (fresh) => (fresh ? "new" : "old"));
    expect(await rotated.adapter.readField("WD-10293", "badge")).toEqual({ kind: "value", value: "B-1" });
    const same = adapterOf(plain, answer, () => "old");
    expect(await same.adapter.readField("WD-10293", "badge")).toMatchObject({ kind: "forbidden" });
    expect(same.sent).toHaveLength(1);
  });

  test.each([
    ["is for another grant where the secret is another by now", () => "new", "throttled"],
    ["is forbidden where the secret is the same", () => "old", "forbidden"],
    ["is for another grant where nobody can tell now", (): string => unreadable("ServiceUnavailable"), "throttled"],
    ["is forbidden where the secret may not be read any more", (): string => unreadable("AccessDenied"), "forbidden"],
  ])("a write is sent once, and after 401 %s", async (_what, fresh, kind) => {
    const { adapter, sent } = adapterOf(
      writable,
      () => ({ status: 401 }),
      (isFresh) => (isFresh ? fresh() : "old"),
    );
    expect(await adapter.writeField("WD-10293", "badge", change)).toMatchObject({ kind });
    expect(sent).toHaveLength(1);
  });

  describe("with client credentials", () => {
    const tokenUrl = "https://login.example.com/oauth/token";
    const secret = () => '{"clientId":"id","clientSecret":"s%t"}';
    const options = (more: object = {}): RestOptions => ({
      ...plain,
      auth: { type: "oauth2-client-credentials", tokenUrl, scope: "hr.read", ...more },
    });

    test("asks for a token once, sends it, and asks again after 401", async () => {
      let tokens = 0;
      const { adapter, sent } = adapterOf(
        options({ parameters: { audience: "hr" } }),
        (request) => {
          if (request.url === tokenUrl) return json({ access_token: `t${String((tokens += 1))}`, expires_in: 3600 });
          return request.headers["authorization"] === "Bearer t1" && sent.length > 4
            ? { status: 401 }
            : json({ badge: 1 });
        },
        secret,
      );
      for (let reads = 0; reads < 4; reads += 1) {
        expect(await adapter.readField("WD-10293", "badge")).toEqual({ kind: "value", value: 1 });
      }
      expect(tokens).toBe(2);
      expect(sent[0]).toMatchObject({
        method: "POST",
        body: "audience=hr&grant_type=client_credentials&scope=hr.read",
        headers: { authorization: `Basic ${Buffer.from("id:s%25t").toString("base64")}` },
      });
      expect(sent.at(-1)?.headers["authorization"]).toBe("Bearer t2");
    });

    test("asks for a token with the fresh secret where the kept one is refused, and only if it is another", async () => {
      const answer = (request: { url: string; headers: Readonly<Record<string, string>> }) => {
        if (request.url !== tokenUrl) return json({ badge: 1 });
        const isNew = request.headers["authorization"] === `Basic ${Buffer.from("id:new").toString("base64")}`;
        return isNew ? json({ access_token: "t", expires_in: 3600 }) : { status: 401 };
      };
      const client = (clientSecret: string): string => JSON.stringify({ clientId: "id", clientSecret });
      const rotated = adapterOf(options(), answer, (fresh) => client(fresh ? "new" : "old"));
      expect(await rotated.adapter.readField("WD-10293", "badge")).toEqual({ kind: "value", value: 1 });
      expect(rotated.sent).toHaveLength(3);
      const same = adapterOf(options(), answer, () => client("old"));
      expect(await same.adapter.readField("WD-10293", "badge")).toMatchObject({ kind: "forbidden" });
      expect(same.sent).toHaveLength(1);
    });

    test("sends the client in the body where told, and takes a token without an end for a short while", async () => {
      const { adapter, sent } = adapterOf(
        options({ credentialsIn: "body" }),
        (request) => (request.url === tokenUrl ? json({ access_token: "t" }) : json({ badge: 1 })),
        secret,
      );
      await adapter.readField("WD-10293", "badge");
      await adapter.readField("WD-10293", "badge");
      expect(sent.filter((request) => request.url === tokenUrl)).toHaveLength(1);
      expect(new URLSearchParams(sent[0]?.body).get("client_secret")).toBe("s%t");
      expect(sent[0]?.headers["authorization"]).toBeUndefined();
    });

    test("a token that is about to end is not used again", async () => {
      const { adapter, sent } = adapterOf(
        options(),
        (request) => (request.url === tokenUrl ? json({ access_token: "t", expires_in: 60 }) : json({ badge: 1 })),
        secret,
      );
      await adapter.readField("WD-10293", "badge");
      await adapter.readField("WD-10293", "badge");
      expect(sent.filter((request) => request.url === tokenUrl)).toHaveLength(2);
    });

    test.each([
      ["a refusal", { status: 400 }, "forbidden"],
      ["a throttle", { status: 429 }, "unavailable"],
      ["an error", { status: 500 }, "unavailable"],
      ["no token", json({}), "unavailable"],
      ["a token that breaks the header", json({ access_token: "a\nb" }), "unavailable"],
      ["no answer", new HttpError("gone", true), "unavailable"],
    ])("fails with nothing sent to the system on %s", async (_, answer, kind) => {
      const { adapter, sent } = adapterOf(options(), () => answer, secret);
      expect(await adapter.readField("WD-10293", "badge")).toMatchObject({ kind });
      expect(sent.every((request) => request.url === tokenUrl)).toBe(true);
    });
  });
});

describe("reading", () => {
  const read = (options: RestOptions, answer: Partial<HttpResponse> | Error) =>
    adapterOf(options, () => answer).adapter.readField("WD-10293", "badge");

  test("sends what the options say, everything escaped for its place", async () => {
    const { adapter, sent } = adapterOf(
      {
        headers: { "X-Tenant": "acme" },
        read: {
          method: "POST",
          path: "/people/{worker}/search",
          query: { fields: "{field}", expand: "a b" },
          headers: { "X-Worker": "{worker}" },
          body: { fields: ["{field}"] },
        },
      },
      () => json({ badge: "B-1" }),
    );
    await adapter.readField("WD/1", "badge");
    expect(sent[0]).toMatchObject({
      method: "POST",
      url: `${BASE}/people/WD%2F1/search?fields=badge&expand=a%20b`,
      headers: {
        "x-tenant": "acme",
        "x-worker": "WD/1",
        accept: "application/json",
        "content-type": "application/json",
      },
      body: '{"fields":["badge"]}',
    });
  });

  test("an id that the place cannot carry is nobody, and nothing is sent", async () => {
    const { adapter, sent } = adapterOf(plain, () => json({ badge: "B-1" }));
    expect(await adapter.readField("..", "badge")).toMatchObject({ kind: "no-such-worker" });
    expect(sent).toHaveLength(0);
  });

  test.each([
    ["the value", plain, json({ badge: "B-1" }), { kind: "value", value: "B-1" }],
    ["null as empty", plain, json({ badge: null }), { kind: "value", value: null }],
    ["an empty text as empty", plain, json({ badge: "" }), { kind: "value", value: null }],
    ["false as a value", plain, json({ badge: false }), { kind: "value", value: false }],
    [
      "absent as empty where told",
      { read: { ...plain.read, absent: "empty" as const } },
      json({}),
      { kind: "value", value: null },
    ],
    [
      "a wrapped value",
      { read: { ...plain.read, value: "/data/{field}", unwrap: "/value" } },
      json({ data: { badge: { label: "Badge", value: "B-1" } } }),
      { kind: "value", value: "B-1" },
    ],
    [
      "a field with a place of its own",
      { ...plain, fields: { badge: { value: "/marks[type=badge]/id" } } },
      json({ marks: [{ type: "badge", id: 7 }] }),
      { kind: "value", value: 7 },
    ],
    [
      "the version of a header",
      { read: { ...plain.read, version: { header: "ETag" } } },
      { ...json({ badge: "B-1" }), headers: { etag: '"7"' } },
      { kind: "value", value: "B-1", version: '"7"' },
    ],
    [
      "the version of the document",
      { read: { ...plain.read, version: { at: "/meta/version" } } },
      json({ badge: "B-1", meta: { version: 7 } }),
      { kind: "value", value: "B-1", version: "7" },
    ],
    [
      "whether the worker is active",
      { read: { ...plain.read, active: [{ at: "/status", equals: "on" }] } },
      json({ badge: "B-1", status: "off" }),
      { kind: "value", value: "B-1", active: false },
    ],
  ])("gives %s", async (_, options, answer, expected) => {
    expect(await read(options, answer)).toEqual(expected);
  });

  test.each([
    ["a field that is not there", plain, json({}), "forbidden"],
    [
      "a field inherited from nowhere",
      { ...plain, read: { ...plain.read, value: "/constructor" } },
      json({}),
      "forbidden",
    ],
    ["an object for a value", plain, json({ badge: {} }), "unavailable"],
    ["an answer that is no JSON", plain, { body: "<html>" }, "unavailable"],
    [
      "two values for one",
      { ...plain, fields: { badge: { value: "/m[t=b]/id" } } },
      json({ m: [{ t: "b" }, { t: "b" }] }),
      "unavailable",
    ],
    ["somebody else", { read: { ...plain.read, worker: "/id" } }, json({ id: "WD-1", badge: "B" }), "unavailable"],
    ["401", plain, { status: 401 }, "forbidden"],
    ["403", plain, { status: 403 }, "forbidden"],
    ["404", plain, { status: 404 }, "no-such-worker"],
    ["a redirect", plain, { status: 302, headers: { location: "https://other.example.com" } }, "unavailable"],
    ["500", plain, { status: 500 }, "unavailable"],
    ["204", plain, { status: 204 }, "unavailable"],
    ["a broken connection", plain, new HttpError("cut", true), "unavailable"],
    ["nobody listening", plain, new HttpError("refused", false), "unavailable"],
  ])("fails on %s", async (_, options, answer, kind) => {
    expect(await read(options, answer)).toMatchObject({ kind });
  });

  test.each([
    [429, { "retry-after": "17" }, 17],
    [503, { "retry-after": new Date(NOW_MS + 30_000).toUTCString() }, 30],
    [429, {}, 60],
    [503, {}, undefined],
  ])("fails on %d with how long to wait", async (status, headers, retryAfterSeconds) => {
    const result = await read(plain, { status, headers: headers });
    expect(result).toMatchObject({ kind: "unavailable" });
    expect((result as { retryAfterSeconds?: number }).retryAfterSeconds).toBe(retryAfterSeconds);
  });
});

describe("writing", () => {
  const write = (options: RestOptions, answer: Partial<HttpResponse> | Error, more: Partial<FieldWrite> = {}) =>
    adapterOf(options, () => answer).adapter.writeField("WD-10293", "badge", { ...change, ...more });

  test("sends one request with the value in its place", async () => {
    const { adapter, sent } = adapterOf(writable, () => ({ status: 204 }));
    expect(await adapter.writeField("WD-10293", "badge", { ...change, to: 7 })).toEqual({ kind: "accepted" });
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ method: "PATCH", url: `${BASE}/workers/WD-10293`, body: '{"badge":7}' });
  });

  test.each([
    ["null", '{"badge":null}'],
    ["empty-text", '{"badge":""}'],
  ] as const)("empties a field as the connection says: %s", async (clear, body) => {
    const options = { ...writable, write: { ...writable.write!, clear } };
    const { adapter, sent } = adapterOf(options, () => ({ status: 204 }));
    expect(adapter.canClear?.("badge")).toBe(true);
    expect(await adapter.writeField("WD-10293", "badge", { ...change, to: null })).toEqual({ kind: "accepted" });
    expect(sent.map((request) => request.body)).toEqual([body]);
  });

  test("empties nothing where the connection does not say how", async () => {
    const { adapter, sent } = adapterOf(writable, () => ({ status: 204 }));
    expect(adapter.canClear?.("badge")).toBe(false);
    expect(await adapter.writeField("WD-10293", "badge", { ...change, to: null })).toMatchObject({ kind: "rejected" });
    expect(sent).toEqual([]);
  });

  test.each([
    [200, {}, { kind: "accepted" }],
    [202, {}, { kind: "pending" }],
    [304, {}, { kind: "accepted" }],
    [400, {}, { kind: "rejected" }],
    [401, {}, { kind: "forbidden" }],
    [403, {}, { kind: "forbidden" }],
    [404, {}, { kind: "rejected" }],
    [409, {}, { kind: "duplicate" }],
    [412, {}, { kind: "conflict" }],
    [422, {}, { kind: "rejected" }],
    [429, { "retry-after": "17" }, { kind: "throttled", retryAfterSeconds: 17 }],
    [429, {}, { kind: "throttled", retryAfterSeconds: 60 }],
    [503, { "retry-after": "Mon, 23 Nov 2026 10:01:00 GMT" }, { kind: "throttled", retryAfterSeconds: 60 }],
    [503, {}, { kind: "unknown" }],
    [408, {}, { kind: "unknown" }],
    [500, {}, { kind: "unknown" }],
    [502, {}, { kind: "unknown" }],
    [504, {}, { kind: "unknown" }],
    [206, {}, { kind: "unknown" }],
    [302, {}, { kind: "unknown" }],
    [307, {}, { kind: "rejected" }],
  ])("understands the status %d", async (status, headers, expected) => {
    expect(await write(writable, { status, headers: headers })).toMatchObject(expected);
  });

  test("a broken connection is unknown, an unmade one may be tried again", async () => {
    expect(await write(writable, new HttpError("cut", true))).toMatchObject({ kind: "unknown" });
    expect(await write(writable, new HttpError("refused", false))).toMatchObject({
      kind: "throttled",
      retryAfterSeconds: 60,
    });
  });

  test("success needs every assertion; a status alone is unknown", async () => {
    const options: RestOptions = {
      read: owned,
      write: {
        method: "POST",
        path: "/upsert",
        body: {},
        success: {
          status: [200],
          assert: [
            { at: "/d", length: 1 },
            { at: "/d/0/status", equals: "OK" },
            { at: "/d/0/httpCode", oneOf: [200, 201] },
          ],
        },
        outcomes: [
          { outcome: "pending", status: [200], assert: [{ at: "/d/0/status", equals: "SUBMITTED" }] },
          { outcome: "conflict", status: [400], assert: [{ at: "/errors/0/code", equals: "A644" }] },
        ],
      },
    };
    expect(await write(options, json({ d: [{ status: "OK", httpCode: 200 }] }))).toEqual({ kind: "accepted" });
    expect(await write(options, json({ d: [{ status: "ERROR", httpCode: 500 }] }))).toMatchObject({ kind: "unknown" });
    expect(await write(options, json({ d: [] }))).toMatchObject({ kind: "unknown" });
    expect(await write(options, { body: "fine" })).toMatchObject({ kind: "unknown" });
    expect(await write(options, json({ d: [{ status: "SUBMITTED" }] }))).toMatchObject({ kind: "pending" });
    expect(await write(options, json({ errors: [{ code: "A644" }] }, 400))).toMatchObject({ kind: "conflict" });
    expect(await write(options, json({ errors: [{ code: "B1" }] }, 400))).toMatchObject({ kind: "rejected" });
  });

  test("with If-Match the system prevents the race, and a write without a version is refused unsent", async () => {
    const options: RestOptions = {
      read: { ...owned, version: { header: "etag" } },
      write: { method: "PATCH", path: "/workers/{worker}", body: { "{field}": "{value}" }, ifMatch: true },
    };
    const { adapter, sent } = adapterOf(options, () => ({ status: 412 }));
    expect(adapter.compareAndSet).toBe("prevents");
    expect(await adapter.writeField("WD-10293", "badge", { ...change, version: 'W/"7"' })).toMatchObject({
      kind: "conflict",
    });
    expect(sent[0]?.headers["if-match"]).toBe('W/"7"');
    expect(await adapter.writeField("WD-10293", "badge", change)).toMatchObject({ kind: "rejected" });
    expect(sent).toHaveLength(1);
    expect(adapterOf(writable, () => ({})).adapter.compareAndSet).toBe("detects");
  });

  test("a number that reading would alter is no value, and the rest of the answer is read", async () => {
    const { adapter } = adapterOf(plain, () => ({
      body: '{"badge":12345678901234567890,"desk":"12345678901234567890"}',
    }));
    expect(await adapter.readField("WD-10293", "badge")).toMatchObject({ kind: "unavailable" });
    expect(await adapter.readField("WD-10293", "desk")).toMatchObject({ kind: "value", value: "12345678901234567890" });
  });

  test("a write is dated by the day that it is where the tenant is", async () => {
    const body = { "{field}": "{value}", from: "{effectiveDate}" };
    const dated = async (timeZone: string): Promise<unknown> => {
      const options = { ...writable, timeZone, write: { ...writable.write!, body } };
      const { adapter, sent } = adapterOf(options, () => ({ status: 200 }));
      await adapter.writeField("WD-10293", "badge", change);
      return (JSON.parse(sent[0]?.body ?? "") as { from: unknown }).from;
    };
    expect(await dated("UTC")).toBe("2026-11-23");
    expect(await dated("Pacific/Kiritimati")).toBe("2026-11-24");
  });

  test.each([
    ["a system that is only read", plain, "badge"],
    ["a field of the catalogue's never", writable, "base_salary"],
    ["a field of the connection's never", { ...writable, neverFields: ["bad*"] }, "badge"],
  ])("refuses to write %s, with nothing sent", async (_, options, field) => {
    const { adapter, sent } = adapterOf(options, () => ({ status: 200 }));
    expect(await adapter.writeField("WD-10293", field, change)).toMatchObject({ kind: "rejected" });
    expect(sent).toHaveLength(0);
  });

  test("where activity is told, an inactive worker and a moved value are refused before the write", async () => {
    const options: RestOptions = { ...writable, read: { ...owned, active: [{ at: "/active", equals: true }] } };
    const attempt = async (body: object) => {
      const { adapter, sent } = adapterOf(options, (request) =>
        request.method === "GET" ? json({ id: "WD-10293", ...body }) : { status: 200 },
      );
      const written = await adapter.writeField("WD-10293", "badge", change);
      return [written.kind, sent.length];
    };
    expect(await attempt({ active: true, badge: null })).toEqual(["accepted", 2]);
    expect(await attempt({ active: false, badge: null })).toEqual(["rejected", 1]);
    expect(await attempt({ badge: null })).toEqual(["rejected", 1]);
    expect(await attempt({ active: true, badge: "other" })).toEqual(["conflict", 1]);
    expect(await attempt({ active: true })).toEqual(["forbidden", 1]);
    expect(await attempt({ id: "WD-1", active: true, badge: null })).toEqual(["throttled", 1]);
  });

  test("a write that has no time left is not begun", async () => {
    const { adapter, sent } = adapterOf(writable, () => ({ status: 200 }));
    expect(await adapter.writeField("WD-10293", "badge", { ...change, timeoutMs: 1000 })).toMatchObject({
      kind: "throttled",
    });
    expect(sent).toHaveLength(0);
    await adapter.writeField("WD-10293", "badge", { ...change, timeoutMs: 5000 });
    expect(sent[0]?.timeoutMs).toBe(5000);
  });

  test("no detail ever shows a value, whatever the system answers about it", async () => {
    const options: RestOptions = { ...writable, error: { at: "/message" } };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 400, max: 599 }), fc.boolean(), async (status, quoted) => {
        const marked = "Marked.Value+7@example.com";
        const message = quoted
          ? `the value "${marked}" is invalid for Marked Person`
          : `${marked} exists: MARKED.VALUE`;
        const result = await write(options, json({ message }, status), { from: "Marked old", to: marked });
        expect(JSON.stringify(result)).not.toMatch(/marked|example|person/i);
      }),
    );
    expect(await write(options, json({ message: "the value is invalid" }, 400))).toEqual({
      kind: "rejected",
      detail: "status 400: the value is invalid",
    });
  });
});

describe("records", () => {
  const options: RestOptions = {
    ...plain,
    records: {
      cost_centre: { path: "/cost-centres/{value}", key: "/id", active: [{ at: "/active", equals: true }] },
      site: {
        path: "/sites",
        query: { name: "{value}" },
        at: "/items[name={value}]",
        active: [{ at: "/open", equals: true }],
      },
      "*": { path: "/{field}/{value}" },
    },
  };
  const find = (field: string, value: string | number, answer: Partial<HttpResponse> | Error) => {
    const { adapter, sent } = adapterOf(options, () => answer);
    return adapter
      .findRecord(field, value)
      .then((found) => ({ found: found.kind, url: sent[0]?.url.slice(BASE.length) }));
  };

  test.each([
    ["cost_centre", 4130, json({ id: "4130", active: true }), "active", "/cost-centres/4130"],
    ["cost_centre", 4130, json({ id: "4130", active: false }), "inactive", "/cost-centres/4130"],
    ["cost_centre", 4130, json({ id: "4130" }), "inactive", "/cost-centres/4130"],
    ["cost_centre", 4130, json({ id: "9999", active: true }), "absent", "/cost-centres/4130"],
    ["cost_centre", "a/b", { status: 404 }, "absent", "/cost-centres/a%2Fb"],
    ["cost_centre", 4130, { status: 403 }, "forbidden", "/cost-centres/4130"],
    ["cost_centre", 4130, { status: 500 }, "unavailable", "/cost-centres/4130"],
    ["cost_centre", 4130, { status: 302 }, "unavailable", "/cost-centres/4130"],
    ["cost_centre", "..", json({ id: "..", active: true }), "absent", undefined],
    [
      "site",
      "Leeds",
      json({
        items: [
          { name: "Leeds", open: true },
          { name: "York", open: false },
        ],
      }),
      "active",
      "/sites?name=Leeds",
    ],
    ["site", "York", json({ items: [{ name: "York", open: false }] }), "inactive", "/sites?name=York"],
    ["site", "Bath", json({ items: [] }), "absent", "/sites?name=Bath"],
    ["site", "Twin", json({ items: [{ name: "Twin" }, { name: "Twin" }] }), "unavailable", "/sites?name=Twin"],
    ["vendor", "v1", json({}), "active", "/vendor/v1"],
  ])("%s %s is %#: found as told", async (field, value, answer, found, url) => {
    expect(await find(field, value, answer)).toEqual({ found, url });
  });

  test("nothing exists where the connection does not say how to look", async () => {
    const { adapter, sent } = adapterOf(plain, () => json({}));
    expect(await adapter.findRecord("cost_centre", "4130")).toEqual({ kind: "absent" });
    expect(sent).toHaveLength(0);
  });
});

test("values compare by the rule of the field, its name's where none is told", () => {
  const { adapter } = adapterOf(
    { ...plain, fields: { login: { compare: "email" } }, phoneCountryCode: "44" },
    () => ({}),
  );
  expect(adapter.sameValue("login", "Ann@example.com", "ann@example.com")).toBe(true);
  expect(adapter.sameValue("badge", "A", "a")).toBe(false);
  expect(adapter.sameValue("work_phone", "020 7946 0000", "+442079460000")).toBe(true);
});
