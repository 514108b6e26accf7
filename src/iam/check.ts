import { IamDocumentError } from "./errors";
import { compileDocument, type DocumentKind } from "./statement";

/** Why the evaluator would refuse a document, or `undefined` where it judges it. */
export function documentProblem(document: unknown, kind: DocumentKind): IamDocumentError | undefined {
  try {
    compileDocument(document, kind);
    return undefined;
  } catch (error) {
    if (error instanceof IamDocumentError) return error;
    throw error;
  }
}
