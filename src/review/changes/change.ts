import type { StatementRef } from "../documents";
import type { ExampleRequest } from "../finding";
import type { ReviewCode } from "./codes";
import type { Reviewer } from "./people";

/**
 * What a change does: `widens` lets more happen, or guards less; `narrows` the contrary; `look` could be either, or could not be read;
 * `neutral` does neither.
 */
export type Effect = "widens" | "narrows" | "look" | "neutral";

/** Effects from the one that a reader must see first. */
export const EFFECTS: readonly Effect[] = ["widens", "look", "narrows", "neutral"];

/** Where a change stands. */
export interface Place {
  /** Address of the resource, or the name of a block. */
  readonly address: string;
  readonly attribute?: string;
  /** The stack that has it: the head where both have. */
  readonly side: "base" | "head";
}

/** One thing that is different, in words for the people concerned. */
export interface Change {
  readonly code: ReviewCode;
  readonly effect: Effect;
  /** Lower-case start, no final period, names in backticks. */
  readonly message: string;
  /** Further lines: what shows it. */
  readonly details: readonly string[];
  /** Who must agree; nobody where nothing is wider. */
  readonly who: readonly Reviewer[];
  readonly places: readonly Place[];
  /** The statements that decide, of either side. */
  readonly statements: readonly StatementRef[];
  /** A request that is decided otherwise than before. */
  readonly request?: ExampleRequest;
  /** Where in the policy file, as in `fields.manager.class`. */
  readonly policyPath?: string;
}

/** A change with what is seldom said left out. */
export type Noted = Pick<Change, "code" | "effect" | "message"> &
  Partial<Pick<Change, "details" | "who" | "places" | "statements" | "request" | "policyPath">>;

/** Completes a change; only what widens, or what nobody can judge, is for somebody to agree to. */
export function changeOf({ details, who, places, statements, ...rest }: Noted): Change {
  const needsSomebody = rest.effect === "widens" || rest.effect === "look";
  return {
    ...rest,
    details: details ?? [],
    who: needsSomebody ? (who ?? []) : [],
    places: places ?? [],
    statements: statements ?? [],
  };
}

/** `widens` where it is looser, `narrows` where it is stricter. */
export function directed(looser: boolean): Effect {
  return looser ? "widens" : "narrows";
}

/** Names as people read them: a few, then how many more. */
export function listed(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).map((name) => `\`${name}\``);
  const rest = names.length - shown.length;
  return `${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
