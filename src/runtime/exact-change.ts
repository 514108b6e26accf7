import { canonicalDigest } from "../core";
import type { Scalar } from "../policy/model";

/** The one change that is approved and written: nothing else fits its digest. */
export interface ExactChange {
  /** The worker's id in the HRIS. */
  readonly worker: string;
  readonly field: string;
  /** The HRIS's value before; `null` where it is empty. */
  readonly from: Scalar | null;
  /** `null` where it is emptied. */
  readonly to: Scalar | null;
  /** The lifecycle event's name. */
  readonly event: string;
  readonly policyDigest: string;
}

/**
 * The message whose MAC is the digest of an exact change: Inspect generates it, the gateway verifies it with the value
 * that it was sent. A prefix per purpose keeps one key's MACs from standing in for each other.
 */
export function changeMessage(change: ExactChange): string {
  const { worker, field, from, to, event, policyDigest } = change;
  return `change\n${canonicalDigest({ worker, field, from, to, event, policyDigest })}`;
}

/** The message whose MAC makes the opaque reference of a worker. */
export function workerMessage(workerId: string): string {
  return `worker\n${workerId}`;
}

/** The opaque reference of a worker from the MAC of `workerMessage`: `w-` and 32 hexadecimal digits. */
export function workerRefOf(mac: string): string {
  return `w-${mac.slice(0, 32)}`;
}
