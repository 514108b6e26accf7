import { arnOf, idOf } from "./identity";
import { asksOf, NOBODY, ownArn, power, type Power } from "./power";
import type { Ask } from "./asking";
import { functionsTagged, serviceHost, sorted, type System } from "./system";

const CHANGE_SECRET = [
  "DeleteResourcePolicy",
  "DeleteSecret",
  "PutResourcePolicy",
  "PutSecretValue",
  "RemoveRegionsFromReplication",
  "ReplicateSecretToRegions",
  "RestoreSecret",
  "RotateSecret",
  "StopReplicationToReplica",
  "UpdateSecret",
  "UpdateSecretVersionStage",
] as const;

const CHANGE_ROLE = [
  "CreateServiceSpecificCredential",
  "DeleteRole",
  "DeleteRolePermissionsBoundary",
  "DeleteRolePolicy",
  "PassRole",
  "PutRolePermissionsBoundary",
  "PutRolePolicy",
  "TagRole",
  "UntagRole",
  "UpdateAssumeRolePolicy",
  "UpdateRole",
] as const;
const ATTACH = ["AttachRolePolicy", "DetachRolePolicy"] as const;
const CHANGE_POLICY = [
  "CreatePolicyVersion",
  "DeletePolicy",
  "DeletePolicyVersion",
  "SetDefaultPolicyVersion",
] as const;
const CHANGE_PEOPLE = [
  ["AddUserToGroup", "group"],
  ["AttachGroupPolicy", "group"],
  ["AttachUserPolicy", "user"],
  ["ChangePassword", "user"],
  ["CreateAccessKey", "user"],
  ["CreateLoginProfile", "user"],
  ["CreatePolicy", "policy"],
  ["CreateRole", "role"],
  ["CreateUser", "user"],
  ["CreateVirtualMFADevice", "mfa"],
  ["DeactivateMFADevice", "user"],
  ["PutGroupPolicy", "group"],
  ["PutUserPolicy", "user"],
  ["ResyncMFADevice", "user"],
  ["UpdateAccessKey", "user"],
  ["UpdateLoginProfile", "user"],
  ["UploadSSHPublicKey", "user"],
] as const;
const CHANGE_ANYBODY = [
  ...CHANGE_ROLE.filter((action) => action !== "PassRole"),
  ...CHANGE_POLICY,
  ...CHANGE_PEOPLE.map(([action]) => action),
];

const CHANGE_FUNCTION = [
  "AddPermission",
  "CreateAlias",
  "CreateFunctionUrlConfig",
  "DeleteAlias",
  "DeleteFunction",
  "DeleteFunctionCodeSigningConfig",
  "DeleteFunctionEventInvokeConfig",
  "DeleteFunctionUrlConfig",
  "DeleteProvisionedConcurrencyConfig",
  "DeleteResourcePolicy",
  "EnableReplication",
  "PublishVersion",
  "PutFunctionCodeSigningConfig",
  "PutFunctionEventInvokeConfig",
  "PutFunctionRecursionConfig",
  "PutFunctionScalingConfig",
  "PutProvisionedConcurrencyConfig",
  "PutResourcePolicy",
  "PutRuntimeManagementConfig",
  "RemovePermission",
  "UpdateAlias",
  "UpdateFunctionCode",
  "UpdateFunctionCodeSigningConfig",
  "UpdateFunctionConfiguration",
  "UpdateFunctionEventInvokeConfig",
  "UpdateFunctionUrlConfig",
] as const;

/** What is about one version or alias of a function. */
const CHANGE_QUALIFIED = [
  "AddPermission",
  "DeleteProvisionedConcurrencyConfig",
  "PutFunctionEventInvokeConfig",
  "PutProvisionedConcurrencyConfig",
  "PutRuntimeManagementConfig",
  "RemovePermission",
  "UpdateAlias",
  "UpdateFunctionEventInvokeConfig",
] as const;

const CHANGE_API = ["DELETE", "PATCH", "POST", "PUT", "SetWebACL", "UpdateRestApiPolicy"] as const;

/** What an API is made of, below it. */
const API_PARTS = [
  "",
  "/authorizers/any",
  "/deployments",
  "/integrations/any",
  "/resources/any/methods/PATCH",
  "/routes/any",
  "/stages/live",
] as const;

/** Functions that the workflow alone runs, besides the broker. */
const STEPS = ["announce", "decide", "inspect", "request-approval"] as const;
/** Functions that schedules and the other state machines run. */
const WORKERS = ["notifier", "reconciler", "sweeper"] as const;

/** A request to the gateway, without its API. */
const SOME_REQUEST = "live/PATCH/grants/g-01JD5Z8Q4T9V2W3X4Y5Z6A7B8C/fields/work_email";

