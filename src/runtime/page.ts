import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

import * as z from "zod";

import { isEncryptedOrLocal, PAGE_ROUTES, routeKeyOf } from "../core";
import { membersOf, type Environment } from "./config";
import { jsonResponse, Problem, type HttpApiEvent, type HttpApiResponse } from "./http-api";

const endpoint = z
  .url()
  .refine((url) => URL.canParse(url) && isEncryptedOrLocal(new URL(url)), "expected https, or http on loopback");

/** What the page is told of the identity provider: nothing of it is secret. */
const settingsSchema = z.strictObject({
  issuer: endpoint,
  clientId: z.string().min(1),
  scope: z.string().min(1),
  /** Absent where the issuer's discovery document says them. */
  authorizationEndpoint: endpoint.optional(),
  tokenEndpoint: endpoint.optional(),
  endSessionEndpoint: endpoint.optional(),
});
export type PageSettings = z.infer<typeof settingsSchema>;

/** Answers the page's routes; `undefined` for every other. */
export type Page = (event: HttpApiEvent) => HttpApiResponse | undefined;

/** Files of a built page, by their paths in its folder. */
export type PageFiles = ReadonlyMap<string, string>;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Every answer of the page's routes: nobody frames it, guesses its type or learns where a reader came from. */
const HEADERS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "strict-transport-security": "max-age=31536000",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
} as const;

/** A year, for a file whose name changes with its content. */
const FOREVER = "public, max-age=31536000, immutable";

/**
 * The page of a function's environment and folder; `undefined` where the environment names none. Throws for settings that are wrong, and where the
 * folder holds no page.
 */
export function pageOf(env: Environment, dir: string): Page | undefined {
  const { page } = membersOf(env);
  if (page === undefined) return undefined;
  return createPage(settingsSchema.parse(JSON.parse(page)), readPageFiles(dir));
}

/** The page as its routes give it out: static files and the public settings. Looks at nothing of a request but its path. */
export function createPage(settings: PageSettings, files: PageFiles): Page {
  const policy = contentSecurityPolicy(settings);
  const file = (path: string, caching: string): HttpApiResponse => {
    const body = files.get(path);
    if (body === undefined) throw new Problem(404, "NoSuchFile", "the page has no such file");
    return {
      statusCode: 200,
      headers: {
        ...HEADERS,
        "content-type": TYPES[extname(path)] ?? "application/octet-stream",
        "cache-control": caching,
        "content-security-policy": policy,
      },
      body,
    };
  };
  return ({ routeKey, pathParameters }) => {
    switch (PAGE_ROUTES.find((route) => routeKeyOf(route) === routeKey)?.id) {
      case "page":
        return file("index.html", "no-store");
      case "asset":
        return file(`assets/${pathParameters?.["file"] ?? ""}`, FOREVER);
      case "config":
        return jsonResponse(200, settings);
      default:
        return undefined;
    }
  };
}

/**
 * Nothing but the page's own files, talking to its own API and to the identity provider. No script, style or markup can come from a text: the page
 * makes none (`trusted-types`), and the browser would not run it.
 */
function contentSecurityPolicy({ issuer, tokenEndpoint }: PageSettings): string {
  const provider = [issuer, tokenEndpoint].flatMap((url) => (url === undefined ? [] : [new URL(url).origin]));
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${[...new Set(provider)].join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

/** Reads a built page. Throws where there is none. */
export function readPageFiles(dir: string): PageFiles {
  if (!existsSync(join(dir, "index.html"))) {
    throw new Error(`there is no page in ${dir}: build the handlers with \`npm run build\``);
  }
  const read = (path: string): [string, string] => [path, readFileSync(join(dir, path), "utf8")];
  return new Map([read("index.html"), ...readdirSync(join(dir, "assets")).map((name) => read(`assets/${name}`))]);
}
