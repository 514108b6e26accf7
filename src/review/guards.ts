import { evaluate, IamRequestError, type ContextInput, type Layers } from "../iam";
import { ALLOW_ALL, findAllowed, type Ask, type Caller } from "./asking";
import { contextsFor } from "./contexts";
import type { StackDocument } from "./documents";
import { together, type Counterexample, type Evidence, type Findings, type Invariant, type NotRead } from "./finding";
import { strangeAccount } from "./holdings";
import { arnOf } from "./identity";
import type { Power } from "./powers";
import { concerns, type ResourcePolicy } from "./resource-policies";
import { principalsCompared, strangersTo } from "./strangers";
import { policyOf, sorted, type System } from "./system";

/**
 * What the policies of resources must refuse whatever identity policies say, because somebody outside of the stack may have any: use of
 * the keys, and reading the writer secret where the stack attaches a policy to it.
 */
export function proveGuards(system: System, powers: readonly Power[]): Findings {
  return together([
    ...powers.filter(({ guarded }) => guarded === true).map((power) => guardPower(system, power)),
    ...system.secrets.writer.map((secret) => guardSecret(system, secret, powers)),
    ...[...new Set([system.keys.data, system.keys.digest])].map((key) => bindServices(system, key)),
  ]);
}

/** Everybody who is not allowed a power, holding every right that an identity policy can give. */
function guardPower(system: System, power: Power): Partial<Findings> {
  const targets = sorted(power.asks.map(({ resource }) => resource));
  return together(
    targets.map((target) => {
      const policy = system.policies.find((each) => concerns(each, target));
      if (policy === undefined) return openBucket(system, target, power);
      if (policy.document === undefined) return {};
      const asks = power.asks.filter(({ resource }) => resource === target);
      const { document } = policy;
      const others = system.principals.filter(({ kind, tag }) => kind === "role" && !power.allowed.includes(tag ?? ""));
      const callers: Caller[] = [...strangersTo(system, document), ...others];
      return findOpen(system, policy, callers, asks, (allowed, caller) => ({
        code: "PowerHeldByAnother",
        invariants: power.invariants,
        message: `${caller.label} may ${power.title} as soon as an identity policy says so`,
        resources: resourcesOf(policy),
        ...allowed,
      }));
    }),
  );
}

/** A bucket without a policy: identity policies alone say who may, and everybody's are not known. */
function openBucket({ stack }: System, target: string, { title, invariants }: Power): Partial<Findings> {
  const bucket = stack.resources("aws_s3_bucket").find((each) => target.startsWith(`${arnOf(stack, each)}/`));
  if (bucket === undefined) return {};
  const message = `anybody of the account may ${title} as soon as an identity policy says so: the bucket has no policy`;
  return { counterexamples: [{ code: "PowerHeldByAnother", invariants, message, resources: [bucket.address] }] };
}

/** The first of these callers that a resource's policy does not stop. */
export function findOpen(
  system: System,
  policy: ResourcePolicy,
  callers: readonly Caller[],
  asks: readonly Ask[],
  describe: (allowed: Pick<Counterexample, "statements" | "request">, caller: Caller, ask: Ask) => Counterexample,
): Partial<Findings> {
  const { document, resourceKind } = policy;
  if (document === undefined) return {};
  const layers: Layers = { identity: [ALLOW_ALL], resource: document, resourceKind };
  const unread: NotRead[] = [];
  for (const caller of callers) {
    for (const ask of asks) {
      const allowed = findAllowed(system.reader, caller, ask, layers);
      if (allowed === undefined) continue;
      if (allowed !== "undecided") return { counterexamples: [describe(allowed, caller, ask)] };
      const { invariants } = describe({}, caller, ask);
      const message = `whether ${caller.label} may ${ask.action} there, has more cases than can be tried`;
      unread.push({ code: "TooManyCases", invariants, message, resources: resourcesOf(policy) });
    }
  }
  return { unread: unread.slice(0, 1) };
}

/** Whether some policy of this type is there, of which nobody can say what it is the policy of. */
export function isHomeless({ homeless }: System, type: string): boolean {
  return homeless.some(({ resource }) => resource.startsWith(`${type}.`));
}

export function resourcesOf(policy: ResourcePolicy): string[] {
  return sorted(policy.documents.map(({ resource }) => resource));
}

