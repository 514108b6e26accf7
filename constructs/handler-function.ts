import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { LambdaFunction } from "@cdktf/provider-aws/lib/lambda-function";
import { AssetType, TerraformAsset, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import type { RoleDocuments } from "../src/compile/iam";
import type { HandlerName, Principal } from "../src/core";
import { refuseLargeEnvironment } from "./checks";
import { handlerBundle } from "./handler-bundle";
import { readable } from "./logical-id";
import { PrincipalRole } from "./principal-role";
import { logLifetime, type FunctionPartProps } from "./settings";
import { terraformText } from "./terraform-json";

/** Newest runtime that provider 5.100 accepts. @see docs/decisions and research: `nodejs24.x` is refused there */
const RUNTIME = "nodejs22.x";
const ARCHITECTURE = "arm64";
const MEMORY_MB = 256;

export interface HandlerFunctionProps extends FunctionPartProps {
  readonly handler: HandlerName;
  /** What the function does, one line, shown in the console. */
  readonly description: string;
  readonly documents: RoleDocuments;
  /** Names as in `ENV`; values may hold references. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  /**
   * Subnets and security groups of a VPC that the function runs in.
   * @default - no VPC
   */
  readonly place?: { readonly subnetIds: readonly string[]; readonly securityGroupIds: readonly string[] };
  /**
   * Executions that may run at once, taken from the account's pool.
   * @default - not reserved; a small account may have nothing to reserve
   */
  readonly reservedConcurrency?: number;
  /**
   * Whether the kill switch may take the function's concurrency away: Terraform then sets it once, and leaves it as it finds it.
   * @default false
   */
  readonly canBeStopped?: boolean;
  /**
   * What must exist before the function.
   * @default []
   */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** One handler: its function, its own role and its own log group. */
export class HandlerFunction extends Construct {
  readonly handler: HandlerName;
  readonly role: PrincipalRole;
  readonly logs: CloudwatchLogGroup;
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: HandlerFunctionProps) {
    super(scope, id);
    const { names, handler } = props;
    this.handler = handler;
    const { name, logGroupName } = names.function(handler);
    const environment = Object.fromEntries(
      Object.entries(props.environment).map(([key, value]) => [key, terraformText(value)]),
    );
    refuseLargeEnvironment(this, name, props.environment);

    this.role = new PrincipalRole(this, "identity", {
      names,
      tags: props.tags,
      principal: principalOf(handler),
      description: `Runs ${name}: ${props.description}`,
      documents: props.documents,
    });
    this.logs = readable(
      new CloudwatchLogGroup(this, "logs", {
        name: logGroupName,
        ...logLifetime(props),
        kmsKeyId: props.logKeyArn,
        tags: props.tags,
      }),
    );
    const code = new TerraformAsset(this, "code", {
      path: handlerBundle(this, handler, props.handlersDir),
      type: AssetType.ARCHIVE,
    });
    this.function = readable(
      new LambdaFunction(this, "function", {
        functionName: name,
        description: props.description,
        role: this.role.role.arn,
        runtime: RUNTIME,
        architectures: [ARCHITECTURE],
        handler: "index.handler",
        filename: code.path,
        // The zip's bytes change with the files' times; the hash of their content does not.
        sourceCodeHash: code.assetHash,
        memorySize: MEMORY_MB,
        timeout: props.timeoutSeconds,
        environment: Object.keys(environment).length === 0 ? undefined : { variables: environment },
        reservedConcurrentExecutions: props.reservedConcurrency,
        vpcConfig:
          props.place === undefined
            ? undefined
            : { subnetIds: [...props.place.subnetIds], securityGroupIds: [...props.place.securityGroupIds] },
        tags: props.tags,
        lifecycle: props.canBeStopped === true ? { ignoreChanges: ["reserved_concurrent_executions"] } : undefined,
        dependsOn: [this.role.policy, this.logs, ...(props.dependsOn ?? [])],
      }),
    );
  }
}

/** The principal that a handler runs as. The connector's function is not the role that the broker assumes for a grant. */
function principalOf(handler: HandlerName): Principal {
  if (handler === "reconcile") return "reconciler";
  return handler === "connector" ? "connector-execution" : handler;
}
