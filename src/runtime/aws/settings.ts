/**
 * How SDK clients are made: bounded times, and retries only where a repeat is harmless. Every deadline lies inside the shortest
 * function that uses the client.
 */

/** Times of one exchange with an AWS service, in milliseconds. */
export const EXCHANGE = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true } as const;

/** Attempts of a call that may be repeated: reads, conditional writes, calls with a token. */
export const REPEATABLE_ATTEMPTS = 3;

/** Attempts of a call that may not. */
export const ONCE = 1;
