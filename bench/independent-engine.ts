import { createRequire } from "node:module";
import { join } from "node:path";

import type { ContextInput, Layers, PolicyDocument } from "../src/iam";

/** The engine that our evaluator is held against. Its licence is AGPL, so it is no dependency of ours: whoever wants it installs it in a folder of its own. */
export const INDEPENDENT_ENGINE = "@cloud-copilot/iam-simulate@0.1.173";

/** What a session of a role asks for. */
export interface Question {
  readonly accountId: string;
  readonly principalArn: string;
  readonly sessionArn: string;
  readonly action: string;
  readonly resource: string;
  readonly context: ContextInput;
}

export type Answer = "allow" | "deny";
export type IndependentEngine = (question: Question, layers: Layers) => Promise<Answer>;

interface NamedPolicy {
  readonly name: string;
  readonly policy: PolicyDocument;
}

/** The part of the engine's interface that is used here. */
interface EngineModule {
  readonly runSimulation: (simulation: Readonly<Record<string, unknown>>, options: object) => Promise<EngineResult>;
}

type EngineResult =
  | { readonly resultType: "error"; readonly errors: unknown }
  | {
      readonly resultType: string;
      readonly overallResult: string;
      readonly result?: { readonly ignoredContextKeys?: readonly string[] };
    };

/**
 * Loads the engine that was installed in a folder (`npm install --prefix FOLDER …`).
 *
 * @throws Error where it is not there
 */
export function loadIndependentEngine(folder: string): IndependentEngine {
  const load = createRequire(join(folder, "package.json"));
  const { runSimulation } = load("@cloud-copilot/iam-simulate") as EngineModule;
  return async ({ accountId, principalArn, sessionArn, action, resource, context }, layers) => {
    // AWS sets these itself; our evaluator makes them of the caller.
    const contextVariables = { ...context, "aws:PrincipalArn": principalArn, "aws:PrincipalAccount": accountId };
    const result = await runSimulation(
      {
        request: { principal: sessionArn, action, resource: { resource, accountId }, contextVariables },
        identityPolicies: layers.identity.map(named),
        serviceControlPolicies: [],
        resourceControlPolicies: [],
        ...(layers.boundary === undefined ? {} : { permissionBoundaryPolicies: [named(layers.boundary)] }),
        ...(layers.session === undefined ? {} : { sessionPolicy: layers.session }),
        ...(layers.resource === undefined ? {} : { resourcePolicy: layers.resource }),
      },
      {},
    );
    if (!("overallResult" in result)) throw new Error(`the engine refused: ${JSON.stringify(result.errors)}`);
    // A key that it does not know for the service would be left out of its answer in silence.
    const ignored = result.result?.ignoredContextKeys ?? [];
    if (ignored.length > 0) throw new Error(`the engine ignored ${ignored.join(", ")}`);
    return result.overallResult === "Allowed" ? "allow" : "deny";
  };
}

function named(policy: PolicyDocument, index = 0): NamedPolicy {
  return { name: `policy-${String(index)}`, policy };
}
