import { readFileSync } from "node:fs";

import { PolicyError, UsageError } from "../src/core";
import { parsePolicy, type Policy, type PolicyInput } from "../src/policy";
import { systemsToRead } from "./checks";
import type { HrisConnection, SourceConnection } from "./hris";

/** Where the policy comes from. */
export type PolicySource =
  | { readonly file: string }
  /** YAML text; `file` names it in findings. */
  | { readonly text: string; readonly file?: string }
  | { readonly input: PolicyInput };

/** ARNs of the principals that speak for a publisher, as a table or as a convention. */
export type PublisherPrincipals =
  Readonly<Record<string, readonly string[]>> | ((publisher: string) => readonly string[]);

/** Throws `PolicyError` with all findings, at the file's lines where there is a file. */
export function policyOf(source: PolicySource): Policy {
  if ("input" in source) return parsePolicy(source.input);
  const text = "text" in source ? source.text : readText(source.file);
  try {
    return parsePolicy(text);
  } catch (error) {
    throw error instanceof PolicyError ? new PolicyError(error.findings, source.file) : error;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new UsageError(`cannot read the policy file ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** Groups that the policy's owners name: only these can be asked. */
export function approverGroupsOf(policy: Policy): string[] {
  const groups = Object.values(policy.owners).flatMap(({ approvers }) => approvers?.group ?? []);
  return [...new Set(groups)].sort();
}

/** A convention, written out for every publisher that the policy declares. */
export function publishersOf(
  policy: Policy,
  publishers: PublisherPrincipals,
): Readonly<Record<string, readonly string[]>> {
  if (typeof publishers !== "function") return publishers;
  return Object.fromEntries(Object.keys(policy.publishers).map((name) => [name, publishers(name)]));
}

type Connections = Readonly<Record<string, HrisConnection | SourceConnection>>;

/** The connections that handlers read: the HRIS always, others where the policy asks them. Sorted by name. */
export function readConnections(policy: Policy, connections: Connections, hrisSystem: string): Connections {
  const wanted = new Set([...systemsToRead(policy), hrisSystem]);
  return Object.fromEntries(
    Object.entries(connections)
      .filter(([system]) => wanted.has(system))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
