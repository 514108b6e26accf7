import { createHmac } from "node:crypto";

import { ApprovalsHttp, type VerifyToken } from "../../src/local/approvals-http";
import { verifyByDiscovery } from "../../src/local/jwt-authorizer";
import { startIdentityServer, type IdentityServer } from "../../src/local/openid-server";
import { stackOf } from "../../src/local/stack";
import { createTokenSigner, type Person } from "../../src/local/token-signer";
import { smallProps, writeBackWith } from "../helpers/synth";
import { waiting } from "../runtime/waiting";
import type { World } from "../runtime/world";

/** The approvals API as it is synthesized, in front of the real handler: real tokens, verified by the keys that their issuer publishes. */
const CLAIMS = { group: "groups", workerId: "worker_id" };
const PERSON: Person = { subject: "u-2077", workerId: "WD-77", groups: ["hr-ops-approvers"] };

let server: IdentityServer;
let other: IdentityServer;

beforeAll(async () => {
  [server, other] = await Promise.all([
    startIdentityServer({ audience: "approvals", claims: CLAIMS, people: [PERSON] }),
    startIdentityServer({ audience: "approvals", claims: CLAIMS, people: [PERSON] }),
  ]);
});

afterAll(() => Promise.all([server.stop(), other.stop()]));

/** The API of a stack that trusts an issuer and an audience, with a change that waits for `PERSON`'s group. */
async function api({ issuer = server.issuer, audience = ["approvals"] } = {}, verify: VerifyToken = verifyByDiscovery) {
  const approvals = { ...smallProps().approvals, issuer, audience };
  const stack = stackOf(writeBackWith({ approvals }));
  const { world, digest } = await waiting();
  const http = new ApprovalsHttp(stack, verify, (_function, event) => world.approvals(event));
  return { world, digest, http };
}

type Api = Awaited<ReturnType<typeof api>>;

/** Every way to ask for something, with one token; the statuses. Nothing may come of a refused one. */
async function ask({ http, digest }: Api, token: string): Promise<number[]> {
  const change = "/approvals/r-1/0";
  const answers = [
    await http.request(token, "GET", "/approvals"),
    await http.request(token, "GET", "/approvals/r-1"),
    await http.request(token, "GET", change),
    await http.request(token, "GET", "/system"),
    await http.request(token, "POST", change, { decision: "approve", digest }),
  ];
  for (const { body } of answers.filter((answer) => answer.status !== 200)) {
    expect(JSON.stringify(body)).not.toContain("WD-500");
  }
  return answers.map(({ status }) => status);
}

const nothingHappened = (world: World) => {
  expect(world.itemsOf("ledger", "approval#")).toEqual([]);
  expect(world.tokens).toEqual([]);
};
const now = (): number => Date.now();
const token = (person: Person = PERSON, at = now()): Promise<string> => server.signer.tokenFor(person, at);
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const claimsOf = (jwt: string) =>
  JSON.parse(Buffer.from(jwt.split(".")[1]!, "base64url").toString("utf8")) as Record<string, unknown>;

test("a good token is taken: a person lists, reads and decides", async () => {
  const own = await api();
  // `/system` is for operators.
  expect(await ask(own, await token())).toEqual([200, 200, 200, 403, 200]);
  expect(own.world.tokens).toHaveLength(1);
});

describe("a token is refused with 401, and nothing comes of it", () => {
  test.each<[string, () => Promise<string>]>([
    ["none", () => Promise.resolve("")],
    ["of another issuer", () => other.signer.tokenFor(PERSON, now())],
    ["that has expired", () => token(PERSON, now() - 400_000)],
    [
      "signed by another key under the same issuer and key id",
      async () =>
        (await createTokenSigner({ issuer: server.issuer, audience: "approvals", claims: CLAIMS })).tokenFor(
          PERSON,
          now(),
        ),
    ],
    [
      "with more groups than were signed",
      async () => {
        const [header, , signature] = (await token()).split(".");
        const claims = { ...claimsOf(await token()), groups: ["hr-ops-approvers", "write-back-operators"] };
        return [header, part(claims), signature].join(".");
      },
    ],
    [
      "with another token's signature",
      async () => {
        const parts = (await token()).split(".");
        const signature = (await token({ ...PERSON, subject: "u-1" })).split(".")[2]!;
        return [parts[0], parts[1], signature].join(".");
      },
    ],
    ["without a signature", async () => `${part({ alg: "none", typ: "JWT" })}.${part(claimsOf(await token()))}.`],
    [
      "unsigned, with a signature that is none",
      async () => `${part({ alg: "none" })}.${part(claimsOf(await token()))}.c2ln`,
    ],
    [
      "signed with the public key as a shared secret",
      async () => {
        const { keys } = server.signer.keySet as { readonly keys: readonly { readonly n: string }[] };
        const signed = `${part({ alg: "HS256", kid: "local" })}.${part(claimsOf(await token()))}`;
        return `${signed}.${createHmac("sha256", keys[0]!.n).update(signed).digest("base64url")}`;
      },
    ],
    ["that was issued in time to come", () => token(PERSON, now() + 60_000)],
    ["that tells the page who signed in", () => server.signer.idTokenFor(PERSON, { clientId: "page" }, now())],
    ["cut short", async () => (await token()).slice(0, -20)],
  ])("%s", async (_name, forge) => {
    const own = await api();
    expect(await ask(own, await forge())).toEqual([401, 401, 401, 401, 401]);
    nothingHappened(own.world);
  });

  test("for another audience", async () => {
    const own = await api({ audience: ["payslips"] });
    expect(new Set(await ask(own, await token()))).toEqual(new Set([401]));
    nothingHappened(own.world);
  });

  test("of the issuer by another spelling", async () => {
    const own = await api({ issuer: `${server.issuer}/` });
    expect(new Set(await ask(own, await token()))).toEqual(new Set([401]));
    nothingHappened(own.world);
  });

  test.each(["iss", "aud", "exp", "sub"])("fails to be refused so where nobody looks at %s", async (claim) => {
    // The twin of the rows above: the same forgery, a verifier that trusts, and the door is open or shut by the handler alone.
    const forged = { ...claimsOf(await token()), [claim]: claim === "exp" ? 1 : "anybody" };
    const own = await api({}, () => Promise.resolve(forged));
    const jwt = `${part({ alg: "RS256" })}.${part(forged)}.c2ln`;
    expect((await ask(own, jwt))[0]).toBe(200);
  });
});

