import type { Change, Notice, NoticeFact, Result, System, Waiting } from "./model";

/** A refusal of the API. */
export class Problem extends Error {
  override readonly name = "Problem";
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
  ) {
    super(code);
  }
}

/** No answer came: it is not known whether the request arrived. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** The sign-in is over: the request was not taken. */
export class SignInOver extends Error {
  override readonly name = "SignInOver";
}

/** A little more than API Gateway waits for its function. */
const TIMEOUT_MS = 35_000;

export type Decision = "approve" | "deny";

/** What the page asks of its API. */
export interface Api {
  waiting(): Promise<{ readonly waiting: readonly Waiting[]; readonly truncated?: boolean }>;
  request(requestId: string): Promise<readonly Change[]>;
  decide(
    requestId: string,
    decision: Decision,
    changes: readonly { readonly index: number; readonly digest: string }[],
    reason: string,
  ): Promise<readonly Result[]>;
  notices(): Promise<readonly Notice[]>;
  notice(requestId: string, index: number): Promise<NoticeFact>;
  acknowledge(requestId: string, index: number): Promise<void>;
  system(): Promise<System>;
  resume(
    what: "switch" | "breaker",
    id: string,
    reason: string,
  ): Promise<{ readonly agreed: number; readonly needed: number; readonly resumed: boolean }>;
}

/** The API at the page's own origin. `token` gives the access token, or nothing once the sign-in is over. */
export function createApi(token: () => string | undefined): Api {
  const call = async (method: "GET" | "POST", path: string, body?: object): Promise<unknown> => {
    const bearer = token();
    if (bearer === undefined) throw new SignInOver();
    let response: Response;
    let text: string;
    try {
      response = await fetch(path, {
        method,
        headers: {
          accept: "application/json",
          authorization: `Bearer ${bearer}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await response.text();
    } catch {
      throw new Unreachable();
    }
    if (response.status === 401) throw new SignInOver();
    const answer = jsonOf(text);
    if (response.ok && answer !== undefined) return answer;
    // What is between us and the API answers in words of its own.
    if (response.status >= 502 && answer?.["code"] === undefined) throw new Unreachable();
    throw new Problem(response.status, textOf(answer?.["code"]), textOf(answer?.["title"]));
  };

  const place = (requestId: string, index?: number): string =>
    [requestId, ...(index === undefined ? [] : [String(index)])].map(encodeURIComponent).join("/");

  return {
    waiting: async () => (await call("GET", "/approvals")) as Awaited<ReturnType<Api["waiting"]>>,
    request: async (requestId) =>
      ((await call("GET", `/approvals/${place(requestId)}`)) as { readonly changes: readonly Change[] }).changes,
    decide: async (requestId, decision, changes, reason) => {
      const body = { decision, changes, ...(reason === "" ? {} : { reason }) };
      const answer = await call("POST", `/approvals/${place(requestId)}`, body);
      return (answer as { readonly results: readonly Result[] }).results;
    },
    notices: async () => ((await call("GET", "/notices")) as { readonly notices: readonly Notice[] }).notices,
    notice: async (requestId, index) => (await call("GET", `/notices/${place(requestId, index)}`)) as NoticeFact,
    acknowledge: async (requestId, index) => {
      await call("POST", `/notices/${place(requestId, index)}`, {});
    },
    system: async () => (await call("GET", "/system")) as System,
    resume: async (what, id, reason) =>
      (await call("POST", "/system/resume", { what, id, reason })) as Awaited<ReturnType<Api["resume"]>>,
  };
}

function jsonOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
