import type { Person } from "../../policy/approvals";
import { delegationsTo } from "../../policy/delegations";
import type { Policy } from "../../policy/model";
import { UNSEEN } from "../../policy/values";
import { Problem, type HttpApiEvent } from "../http-api";
import type { DelegationOnRecord } from "../ledger";
import { tokenClaims } from "../token-claims";

/** Who calls, by the claims of a token that API Gateway has verified. */
export interface Caller extends Person {
  readonly groups: readonly string[];
  /** Those of `groups` that a delegation lends, with the delegation. */
  readonly delegations?: readonly DelegationOnRecord[];
  /** Absent where the token does not say: such a caller may read and not decide. */
  readonly workerId?: string;
}

/** The person behind a request. Throws `Problem` where no verified token says who that is. */
export function callerOf(
  event: HttpApiEvent,
  config: { readonly groupClaim: string; readonly workerIdClaim: string },
): Caller {
  const claims = tokenClaims(event, config);
  const issuer = claimText(claims?.["iss"]);
  const subject = claimText(claims?.["sub"]);
  if (claims === undefined || issuer === undefined || subject === undefined) {
    throw new Problem(401, "NotAuthenticated", "the request carries no verified token with issuer and subject");
  }
  return {
    issuer,
    subject,
    groups: groupsOf(claims[config.groupClaim]),
    workerId: workerIdOf(claims[config.workerIdClaim]),
  };
}

/** The caller with the groups that delegations of the policy lend them at a moment (milliseconds since the epoch), besides their own. */
export function standingIn(caller: Caller, policy: Policy, nowMs: number): Caller {
  const delegations = delegationsTo(policy, caller.subject, nowMs)
    .filter(({ group }) => !caller.groups.includes(group))
    .map(({ id, group, from, until }) => ({ id, group, from, until }));
  if (delegations.length === 0) return caller;
  return { ...caller, groups: [...caller.groups, ...delegations.map(({ group }) => group)], delegations };
}

/** The caller's worker id. Throws `Problem` where the token does not say: accounts of one person could not be told. */
export function requireWorkerId({ workerId }: Caller): string {
  if (workerId !== undefined) return workerId;
  throw new Problem(403, "WorkerIdMissing", "the token does not say whose record is the caller's own");
}

/** Issuer and subject alone, as records keep them. */
export function personOf({ issuer, subject }: Person): Person {
  return { issuer, subject };
}

function claimText(claim: unknown): string | undefined {
  // A number beyond a double's whole ones may be another person's.
  if (typeof claim === "number") return Number.isSafeInteger(claim) ? String(claim) : undefined;
  return typeof claim === "string" && claim.trim() !== "" ? claim : undefined;
}

/** The caller's worker id; none where it holds what cannot be seen, which no event's worker id does either. */
function workerIdOf(claim: unknown): string | undefined {
  const id = claimText(claim);
  return id === undefined || UNSEEN.test(id) ? undefined : id;
}

/** The groups of a claim: a list of names, or one name. A text is one name, whatever it looks like. */
export function groupsOf(claim: unknown): string[] {
  if (Array.isArray(claim)) return claim.filter((group) => typeof group === "string");
  return typeof claim === "string" && claim !== "" ? [claim] : [];
}
