import type { Policy } from "../../policy";

/** Somebody who must agree to a change. */
export interface Reviewer {
  /** `owner`: of a field; `group`: of the identity provider, whose members approve; `team`: by its work. */
  readonly kind: "owner" | "group" | "team";
  readonly id: string;
  readonly name: string;
  readonly contact?: string;
}

/** Judges permissions, guards and code. */
export const SECURITY: Reviewer = { kind: "team", id: "security", name: "Security" };

/** Answers for the system; the policy's owner `identity` where there is a policy. */
const IDENTITY: Reviewer = { kind: "team", id: "identity", name: "Identity" };

/** Who is concerned, by the policy as it was: a change cannot choose who judges it. */
export class People {
  constructor(
    private readonly before: Policy | undefined,
    private readonly after: Policy | undefined,
  ) {}

  /** Owners by name, those of the base before those of the head; whoever is not declared is asked for by name all the same. */
  owner(...names: readonly (string | undefined)[]): Reviewer[] {
    return distinct(
      names.flatMap((id): Reviewer[] => {
        if (id === undefined) return [];
        const known = own(this.before?.owners, id) ?? own(this.after?.owners, id);
        if (known === undefined) return [id === "identity" ? IDENTITY : { kind: "owner", id, name: id }];
        return [{ kind: "owner", id, name: known.name, contact: known.contact }];
      }),
    );
  }

  identity(): Reviewer[] {
    return this.owner("identity");
  }

  /** Those who judge what is not one field's: permissions, guards, code. */
  technical(): Reviewer[] {
    return [...this.identity(), SECURITY];
  }

  groups(ids: readonly string[]): Reviewer[] {
    return ids.map((id) => ({ kind: "group", id, name: id }));
  }

  /** Owners of fields, by the base where it has the field. */
  ownersOf(fields: readonly string[]): Reviewer[] {
    return this.owner(
      ...fields.flatMap(
        (field) => own(this.before?.fields, field)?.owner ?? own(this.after?.fields, field)?.owner ?? [],
      ),
    );
  }
}

/** Each person once, in the order of first mention. */
export function distinct(people: readonly Reviewer[]): Reviewer[] {
  return [...new Map(people.map((each) => [`${each.kind} ${each.id}`, each])).values()];
}

/** A member that an object has of its own. */
export function own<Member>(record: Readonly<Record<string, Member>> | undefined, key: string): Member | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
