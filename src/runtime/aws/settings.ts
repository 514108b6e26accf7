/**
 * How SDK clients are made: bounded times, and retries only where a repeat is harmless. Every deadline lies inside the shortest
 * function that uses the client.
 */

/** Times of one exchange with an AWS service, in milliseconds. */
export const EXCHANGE = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true } as const;

/**
 * Attempts of a call that may be repeated: reads, calls with a token (every conditional write is a transaction with one), and writes
 * that come to the same however often they are made.
 */
export const REPEATABLE_ATTEMPTS = 3;

/** Attempts of a call that may not. */
export const ONCE = 1;
