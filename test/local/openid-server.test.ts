import { createHash } from "node:crypto";

import type { Person } from "../../src/local/token-signer";
import { startIdentityServer, type IdentityServer } from "../../src/local/openid-server";

const ROBIN: Person = { subject: `robin"<b>`, name: "Robin <i>", groups: ["hr"], workerId: "WD-1" };
const CLIENT = { clientId: "page", redirectUri: "http://127.0.0.1:1/" };
const VERIFIER = "v".repeat(43);
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");
const ASK = {
  response_type: "code",
  client_id: "page",
  redirect_uri: CLIENT.redirectUri,
  scope: "openid",
  state: "s-1",
  nonce: "n-1",
  code_challenge: CHALLENGE,
  code_challenge_method: "S256",
};

let server: IdentityServer;

beforeAll(async () => {
  server = await startIdentityServer({
    audience: "approvals",
    claims: { group: "groups", workerId: "worker_id" },
    people: [ROBIN],
  });
  server.register(CLIENT);
});
afterAll(() => server.stop());

type Members = Readonly<Record<string, string>>;
const authorize = (asked: Members, headers: Members = {}) =>
  fetch(`${server.issuer}/authorize?${new URLSearchParams(asked).toString()}`, { redirect: "manual", headers });
const post = (path: string, form: Members, headers: Members = {}) =>
  fetch(`${server.issuer}${path}`, { method: "POST", body: new URLSearchParams(form), redirect: "manual", headers });
const without = (name: string): Members => Object.fromEntries(Object.entries(ASK).filter(([key]) => key !== name));

/** Signs Robin in; where the browser is sent. */
async function signIn(asked: Members = ASK): Promise<{ readonly to: URL; readonly cookie: string }> {
  const html = await (await authorize(asked)).text();
  const answer = await post("/pick", {
    sign_in: /name="sign_in" value="([^"]+)"/.exec(html)![1]!,
    person: ROBIN.subject,
  });
  return { to: new URL(answer.headers.get("location")!), cookie: answer.headers.get("set-cookie")!.split(";")[0]! };
}

const codeOf = ({ to }: { readonly to: URL }): string => to.searchParams.get("code")!;
const trade = (code: string, changed: Members = {}) =>
  post("/token", {
    grant_type: "authorization_code",
    code,
    client_id: "page",
    redirect_uri: CLIENT.redirectUri,
    code_verifier: VERIFIER,
    ...changed,
  });
const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as Record<string, unknown>;

test("a person picks who they are, and the client gets a token for the API and one that says who that was", async () => {
  const { to } = await signIn();
  expect(`${to.origin}${to.pathname}`).toBe(CLIENT.redirectUri);
  expect(Object.fromEntries(to.searchParams)).toMatchObject({ state: "s-1", iss: server.issuer });
  const answer = await trade(codeOf({ to }));
  expect(answer.headers.get("cache-control")).toBe("no-store");
  const tokens = (await answer.json()) as { access_token: string; id_token: string };
  expect(claimsOf(tokens.access_token)).toMatchObject({
    iss: server.issuer,
    aud: "approvals",
    sub: ROBIN.subject,
    groups: ["hr"],
    worker_id: "WD-1",
  });
  expect(claimsOf(tokens.id_token)).toMatchObject({ aud: "page", sub: ROBIN.subject, nonce: "n-1", name: ROBIN.name });
});

test("names and subjects are text on its page, which runs no script", async () => {
  const page = await authorize(ASK);
  const html = await page.text();
  expect(html).toContain("Robin &lt;i&gt;");
  expect(html).not.toContain("<i>");
  expect(html).toContain('value="robin&quot;&lt;b&gt;"');
  expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
});

describe("refuses without sending anybody anywhere", () => {
  test.each<[string, Members]>([
    ["a client that it does not know", { ...ASK, client_id: "other" }],
    ["an address that is not registered", { ...ASK, redirect_uri: "http://127.0.0.1:1/other" }],
    ["an address that only begins like it", { ...ASK, redirect_uri: `${CLIENT.redirectUri}.evil` }],
    ["no address", without("redirect_uri")],
  ])("%s", async (_what, asked) => {
    const answer = await authorize(asked);
    expect([answer.status, answer.headers.get("location")]).toEqual([400, null]);
  });
});