export function credentialPowers(system: System): Power[] {
  const { writer, reader, other } = system.secrets;
  const read = (arns: readonly string[]): Ask[] => asksOf("secretsmanager", ["GetSecretValue"], arns);
  const change = asksOf("secretsmanager", CHANGE_SECRET, [...writer, ...reader, ...other]);
  const decrypt = asksOf("kms", ["Decrypt"], secretKeys(system), {
    "kms:viaservice": serviceHost(system, "secretsmanager"),
  });
  return [
    power("read-writer-credential", "read the writer credential", read(writer), {
      allowed: ["gateway"],
      invariants: [2],
    }),
    power("read-reader-credential", "read a reader's credential", read(reader), {
      allowed: ["inspect", "reconciler", "sweeper"],
      invariants: [2],
    }),
    power("change-credentials", "change a credential", change, { allowed: NOBODY, invariants: [2] }),
    power("decrypt-credentials", "decrypt credentials", decrypt, {
      allowed: ["gateway", "inspect", "notifier", "reconciler", "sweeper"],
      invariants: [2],
    }),
  ];
}

/** Keys that policies name besides the stack's two: those that the customer's secrets are encrypted with. */
function secretKeys(system: System): string[] {
  const { data, digest } = system.keys;
  return namedOf(system, /:kms:.*:key\/[^*?]+$/).filter((arn) => arn !== data && arn !== digest);
}

/** Resources of a kind that identity policies of the stack name. */
function namedOf({ principals }: System, kind: RegExp): string[] {
  const named = principals.flatMap(({ identity }) =>
    identity.flatMap(({ statements }) => statements.flatMap(({ statement }) => [statement.Resource ?? []].flat())),
  );
  return sorted(named.filter((arn) => kind.test(arn)));
}

export function rolePowers(system: System): Power[] {
  const { stack, principals, connectorRole } = system;
  const roles = principals.filter(({ kind }) => kind === "role");
  const everyRole = roles.map(({ arn }) => arn);
  const others = roles.filter((role) => role !== connectorRole).map(({ arn }) => arn);
  const onConnector = connectorRole === undefined ? [] : [connectorRole.arn];
  const denyOnly = principals.filter(isDenyOnly).map(({ arn }) => arn);
  const account = `arn:${stack.partition}:iam::${stack.accountId}`;
  const administrator = `arn:${stack.partition}:iam::aws:policy/AdministratorAccess`;
  const policies = stack.resources("aws_iam_policy").map((policy) => arnOf(stack, policy));
  const elsewhere = namedOf(system, new RegExp(`^arn:[^:]+:iam::${stack.accountId}:[^*?]+$`)).filter(
    (arn) => !everyRole.includes(arn),
  );
  const change = [
    ...asksOf("iam", CHANGE_ROLE, everyRole),
    ...asksOf("iam", ATTACH, everyRole, { "iam:policyarn": administrator }),
    ...asksOf("iam", CHANGE_POLICY, policies),
    ...CHANGE_PEOPLE.flatMap(([action, kind]) => asksOf("iam", [action], [`${account}:${kind}/anybody`])),
    // Whoever may change somebody of the account, becomes that one. To hand a role on is a power where the role is of the stack.
    ...asksOf("iam", CHANGE_ANYBODY, elsewhere),
    ...asksOf("iam", ATTACH, elsewhere, { "iam:policyarn": administrator }),
  ];
  const stop = denyOnly.flatMap((arn) => asksOf("iam", ATTACH, onConnector, { "iam:policyarn": arn }));
  return [
    power("assume-connector-role", "assume the connector role", asksOf("sts", ["AssumeRole"], onConnector), {
      allowed: ["broker"],
      invariants: [2],
    }),
    power("assume-another-role", "assume another role of the stack", asksOf("sts", ["AssumeRole"], others), {
      allowed: NOBODY,
      invariants: [2],
    }),
    power("stop-connector-role", "attach a policy of denials to the connector role", stop, {
      allowed: ["approvals", "kill-switch", "operator"],
      invariants: [2, 6],
    }),
    power("change-roles", "change roles, their policies or their trust", change, { allowed: NOBODY, invariants: [2] }),
  ];
}

/** A policy that only ever takes away: the one that the kill switch attaches. */
function isDenyOnly({ kind, identity, unread }: System["principals"][number]): boolean {
  if (kind !== "policy" || unread.length > 0) return false;
  return identity.every(({ statements }) => statements.every(({ statement }) => statement.Effect === "Deny"));
}

