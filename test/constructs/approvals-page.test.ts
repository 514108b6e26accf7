import { APPROVAL_ROUTES, PAGE_ROUTES, type ApprovalsPageProps } from "../../constructs";
import { createPage, pageOf } from "../../src/runtime/page";
import { one, smallProps, unescaped, writeBackWith, type SynthJson } from "../helpers/synth";

const PAGE: ApprovalsPageProps = { clientId: "approvals-page" };

const withPage = (page: ApprovalsPageProps | "off" = PAGE): SynthJson =>
  writeBackWith({ approvals: { ...smallProps().approvals, page } });

const environmentOf = (json: SynthJson): Record<string, string> => {
  const { environment } = one(json, "aws_lambda_function", "approvals") as {
    environment: { variables: Record<string, string> };
  };
  return environment.variables;
};

test("its three routes ask for no token, and every other does", () => {
  const routes = Object.values(withPage().resource["aws_apigatewayv2_route"]!);
  const asking = (authorization: string) =>
    routes.filter((route) => route["authorization_type"] === authorization).map((route) => route["route_key"]);
  expect(asking("NONE").sort()).toEqual(PAGE_ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
  expect(asking("JWT")).toHaveLength(APPROVAL_ROUTES.length);
  expect(routes).toHaveLength(APPROVAL_ROUTES.length + PAGE_ROUTES.length);
  for (const route of routes) expect("authorizer_id" in route).toBe(route["authorization_type"] === "JWT");
});

test("without a page there is no route that asks for no token", () => {
  for (const json of [withPage("off"), writeBackWith({})]) {
    const routes = Object.values(json.resource["aws_apigatewayv2_route"]!);
    expect(routes.filter((route) => route["authorization_type"] !== "JWT")).toEqual([]);
    expect(environmentOf(json)).not.toHaveProperty("PAGE");
    expect(json.output).not.toHaveProperty("write-back-approvals-page-url");
  }
});

test("the function's environment is what the runtime reads, issuer and client of the stack", () => {
  const files = new Map([["index.html", ""]]);
  const settings = JSON.parse(unescaped(environmentOf(withPage())["PAGE"])) as Parameters<typeof createPage>[0];
  expect(settings).toEqual({ issuer: "https://login.example.com", clientId: "approvals-page", scope: "openid" });
  expect(createPage(settings, files)({ routeKey: "GET /config.json", requestContext: {} })?.statusCode).toBe(200);
  const endpoints = { authorization: "https://p.example.com/authorize", token: "https://p.example.com/token" };
  const elsewhere = environmentOf(withPage({ ...PAGE, scope: "openid api://approvals/decide", endpoints }))["PAGE"];
  expect(JSON.parse(unescaped(elsewhere))).toMatchObject({
    scope: "openid api://approvals/decide",
    authorizationEndpoint: endpoints.authorization,
    tokenEndpoint: endpoints.token,
  });
  // Read as the function does: what is wrong with it would be said before what is missing on disk.
  expect(() => pageOf({ PAGE: unescaped(elsewhere) }, "/nowhere")).toThrow("there is no page");
});

test("the stack says where the page is", () => {
  const output = Object.entries(withPage().output).find(([name]) => name.endsWith("approvals-page-url"));
  expect(output?.[1].value).toMatch(/\/$/);
});

test.each<[string, ApprovalsPageProps, string]>([
  ["no client", { clientId: "" }, "approvals.page.clientId"],
  ["a scope without openid", { ...PAGE, scope: "profile" }, "expected it to hold `openid`"],
  [
    "an endpoint without encryption",
    { ...PAGE, endpoints: { authorization: "https://p.example.com/a", token: "http://p.example.com/t" } },
    "approvals.page.endpoints.token",
  ],
])("fails for %s", (_why, page, message) => {
  expect(() => withPage(page)).toThrow(message);
});
