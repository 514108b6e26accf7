import { witnessesOf, type Statement } from "../../iam";
import { concerns, type Ask } from "../asking";
import { powersOf } from "../powers";
import type { System } from "../system";

/** What the trust model speaks of, of either side. */
interface Known {
  readonly asks: readonly Ask[];
  /** Titles of powers by their requests. */
  readonly titles: ReadonlyMap<string, string>;
  /** Actions as they are written, by their lower case. */
  readonly spelling: ReadonlyMap<string, string>;
}

function knownRequests(before: System, after: System): Known {
  const powers = [before, after].flatMap((system) => powersOf(system));
  const titles = new Map(powers.flatMap(({ asks, title }) => asks.map((ask): [string, string] => [keyOf(ask), title])));
  const all = powers.flatMap((power) => power.asks);
  const asks = [...new Map(all.map((ask) => [keyOf(ask), ask])).values()];
  const written = [...asks.map(({ action }) => action), ...[before, after].flatMap(actionsWritten)];
  const spelling = new Map([...written].reverse().map((action) => [action.toLowerCase(), action]));
  return { asks, titles, spelling };
}

/** Requests that differ where documents may: each concerns a sentence that only one of two documents has. */
export class Requests {
  private known: Known | undefined;

  constructor(
    private readonly before: System,
    private readonly after: System,
  ) {}

  /** Read when the first documents differ: most changes leave permissions alone. */
  private get all(): Known {
    return (this.known ??= knownRequests(this.before, this.after));
  }

  /** An action as AWS spells it, as far as somebody wrote it. */
  spelt(action: string): string {
    return this.all.spelling.get(action) ?? action;
  }

  /** What the trust model calls a request, where it speaks of it. */
  titleOf(ask: Ask): string | undefined {
    return this.all.titles.get(keyOf(ask));
  }

  /**
   * Requests that a sentence is about: its own action and resource where they are written out; else one for each way in which the patterns
   * of all sentences can be matched, and every request that the trust model knows.
   */
  about(atom: Statement, all: readonly Statement[], values: ReadonlyMap<string, readonly string[]>): Ask[] {
    const actions = actionsOf(atom, all);
    const resources = this.resourcesOf(atom, all, values, actions);
    const known = isOpen(atom) ? this.all.asks.filter((ask) => concerns(atom, ask)) : [];
    const own = actions.flatMap((action) => resources.map((resource) => ({ action, resource }))).filter(isLikely);
    const asks = [...own, ...known.map(({ action, resource }) => ({ action: action.toLowerCase(), resource }))];
    return [...new Map(asks.map((ask) => [keyOf(ask), ask])).values()].filter((ask) => concerns(atom, ask));
  }

  private resourcesOf(
    atom: Statement,
    all: readonly Statement[],
    values: ReadonlyMap<string, readonly string[]>,
    actions: readonly string[],
  ): string[] {
    const own = [atom.Resource ?? atom.NotResource ?? []].flat();
    const services = [...new Set(actions.map((action) => action.split(":")[0] ?? ""))];
    // A trust policy has no resource: whatever is assumed is the role.
    if (atom.Resource === undefined && atom.NotResource === undefined) return ["*"];
    const filled = own.flatMap((pattern) => withVariables(pattern, values));
    const literal = filled.filter((text) => !/[*?]/.test(text));
    if (literal.length === filled.length && atom.Resource !== undefined) return literal;
    const patterns = all.flatMap(({ Resource: one, NotResource: not }) => [one ?? [], not ?? []].flat());
    const others = patterns.flatMap((pattern) => withVariables(pattern, values));
    const witnesses = witnessesOf([...new Set([...filled, ...others.filter((text) => isNear(text, filled))])]).texts;
    const { partition, region, accountId } = this.after.stack;
    const anything = services.map((service) => `arn:${partition}:${service}:${region}:${accountId}:anything`);
    return [...new Set([...literal, ...filled.map(matching), ...witnesses, ...anything, "*"])].filter(isResource);
  }
}

function actionsWritten({ principals, policies }: System): string[] {
  const documents = [
    ...principals.flatMap(({ identity, boundary, trust }) => [...identity, boundary, trust]),
    ...policies.flatMap(({ documents: own }) => own),
  ];
  return documents.flatMap((document) =>
    (document?.statements ?? []).flatMap(({ statement: { Action: actions } }) => [actions ?? []].flat()),
  );
}

/** Whether a request can be: an action is of the service whose resource it is about. */
function isLikely({ action, resource }: Ask): boolean {
  const [service = ""] = action.split(":");
  const owner = resource.split(":")[2];
  return resource === "*" || owner === service || owner === OWNERS[service];
}

/** Services that act on another one's resources. */
const OWNERS: Readonly<Partial<Record<string, string>>> = { sts: "iam" };

/** How many patterns of other statements are looked at together: beyond that each is looked at by itself. */
const MAX_NEAR = 40;

function isNear(text: string, patterns: readonly string[]): boolean {
  if (patterns.length > MAX_NEAR) return false;
  const fixed = text.split(/[*?]/)[0] ?? "";
  return patterns.some((pattern) => {
    const own = pattern.split(/[*?]/)[0] ?? "";
    return fixed.startsWith(own) || own.startsWith(fixed);
  });
}