describe("sends the client its refusal", () => {
  test.each<[string, string, Members]>([
    ["no PKCE", "invalid_request", without("code_challenge")],
    ["PKCE without a hash", "invalid_request", { ...ASK, code_challenge_method: "plain" }],
    ["a token at once", "unsupported_response_type", { ...ASK, response_type: "token" }],
    ["no openid", "invalid_scope", { ...ASK, scope: "profile" }],
    ["nobody to be asked, and nobody is signed in", "login_required", { ...ASK, prompt: "none" }],
  ])("for %s: %s", async (_what, error, asked) => {
    const to = new URL((await authorize(asked)).headers.get("location")!);
    expect(Object.fromEntries(to.searchParams)).toMatchObject({ error, state: "s-1" });
    expect(to.searchParams.has("code")).toBe(false);
  });
});

describe("gives no token for", () => {
  test.each<[string, Members]>([
    ["another verifier", { code_verifier: "w".repeat(43) }],
    ["no verifier", { code_verifier: "" }],
    ["another client", { client_id: "other" }],
    ["another address", { redirect_uri: "http://127.0.0.1:2/" }],
    ["another kind of grant", { grant_type: "password" }],
  ])("%s", async (_what, changed) => {
    const answer = await trade(codeOf(await signIn()), changed);
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain("access_token");
  });

  test("a code that was shown before, also where that was refused", async () => {
    const code = codeOf(await signIn());
    expect((await trade(code)).status).toBe(200);
    expect((await trade(code)).status).toBe(400);
    const other = codeOf(await signIn());
    expect((await trade(other, { code_verifier: "w".repeat(43) })).status).toBe(400);
    expect((await trade(other)).status).toBe(400);
  });

  test("a code that is old", async () => {
    const code = codeOf(await signIn());
    const clock = jest.spyOn(Date, "now").mockReturnValue(Date.now() + 61_000);
    try {
      expect((await trade(code)).status).toBe(400);
    } finally {
      clock.mockRestore();
    }
  });
});

test("a sign-in is picked once", async () => {
  const html = await (await authorize(ASK)).text();
  const form = { sign_in: /name="sign_in" value="([^"]+)"/.exec(html)![1]!, person: ROBIN.subject };
  expect((await post("/pick", form)).status).toBe(303);
  expect((await post("/pick", form)).status).toBe(400);
});

test("who is signed in is not asked again, until they sign out or ask for it", async () => {
  const { cookie } = await signIn();
  const again = async (more: Members = {}) =>
    (await authorize({ ...ASK, ...more }, { cookie })).headers.get("location");
  expect(await again()).toContain("code=");
  expect(await again({ prompt: "select_account" })).toBeNull();
  const out = await fetch(
    `${server.issuer}/logout?${new URLSearchParams({ client_id: "page", post_logout_redirect_uri: CLIENT.redirectUri }).toString()}`,
    { headers: { cookie }, redirect: "manual" },
  );
  expect(out.headers.get("location")).toBe(CLIENT.redirectUri);
  expect(await again()).toBeNull();
});

test("signing out sends nobody to an address that is not registered", async () => {
  const asked = new URLSearchParams({ client_id: "page", post_logout_redirect_uri: "http://127.0.0.1:2/" });
  const out = await fetch(`${server.issuer}/logout?${asked.toString()}`, { redirect: "manual" });
  expect([out.status, out.headers.get("location")]).toEqual([200, null]);
});

test("only the client's own page may read its answers", async () => {
  const allowed = async (origin: string) =>
    (await fetch(`${server.issuer}/.well-known/openid-configuration`, { headers: { origin } })).headers.get(
      "access-control-allow-origin",
    );
  expect(await allowed("http://127.0.0.1:1")).toBe("http://127.0.0.1:1");
  expect(await allowed("http://127.0.0.1:2")).toBeNull();
});
