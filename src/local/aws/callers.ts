import { randomBytes } from "node:crypto";

import type { Secret } from "./signature";

/** Who makes a call, by the credentials that signed it. */
export type Caller =
  /** Terraform, the person at the keyboard, a test: whatever is not one of ours. */
  | { readonly kind: "administrator" }
  /** The code of a function, by its role. */
  | { readonly kind: "function"; readonly roleArn: string; readonly functionName: string; readonly secret: Secret }
  /** Somebody who publishes events by a role that is not the stack's. */
  | { readonly kind: "outsider"; readonly arn: string; readonly secret: Secret };

/** The credentials that this machine gave out, and whose they are. */
export class Callers {
  readonly #byKey = new Map<string, Exclude<Caller, { readonly kind: "administrator" }>>();

  forFunction(roleArn: string, functionName: string): Secret {
    const secret = newSecret();
    this.#byKey.set(secret.accessKeyId, { kind: "function", roleArn, functionName, secret });
    return secret;
  }

  forOutsider(arn: string): Secret {
    const secret = newSecret();
    this.#byKey.set(secret.accessKeyId, { kind: "outsider", arn, secret });
    return secret;
  }

  find(accessKeyId: string | undefined): Caller {
    return this.#byKey.get(accessKeyId ?? "") ?? { kind: "administrator" };
  }
}

function newSecret(): Required<Secret> {
  return {
    accessKeyId: `ASIA${randomBytes(8).toString("hex").toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString("base64"),
    sessionToken: randomBytes(48).toString("base64"),
  };
}