function guardSecret(system: System, secret: string, powers: readonly Power[]): Partial<Findings> {
  const policy = policyOf(system, "secret", secret);
  if (policy?.document === undefined) return {};
  const power = powers.find(({ id }) => id === "read-writer-credential");
  const asks: Ask[] = [{ action: "secretsmanager:GetSecretValue", resource: secret }];
  const named = principalsCompared(policy.document);
  const others = system.principals.filter(
    ({ kind, tag }) => kind === "role" && power?.allowed.includes(tag ?? "") !== true,
  );
  const found = findOpen(
    system,
    policy,
    [...strangersTo(system, policy.document), ...others],
    asks,
    (allowed, caller) => ({
      code: "SecretOpen",
      invariants: [2],
      message: `the policy of the writer secret does not keep ${caller.label} from reading it`,
      resources: resourcesOf(policy),
      ...allowed,
    }),
  );
  const own = new Set(system.principals.map(({ arn }) => arn));
  const rotation = sorted(named.filter((arn) => !own.has(arn)));
  const except = rotation.length === 0 ? "" : ` and ${rotation.join(", ")}, outside of this stack`;
  const evidence: Evidence = {
    invariant: 2,
    text: `the writer secret's own policy denies reading to everybody but the gateway${except}`,
    resources: resourcesOf(policy),
  };
  return found.counterexamples === undefined && found.unread?.length === 0 ? { evidence: [evidence] } : found;
}

/** A service that a key's policy lets in, acting for something of another account. */
function bindServices(system: System, key: string | undefined): Partial<Findings> {
  const policy = key === undefined ? undefined : policyOf(system, "key", key);
  if (key === undefined || policy === undefined) return {};
  const subject = { resource: key, what: "use the key", invariants: [2, 7] } as const;
  return together(policy.documents.map((document) => unboundServices(system, document, subject)));
}

/** What services are let in to. */
interface Subject {
  readonly resource: string;
  /** Completes "may", as in "use the key". */
  readonly what: string;
  readonly invariants: readonly Invariant[];
  /**
   * Services that are judged: not every one says whose resource it acts for.
   * @default - all
   */
  readonly services?: ReadonlySet<string>;
}

/** The services that a document lets in for somebody else's resources: all that tells whose they are, says another account. */
export function unboundServices(system: System, document: StackDocument, subject: Subject): Partial<Findings> {
  const { resource, what, invariants, services } = subject;
  const counterexamples = document.statements.flatMap(({ ref, statement }, index): Counterexample[] => {
    const service = servicesOf(statement).find((name) => services === undefined || services.has(name));
    const action = [statement.Action ?? []].flat().find((name) => !name.includes("*"));
    if (statement.Effect !== "Allow" || service === undefined || action === undefined) return [];
    const open = foreignContexts(system, document, index).find((context) =>
      isLetIn(service, action, resource, context, document),
    );
    if (open === undefined) return [];
    return [
      {
        code: "ServiceUnbound",
        invariants,
        message: `${service} may ${what} for a resource of any account`,
        resources: [document.resource],
        statements: [ref],
        request: { principal: service, action, resource, context: open },
      },
    ];
  });
  return { counterexamples };
}

export function servicesOf({ Principal: principal }: StackDocument["statements"][number]["statement"]): string[] {
  return typeof principal === "object" ? [principal["Service"] ?? []].flat(2) : [];
}

/** What a request for another account's resource looks like to one statement: every key it asks for that says whose, says another's. */
function foreignContexts(system: System, { document }: StackDocument, index: number): ContextInput[] {
  const statement = document.Statement[index];
  const account = strangeAccount(system.stack.accountId);
  const arn = `arn:${system.stack.partition}:any:${system.stack.region}:${account}:thing`;
  const keys = Object.values(statement?.Condition ?? {}).flatMap((tests) => Object.keys(tests));
  const settled: Record<string, string | undefined> = { "aws:sourceaccount": account, "aws:sourcearn": arn };
  for (const key of keys) {
    const name = key.toLowerCase();
    if (/account$/.test(name)) settled[name] = account;
    else if (/arn$/.test(name)) settled[name] = arn;
  }
  return [...contextsFor(statement === undefined ? [] : [statement], settled).list];
}

function isLetIn(
  service: string,
  action: string,
  resource: string,
  context: ContextInput,
  { document, kind }: StackDocument,
): boolean {
  const layers: Layers = { identity: [], resource: document, ...(kind === "trust" ? { resourceKind: "trust" } : {}) };
  try {
    return evaluate({ principalService: service, action, resource, context }, layers).decision === "allow";
  } catch (error) {
    if (error instanceof IamRequestError) return false;
    throw error;
  }
}
