import { ENV, type Principal as PrincipalTag } from "../core";
import { environmentOf, textOf, textsIn } from "./body";
import { DocumentReader, type UnreadDocument } from "./documents";
import { arnOf } from "./identity";
import { readPrincipals, type Principal } from "./principals";
import { busArn, functionArn, readResourcePolicies, type ResourcePolicy } from "./resource-policies";
import { Unreadable, type Body, type Resource, type Stack, type Value } from "./stack";

/** A function of the stack, with the principal that it runs as. */
export interface StackFunction {
  readonly resource: Resource;
  readonly name: string;
  readonly arn: string;
  readonly environment: Body;
  /** Why the environment is not known, where it is not: it then reads as empty. */
  readonly unreadEnvironment?: string;
  readonly roleArn: Value;
  readonly principal?: Principal;
}

/** A state machine of the stack. */
export interface StackMachine {
  readonly resource: Resource;
  readonly arn: string;
  readonly roleArn: Value;
  /** The definition, parsed; `Unreadable` where it is not literal JSON. */
  readonly definition: unknown;
}

/**
 * A stack as the trust model sees it: its principals, and the resources that their powers are about. Parts are found by the role tag
 * `writeback:principal` and by the environment that the handlers read, which is the contract between both sides of a deploy; never by
 * the name of a resource or the Sid of a statement.
 */
export interface System {
  readonly stack: Stack;
  readonly reader: DocumentReader;
  readonly principals: readonly Principal[];
  readonly policies: readonly ResourcePolicy[];
  /** Policies of which nobody can say whose or what they are. */
  readonly homeless: readonly UnreadDocument[];
  readonly functions: readonly StackFunction[];
  readonly machines: readonly StackMachine[];
  /** ARNs of the tables. */
  readonly tables: { readonly classification?: string; readonly ledger?: string; readonly control?: string };
  /** ARNs of the keys. */
  readonly keys: { readonly data?: string; readonly digest?: string };
  /** ARNs of the HRIS's writer secret, of what the readers read, and of all others. */
  readonly secrets: {
    readonly writer: readonly string[];
    readonly reader: readonly string[];
    readonly other: readonly string[];
  };
  /** ARN of the lifecycle bus. */
  readonly bus?: string;
  /** ARNs of the queues that intake reads. */
  readonly intakeQueues: readonly string[];
  /** The machine that intake starts. */
  readonly workflow?: StackMachine;
  readonly connectorRole?: Principal;
  /** ARN of the connector's function, the customer's too. */
  readonly connectorFunction?: string;
}

/** Reads a stack as the trust model sees it. */
export function readSystem(stack: Stack): System {
  const reader = new DocumentReader();
  const { all: principals, homeless } = readPrincipals(stack, reader);
  const resources = readResourcePolicies(stack, reader);
  const functions = stack.resources("aws_lambda_function").map((resource) => functionOf(stack, resource, principals));
  const machines = stack.resources("aws_sfn_state_machine").map((resource) => machineOf(stack, resource));

  const environment = (variable: string, ...tags: PrincipalTag[]): string | undefined =>
    functions
      .filter(({ principal }) => tags.some((tag) => tag === principal?.tag))
      .map((fn) => textOf(fn.environment, variable))
      .find((value) => value !== undefined);
  const table = (variable: string, ...tags: PrincipalTag[]): string | undefined => {
    const name = environment(variable, ...tags);
    return name === undefined
      ? undefined
      : `arn:${stack.partition}:dynamodb:${stack.region}:${stack.accountId}:table/${name}`;
  };
  const machineArn = environment(ENV.stateMachineArn, "intake");
  const busName = environment(ENV.busName, "announce", "sweeper");
  const connectorName = environment(ENV.connectorFunctionName, "broker");
  const connectorRoleArn = environment(ENV.connectorRoleArn, "broker");
  const bus = busName === undefined ? undefined : busArn(stack, busName);
  const connectorFunction = connectorName === undefined ? undefined : functionArn(stack, connectorName);
  return {
    stack,
    reader,
    principals,
    policies: resources.policies,
    homeless: [...homeless, ...resources.homeless],
    functions,
    machines,
    tables: {
      classification: table(ENV.classificationTable, "gateway", "broker", "decide"),
      ledger: table(ENV.ledgerTable, "gateway", "broker", "decide"),
      control: table(ENV.controlTable, "gateway", "broker"),
    },
    keys: {
      data: environment(ENV.dataKeyArn, "approvals", "request-approval"),
      digest: environment(ENV.digestKeyArn, "gateway", "inspect"),
    },
    secrets: secretsOf(stack, functions, principals),
    ...(typeof bus === "string" ? { bus } : {}),
    intakeQueues: queuesOf(stack, functions),
    workflow: machines.find(({ arn }) => arn === machineArn),
    connectorRole: principals.find(
      ({ kind, arn, tag }) =>
        kind === "role" && (connectorRoleArn === undefined ? tag === "connector" : arn === connectorRoleArn),
    ),
    ...(typeof connectorFunction === "string" ? { connectorFunction } : {}),
  };
}

