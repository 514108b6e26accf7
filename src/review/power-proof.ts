import { isAlwaysDenied, type Ask } from "./asking";
import { together, type Counterexample, type Evidence, type Findings, type NotRead } from "./finding";
import { layersOf, type Holding, type Holdings } from "./holdings";
import type { Power } from "./powers";
import type { Principal } from "./principals";
import { rolesTagged, sorted, type System } from "./system";

/** Whether each power is held by those alone whom the trust model names. */
export function provePowers(system: System, powers: readonly Power[], { held, undecided }: Holdings): Findings {
  const wrong = held.filter((holding) => !isAllowed(holding));
  const counterexamples = grouped(wrong).map(({ first, holders }): Counterexample => {
    const { power, side, statements, request } = first;
    const how = side === "resource" ? ", by the resource's own policy" : "";
    const whose = power.allowed.length === 0 ? "nobody" : power.allowed.join(", ");
    const who =
      holders.length <= 3 ? holders.join(", ") : `${holders.slice(0, 3).join(", ")} and ${holders.length - 3} more`;
    return {
      code: "PowerHeldByAnother",
      invariants: power.invariants,
      message: `${who} may ${power.title}${how}; it belongs to ${whose}`,
      resources: sorted(statements.map(({ resource }) => resource)),
      statements,
      request,
    };
  });
  const unread = undecided.map(({ power, holder, resources }): NotRead => ({
    code: "TooManyCases",
    invariants: power.invariants,
    message: `whether ${holder} may ${power.title}, has more cases than can be tried, or a condition without a certain meaning`,
    resources,
  }));
  const evidence = HEADLINES.flatMap(([id, text]): Evidence[] => {
    const holders = held.filter(({ power }) => power.id === id);
    const who = sorted(holders.map(({ holder }) => holder));
    return [
      {
        invariant: 2,
        text: `who may ${text}: ${who.length === 0 ? "nobody" : who.join(", ")}`,
        resources: sorted(holders.flatMap(({ statements }) => statements.map(({ resource }) => resource))),
      },
    ];
  });
  const all: Evidence = {
    invariant: 2,
    text: `${powers.length} powers were asked of ${system.principals.length} principals, and of whomever a resource's policy names: each is held by those alone to whom the trust model gives it`,
    resources: [],
  };
  const isClean = counterexamples.length + unread.length === 0;
  return together([
    { counterexamples, unread, evidence: isClean ? [...evidence, all] : evidence },
    executionDenials(system),
  ]);
}

/** Holders of one power by the same statements are told together. */
function grouped(holdings: readonly Holding[]): { readonly first: Holding; readonly holders: readonly string[] }[] {
  const groups = new Map<string, { first: Holding; holders: string[] }>();
  for (const holding of holdings) {
    const key = JSON.stringify([holding.power.id, holding.side, holding.statements]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: holding, holders: [holding.holder] });
    else group.holders.push(holding.holder);
  }
  return [...groups.values()];
}

/** The three that invariant 2 names. */
const HEADLINES = [
  ["read-writer-credential", "read the writer credential"],
  ["assume-connector-role", "assume the connector role"],
  ["send-task-results", "send task results"],
] as const;

/** Publishers live outside of the stack: what the bus's policy gives each of them is judged with the bus. */
function isAllowed({ power, tag, isInsider, side }: Holding): boolean {
  if (power.id === "publish-lifecycle-events" && !isInsider && side === "resource") return true;
  return tag !== undefined && power.allowed.includes(tag);
}

/** What the connector's own code must never do, whatever is attached to its role later: mint a session, or use one as itself. */
const EXECUTION_DENIALS: readonly Ask[] = [
  ...[
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "GetFederationToken",
    "GetSessionToken",
    "GetWebIdentityToken",
    "TagSession",
    "SetSourceIdentity",
  ].map((action) => ({ action: `sts:${action}`, resource: "*" })),
  ...["Invoke", "ManageConnections", "InvalidateCache"].map((action) => ({
    action: `execute-api:${action}`,
    resource: "*",
  })),
];

/** The role of the connector's function, where that is of this stack: by what the broker invokes, whatever its tag. */
function connectorsOwnRoles(system: System): Principal[] {
  const { functions, connectorFunction } = system;
  const invoked = functions.flatMap(({ arn, principal }) =>
    arn === connectorFunction && principal !== undefined ? [principal] : [],
  );
  return [...new Set([...invoked, ...rolesTagged(system, "connector-execution")])];
}

/** A role of one account and a request of one API stand for all: the denials must be on everything. */
function executionDenials(system: System): Partial<Findings> {
  return together(
    connectorsOwnRoles(system).map((role): Partial<Findings> => {
      const { stack, connectorRole } = system;
      if (role.unread.length > 0) return {};
      const onThings = EXECUTION_DENIALS.map(({ action }) => ({
        action,
        resource: action.startsWith("sts:")
          ? (connectorRole?.arn ?? `arn:${stack.partition}:iam::${stack.accountId}:role/any`)
          : `arn:${stack.partition}:execute-api:${stack.region}:${stack.accountId}:any/live/PATCH/any`,
      }));
      const missing = onThings.filter((ask) => isAlwaysDenied(role, ask, layersOf(role)) !== true);
      const documents = sorted(role.identity.map(({ resource }) => resource));
      if (missing.length === 0) {
        const text = "the connector's own role is denied `sts:*` and `execute-api:*` in so many words";
        return { evidence: [{ invariant: 3, text, resources: documents }] };
      }
      const services = sorted(missing.map(({ action }) => action))
        .slice(0, 4)
        .join(", ");
      const counterexample: Counterexample = {
        code: "DenyMissing",
        invariants: [2, 3],
        message: `the role of the connector's own code is not denied ${services}${missing.length > 4 ? ` and ${missing.length - 4} more` : ""} in so many words`,
        resources: documents.length === 0 ? [role.address] : documents,
      };
      return { counterexamples: [counterexample] };
    }),
  );
}
