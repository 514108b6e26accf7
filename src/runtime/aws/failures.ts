import { AccessDenied, ServiceUnavailable } from "../errors";

/** Error names by which AWS services say that there is too much, or not now. */
const UNAVAILABLE = new Set([
  "DependencyTimeoutException",
  "IDPCommunicationError",
  "InternalFailure",
  "InternalServerError",
  "InternalServiceError",
  "KMSInternalException",
  "KeyUnavailableException",
  "LimitExceededException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "RequestTimeout",
  "ServiceException",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "TimeoutError",
  "TooManyRequestsException",
  "TransactionConflictException",
  "TransactionInProgressException",
]);

const REFUSED = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "AuthorizationErrorException",
  "UnauthorizedException",
]);

/** Codes of connections that broke or never came to be. */
const NETWORK = new Set(["EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EPIPE", "ETIMEDOUT"]);

/**
 * An error of an SDK client as the ports promise it: `ServiceUnavailable` or `AccessDenied` with the service's error as its
 * cause, anything else as it is.
 */
export function translated(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name } = error;
  if (REFUSED.has(name)) return new AccessDenied(`refused: ${name}`, { cause: error });
  return isUnavailable(error) ? new ServiceUnavailable(`not now: ${name}`, { cause: error }) : error;
}

/** Runs a call of an SDK client and throws what `translated` makes of its failure. */
export async function calling<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translated(error);
  }
}

function isUnavailable(error: Error): boolean {
  const { $metadata, code } = error as Error & {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly code?: unknown;
  };
  const status = $metadata?.httpStatusCode ?? 0;
  return (
    UNAVAILABLE.has(error.name) ||
    error.name === "AbortError" ||
    status === 429 ||
    status >= 500 ||
    (typeof code === "string" && NETWORK.has(code))
  );
}
