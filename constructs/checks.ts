import type { Construct } from "constructs";

import { checkArns, type GivenArns } from "../src/compile/arns";
import { checkPublisherArns } from "../src/compile/iam";
import { checkEnvironment, VPC_ENDPOINT_ID_CHARACTERS, type Measure } from "../src/compile/limits";
import type { Names } from "../src/compile/names";
import type { Finding } from "../src/core";
import { connectionSchema, isNeverField, needsTimeZone } from "../src/hris";
import type { Policy } from "../src/policy";
import { refuse } from "./errors";
import type { HrisConnection, SourceConnection, UnsecretConfig } from "./hris";
import { resolved } from "./references";

/** Codes of what only the stack can know is wrong, beside those of `src/compile`; stable. */
export type SynthFindingCode =
  | "ConnectionInvalid"
  | "HrisAmbiguous"
  | "HrisNotDeclared"
  | "NeverFieldOfHris"
  | "PerimeterInvalid"
  | "PublisherNotBound"
  | "SystemNotConnected"
  | "TimeZoneMissing";

const error = (code: SynthFindingCode, path: string, message: string, hint?: string): Finding<SynthFindingCode> => ({
  code,
  severity: "error",
  path,
  message,
  ...(hint === undefined ? {} : { hint }),
});

/** Systems that handlers will read: sources of truth that a check asks, and sources of attributes that segments ask for. */
export function systemsToRead(policy: Policy): readonly string[] {
  const sources = Object.values(policy.fields)
    .filter((field) => field.class !== "never" && field.check !== "none")
    .map((field) => field.sourceOfTruth);
  const asked = new Set(Object.values(policy.segments).flatMap((segment) => Object.keys(segment.when)));
  const attributes = Object.entries(policy.attributes)
    .filter(([name]) => asked.has(name))
    .map(([, attribute]) => attribute.system);
  return [...new Set([...sources, ...attributes])].sort();
}

/** Every system that handlers will read has a connection. */
export function checkSystems(policy: Policy, connected: readonly string[]): Finding[] {
  return systemsToRead(policy)
    .filter((system) => !connected.includes(system))
    .map((system) =>
      error(
        "SystemNotConnected",
        `systems.${system}`,
        `the policy reads the system \`${system}\`, and the stack connects ${listed(connected)}`,
        `add \`systems: { "${system}": Source.scim(…) }\`, or make the policy read another`,
      ),
    );
}

/** The ARNs that a stack is given, and writes into its policies. */
export function checkGivenArns(
  names: Names,
  given: {
    readonly hris: HrisConnection;
    readonly sources: Readonly<Record<string, SourceConnection>>;
    readonly publishers: Readonly<Record<string, readonly string[]>>;
  } & Pick<GivenArns, "connectorFunctionArn" | "keyArns" | "principalArns">,
): Finding[] {
  const { hris, sources, publishers, ...others } = given;
  const ofSources = <Value>(prop: string, valueOf: (source: SourceConnection) => Value): Record<string, Value> =>
    Object.fromEntries(Object.entries(sources).map(([name, each]) => [`systems.${name}.${prop}`, valueOf(each)]));
  return checkArns(names, {
    ...others,
    writerSecretArn: hris.writerSecretArn,
    readerSecretArns: {
      "hris.readerSecretArn": hris.readerSecretArn,
      ...ofSources("secretArn", ({ secretArn }) => secretArn),
    },
    keyArns: {
      ...others.keyArns,
      "hris.readerSecretKeyArn": hris.readerSecretKeyArn,
      "hris.writerSecretKeyArn": hris.writerSecretKeyArn,
      ...ofSources("secretKeyArn", ({ secretKeyArn }) => secretKeyArn),
    },
    publisherArns: Object.fromEntries(Object.entries(publishers).map(([name, arns]) => [`publishers.${name}`, arns])),
  });
}

/** Stands in for a connection's secret, whose ARN may be a reference. */
const SOME_SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:example-AbCdEf";

/** Every connection is one that the handlers will take: they parse it with the same schema at their start. */
export function checkConnections(
  connections: Readonly<Record<string, { readonly config: UnsecretConfig }>>,
): Finding[] {
  return Object.entries(connections).flatMap(([system, { config }]) => {
    const parsed = connectionSchema.safeParse({ ...config, secretArn: SOME_SECRET_ARN });
    return (parsed.error?.issues ?? []).map((issue) =>
      error("ConnectionInvalid", ["systems", system, ...issue.path].map(String).join("."), issue.message),
    );
  });
}

