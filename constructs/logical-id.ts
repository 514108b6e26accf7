import { TerraformStack, type TerraformElement } from "cdktf";
import type { IConstruct } from "constructs";

import { canonicalDigest } from "../src/core";

const taken = new WeakMap<TerraformStack, Map<string, string>>();

/**
 * Gives a resource or output the logical name that a reviewer reads in a plan: its construct path inside the stack, joined by
 * `_`, without the hash that cdktf adds. So `write-back/classification/field_work_email` is
 * `write-back_classification_field_work_email`. Public: changing it replaces live resources.
 *
 * Throws where two paths would give one name, because Terraform would silently keep one of the two.
 */
export function readable<E extends TerraformElement>(element: E): E {
  const stack = TerraformStack.of(element);
  const logicalId = logicalNameOf(element);
  const key = `${element.constructor.name}.${logicalId}`;
  const names = taken.get(stack) ?? new Map<string, string>();
  taken.set(stack, names);
  const other = names.get(key);
  if (other !== undefined) {
    throw new Error(
      `${element.node.path}: has the same logical name \`${logicalId}\` as ${other}; give one of them another id`,
    );
  }
  names.set(key, element.node.path);
  element.overrideLogicalId(logicalId);
  return element;
}

/** The logical name of a construct, or of something inside it that is no construct. */
export function logicalNameOf(construct: IConstruct, ...inside: readonly string[]): string {
  const stack = TerraformStack.of(construct);
  const path = construct.node.scopes.slice(stack.node.scopes.length).map((scope) => scope.node.id);
  return [...path, ...inside].join("_").replace(/[^A-Za-z0-9_-]/g, "_");
}

/**
 * A construct id for a name of the policy: `joiner.provisioned` becomes `joiner--provisioned`. Different names give different
 * ids, and a name's id does not depend on what else the policy holds: what cannot be written plainly gets a hash.
 */
export function idOfName(name: string): string {
  const plain = name.replaceAll(".", "--");
  if (/^[A-Za-z0-9_-]*$/.test(plain) && !name.includes("--")) return plain;
  return `${plain.replace(/[^A-Za-z0-9_-]/g, "_")}-${canonicalDigest(name).slice(0, 8)}`;
}
