import * as z from "zod";

import { DEADLINES_MS, GATEWAY_METHOD, PAYLOAD_VERSION } from "../../core";
import { connectorInputSchema, type ConnectorOutput } from "../payloads";
import type { SignedHttp } from "../ports";

export interface ConnectorPorts {
  readonly http: SignedHttp;
}

/** How long the one request may take: a little longer than API Gateway waits for the gateway. */
const TIMEOUT_MS = DEADLINES_MS.api + 1_000;

const answerSchema = z.object({ retryAfterSeconds: z.number().min(0).optional() });

/**
 * The managed connector: sends the one request that its session allows, once, and reports the status. It holds no authority of
 * its own and logs nothing, because its payload carries a value and credentials. The broker does not trust its reply.
 */
export function createHandler(ports: ConnectorPorts): (event: unknown) => Promise<ConnectorOutput> {
  return async (event) => {
    const input = parseInput(event);
    const { status, body } = await ports.http.send({
      method: GATEWAY_METHOD,
      url: input.url,
      body: JSON.stringify({ value: input.value }),
      credentials: input.credentials,
      region: input.region,
      timeoutMs: TIMEOUT_MS,
    });
    const retryAfterSeconds = retryAfterOf(body);
    return { version: PAYLOAD_VERSION, status, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
  };
}

/** The payload, or an error that names no member's content. */
function parseInput(event: unknown): z.infer<typeof connectorInputSchema> {
  const parsed = connectorInputSchema.safeParse(event);
  if (!parsed.success) throw new TypeError("the payload is not one of the broker's");
  return parsed.data;
}

function retryAfterOf(body: string): number | undefined {
  try {
    const parsed = answerSchema.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data.retryAfterSeconds : undefined;
  } catch {
    return undefined;
  }
}