/** The name of the HRIS in the policy: the one system of kind `hris`, unless it is given; `hris` where the policy declares none. */
export function hrisSystemOf(scope: Construct, policy: Policy, given?: string): string {
  const declared = Object.entries(policy.systems)
    .filter(([, system]) => system.kind === "hris")
    .map(([name]) => name);
  if (given !== undefined) {
    if (!declared.includes(given)) {
      const message = `found \`${given}\`, expected a system of kind \`hris\`: the policy declares ${listed(declared)}`;
      refuse(scope, [error("HrisNotDeclared", "hrisSystem", message)]);
    }
    return given;
  }
  if (declared.length > 1) {
    const message = `the policy declares ${declared.length} systems of kind \`hris\`: ${listed(declared)}`;
    const hint = "say with `hrisSystem` which of them the connection `hris` is";
    refuse(scope, [error("HrisAmbiguous", "systems", message, hint)]);
  }
  return declared[0] ?? "hris";
}

/** No writable field stands for a field that this HRIS's catalogue lets nobody write. */
export function checkNeverFields(policy: Policy, hris: UnsecretConfig): Finding[] {
  const more = hris.kind === "rest" ? hris.neverFields : [];
  return Object.entries(policy.fields)
    .filter(([, field]) => field.class !== "never" && isNeverField(hris.kind, field.hrisField, more))
    .map(([name, field]) =>
      error(
        "NeverFieldOfHris",
        `fields.${name}.hrisField`,
        `the ${field.class} field \`${name}\` would write \`${field.hrisField}\`, which nobody may write in \`${hris.kind}\``,
        "class the field `never`, or name the HRIS field that is really meant",
      ),
    );
}

/**
 * Where the HRIS keeps a field by date, the connection says which day it is for the tenant. By UTC's, a row written in the evening of
 * America would begin tomorrow: nobody sees it today, and tomorrow it changes the record.
 */
export function checkTimeZone(policy: Policy, hrisSystem: string, hris: UnsecretConfig): Finding[] {
  const dated = Object.entries(policy.fields)
    .filter(([, field]) => field.class !== "never" && needsTimeZone(hris.kind, field.hrisField))
    .map(([name]) => name);
  if (dated.length === 0 || ("timeZone" in hris && hris.timeZone !== undefined)) return [];
  return [
    error(
      "TimeZoneMissing",
      `systems.${hrisSystem}.timeZone`,
      `\`${hris.kind}\` keeps ${listed(dated)} by date, and the connection does not say in which time zone its days begin`,
      'give the connection the time zone of your HR tenant, as in `timeZone: "America/Denver"`',
    ),
  ];
}

/**
 * Who speaks for which publisher. A publisher of an event that authorises something must be bound: to principals, or to an
 * empty list, which is a warning.
 */
export function checkPublishers(
  policy: Policy,
  patterns: Readonly<Record<string, { readonly source: readonly string[] }>>,
  publishers: Readonly<Record<string, readonly string[]>>,
): Finding[] {
  const used = new Set(Object.values(patterns).flatMap((pattern) => pattern.source));
  const unbound = [...used].filter((publisher) => !Object.hasOwn(publishers, publisher));
  const paths = new Set([...used].filter((name) => !unbound.includes(name)).map((name) => `publishers.${name}`));
  return [
    ...checkPublisherArns(policy, publishers).filter(({ severity, path }) => severity === "error" || paths.has(path)),
    ...unbound.map((publisher) =>
      error(
        "PublisherNotBound",
        `publishers.${publisher}`,
        `the policy takes events from \`${publisher}\`, and the stack does not say who that is`,
        `add \`publishers: { "${publisher}": ["arn:aws:iam::111122223333:role/…"] }\`, or an empty list while nobody may publish`,
      ),
    ),
  ];
}

/** Refuses a function's environment that Lambda would not take, references counted at their longest. */
export function refuseLargeEnvironment(
  scope: Construct,
  functionName: string,
  environment: Readonly<Record<string, string>>,
): void {
  refuse(scope, checkEnvironment(functionName, environment, measureReferences(scope)));
}

/** How long what a reference stands for can be. */
export function measureReferences(scope: Construct): Measure {
  return (reference) => {
    const text = resolved(scope, reference);
    if (text.startsWith("${aws_api_gateway_rest_api.")) return 10;
    if (text.startsWith("${aws_vpc_endpoint.")) return VPC_ENDPOINT_ID_CHARACTERS;
    return text.startsWith("${aws_kms_key.") ? 90 : 600;
  };
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.map((name) => `\`${name}\``).join(", ");
}
