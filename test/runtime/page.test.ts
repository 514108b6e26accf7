import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";

import type { HttpApiEvent } from "../../src/runtime/http-api";
import { createPage, pageOf, readPageFiles } from "../../src/runtime/page";
import { World } from "./world";

const SETTINGS = { issuer: "https://login.example.com/tenant", clientId: "page", scope: "openid" };
const FILES = new Map([
  ["index.html", "<!doctype html>"],
  ["assets/main-1.js", "void 0;"],
  ["assets/page-1.css", "* {}"],
  ["assets/icon-1.svg", "<svg/>"],
]);

/** Where the build leaves the page. */
const PAGE_DIR = resolve(__dirname, "../../dist/handlers/approvals/page");

const ask = (routeKey: string, file?: string): HttpApiEvent => ({
  routeKey,
  ...(file === undefined ? {} : { pathParameters: { file } }),
  requestContext: {},
});
const page = createPage(SETTINGS, FILES);
const policyOf = (settings = SETTINGS): Record<string, string> => {
  const { headers } = createPage(settings, FILES)(ask("GET /"))!;
  const parts = headers["content-security-policy"]!.split("; ");
  return Object.fromEntries(parts.map((part) => [part.split(" ")[0]!, part.split(" ").slice(1).join(" ")]));
};

/** A folder as the build makes it. */
function builtPage(): string {
  const dir = mkdtempSync(join(tmpdir(), "writeback-page-"));
  mkdirSync(join(dir, "assets"));
  for (const [path, text] of FILES) writeFileSync(join(dir, path), text);
  return dir;
}

test("the page is the same for everybody, never kept, and its files are kept for good", () => {
  expect(page(ask("GET /"))).toMatchObject({
    statusCode: 200,
    headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" },
    body: "<!doctype html>",
  });
  expect(page(ask("GET /assets/{file}", "main-1.js"))).toMatchObject({
    statusCode: 200,
    headers: {
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
    },
    body: "void 0;",
  });
  expect(page(ask("GET /assets/{file}", "page-1.css"))?.headers["content-type"]).toBe("text/css; charset=utf-8");
  expect(page(ask("GET /assets/{file}", "icon-1.svg"))?.headers["content-type"]).toBe("image/svg+xml");
});

test("nothing but its own files and its own API: no inline script, no style, no frame, no markup from text", () => {
  expect(policyOf()).toEqual({
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self' https://login.example.com",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
  });
});

test("it may talk to the provider's token endpoint where that has an origin of its own", () => {
  const elsewhere = { ...SETTINGS, tokenEndpoint: "https://pool.auth.example.com/oauth2/token" };
  expect(policyOf(elsewhere)["connect-src"]).toBe("'self' https://login.example.com https://pool.auth.example.com");
});

test.each(["GET /", "GET /assets/{file}", "GET /config.json"])(
  "%s: nobody frames it or guesses its type",
  (routeKey) => {
    const { headers } = page(ask(routeKey, "main-1.js"))!;
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    // Settings are data, which no browser shows as a page.
    if (routeKey === "GET /config.json") return;
    expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
    expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
    expect(headers["strict-transport-security"]).toBe("max-age=31536000");
    expect(headers["permissions-policy"]).toContain("camera=()");
  },
);

test("its settings are what the stack says, and no more", () => {
  const answer = page(ask("GET /config.json"))!;
  expect(JSON.parse(answer.body)).toEqual(SETTINGS);
  expect(answer.headers["cache-control"]).toBe("no-store");
});

test.each(["", "main-2.js", "../index.html", "..%2findex.html", "/etc/passwd", "__proto__"])(
  "fails for the file `%s`, which the page does not have",
  (file) => {
    expect(() => page(ask("GET /assets/{file}", file))).toThrow("NoSuchFile");
  },
);

test("leaves every other route to the API", () => {
  for (const routeKey of ["GET /approvals", "POST /", "GET /assets", "$default"]) {
    expect(page(ask(routeKey))).toBeUndefined();
  }
});

describe("the page that is built", () => {
  const files = [...readPageFiles(PAGE_DIR)].filter(([path]) => path.startsWith("assets/"));
  const script = files
    .filter(([path]) => path.endsWith(".js"))
    .map(([, text]) => text)
    .join("");

  test("is small: a phone has it in a second", () => {
    const sizes = files.map(([, text]) => gzipSync(text).length);
    expect(script.length).toBeGreaterThan(10_000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(24_000);
  });

  test("keeps nothing beyond the tab, makes no markup of text and runs none", () => {
    expect(script).toContain("sessionStorage");
    expect(script).not.toMatch(/localStorage|indexedDB|document\.cookie|caches\.open|serviceWorker/);
    expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc/);
  });
});

describe("from a function's environment and folder", () => {
  test("serves what was built", () => {
    const built = pageOf({ PAGE: JSON.stringify(SETTINGS) }, builtPage())!;
    expect(built(ask("GET /"))?.body).toBe("<!doctype html>");
    expect(built(ask("GET /assets/{file}", "main-1.js"))?.body).toBe("void 0;");
  });

  test("there is none where the environment names none", () => {
    expect(pageOf({}, "/nowhere")).toBeUndefined();
  });

  test("fails where nothing was built", () => {
    expect(() => readPageFiles("/nowhere")).toThrow("npm run build");
  });

  test.each<[string, object]>([
    ["an issuer without encryption", { issuer: "http://login.example.com" }],
    ["an issuer that is no URL", { issuer: "login.example.com" }],
    ["no client", { clientId: "" }],
    ["something unknown, such as a secret", { clientSecret: "s3cret" }],
    ["a token endpoint without encryption", { tokenEndpoint: "http://login.example.com/token" }],
  ])("fails for %s", (_why, wrong) => {
    expect(() => pageOf({ PAGE: JSON.stringify({ ...SETTINGS, ...wrong }) }, builtPage())).toThrow();
  });
});

describe("in front of the handler", () => {
  test("is answered without a token; no other route is", async () => {
    const world = new World(undefined, { page });
    expect(await world.approvals(ask("GET /"))).toMatchObject({ statusCode: 200 });
    expect(await world.approvals(ask("GET /config.json"))).toMatchObject({ statusCode: 200 });
    expect(await world.approvals(ask("GET /assets/{file}", "nothing.js"))).toMatchObject({ statusCode: 404 });
    expect(await world.approvals(ask("GET /approvals"))).toMatchObject({ statusCode: 401 });
  });

  test("is not found where the stack has none", async () => {
    expect(await new World().approvals(ask("GET /"))).toMatchObject({ statusCode: 404 });
  });

  test("every answer with values is data to a browser and is not kept", async () => {
    const { headers } = await new World().approvals(ask("GET /approvals"));
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    });
  });
});
