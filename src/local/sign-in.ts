import * as z from "zod";

import type { ApprovalsHttp } from "./approvals-http";
import type { Reach } from "./hosts";
import type { Person } from "./token-signer";

/** What people sign in to: as `GET /config.json` tells the page, and where the page is. */
export interface SignInSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  /** The page's own address, which the provider knows. */
  readonly redirectUri: string;
}

const publicSettings = z.object({ issuer: z.url(), clientId: z.string(), scope: z.string() });

/** What an approvals API tells its page, which is at `redirectUri`. Throws where it serves no page. */
export async function readSignInSettings(api: ApprovalsHttp, redirectUri: string): Promise<SignInSettings> {
  const { status, body } = await api.handle({ method: "GET", path: "/config.json", headers: {} });
  if (status !== 200) throw new Error(`the approvals API serves no page: /config.json is answered with ${status}`);
  return { ...publicSettings.parse(JSON.parse(body)), redirectUri };
}

export interface SignInOptions {
  readonly reach?: Reach;
  /** Milliseconds since the epoch, where time is the provider's. */
  readonly now?: () => number;
}

/** Less than this left of a token, in milliseconds, and the person signs in anew. */
const ENOUGH_MS = 30_000;

/**
 * Access tokens of people who sign in as the approvals page has them sign in: by the library that the page uses, with discovery, the code flow
 * with PKCE, `state`, `nonce` and the token endpoint. At the provider they pick who they are, by its form. Signs a person in when asked for
 * them first, and anew when their token runs out. Throws where the provider does not know the person.
 */
export function createSignIns(
  settings: () => Promise<SignInSettings>,
  options: SignInOptions = {},
): (person: Person) => Promise<string> {
  const { now = Date.now } = options;
  const signedIn = new Map<string, { readonly token: string; readonly untilMs: number }>();
  return async (person) => {
    const held = signedIn.get(person.subject);
    if (held !== undefined && held.untilMs - now() > ENOUGH_MS) return held.token;
    const { access_token: token, expires_in: seconds = 0 } = await signIn(person, await settings(), options);
    signedIn.set(person.subject, { token, untilMs: now() + seconds * 1000 });
    return token;
  };
}

async function signIn(
  person: Person,
  { issuer, clientId, scope, redirectUri }: SignInSettings,
  { reach = fetch, now = Date.now }: SignInOptions,
): Promise<{ readonly access_token: string; readonly expires_in?: number }> {
  const oauth = await import("oauth4webapi");
  const url = new URL(issuer);
  const options = {
    [oauth.customFetch]: reach,
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- it is marked so to stand out: both ends are on loopback
    [oauth.allowInsecureRequests]: url.protocol === "http:",
  };
  const found = await oauth.discoveryRequest(url, { algorithm: "oidc", ...options });
  const server = await oauth.processDiscoveryResponse(url, found);
  const client = { client_id: clientId, [oauth.clockSkew]: Math.round((now() - Date.now()) / 1000) };
  const [state, nonce, verifier] = [
    oauth.generateRandomState(),
    oauth.generateRandomNonce(),
    oauth.generateRandomCodeVerifier(),
  ];
  const asked = new URL(server.authorization_endpoint ?? "");
  asked.search = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  }).toString();
  const back = await pick(person, asked, reach);
  const parameters = oauth.validateAuthResponse(server, client, back, state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    parameters,
    redirectUri,
    verifier,
    options,
  );
  return oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
}

/** At the provider: reads its form, picks a person in it, and says where the browser would be sent. */
async function pick({ subject }: Person, asked: URL, reach: Reach): Promise<URL> {
  const form = await (await reach(asked.href)).text();
  const action = /<form method="post" action="([^"]+)">/.exec(form)?.[1];
  const signInId = /name="sign_in" value="([^"]+)"/.exec(form)?.[1];
  if (action === undefined || signInId === undefined) throw new Error("the identity provider shows no sign-in");
  const answer = await reach(new URL(action, asked).href, {
    method: "POST",
    body: new URLSearchParams({ sign_in: signInId, person: subject }),
    redirect: "manual",
  });
  const to = answer.headers.get("location");
  if (to === null) throw new Error(`the identity provider does not know ${subject}`);
  return new URL(to);
}