function isResource(text: string): boolean {
  return text === "*" || /^arn:[^:*?]+:[^:*?]*:[^:]*:[^:]*:.+$/s.test(text);
}

function isOpen({
  Action: actions,
  NotAction: not,
  Resource: resources,
  NotResource: notResources,
}: Statement): boolean {
  return (
    not !== undefined ||
    notResources !== undefined ||
    [actions ?? [], resources ?? []].flat(2).some((text) => /[*?]/.test(text))
  );
}

/** Actions that a wildcard may stand for, of services that matter wherever they are. */
const NOTABLE = [
  "apigateway:PATCH",
  "cloudtrail:StopLogging",
  "dynamodb:DeleteItem",
  "dynamodb:PutItem",
  "dynamodb:Scan",
  "dynamodb:UpdateItem",
  "ec2:RunInstances",
  "events:PutEvents",
  "execute-api:Invoke",
  "iam:CreateUser",
  "iam:PassRole",
  "iam:PutRolePolicy",
  "kms:CreateGrant",
  "kms:Decrypt",
  "lambda:InvokeFunction",
  "lambda:UpdateFunctionCode",
  "logs:DeleteLogGroup",
  "logs:PutLogEvents",
  "organizations:LeaveOrganization",
  "s3:GetObject",
  "s3:PutObject",
  "secretsmanager:GetSecretValue",
  "sns:Publish",
  "sqs:ReceiveMessage",
  "sqs:SendMessage",
  "ssm:GetParameter",
  "states:SendTaskSuccess",
  "states:StartExecution",
  "sts:AssumeRole",
  "sts:GetFederationToken",
].map((action) => action.toLowerCase());

function actionsOf(atom: Statement, all: readonly Statement[]): string[] {
  const own = [atom.Action ?? atom.NotAction ?? []].flat();
  if (atom.Action !== undefined && !own.some((action) => /[*?]/.test(action))) return own;
  const services = new Set(own.map((action) => action.split(":")[0] ?? ""));
  const others = all
    .flatMap(({ Action: one, NotAction: not }) => [one ?? [], not ?? []].flat())
    .map((action) => action.toLowerCase())
    .filter((action) => atom.NotAction !== undefined || services.has("*") || services.has(action.split(":")[0] ?? ""));
  const witnesses = witnessesOf([...new Set([...own, ...others])]).texts;
  return [...new Set([...own.map(matching), ...others.map(matching), ...witnesses, ...NOTABLE])].filter((action) =>
    /^[a-z0-9-]+:[a-z0-9]+$/.test(action),
  );
}

/** A text that a pattern matches: `dynamodb:*` as `dynamodb:any`. */
function matching(pattern: string): string {
  if (pattern === "*") return "other:any";
  return pattern.replace(/\*/g, "any").replace(/\?/g, "x");
}

/** A pattern with texts in the place of its variables: every value that conditions tell apart. */
function withVariables(pattern: string, values: ReadonlyMap<string, readonly string[]>): string[] {
  let texts = [""];
  let at = 0;
  for (const match of pattern.matchAll(/\$\{([^}]*)\}/g)) {
    const before = pattern.slice(at, match.index);
    const name = (match[1] ?? "").split(",")[0]?.trim().toLowerCase() ?? "";
    const filled = /^[*?$]$/.test(name) ? [name] : (values.get(name) ?? ["some-value"]);
    texts = texts.flatMap((text) => filled.map((value) => text + before + value)).slice(0, MAX_FILLED);
    at = match.index + match[0].length;
  }
  const rest = pattern.slice(at);
  return texts.map((text) => text + rest);
}

const MAX_FILLED = 64;

function keyOf({ action, resource }: Ask): string {
  return `${action.toLowerCase()} ${resource}`;
}

/**
 * Values of condition keys that sentences of one side compare with and those of the other do not, some that both do, and one that neither
 * does: what fills variables.
 */
export function valuesToTry(gone: readonly Statement[], come: readonly Statement[]): Map<string, readonly string[]> {
  const valuesIn = (atoms: readonly Statement[]): Map<string, Set<string>> => {
    const found = new Map<string, Set<string>>();
    for (const { Condition: condition } of atoms) {
      for (const [operator, keys] of Object.entries(condition ?? {})) {
        if (!/String|Arn/.test(operator)) continue;
        for (const [key, value] of Object.entries(keys)) {
          const known = found.get(key) ?? new Set<string>();
          for (const text of [value].flat()) if (!text.includes("${")) known.add(matching(text));
          found.set(key, known);
        }
      }
    }
    return found;
  };
  const [old, now] = [valuesIn(gone), valuesIn(come)];
  const keys = [...new Set([...old.keys(), ...now.keys()])];
  return new Map(
    keys.map((key) => {
      const [a, b] = [old.get(key) ?? new Set<string>(), now.get(key) ?? new Set<string>()];
      const more = [...b].filter((value) => !a.has(value));
      const less = [...a].filter((value) => !b.has(value));
      const both = [...a].filter((value) => b.has(value));
      return [key, [...more.slice(0, 8), ...less.slice(0, 8), ...both.slice(0, 1), "some-value"]];
    }),
  );
}
