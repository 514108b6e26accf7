import { documentProblem, type DocumentKind, type PolicyDocument, type Statement } from "../iam";
import { isRecord, Unreadable, type Resource, type Value } from "./stack";

/** A statement of a document, as a reader finds it again. */
export interface StatementRef {
  /** Address of the resource. */
  readonly resource: string;
  /** The argument that holds the document. */
  readonly attribute: string;
  /** Position in the document, from 0. */
  readonly index: number;
  readonly sid?: string;
  readonly effect: "Allow" | "Deny";
}

/** A policy document of the stack that the evaluator judges. */
export interface StackDocument {
  readonly resource: string;
  readonly attribute: string;
  readonly kind: DocumentKind;
  /** The document with marks in the place of Sids: an evaluation then says which statement of which resource decided. */
  readonly document: PolicyDocument;
  /** The statements as they are written. */
  readonly statements: readonly { readonly ref: StatementRef; readonly statement: Statement }[];
}

/** A document that cannot be judged, and why. */
export interface UnreadDocument {
  readonly resource: string;
  readonly attribute: string;
  readonly reason: string;
  /** What could be read of it all the same, for rules that look at single statements. */
  readonly statements: StackDocument["statements"];
}

export function isUnread(document: StackDocument | UnreadDocument): document is UnreadDocument {
  return !("document" in document);
}

/** Reads documents and finds their statements again by the marks that evaluations report. */
export class DocumentReader {
  private readonly refs = new Map<string, StatementRef>();
  private readonly known = new Map<string, StackDocument | UnreadDocument>();

  /** The document in an argument of a resource: literal JSON, or it is not read. */
  read(
    resource: Pick<Resource, "address">,
    attribute: string,
    value: Value,
    kind: DocumentKind,
  ): StackDocument | UnreadDocument {
    const key = `${resource.address} ${attribute} ${kind}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const read = this.parse(resource.address, attribute, value, kind);
    this.known.set(key, read);
    return read;
  }

  /** A document that stands for something without one, as a grant does. */
  made(
    resource: string,
    attribute: string,
    statements: readonly Statement[],
    kind: DocumentKind,
  ): StackDocument | UnreadDocument {
    return this.judge(resource, attribute, { Version: "2012-10-17", Statement: statements }, kind);
  }

  /** The statements behind the marks of an evaluation, each once. */
  refsOf(marks: readonly (string | undefined)[]): StatementRef[] {
    return [...new Set(marks)].flatMap((mark) => (mark === undefined ? [] : (this.refs.get(mark) ?? [])));
  }

  private parse(resource: string, attribute: string, value: Value, kind: DocumentKind): StackDocument | UnreadDocument {
    const unread = (reason: string): UnreadDocument => ({ resource, attribute, reason, statements: [] });
    if (value instanceof Unreadable) return unread(value.reason);
    if (typeof value !== "string") return unread("it is no text");
    try {
      return this.judge(resource, attribute, JSON.parse(value), kind);
    } catch (error) {
      if (error instanceof SyntaxError) return unread("it is not JSON");
      throw error;
    }
  }

  private judge(
    resource: string,
    attribute: string,
    json: unknown,
    kind: DocumentKind,
  ): StackDocument | UnreadDocument {
    const list = isRecord(json) ? [json["Statement"]].flat() : [];
    const statements = list.flatMap((entry, index) => {
      if (!isRecord(entry)) return [];
      const statement = entry as unknown as Statement;
      const sid = typeof statement.Sid === "string" ? statement.Sid : undefined;
      const effect = statement.Effect === "Deny" ? ("Deny" as const) : ("Allow" as const);
      return [{ statement, ref: { resource, attribute, index, ...(sid === undefined ? {} : { sid }), effect } }];
    });
    const document = {
      ...(json as PolicyDocument),
      Statement: statements.map(({ statement, ref }) => this.mark(statement, ref)),
    };
    const problem = documentProblem(list.length === statements.length ? document : json, kind);
    if (problem !== undefined) return { resource, attribute, reason: problem.message, statements };
    return { resource, attribute, kind, document, statements };
  }

  private mark(statement: Statement, ref: StatementRef): Statement {
    const mark = `s${this.refs.size}`;
    this.refs.set(mark, ref);
    return { ...statement, Sid: mark };
  }
}

/** A statement as people cite it: by its Sid, else by its number. */
export function nameOfStatement({ index, sid }: StatementRef): string {
  return sid === undefined ? `statement ${index + 1}` : `statement ${index + 1} \`${sid}\``;
}
