import * as fc from "fast-check";

import { compileNames, type WorkflowPolicy } from "../../src/compile";
import { FIELD_CLASSES, type Field, type FieldClass } from "../../src/policy/model";

export const NAMES = compileNames({ prefix: "acme", accountId: "111122223333", region: "eu-west-1" });

/** A field of a class, with everything else as plain as it gets. */
export function field(fieldClass: FieldClass, rest: Partial<Field> = {}): Field {
  return {
    class: fieldClass,
    owner: "identity",
    sourceOfTruth: "directory",
    events: fieldClass === "never" ? [] : ["joiner.provisioned"],
    hrisField: "invented",
    sourceField: "invented",
    writeOnce: false,
    ...(fieldClass === "never" ? {} : { check: "equals-source" as const }),
    ...(fieldClass === "conditional"
      ? { approval: { groups: [{ group: "hr-ops-approvers", count: 1 }], expires: "PT24H" } }
      : {}),
    ...rest,
  };
}

export const POLICY = {
  fields: {
    work_email: field("safe"),
    account_id: field("safe", { writeOnce: true }),
    manager: field("conditional"),
    base_salary: field("never"),
  },
} satisfies WorkflowPolicy;

/** Policies of a few fields, of any mix of classes. */
export const policies: fc.Arbitrary<WorkflowPolicy> = fc
  .dictionary(fc.stringMatching(/^[a-z][a-z0-9_]{0,9}$/), fc.constantFrom(...FIELD_CLASSES), { maxKeys: 12 })
  .map((classes) => ({
    fields: Object.fromEntries(Object.entries(classes).map(([name, fieldClass]) => [name, field(fieldClass)])),
  }));

/** A JSON object that a test may change at will. */
export type Tree = { [key: string]: unknown };

/** A copy to change, and the ways into it that tests take. */
export function mutable(machine: object): {
  machine: Tree;
  top: Tree;
  map: Tree;
  scope: Tree;
  state: (name: string) => Tree;
} {
  const copy = structuredClone(machine) as Tree;
  const top = copy["States"] as Tree;
  const map = top["Changes"] as Tree;
  const scope = (map["ItemProcessor"] as Tree)["States"] as Tree;
  return { machine: copy, top, map, scope, state: (name) => (scope[name] ?? top[name]) as Tree };
}
