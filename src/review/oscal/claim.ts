import type { Facts } from "./facts";
import type { Controls } from "./frameworks";

/** Parts of a write-back that claims are made about. */
export const PARTS = {
  classification: {
    title: "Field classification",
    type: "policy",
    description: "Which worker fields may be written back, by whom, after which event and approval",
  },
  identities: {
    title: "Roles of the write-back",
    type: "service",
    description: "One role for each function and state machine, with exactly what its work needs",
  },
  lifecycle: {
    title: "Lifecycle bus",
    type: "service",
    description: "Where publishers put events, each its own source alone, and the queue that intake reads",
  },
  workflow: {
    title: "Workflow and approvals",
    type: "service",
    description: "The state machine that every change passes, and the API where people decide",
  },
  connector: {
    title: "Connector session",
    type: "service",
    description: "The role that the broker assumes for one grant: one request to the field gateway",
  },
  gateway: {
    title: "Field gateway",
    type: "service",
    description:
      "The one API method through which a field is written, before the only reader of the writer's credential",
  },
  ledger: {
    title: "Change ledger",
    type: "service",
    description: "Records of every request, decision, approval, grant and outcome, which nothing updates",
  },
  keys: { title: "Encryption", type: "service", description: "Keys of the stack, and what is encrypted with them" },
  audit: {
    title: "Audit trail",
    type: "service",
    description: "CloudTrail's records, the rules on what must never happen, and the alarms",
  },
  "kill-switch": {
    title: "Kill switch",
    type: "service",
    description: "Stops the system in layers that no apply undoes",
  },
} as const;
export type Part = keyof typeof PARTS;

/** Something that a stack is claimed to do for controls. It is made only while the resources that carry it are there, and are as they must be. */
export interface Claim {
  /** Public and stable. */
  readonly id: string;
  readonly part: Part;
  /** What the stack does. One sentence, without a word on what handlers' code does unless it says so. */
  readonly says: string;
  readonly controls: Controls;
  /**
   * The resources that carry it, in groups of which each must have one: a claim that rests on a role and on a key has two groups. Without one
   * in every group there is no claim.
   */
  readonly carriers: (facts: Facts) => readonly (readonly string[])[];
}

/** A claim of a stack, with all that carries it. */
export interface MadeClaim extends Claim {
  /** By group, none of them empty. */
  readonly groups: readonly (readonly string[])[];
  readonly resources: readonly string[];
}
