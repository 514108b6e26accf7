import { CHANGE_FAMILIES } from "./changes";
import { EVIDENCE_FAMILIES } from "./evidence";
import { PEOPLE_FAMILIES } from "./people";
import { POLICY_FAMILIES } from "./policy";
import { REVIEW_FAMILIES } from "./review";
import type { Family } from "./rule";
import { SYNTH_FAMILIES } from "./synth";

/** Every code of the project, in the order in which one meets them. */
export const FAMILIES: readonly Family[] = [
  ...POLICY_FAMILIES,
  ...SYNTH_FAMILIES,
  ...REVIEW_FAMILIES,
  ...CHANGE_FAMILIES,
  ...PEOPLE_FAMILIES,
  ...EVIDENCE_FAMILIES,
];
