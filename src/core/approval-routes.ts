/** One route of the approvals API, as API Gateway declares it and the function answers it. */
export interface ApprovalRoute {
  /** Part of construct ids: public. */
  readonly id: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  /** `jwt`: API Gateway's authorizer verifies a token first. `none`: anybody may ask, so nothing of a record is ever answered. */
  readonly auth: "jwt" | "none";
}

const ROUTES = [
  { id: "list", method: "GET", path: "/approvals", auth: "jwt" },
  { id: "request", method: "GET", path: "/approvals/{requestId}", auth: "jwt" },
  { id: "decide-request", method: "POST", path: "/approvals/{requestId}", auth: "jwt" },
  { id: "read", method: "GET", path: "/approvals/{requestId}/{index}", auth: "jwt" },
  { id: "decide", method: "POST", path: "/approvals/{requestId}/{index}", auth: "jwt" },
  { id: "notices", method: "GET", path: "/notices", auth: "jwt" },
  { id: "notice", method: "GET", path: "/notices/{requestId}/{index}", auth: "jwt" },
  { id: "acknowledge", method: "POST", path: "/notices/{requestId}/{index}", auth: "jwt" },
  { id: "system", method: "GET", path: "/system", auth: "jwt" },
  { id: "resume", method: "POST", path: "/system/resume", auth: "jwt" },
] as const satisfies readonly ApprovalRoute[];

export type ApprovalRouteId = (typeof ROUTES)[number]["id"];

/** Every route of the approvals API but the page's. What is not here is not found. */
export const APPROVAL_ROUTES: readonly (ApprovalRoute & { readonly id: ApprovalRouteId })[] = ROUTES;

/** Routes of the page that people read and decide on: its files and its sign-in settings, which are public. */
export const PAGE_ROUTES = [
  { id: "page", method: "GET", path: "/", auth: "none" },
  { id: "asset", method: "GET", path: "/assets/{file}", auth: "none" },
  { id: "config", method: "GET", path: "/config.json", auth: "none" },
] as const satisfies readonly ApprovalRoute[];

/** A route as HTTP APIs name it: method and path. */
export function routeKeyOf({ method, path }: Pick<ApprovalRoute, "method" | "path">): string {
  return `${method} ${path}`;
}
