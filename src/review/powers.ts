import type { Power } from "./power";
import { controlPowers, keyPowers, tablePowers } from "./powers-data";
import { evidencePowers } from "./powers-evidence";
import { eventPowers, topicPowers, workflowPowers } from "./powers-flow";
import { recordPowers } from "./powers-records";
import { apiPowers, credentialPowers, functionPowers, rolePowers } from "./powers-identity";
import { unlistedPowers } from "./powers-unlisted";
import type { System } from "./system";

export type { Power } from "./power";

/**
 * Every power that the trust model speaks of, over the resources of one stack: who may do what, as data. What a role is allowed
 * besides these is no power of the trust model, as writing its own log.
 */
export function powersOf(system: System): Power[] {
  const listed = [
    ...credentialPowers(system),
    ...rolePowers(system),
    ...workflowPowers(system),
    ...eventPowers(system),
    ...topicPowers(system),
    ...tablePowers(system),
    ...controlPowers(system),
    ...functionPowers(system),
    ...keyPowers(system),
    ...apiPowers(system),
    ...recordPowers(system),
    ...evidencePowers(system),
  ].filter(({ asks }) => asks.length > 0);
  return [...listed, ...unlistedPowers(system, listed)];
}