describe("a good token of somebody else", () => {
  test.each<[string, Partial<Person>, number[], string]>([
    ["of a foreign group", { groups: ["payroll-approvers"] }, [200, 403, 403, 403, 403], "NotAnApprover"],
    ["of no group", { groups: [] }, [200, 403, 403, 403, 403], "NotAnApprover"],
    ["whose group only looks alike", { groups: ["HR-ops-approvers"] }, [200, 403, 403, 403, 403], "NotAnApprover"],
    ["of the worker concerned", { workerId: "WD-10293" }, [200, 200, 200, 403, 403], "ApproverIsWorker"],
  ])("%s decides nothing, and that is on record", async (_name, change, statuses, code) => {
    const own = await api();
    expect(await ask(own, await token({ ...PERSON, ...change }))).toEqual(statuses);
    nothingHappened(own.world);
    expect(own.world.itemsOf("ledger", "refusal#")).toEqual([expect.objectContaining({ code })]);
  });

  test("is answered with an empty list for a foreign group", async () => {
    const own = await api();
    const { body } = await own.http.request(
      await token({ ...PERSON, groups: ["payroll-approvers"] }),
      "GET",
      "/approvals",
    );
    expect(body).toEqual({ waiting: [] });
  });
});

test("what is no route is not found, with whatever token", async () => {
  const own = await api();
  for (const [method, path] of [
    ["DELETE", "/approvals/r-1/0"],
    ["OPTIONS", "/approvals"],
    ["GET", "/approvals/r-1/0/1"],
    ["POST", "/system"],
  ] as const) {
    expect((await own.http.request(await token(), method, path)).status).toBe(404);
  }
});

describe("a provider that signs whatever it is asked", () => {
  const issuer = "https://login.example.com";
  type Claims = Readonly<Record<string, unknown>>;

  /** Whether a token with such claims, signed in such a way, is taken; its key says nothing of ways to sign. */
  async function isTaken(changed: Claims, alg: string): Promise<boolean> {
    const jose = await import("jose");
    const { privateKey, publicKey } = await jose.generateKeyPair(alg, { extractable: true });
    const answers: Readonly<Record<string, object>> = {
      [`${issuer}/.well-known/openid-configuration`]: { jwks_uri: `${issuer}/jwks` },
      [`${issuer}/jwks`]: { keys: [{ ...(await jose.exportJWK(publicKey)), kid: "one" }] },
    };
    const at = Math.floor(now() / 1000);
    const claims = { iss: issuer, aud: "approvals", sub: "u-1", iat: at, exp: at + 60, ...changed };
    const jwt = await new jose.SignJWT(claims).setProtectedHeader({ alg, kid: "one" }).sign(privateKey);
    const reach = (url: string) => Promise.resolve(Response.json(answers[url]));
    return (await verifyByDiscovery(jwt, { issuer, audience: ["approvals"] }, { reach })) !== undefined;
  }

  test.each<[string, Claims, string]>([
    ["a good token", {}, "RS256"],
    ["one for several audiences", { aud: ["others", "approvals"] }, "RS256"],
    ["one with a client in place of an audience", { aud: undefined, client_id: "approvals" }, "RS256"],
    ["one by a longer hash", {}, "RS512"],
  ])("is believed: %s", async (_what, changed, alg) => {
    expect(await isTaken(changed, alg)).toBe(true);
  });

  test.each<[string, Claims, string]>([
    ["not good yet", { nbf: Math.floor(Date.now() / 1000) + 60 }, "RS256"],
    ["issued in time to come", { iat: Math.floor(Date.now() / 1000) + 60 }, "RS256"],
    ["of no end", { exp: undefined }, "RS256"],
    ["of nobody", { sub: undefined }, "RS256"],
    ["for nobody", { aud: undefined }, "RS256"],
    ["for another audience, whatever its client", { aud: "others", client_id: "approvals" }, "RS256"],
    ["signed as API Gateway reads none: PS256", {}, "PS256"],
    ["signed as API Gateway reads none: ES256", {}, "ES256"],
  ])("is not believed a token %s", async (_what, changed, alg) => {
    expect(await isTaken(changed, alg)).toBe(false);
  });
});
