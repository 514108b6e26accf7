import { FIELD_NAME } from "../core";

/** Stands for a field whose name is not one: free text of an event does not travel through states, logs and events. */
const UNCLASSIFIED = "unclassified";

/** The name under which a change's field travels: its own where it can be a field of a policy, else `unclassified`. */
export function fieldLabel(field: string): string {
  return FIELD_NAME.test(field) ? field : UNCLASSIFIED;
}
