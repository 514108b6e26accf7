import type { Statement } from "../../iam";
import { blocksOf, textOf } from "../body";
import type { StackDocument } from "../documents";
import { arnOf } from "../identity";
import type { Proof } from "../prove";
import { Unreadable, type Body, type Resource, type Stack, type Value } from "../stack";
import { rolesTagged, sorted, type System } from "../system";
import type { Principal } from "../principals";

/** What claims ask of a stack. Each answer is addresses of resources; nothing is found where something is not known. */
export class Facts {
  readonly stack: Stack;

  constructor(
    readonly system: System,
    readonly proof: Proof,
  ) {
    this.stack = system.stack;
  }

  /** Resources of a type that are as asked. */
  those(type: string, isSo: (body: Body, resource: Resource) => boolean = () => true): string[] {
    return this.stack.resources(type).flatMap((resource) => (isSo(resource.body, resource) ? [resource.address] : []));
  }

  /** Whether an invariant is proved: neither a counterexample nor something that could not be read. */
  isProved(number: number): boolean {
    return this.proof.invariants.some((each) => each.number === number && each.verdict === "proved");
  }

  /** What gives a power to those alone that may have it; nothing where nobody has it, or somebody else too. */
  heldAsMeant(id: string): string[] {
    const row = this.proof.powers.find(({ power }) => power.id === id);
    if (row === undefined) return [];
    const isMeant = row.held.every(
      ({ tag, isInsider }) => isInsider && tag !== undefined && row.power.allowed.includes(tag),
    );
    return isMeant ? sorted(row.held.flatMap(({ statements }) => statements.map(({ resource }) => resource))) : [];
  }

  /** Whether a power was asked for and nobody has it. */
  heldByNobody(id: string): boolean {
    return this.proof.powers.some(({ power, held }) => power.id === id && held.length === 0);
  }

  role(tag: string): Principal | undefined {
    return rolesTagged(this.system, tag)[0];
  }

  /** The resource of an ARN. */
  of(type: string, arn: string | undefined): string[] {
    return arn === undefined ? [] : this.those(type, (_body, resource) => arnOf(this.stack, resource) === arn);
  }

  /** Resource policies of a kind with a statement that is as asked. */
  policiesWith(kinds: readonly string[], isSo: (statement: Statement) => boolean): string[] {
    return sorted(
      this.system.policies
        .filter(({ kind }) => kinds.includes(kind))
        .flatMap(({ documents }) => documents.filter((document) => hasStatement(document, isSo)))
        .map(({ resource }) => resource),
    );
  }
}

export function hasStatement({ statements }: StackDocument, isSo: (statement: Statement) => boolean): boolean {
  return statements.some(({ statement }) => isSo(statement));
}

/** A denial of requests without TLS. */
export function deniesPlainText({ Effect: effect, Condition: condition }: Statement): boolean {
  return effect === "Deny" && condition?.["Bool"]?.["aws:SecureTransport"] === "false";
}

/** Whether an argument is written, and known. */
export function isGiven(value: Value): boolean {
  return value !== undefined && value !== null && value !== "" && !(value instanceof Unreadable);
}

/** Whether a block of a resource has an argument that is `true`. */
export function isOn(body: Body, block: string, argument = "enabled"): boolean {
  return blocksOf(body, block).some((each) => each[argument] === true);
}

/** A member of a block, as text. */
export function textIn(body: Body, block: string, argument: string): string | undefined {
  return blocksOf(body, block)
    .map((each) => textOf(each, argument))
    .find((text) => text !== undefined);
}
