import { HANDLERS, PRINCIPALS, sortFindings, type Finding } from "../core";
import type { Names } from "./names";

export type ArnFindingCode = "ArnInvalid" | "ArnOfOwnStack" | "ArnOutOfRegion" | "WriterSecretShared";

/** ARNs that are given to a stack and written into its policies. Paths are the props' own. */
export interface GivenArns {
  readonly writerSecretArn: string;
  /** Every other secret that some reader is given, whether the policy asks it or not, by its prop. */
  readonly readerSecretArns: Readonly<Record<string, string>>;
  /** Keys of the customer's own, by their prop. */
  readonly keyArns: Readonly<Record<string, string | undefined>>;
  readonly connectorFunctionArn?: string;
  /** Roles and users that get a power by being named, by their prop. */
  readonly principalArns: Readonly<Record<string, readonly string[]>>;
  /** Publishers' roles and users by their prop, whose form `checkPublisherArns` looks at. */
  readonly publisherArns: Readonly<Record<string, readonly string[]>>;
}

const SECRET = /^arn:[a-z-]+:secretsmanager:([a-z0-9-]+):\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}$/;
const KEY = /^arn:[a-z-]+:kms:([a-z0-9-]+):\d{12}:key\/[\w-]+$/;
const FUNCTION = /^arn:[a-z-]+:lambda:([a-z0-9-]+):\d{12}:function:[\w-]{1,64}(?::[\w$-]{1,128})?$/;
const PRINCIPAL = /^arn:[a-z-]+:iam::\d{12}:(?:role|user)\/[\w+=,.@/-]+$/;

/** A reference of Terraform: its value is not known at synth. */
const REFERENCE = /\$\{/;

/**
 * What is wrong with the ARNs that a stack is given. Each becomes a resource or a principal of an Allow, so a wildcard there would widen it, a
 * secret that reader and writer share would hand a reader the writer's credential, and a principal of the stack's own would get a power
 * that the trust model gives to somebody else. Secrets and keys are used in the stack's Region alone. References are taken as they are.
 */
export function checkArns(names: Names, given: GivenArns): Finding<ArnFindingCode>[] {
  const ownRoles = new Set(PRINCIPALS.map((principal) => names.role(principal).arn));
  const ownFunctions = new Set(HANDLERS.map((handler) => names.function(handler).arn));
  const one = (
    path: string,
    arn: string | undefined,
    form: { readonly pattern: RegExp; readonly what: string; readonly example: string },
  ): Finding<ArnFindingCode>[] => {
    if (arn === undefined || REFERENCE.test(arn)) return [];
    const match = form.pattern.exec(arn);
    if (match === null) {
      return [error("ArnInvalid", path, `found \`${arn}\`, expected ${form.what}`, `as in \`${form.example}\``)];
    }
    const region = match[1];
    if (region === undefined || region === names.region) return [];
    const message = `\`${arn}\` is in \`${region}\`, and the stack uses it in \`${names.region}\``;
    return [
      error(
        "ArnOutOfRegion",
        path,
        message,
        "name one of the stack's own Region: a replica, where it is kept in several",
      ),
    ];
  };
  const secret = {
    pattern: SECRET,
    what: "the whole ARN of a secret",
    example: exampleOf(names, "secretsmanager", "secret:hris/reader-AbCdEf"),
  };
  const key = {
    pattern: KEY,
    what: "the ARN of one key",
    example: exampleOf(names, "kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab"),
  };
  const lambda = {
    pattern: FUNCTION,
    what: "the ARN of one function",
    example: exampleOf(names, "lambda", "function:my-connector"),
  };
  const principal = {
    pattern: PRINCIPAL,
    what: "the ARN of one role or user",
    example: `arn:${names.partition}:iam::${names.accountId}:role/my-role`,
  };
  const { connectorFunctionArn: connector } = given;
  return sortFindings<Finding<ArnFindingCode>>([
    ...one("hris.writerSecretArn", given.writerSecretArn, secret),
    ...Object.entries(given.readerSecretArns).flatMap(([path, arn]) => [
      ...one(path, arn, secret),
      ...(arn === given.writerSecretArn
        ? [
            error(
              "WriterSecretShared",
              path,
              "found the secret of the HRIS's writer: whoever may read this system could then write to the HRIS",
              "keep a secret of its own for each reader, with credentials that cannot write",
            ),
          ]
        : []),
    ]),
    ...Object.entries(given.keyArns).flatMap(([path, arn]) => one(path, arn, key)),
    ...one("connectorFunctionArn", connector, lambda),
    ...(connector !== undefined && ownFunctions.has(connector.replace(/(:function:[^:]+):.*$/, "$1"))
      ? [
          error(
            "ArnOfOwnStack",
            "connectorFunctionArn",
            `\`${connector}\` is a function of this stack`,
            "leave it out for the managed connector",
          ),
        ]
      : []),
    ...Object.entries(given.principalArns).flatMap(([path, arns]) =>
      arns.flatMap((arn, index) => one(`${path}[${index}]`, arn, principal)),
    ),
    ...Object.entries({ ...given.principalArns, ...given.publisherArns }).flatMap(([path, arns]) =>
      arns.flatMap((arn, index) =>
        ownRoles.has(arn)
          ? [
              error(
                "ArnOfOwnStack",
                `${path}[${index}]`,
                `\`${arn}\` is a role of this stack: it would get a power that is somebody else's`,
                "name a role outside of the stack",
              ),
            ]
          : [],
      ),
    ),
  ]);
}

function exampleOf(names: Names, service: string, resource: string): string {
  return `arn:${names.partition}:${service}:${names.region}:${names.accountId}:${resource}`;
}

function error(code: ArnFindingCode, path: string, message: string, hint: string): Finding<ArnFindingCode> {
  return { code, severity: "error", path, message, hint };
}
