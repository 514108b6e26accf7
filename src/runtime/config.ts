import * as z from "zod";

import { ENV, isEncryptedOrLocal, NO_VPC_ENDPOINT } from "../core";
import { parseReconciliationSettings } from "./reconciliation/settings";

/** A function's environment, as `process.env` gives it. */
export type Environment = Readonly<Record<string, string | undefined>>;

const MEMBERS = {
  classificationTable: z.string().min(3),
  ledgerTable: z.string().min(3),
  controlTable: z.string().min(3),
  manifestHash: z.string().regex(/^[0-9a-f]{64}$/, "expected 64 lower-case hexadecimal digits"),
  stateMachineArn: z.string().startsWith("arn:"),
  dataKeyArn: z.string().startsWith("arn:"),
  digestKeyArn: z.string().startsWith("arn:"),
  busName: z.string().min(1),
  connections: z.string().min(2),
  hrisSystem: z.string().min(1),
  connectorRoleArn: z.string().regex(/^arn:[a-z-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/, "expected the ARN of a role"),
  connectorFunctionName: z.string().min(1),
  gatewayUrl: z
    .url()
    // A session's signature and the value travel there.
    .refine((url) => URL.canParse(url) && isEncryptedOrLocal(new URL(url)), "expected https")
    .refine((url) => !url.endsWith("/"), "expected no trailing slash"),
  vpcEndpointId: z
    .string()
    .regex(
      new RegExp(`^(?:${NO_VPC_ENDPOINT}|vpce-[0-9a-f]{8,17})$`),
      `expected the id of a VPC endpoint, or \`${NO_VPC_ENDPOINT}\``,
    ),
  sessionPolicyTemplate: z.string().min(2),
  groupClaim: z.string().min(1),
  workerIdClaim: z.string().min(1),
  operatorsGroup: z.string().min(1).optional(),
  killSwitchArn: z.string().startsWith("arn:").optional(),
  approvalsUrl: z
    .url()
    .refine((url) => URL.canParse(url) && isEncryptedOrLocal(new URL(url)), "expected https")
    .refine((url) => !url.endsWith("/"), "expected no trailing slash"),
  topicPrefix: z.string().startsWith("arn:"),
  stoppedFunctions: z
    .string()
    .regex(/^[\w-]{1,64}(?:,[\w-]{1,64})*$/, "expected names of functions with commas between")
    .transform((names) => names.split(",")),
  reservedConcurrency: z.coerce.number().int().min(0).optional(),
  intakeMappingId: z.string().min(1),
  stopPolicyArn: z.string().regex(/^arn:[a-z-]+:iam::\d{12}:policy\/[\w+=,.@/-]+$/, "expected the ARN of a policy"),
  reversalDays: z.coerce.number().int().min(1).max(3_650),
  evidenceUrl: z
    .url()
    .refine((url) => URL.canParse(url) && isEncryptedOrLocal(new URL(url)), "expected https")
    .refine((url) => !url.endsWith("/"), "expected no trailing slash"),
  page: z.string().min(2).optional(),
  reconciliation: z.string().min(2).transform(parseReconciliationSettings),
} satisfies Record<keyof typeof ENV, z.ZodType>;

/** What a member is once it was checked; `undefined` where it may be absent and is. */
export type Member<Name extends keyof typeof ENV> = z.infer<(typeof MEMBERS)[Name]>;

/**
 * The configuration that a handler takes from its environment: the named members of `ENV`, each checked once at start.
 * A function whose environment is wrong fails its first invocation with every mistake named.
 */
export function configSchema<const Name extends keyof typeof ENV>(...names: readonly Name[]) {
  const shape = Object.fromEntries(names.map((name) => [name, MEMBERS[name]]));
  return z.object(shape as Pick<typeof MEMBERS, Name>);
}

/** The values of `schema`'s members in an environment, before they are checked. */
export function membersOf(env: Environment): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(ENV).map(([name, variable]) => [name, env[variable]]));
}
