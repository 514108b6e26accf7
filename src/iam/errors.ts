/**
 * A policy document that the evaluator will not judge: malformed, or using a part of the grammar whose meaning it does
 * not model. Raised instead of skipping a statement, because a skipped Deny reads as a permission.
 */
export class IamDocumentError extends Error {
  override readonly name = "IamDocumentError";

  constructor(
    /** Where in the document, as in `Statement[2].Condition.StringEqualz`. */
    readonly path: string,
    problem: string,
  ) {
    super(`${path}: ${problem}`);
  }
}

/** A request that no AWS service could have made, or whose context does not fit the documents it is held against. */
export class IamRequestError extends Error {
  override readonly name = "IamRequestError";
}
