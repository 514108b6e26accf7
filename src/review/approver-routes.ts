import { ENV } from "../core";
import { textOf, textsOf, blockOf } from "./body";
import { together, type Counterexample, type Evidence, type Findings, type NotRead } from "./finding";
import { idOf } from "./identity";
import { record, Unreadable, type Resource, type Value } from "./stack";
import { functionsTagged, type System } from "./system";

/** Routes that may be served to anybody: the page and what it is made of, which say nothing about any change. */
const PUBLIC_ROUTES = /^GET \/(?:$|assets\/\{[A-Za-z]+\+?\}$|config\.json$|favicon\.ico$)/;

/** The routes that lead to the approvals function: each that shows or decides something demands a token of the identity provider. */
export function proveApprovers(system: System): Findings {
  const { stack } = system;
  const functions = functionsTagged(system, "approvals").map(({ arn }) => arn);
  const integrations = stack
    .resources("aws_apigatewayv2_integration")
    .filter(({ body }) => functions.some((arn) => textOf(body, "integration_uri")?.includes(arn) === true));
  const targets = new Set(integrations.map((integration) => `integrations/${idOf(stack, integration)}`));
  const routes = stack
    .resources("aws_apigatewayv2_route")
    .filter(({ body }) => targets.has(textOf(body, "target") ?? ""));
  const quick = stack
    .resources("aws_apigatewayv2_api")
    .filter(({ body }) => functions.some((arn) => textOf(body, "target")?.includes(arn) === true));
  const unknown = stack.resources("aws_apigatewayv2_route").filter(({ body }) => body["target"] instanceof Unreadable);
  const guarded = routes.filter(({ body }) => !PUBLIC_ROUTES.test(textOf(body, "route_key") ?? ""));
  const judged = together([
    ...guarded.map((route) => proveRoute(system, route)),
    oneIssuer(system, guarded),
    { unread: integrations.flatMap(rewritten) },
    { unread: unknown.map(({ address }) => unclear(address, `where \`${address}\` leads is not known`)) },
    ...quick.map((api): Partial<Findings> => ({ counterexamples: [open(api, "its quick route")] })),
  ]);
  const evidence: Evidence = {
    invariant: 2,
    text: `each of ${guarded.length} routes to decisions demands a token of the identity provider`,
    resources: guarded.map(({ address }) => address),
  };
  return {
    ...judged,
    evidence: judged.counterexamples.length + judged.unread.length === 0 && guarded.length > 0 ? [evidence] : [],
  };
}

function open({ address }: Resource, what: string): Counterexample {
  return {
    code: "RouteWithoutApprover",
    invariants: [2, 4],
    message: `${what} of \`${address}\` leads to the approvals function and asks nobody who they are`,
    resources: [address],
  };
}

function proveRoute({ stack }: System, route: Resource): Partial<Findings> {
  const { address, body } = route;
  const key = textOf(body, "route_key") ?? "a route";
  const type = body["authorization_type"];
  if (type instanceof Unreadable || body["authorizer_id"] instanceof Unreadable) {
    return { unread: [unclear(address, `the authorizer of \`${address}\` is not written as text`)] };
  }
  if (type !== "JWT") return { counterexamples: [open(route, `\`${key}\``)] };
  const authorizer = stack
    .resources("aws_apigatewayv2_authorizer")
    .find((each) => idOf(stack, each) === body["authorizer_id"]);
  if (authorizer === undefined)
    return { unread: [unclear(address, `the authorizer of \`${address}\` is not in the stack`)] };
  const settings = blockOf(authorizer.body, "jwt_configuration");
  const issuer = settings?.["issuer"];
  const audience = settings?.["audience"];
  if (issuer instanceof Unreadable || audience instanceof Unreadable) {
    return {
      unread: [unclear(authorizer.address, `whose tokens \`${authorizer.address}\` takes is not written as text`)],
    };
  }
  const isJwt = textOf(authorizer.body, "authorizer_type") === "JWT";
  if (!isJwt || typeof issuer !== "string" || textsOf(audience).length === 0) {
    return { counterexamples: [open(authorizer, `the authorizer of \`${key}\``)] };
  }
  if (issuer.startsWith("https://")) return {};
  const message = `the authorizer of \`${key}\` fetches the keys of \`${issuer}\` without https: whoever is on the way can call anybody an approver`;
  return {
    counterexamples: [{ code: "RouteWithoutApprover", invariants: [2, 4], message, resources: [authorizer.address] }],
  };
}

/**
 * All routes take the tokens of one issuer, and where the page signs people in by an issuer, of that one: a second issuer could call anybody
 * an approver.
 */
function oneIssuer(system: System, routes: readonly Resource[]): Partial<Findings> {
  const { stack } = system;
  const used = new Set(routes.map(({ body }) => textOf(body, "authorizer_id")));
  const issuers = stack
    .resources("aws_apigatewayv2_authorizer")
    .filter((authorizer) => used.has(idOf(stack, authorizer)))
    .flatMap(({ address, body }) => {
      const issuer = textOf(blockOf(body, "jwt_configuration") ?? {}, "issuer");
      return issuer === undefined ? [] : [{ address, issuer }];
    });
  const [page] = functionsTagged(system, "approvals").flatMap(({ environment }) => issuerOf(environment[ENV.page]));
  const expected = page ?? issuers[0]?.issuer;
  const others = issuers.filter(({ issuer }) => !isSame(issuer, expected));
  const where = page === undefined ? "other routes" : "the approvals page";
  return {
    counterexamples: others.map(({ address, issuer }): Counterexample => ({
      code: "RouteWithoutApprover",
      invariants: [2, 4],
      message: `\`${address}\` takes tokens of \`${issuer}\`, ${where} those of \`${expected ?? ""}\`: either could call anybody an approver`,
      resources: [address],
    })),
  };
}

function isSame(issuer: string, expected: string | undefined): boolean {
  return issuer.replace(/\/$/, "") === expected?.replace(/\/$/, "");
}

/** The issuer that the page is told of, in JSON. */
function issuerOf(page: Value): string[] {
  try {
    const { issuer } = record(JSON.parse(typeof page === "string" ? page : "{}"));
    return typeof issuer === "string" ? [issuer] : [];
  } catch {
    return [];
  }
}

/** Parameters with which an integration tells the approvals function something else than was asked. */
function rewritten({ address, body }: Resource): NotRead[] {
  const parameters = body["request_parameters"];
  const isNone = parameters === undefined || parameters === null || Object.keys(record(parameters)).length === 0;
  return isNone && !(parameters instanceof Unreadable)
    ? []
    : [unclear(address, `\`${address}\` changes what the approvals function is told (\`request_parameters\`)`)];
}

function unclear(address: string, message: string): NotRead {
  return { code: "UnreadValue", invariants: [2], message, resources: [address] };
}