/** The roles that carry a tag. */
export function rolesTagged(system: System, tag: string): Principal[] {
  return system.principals.filter((principal) => principal.kind === "role" && principal.tag === tag);
}

/** The functions that run as a principal. */
export function functionsTagged(system: System, tag: string): StackFunction[] {
  return system.functions.filter(({ principal }) => principal?.tag === tag);
}

/** The policy of a resource, if the stack has one. */
export function policyOf(system: System, kind: ResourcePolicy["kind"], target: string): ResourcePolicy | undefined {
  return system.policies.find((policy) => policy.kind === kind && policy.target === target);
}

function functionOf(stack: Stack, resource: Resource, principals: readonly Principal[]): StackFunction {
  const roleArn = resource.body["role"];
  const environment = environmentOf(resource);
  const principal = principals.find(({ kind, arn }) => kind === "role" && arn === roleArn);
  return {
    resource,
    name: textOf(resource.body, "function_name") ?? `[${resource.address}]`,
    arn: arnOf(stack, resource),
    environment: environment instanceof Unreadable ? {} : environment,
    ...(environment instanceof Unreadable ? { unreadEnvironment: environment.reason } : {}),
    roleArn,
    ...(principal === undefined ? {} : { principal }),
  };
}

function machineOf(stack: Stack, resource: Resource): StackMachine {
  const { definition, role_arn: roleArn } = resource.body;
  return { resource, arn: arnOf(stack, resource), roleArn, definition: parsed(definition) };
}

function parsed(value: Value): unknown {
  if (value instanceof Unreadable) return value;
  if (typeof value !== "string") return new Unreadable("it is no text");
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return new Unreadable("it is not JSON");
  }
}

const SECRET_ARN = /arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^"'\s,*?${}]+/g;

/** The gateway's connections and its own policy name the writer's secret, the connections of readers a reader's. */
function secretsOf(
  stack: Stack,
  functions: readonly StackFunction[],
  principals: readonly Principal[],
): System["secrets"] {
  const secretsIn = (value: Value): string[] => textsIn(value).flatMap(({ text }) => text.match(SECRET_ARN) ?? []);
  const allowed = principals
    .filter(({ tag }) => tag === "gateway")
    .flatMap(({ identity }) => identity.flatMap(({ statements }) => statements.map(({ statement }) => statement)))
    .filter(
      ({ Effect, Action }) => Effect === "Allow" && [Action].flat().some((action) => READ_SECRET.test(action ?? "")),
    )
    .flatMap(({ Resource: resource }) => secretsIn(resource as Value));
  const isGateway = ({ principal }: StackFunction): boolean => principal?.tag === "gateway";
  const isReader = ({ principal }: StackFunction): boolean => READERS.has(principal?.tag ?? "");
  const named = (those: (fn: StackFunction) => boolean): string[] =>
    functions.filter(those).flatMap(({ environment }) => secretsIn(environment));
  const writer = sorted([...named(isGateway), ...allowed]);
  const reader = sorted(named(isReader)).filter((arn) => !writer.includes(arn));
  const declared = stack.resources("aws_secretsmanager_secret").map((secret) => arnOf(stack, secret));
  const mentioned = stack.all.flatMap(({ body }) => secretsIn(body));
  const other = sorted([...declared, ...mentioned]).filter((arn) => !writer.includes(arn) && !reader.includes(arn));
  return { writer, reader, other };
}

const READ_SECRET = /^secretsmanager:getsecretvalue$/i;

/** Who holds the reader's credential. */
export const READERS: ReadonlySet<string> = new Set(["inspect", "sweeper", "reconciler"]);

function queuesOf(stack: Stack, functions: readonly StackFunction[]): string[] {
  const intake = functions.filter(({ principal }) => principal?.tag === "intake").map(({ arn }) => arn);
  return sorted(
    stack
      .resources("aws_lambda_event_source_mapping")
      .filter(({ body }) => intake.some((arn) => arn === functionArn(stack, body["function_name"])))
      .flatMap(({ body }) => {
        const source = body["event_source_arn"];
        return typeof source === "string" ? [source] : [];
      })
      .filter((arn) => arn.includes(":sqs:")),
  );
}

/** ARNs of all queues that the stack declares. */
export function queuesDeclared(stack: Stack): { readonly resource: Resource; readonly arn: string }[] {
  return stack.resources("aws_sqs_queue").map((resource) => ({ resource, arn: arnOf(stack, resource) }));
}

export function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

/** Host name of a service in the stack's region, as `kms:ViaService` writes it. */
export function serviceHost({ stack }: System, service: string): string {
  return `${service}.${stack.region}.${stack.partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com"}`;
}