export function functionPowers(system: System): Power[] {
  const { functions, connectorFunction, stack } = system;
  const every = functions.map(({ arn }) => arn);
  const of = (tag: string): string[] => functionsTagged(system, tag).map(({ arn }) => arn);
  const invoke = (arns: readonly (string | undefined)[]): Ask[] => [
    ...asksOf("lambda", ["InvokeFunction", "InvokeAsync", "InvokeFunctionUrl"], arns),
    ...asksOf(
      "lambda",
      ["InvokeFunction"],
      arns.map((arn) => (arn === undefined ? undefined : `${arn}:1`)),
    ),
  ];
  const change = [
    ...asksOf("lambda", CHANGE_FUNCTION, every),
    ...asksOf(
      "lambda",
      CHANGE_QUALIFIED,
      every.map((arn) => `${arn}:live`),
    ),
    // A mapping has no resource of its own: it is authorised for the function that it starts.
    ...every.flatMap((arn) => asksOf("lambda", ["CreateEventSourceMapping"], ["*"], { "lambda:functionarn": arn })),
  ];
  const mappings = stack.resources("aws_lambda_event_source_mapping").map((mapping) => arnOf(stack, mapping));
  const ofMapping = (action: string, functions: readonly string[]): Ask[] =>
    functions.flatMap((arn) => asksOf("lambda", [action], mappings, { "lambda:functionarn": arn }));
  const isIntake = (arn: string): boolean => of("intake").includes(arn);
  const handOver = [
    ...ofMapping("DeleteEventSourceMapping", every),
    ...ofMapping(
      "UpdateEventSourceMapping",
      every.filter((arn) => !isIntake(arn)),
    ),
  ];
  return [
    power(
      "close-intake",
      "close and open intake's queue",
      ofMapping("UpdateEventSourceMapping", every.filter(isIntake)),
      {
        allowed: ["kill-switch", "operator"],
        invariants: [2, 6],
      },
    ),
    power("hand-over-intake", "hand what intake reads to another function, or remove it", handOver, {
      allowed: NOBODY,
      invariants: [2],
    }),
    power("invoke-broker", "invoke the broker", invoke(of("broker")), { allowed: ["workflow"], invariants: [1, 2] }),
    power("invoke-gateway", "invoke the field gateway's function past its API", invoke(of("gateway")), {
      allowed: NOBODY,
      invariants: [2, 3],
    }),
    power("invoke-connector", "invoke the connector", invoke([connectorFunction]), {
      allowed: ["broker"],
      invariants: [2],
    }),
    power("invoke-approvals", "invoke the approvals function past its authorizer", invoke(of("approvals")), {
      allowed: NOBODY,
      invariants: [1, 2],
    }),
    power("invoke-intake", "invoke intake past its queue", invoke(of("intake")), { allowed: NOBODY, invariants: [2] }),
    power("invoke-steps", "invoke a step of the workflow by itself", invoke(STEPS.flatMap(of)), {
      allowed: ["workflow"],
      invariants: [2],
    }),
    power("invoke-kill-switch", "invoke the kill switch past its state machine", invoke(of("kill-switch")), {
      allowed: ["kill-switch-workflow"],
      invariants: [2, 6],
    }),
    power("invoke-reversal", "invoke reversal", invoke(of("reversal")), { allowed: ["operator"], invariants: [1, 2] }),
    power("invoke-evidence", "invoke the keeper of evidence past its stream", invoke(of("evidence")), {
      allowed: NOBODY,
      invariants: [2],
    }),
    power("invoke-workers", "invoke what runs by a schedule", invoke(WORKERS.flatMap(of)), {
      allowed: ["kill-switch-workflow", "reconciler-workflow", "scheduler", "workflow"],
      invariants: [2],
    }),
    power("stop-functions", "stop a function by its concurrency", asksOf("lambda", ["PutFunctionConcurrency"], every), {
      allowed: ["kill-switch", "operator"],
      invariants: [2],
    }),
    power(
      "resume-functions",
      "lift a limit of a function's concurrency",
      asksOf("lambda", ["DeleteFunctionConcurrency"], every),
      {
        allowed: ["approvals", "kill-switch"],
        invariants: [2, 6],
      },
    ),
    power("change-functions", "change functions or what may start them", change, { allowed: NOBODY, invariants: [2] }),
  ];
}

export function apiPowers(system: System): Power[] {
  const { stack } = system;
  const ids = stack.resources("aws_api_gateway_rest_api").map((api) => idOf(stack, api));
  const requests = ids.map((id) => ownArn(system, "execute-api", `${id}/${SOME_REQUEST}`));
  const manager = `arn:${stack.partition}:apigateway:${stack.region}::`;
  const manage = ids.flatMap((id) => API_PARTS.map((part) => `${manager}/restapis/${id}${part}`));
  const pages = stack
    .resources("aws_apigatewayv2_api")
    .flatMap((api) => API_PARTS.map((part) => `${manager}/apis/${idOf(stack, api)}${part}`));
  return [
    power("call-gateway", "call the field gateway", asksOf("execute-api", ["Invoke"], requests), {
      allowed: ["connector"],
      invariants: [2, 3],
    }),
    power("change-api", "change the field gateway's API", asksOf("apigateway", CHANGE_API, manage), {
      allowed: NOBODY,
      invariants: [2, 3],
    }),
    power(
      "change-approvals-api",
      "change the approvals page's API or who may come in",
      asksOf("apigateway", CHANGE_API, pages),
      {
        allowed: NOBODY,
        invariants: [1, 2],
      },
    ),
  ];
}
