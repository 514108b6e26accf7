import { reachOf, localUrl, type Reach } from "../../src/local/hosts";
import { verifyByDiscovery } from "../../src/local/jwt-authorizer";
import { startIdentityServer, type IdentityServer } from "../../src/local/openid-server";
import { createSignIns } from "../../src/local/sign-in";
import type { Person } from "../../src/local/token-signer";

/** Tokens as the demo gets them: by the flow, at a provider that stands for the issuer of a stack, at the stack's time. */

const ISSUER = "https://login.example.com/tenant";
const HR: Person = { subject: `hr"<b>`, groups: ["hr"], workerId: "WD-1" };
const SETTINGS = { issuer: ISSUER, clientId: "page", scope: "openid", redirectUri: "https://approvals.example.com/" };
const DEMANDS = { issuer: ISSUER, audience: ["approvals"] };

let nowMs = Date.parse("2020-01-02T03:04:05Z");
const now = (): number => nowMs;
let server: IdentityServer;
let asked: string[] = [];

beforeAll(async () => {
  server = await startIdentityServer({
    issuer: ISSUER,
    audience: "approvals",
    claims: { group: "groups", workerId: "worker_id" },
    people: [HR],
    now,
  });
  server.register(SETTINGS);
});
beforeEach(() => {
  asked = [];
});
afterAll(() => server.stop());

const reach: Reach = (url, init) => {
  asked.push(`${init?.method ?? "GET"} ${url.replace(ISSUER, "").replace(/\?.*/, "")}`);
  return reachOf({ [ISSUER]: server.url })(url, init);
};
const signIns = (changed: Partial<typeof SETTINGS> = {}, through: Reach = reach) =>
  createSignIns(() => Promise.resolve({ ...SETTINGS, ...changed }), { reach: through, now });

test("a person signs in by discovery, code and PKCE, and the token is what the authorizer takes, by the keys that it fetches", async () => {
  const token = await signIns()(HR);
  expect(asked).toEqual(["GET /.well-known/openid-configuration", "GET /authorize", "POST /pick", "POST /token"]);
  expect(await verifyByDiscovery(token, DEMANDS, { reach, now })).toMatchObject({
    iss: ISSUER,
    sub: HR.subject,
    groups: ["hr"],
    worker_id: "WD-1",
  });
  expect(asked.slice(4)).toEqual(["GET /.well-known/openid-configuration", "GET /jwks"]);
  // At this machine's own time it ran out years ago.
  expect(await verifyByDiscovery(token, DEMANDS, { reach })).toBeUndefined();
});

test("a token is kept until it runs out", async () => {
  const tokenOf = signIns();
  const first = await tokenOf(HR);
  nowMs += 200_000;
  expect(await tokenOf(HR)).toBe(first);
  nowMs += 80_000;
  expect(await tokenOf(HR)).not.toBe(first);
  expect(asked.filter((each) => each === "POST /token")).toHaveLength(2);
});

test.each<[string, Parameters<typeof signIns>, Person, RegExp]>([
  ["for somebody whom the provider does not know", [], { ...HR, subject: "stranger" }, /does not know stranger/],
  ["for a client that it does not know", [{ clientId: "other" }], HR, /shows no sign-in/],
  ["for an address that it does not know", [{ redirectUri: "https://evil.example.com/" }], HR, /shows no sign-in/],
  ["where nothing stands for the issuer", [{}, reachOf({})], HR, /stands for no host/],
])("fails %s", async (_what, args, person, message) => {
  await expect(signIns(...args)(person)).rejects.toThrow(message);
});

test("fails where the provider answers with a code of somebody else's sign-in", async () => {
  const through: Reach = async (url, init) => {
    const answer = await reach(url, init);
    const to = answer.headers.get("location");
    if (to === null) return answer;
    const location = new URL(to);
    location.searchParams.set("state", "another");
    return new Response(null, { status: 303, headers: { location: location.href } });
  };
  await expect(signIns({}, through)(HR)).rejects.toThrow(/state/);
});

test("a request goes to what stands for its host, and to that alone", () => {
  const hosts = { "https://a.example.com": "http://127.0.0.1:1", "https://b.example.com/x/": "http://127.0.0.1:2/" };
  expect(
    [
      "https://a.example.com",
      "https://a.example.com/p?q",
      "https://a.example.com?q",
      "https://a.example.com.evil.com/p",
      "https://b.example.com/x/y",
      "https://b.example.com/y",
    ].map((url) => localUrl(hosts, url)),
  ).toEqual([
    "http://127.0.0.1:1",
    "http://127.0.0.1:1/p?q",
    "http://127.0.0.1:1?q",
    undefined,
    "http://127.0.0.1:2/y",
    undefined,
  ]);
});
