import { isRequestId } from "../../core";
import { Problem, type HttpApiEvent } from "../http-api";
import type { ChangePlace } from "../records";

/** The request that a path names. Throws `Problem`. */
export function requestIdOf(event: HttpApiEvent): string {
  const { requestId } = event.pathParameters ?? {};
  if (requestId === undefined || !isRequestId(requestId)) throw notFound();
  return requestId;
}

/** The change that a path names. Throws `Problem`. */
export function placeOf(event: HttpApiEvent): ChangePlace {
  const { index } = event.pathParameters ?? {};
  if (index === undefined || !/^(0|[1-9]\d{0,2})$/.test(index)) throw notFound();
  return { requestId: requestIdOf(event), index: Number(index) };
}

export function notFound(): Problem {
  return new Problem(404, "NoSuchChange", "there is no such change");
}
