import type { Statement } from "../iam";
import type { Ask } from "./asking";
import { textOf } from "./body";
import { whyHarmless } from "./harmless";
import { namedPrincipals } from "./holdings";
import { arnOf, idOf } from "./identity";
import { NOBODY, ownArn, power, type Power } from "./power";
import { sorted, type System } from "./system";

/**
 * Actions that statements of the stack allow on a resource of the system, and that are neither in a power of the trust model nor known to be
 * harmless: each is a power that nobody has. So an action that AWS adds tomorrow, or that nobody here thought of, is none that passes.
 */
export function unlistedPowers(system: System, listed: readonly Power[]): Power[] {
  const known = new Set(listed.flatMap(({ asks }) => asks.map(({ action }) => action.toLowerCase())));
  const granted = grantsOf(system).filter(({ action }) => !known.has(action) && whyHarmless(action) === undefined);
  if (granted.length === 0) return [];
  const targets = targetsOf(system, listed);
  return sorted(granted.map(({ action }) => action)).map((action) => {
    const [service = ""] = action.split(":");
    const own = targets.get(OWNERS[service] ?? service) ?? [];
    const statements = granted.filter((grant) => grant.action === action).map(({ statement }) => statement);
    const asks = sorted([...own, ...partsNamed(system, statements, own)]).map((resource): Ask => ({
      action: spelling(statements, action),
      resource,
    }));
    return power(`use-${action.replace(":", "-")}`, titleOf(spelling(statements, action)), asks, {
      allowed: NOBODY,
      invariants: service === "apigateway" || service === "execute-api" ? [2, 3] : [2],
    });
  });
}

function titleOf(action: string): string {
  return `use \`${action}\` on what the system is made of, which is no power of the trust model and not known to be harmless`;
}

interface Grant {
  /** In lower case, without wildcards: those are counterexamples by their form. */
  readonly action: string;
  readonly statement: Statement;
}

/** What the stack's documents allow its principals, and whomever a resource's policy names besides services and the account. */
function grantsOf({ principals, policies }: System): Grant[] {
  const own = principals.flatMap(({ identity }) => identity);
  const resources = policies
    .flatMap(({ documents }) => documents)
    .filter((document) => namedPrincipals(document).some((name) => name === "*" || /:(?:role|user)\//.test(name)));
  return [...own, ...resources].flatMap(({ statements }) =>
    statements.flatMap(({ statement }) =>
      statement.Effect === "Allow"
        ? [statement.Action ?? []]
            .flat()
            .filter((action) => !/[*?]/.test(action))
            .map((action) => ({ action: action.toLowerCase(), statement }))
        : [],
    ),
  );
}

/** An action as its statement writes it. */
function spelling(statements: readonly Statement[], action: string): string {
  const written = statements.flatMap(({ Action: actions }) => [actions ?? []].flat());
  return written.find((each) => each.toLowerCase() === action) ?? action;
}

/** Services that act on another one's resources. */
const OWNERS: Readonly<Partial<Record<string, string>>> = { sts: "iam" };

/** The system's resources by service: those that powers are about, and those that guard them and have no power of their own. */
function targetsOf(system: System, listed: readonly Power[]): Map<string, string[]> {
  const { stack } = system;
  const asked = listed.flatMap(({ asks }) => asks.map(({ resource }) => resource)).filter((arn) => arn !== "*");
  const databases = stack.resources("aws_glue_catalog_database").flatMap(({ body }) => textOf(body, "name") ?? []);
  const tables = stack
    .resources("aws_glue_catalog_table")
    .flatMap(({ body }) => `${textOf(body, "database_name") ?? ""}/${textOf(body, "name") ?? ""}`);
  const groups = stack.resources("aws_athena_workgroup").flatMap(({ body }) => textOf(body, "name") ?? []);
  const network = Object.entries(NETWORK).flatMap(([type, kind]) =>
    stack.resources(type).flatMap((resource) => ownArn(system, "ec2", `${kind}/${idOf(stack, resource)}`)),
  );
  const machines = system.machines.flatMap(({ arn }) =>
    ["execution", "express", "mapRun"].map((kind) => arn.replace(":stateMachine:", `:${kind}:`)),
  );
  const extra = [
    ...databases.map((name) => ownArn(system, "glue", `database/${name}`)),
    ...tables.map((name) => ownArn(system, "glue", `table/${name}`)),
    ...(databases.length === 0 ? [] : [ownArn(system, "glue", "catalog")]),
    ...groups.map((name) => ownArn(system, "athena", `workgroup/${name}`)),
    ...network,
    ...machines,
  ];
  const found = new Map<string, string[]>();
  for (const arn of sorted([...asked, ...extra])) {
    const service = arn.split(":")[2] ?? "";
    found.set(service, [...(found.get(service) ?? []), arn]);
  }
  const mappings = stack.resources("aws_lambda_event_source_mapping").map((mapping) => arnOf(stack, mapping));
  found.set("lambda", sorted([...(found.get("lambda") ?? []), ...mappings]));
  return found;
}

/** What a function's network is made of, by Terraform's type, and what ARNs call it. */
const NETWORK = {
  aws_default_security_group: "security-group",
  aws_flow_log: "vpc-flow-log",
  aws_route_table: "route-table",
  aws_security_group: "security-group",
  aws_subnet: "subnet",
  aws_vpc: "vpc",
  aws_vpc_endpoint: "vpc-endpoint",
} as const;

/** Parts of the system's resources that statements name, as a backup or a version; and everything of IAM, where nothing is only somebody else's. */
function partsNamed({ stack }: System, statements: readonly Statement[], own: readonly string[]): string[] {
  const account = `arn:${stack.partition}:iam::${stack.accountId}:`;
  const named = statements.flatMap(({ Resource: resources }) => [resources ?? []].flat());
  return named
    .map((pattern) => pattern.replace(/\$\{[^}]*\}|[*?]/g, "any"))
    .filter(
      (arn) =>
        arn.startsWith(account) || own.some((target) => arn.startsWith(`${target}:`) || arn.startsWith(`${target}/`)),
    );
}
