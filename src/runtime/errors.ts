/**
 * Errors that leave a handler or a port under a name that others match: the workflow's `Retry` and `Catch`
 * (`RETRYABLE_ERRORS` in the core contract), or a handler. Names are literals, because bundlers rename classes.
 */

/** The classification table does not hold the policy that this handler was deployed with. */
export class PolicyInTransition extends Error {
  override readonly name = "PolicyInTransition";
}

/** A read of the HRIS or of a source of truth did not succeed; nothing was written. */
export class ReadUnavailable extends Error {
  override readonly name = "ReadUnavailable";
}

/** An AWS service cannot answer now. Whether what was asked had an effect is not known. */
export class ServiceUnavailable extends Error {
  override readonly name = "ServiceUnavailable";
}

/** An AWS service refused the permission. Waiting does not help. */
export class AccessDenied extends Error {
  override readonly name = "AccessDenied";
}

/** The ledger does not hold what a reference names: a defect or a forged input, never a wait. */
export class UnknownReference extends Error {
  override readonly name = "UnknownReference";
}
