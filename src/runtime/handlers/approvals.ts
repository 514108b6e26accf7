import type * as z from "zod";

import { APPROVAL_ROUTES, routeKeyOf, type ApprovalRouteId } from "../../core";
import { callerOf, standingIn, type Caller } from "../approvals/caller";
import { decideOn, decideOnSeveral, decisionOf, decisionsOf } from "../approvals/decide";
import { listWaiting } from "../approvals/list";
import { acknowledge, listNotices, showNotice } from "../approvals/notices";
import { placeOf, requestIdOf } from "../approvals/place";
import { showChange, showRequest } from "../approvals/show";
import { resume, resumeOf, showSystem } from "../approvals/system";
import type { ApprovalsPorts } from "../approvals/world";
import { configSchema as configOf, membersOf, type Environment } from "../config";
import {
  bodyOf,
  httpApiEventSchema,
  jsonResponse,
  Problem,
  problemOf,
  problemResponse,
  type HttpApiEvent,
  type HttpApiResponse,
} from "../http-api";
import { createPolicySource } from "../policy-source";

export type { ApprovalsPorts };

export const configSchema = configOf("manifestHash", "groupClaim", "workerIdClaim", "operatorsGroup");
export type ApprovalsConfig = z.infer<typeof configSchema>;

export function parseConfig(env: Environment): ApprovalsConfig {
  return configSchema.parse(membersOf(env));
}

/** Answers a route for a caller that API Gateway has verified. */
type Answer = (caller: Caller, event: HttpApiEvent) => Promise<object>;

/**
 * The approvals API. Lists the changes that wait for the caller's groups, shows the exact change with its values to those who
 * may decide on it (and to the field's owner), records one decision per person, and ends the wait when the approval is
 * complete or denied. The workflow reads the decisions again from the ledger, whatever this API sends it. It also is the inbox of
 * notified facts, and the place where two operators agree that a stopped system runs again.
 *
 * A denial holds from the moment it is on record, also when the approval was complete before: no write begins after it. Where one
 * had begun, the answer is not `complete` and says `tooLate`.
 *
 * Refusals are problem documents with a `code`; a refused decision is a record too. A repeated decision is answered like the first;
 * another decision by the same person, from whichever account, is refused. A wait whose approval is complete already, left open by a
 * crash or filed again by a retried task, is ended by the next decision or list that meets it.
 */
export function createHandler(
  ports: ApprovalsPorts,
  config: ApprovalsConfig,
): (event: unknown) => Promise<HttpApiResponse> {
  const pinned = createPolicySource(ports.store, config.manifestHash);
  const { operatorsGroup } = config;

  // A delegation lends decisions on changes: neither an owner's inbox nor an operator's part.
  const asApprover = async (caller: Caller): Promise<Caller> =>
    standingIn(caller, (await pinned()).policy, ports.clock.now());

  const answers: Readonly<Record<ApprovalRouteId, Answer>> = {
    list: async (caller) => listWaiting(ports, pinned, await asApprover(caller)),
    request: async (caller, event) =>
      showRequest(ports, (await pinned()).policy, await asApprover(caller), requestIdOf(event)),
    "decide-request": async (caller, event) => {
      const made = decisionsOf(bodyOf(event));
      return decideOnSeveral(ports, await pinned(), await asApprover(caller), requestIdOf(event), made);
    },
    read: async (caller, event) => showChange(ports, (await pinned()).policy, await asApprover(caller), placeOf(event)),
    decide: async (caller, event) => {
      const made = decisionOf(bodyOf(event));
      return decideOn(ports, await pinned(), await asApprover(caller), placeOf(event), made);
    },
    notices: async (caller) => listNotices(ports, await pinned(), caller),
    notice: async (caller, event) => showNotice(ports, await pinned(), caller, placeOf(event)),
    acknowledge: async (caller, event) => acknowledge(ports, await pinned(), caller, placeOf(event)),
    // Not under the policy: a stopped system is looked at and resumed also while an apply is under way.
    system: (caller) => showSystem(ports, operatorsGroup, caller),
    resume: (caller, event) => resume(ports, operatorsGroup, caller, resumeOf(bodyOf(event))),
  };

  const answer = async (event: HttpApiEvent): Promise<HttpApiResponse> => {
    const shown = ports.page?.(event);
    if (shown !== undefined) return shown;
    const route = APPROVAL_ROUTES.find((each) => routeKeyOf(each) === event.routeKey);
    if (route === undefined) throw new Problem(404, "NoSuchRoute", "there is no such route");
    return jsonResponse(200, await answers[route.id](callerOf(event, config), event));
  };

  return async (event) => {
    try {
      return await answer(httpApiEventSchema.parse(event));
    } catch (error) {
      const problem = problemOf(error);
      // The authorizer has let it through: whoever cannot be told then is a provider set up wrongly, or a header that is not the verified one.
      const isStrange = problem.status >= 500 || problem.status === 401;
      ports.log[isStrange ? "error" : "warn"]("approvals-refused", {
        status: problem.status,
        code: problem.code,
      });
      return problemResponse(problem);
    }
  };
}
