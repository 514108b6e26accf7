import * as oauth from "oauth4webapi";

/** What `config.json` says of the identity provider. */
export interface Settings {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
  readonly endSessionEndpoint?: string;
}

/** Who is signed in. Kept in this page's memory and nowhere else: it is gone with the page. */
export interface Session {
  readonly accessToken: string;
  readonly idToken?: string;
  /** As the provider calls the person. */
  readonly person: string;
  readonly untilMs: number;
}

/** What is kept while the reader is at the provider. No token; removed on the way back. */
interface Transaction {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Where in the page the reader was. */
  readonly at: string;
  /** What the reader had written. */
  readonly draft?: string;
}

const TRANSACTION = "writeback.sign-in";
/** Says, for this tab, that somebody was signed in here: a page that is loaded again may go to the provider unasked. */
const WAS_SIGNED_IN = "writeback.was-signed-in";

// eslint-disable-next-line @typescript-eslint/no-deprecated -- it is marked so to stand out; see where it is used
const INSECURE: typeof oauth.allowInsecureRequests = oauth.allowInsecureRequests;

/** Where a provider says no token lives for long: then it is asked again. */
const DEFAULT_SECONDS = 300;

/** Sign-in by OpenID Connect, code flow with PKCE, with the provider that `config.json` names. */
export class SignIn {
  #server: oauth.AuthorizationServer | undefined;

  constructor(private readonly settings: Settings) {}

  /** The page's own address, which the provider knows. */
  private get redirectUri(): string {
    return `${location.origin}/`;
  }

  private get options(): { [INSECURE]?: boolean } {
    // A trial on one machine: both ends are on loopback.
    const isLocal = ["127.0.0.1", "localhost"].includes(new URL(this.settings.issuer).hostname);
    return isLocal && location.protocol === "http:" ? { [INSECURE]: true } : {};
  }

  /** Leaves for the provider. `quietly`: the reader did not ask, so the back button does not lead here. */
  async start(how: {
    readonly at: string;
    readonly draft?: string;
    readonly quietly?: boolean;
    readonly other?: boolean;
  }): Promise<void> {
    const server = await this.server();
    const { at, draft } = how;
    const transaction: Transaction = {
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
      at,
      ...(draft === undefined || draft === "" ? {} : { draft }),
    };
    const url = new URL(server.authorization_endpoint ?? "");
    const parameters = {
      response_type: "code",
      client_id: this.settings.clientId,
      redirect_uri: this.redirectUri,
      scope: this.settings.scope,
      state: transaction.state,
      nonce: transaction.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(transaction.verifier),
      code_challenge_method: "S256",
      ...(how.other === true ? { prompt: "select_account" } : {}),
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    sessionStorage.setItem(TRANSACTION, JSON.stringify(transaction));
    if (how.quietly === true) location.replace(url);
    else location.assign(url);
  }

  /** Whether the provider has just sent the reader back. */
  static isReturn(url: URL): boolean {
    return url.searchParams.has("state") && (url.searchParams.has("code") || url.searchParams.has("error"));
  }

  /**
   * Ends a sign-in with what the provider sent back: checks state and issuer, trades the code and the verifier for tokens, and checks nonce, issuer and
   * audience of the one that says who signed in. Throws for anything that does not fit.
   */
  async finish(url: URL): Promise<{ readonly session: Session; readonly at: string; readonly draft?: string }> {
    const kept = sessionStorage.getItem(TRANSACTION);
    sessionStorage.removeItem(TRANSACTION);
    if (kept === null) throw new Error("this sign-in was not begun here, or was used");
    const { state, nonce, verifier, at, draft } = JSON.parse(kept) as Transaction;
    const server = await this.server();
    const client: oauth.Client = { client_id: this.settings.clientId };
    const parameters = oauth.validateAuthResponse(server, client, url, state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      parameters,
      this.redirectUri,
      verifier,
      this.options,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: nonce,
      requireIdToken: true,
    });
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    const named = [claims?.["name"], claims?.["preferred_username"], claims?.["email"], claims?.sub];
    const session = {
      accessToken: tokens.access_token,
      ...(tokens.id_token === undefined ? {} : { idToken: tokens.id_token }),
      person: named.find((name): name is string => typeof name === "string" && name.trim() !== "") ?? "",
      untilMs: Date.now() + (tokens.expires_in ?? DEFAULT_SECONDS) * 1000,
    };
    sessionStorage.setItem(WAS_SIGNED_IN, "yes");
    return { session, at, ...(draft === undefined ? {} : { draft }) };
  }

  /** Whether this tab was signed in before it was loaded again. */
  static wasSignedIn(): boolean {
    return sessionStorage.getItem(WAS_SIGNED_IN) === "yes";
  }

  static forget(): void {
    sessionStorage.removeItem(TRANSACTION);
    sessionStorage.removeItem(WAS_SIGNED_IN);
  }

  /** Signs out here and, where it offers that, at the provider. Whether the reader leaves for the provider. */
  async end(session: Session): Promise<boolean> {
    SignIn.forget();
    const server = await this.server();
    if (server.end_session_endpoint === undefined) return false;
    const url = new URL(server.end_session_endpoint);
    url.searchParams.set("client_id", this.settings.clientId);
    url.searchParams.set("post_logout_redirect_uri", this.redirectUri);
    if (session.idToken !== undefined) url.searchParams.set("id_token_hint", session.idToken);
    location.assign(url);
    return true;
  }

  /** The provider's endpoints: as set, else as its discovery document says. */
  private async server(): Promise<oauth.AuthorizationServer> {
    if (this.#server !== undefined) return this.#server;
    const { issuer, authorizationEndpoint, tokenEndpoint, endSessionEndpoint } = this.settings;
    if (authorizationEndpoint !== undefined && tokenEndpoint !== undefined) {
      this.#server = {
        issuer,
        authorization_endpoint: authorizationEndpoint,
        token_endpoint: tokenEndpoint,
        ...(endSessionEndpoint === undefined ? {} : { end_session_endpoint: endSessionEndpoint }),
      };
      return this.#server;
    }
    const url = new URL(issuer);
    const response = await oauth.discoveryRequest(url, { algorithm: "oidc", ...this.options });
    this.#server = await oauth.processDiscoveryResponse(url, response);
    return this.#server;
  }
}
