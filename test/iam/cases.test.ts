import { readFileSync } from "node:fs";
import { join } from "node:path";

import {
  evaluate,
  type AccessRequest,
  IamDocumentError,
  type Layer,
  type Layers,
  type PolicyDocument,
} from "../../src/iam";

interface EvaluationCase {
  readonly name: string;
  readonly why: string;
  readonly request: AccessRequest;
  readonly layers: Layers;
  readonly expected: {
    readonly decision: "allow" | "deny";
    readonly explicit?: boolean;
    readonly layers?: readonly Layer[];
  };
}

interface MalformedCase {
  readonly name: string;
  readonly why: string;
  readonly kind: "identity" | "resource" | "trust";
  readonly document: PolicyDocument;
  readonly path: string;
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(__dirname, "../cases/iam", `${name}.json`), "utf8"));
}

describe.each(["layers", "elements", "conditions", "principals"])("the published rules of evaluation: %s", (table) => {
  test.each(read(table) as readonly EvaluationCase[])("$name", ({ request, layers, expected }) => {
    expect(evaluate(request, layers)).toMatchObject(expected);
  });
});

describe("documents without a certain meaning", () => {
  test.each(read("malformed") as readonly MalformedCase[])("refuses $name", ({ kind, document, path }) => {
    const layers: Layers =
      kind === "identity"
        ? { identity: [document] }
        : { identity: [], resource: document, resourceKind: kind === "trust" ? "trust" : "may-allow" };
    const request: AccessRequest = {
      principalArn: "arn:aws:iam::111122223333:role/app",
      action: "s3:GetObject",
      resource: "arn:aws:s3:::records/a",
      context: {},
    };
    let error: unknown;
    try {
      evaluate(request, layers);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(IamDocumentError);
    expect((error as IamDocumentError).path).toBe(path);
  });
});
