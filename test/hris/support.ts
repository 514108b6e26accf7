import { fetchHttp } from "../../src/hris";
import type { AdapterPorts, HttpClient, HttpRequest, HttpResponse } from "../../src/hris";

export const SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hris-reader-AbCdEf";
export const TODAY = "2026-11-23";
export const NOW_MS = Date.parse("2026-11-23T10:00:00Z");

/** Ports that really send, with a secret and a clock that stands still. */
export function realPorts(secret: string | (() => string), timeoutMs?: number): AdapterPorts {
  const http: HttpClient = (request) =>
    fetchHttp(timeoutMs === undefined ? request : { ...request, timeoutMs: Math.min(timeoutMs, request.timeoutMs) });
  return {
    http,
    secret: () => Promise.resolve(typeof secret === "string" ? secret : secret()),
    now: () => NOW_MS,
  };
}

/** Ports whose HTTP answers from a function and keeps what was sent. */
export function scriptedPorts(
  answer: (request: HttpRequest, count: number) => Partial<HttpResponse> | Error,
  secret: (fresh: boolean) => string = () => "secret",
): AdapterPorts & { readonly sent: HttpRequest[] } {
  const sent: HttpRequest[] = [];
  return {
    sent,
    http: (request) => {
      sent.push(request);
      const given = answer(request, sent.length);
      return given instanceof Error
        ? Promise.reject(given)
        : Promise.resolve({ status: 200, headers: {}, body: "", ...given });
    },
    secret: (fresh) =>
      new Promise((resolve) => {
        resolve(secret(fresh));
      }),
    now: () => NOW_MS,
  };
}

export const json = (value: unknown, status = 200): Partial<HttpResponse> => ({ status, body: JSON.stringify(value) });

/** An error of a port with a name that adapters know. */
export function named(name: string): Error {
  const error = new Error("from the port");
  error.name = name;
  return error;
}
