import { PRINCIPAL_TAG } from "../../core";
import { textOf } from "../body";
import { Unreadable, type Resource, type Stack, type Value } from "../stack";
import { changeOf, directed, type Change, type Effect } from "./change";
import type { ReviewCode } from "./codes";
import { differencesOf, shownValue, type Difference } from "./differences";
import type { Judgement } from "./judge";
import { metaOf, type Renamed } from "./pairing";
import { comparePatterns } from "./patterns";
import type { People, Reviewer } from "./people";
import { calledIn, TYPE_RULES, WORDING, type TypeRule } from "./resource-rules";

/** What the comparison of resources is told. */
export interface ResourcePair {
  readonly base: Stack;
  readonly head: Stack;
  readonly people: People;
  readonly renamed: readonly Renamed[];
  /** Addresses whose content is judged elsewhere, by what it means. */
  readonly elsewhere: ReadonlySet<string>;
  /** Whether the code of a function is the same, by its address, where both archives could be read. */
  readonly bundles?: ReadonlyMap<string, "same" | "other">;
  /** What a plan says of resources that it destroys and makes anew, by address: the arguments to blame. */
  readonly replaced?: ReadonlyMap<string, readonly string[]>;
}

/** What changes for each resource: what is gone, what is new, and each argument by its judge. */
export function resourceChanges(pair: ResourcePair): Change[] {
  const before = new Map(pair.base.all.map((resource) => [resource.address, resource]));
  const after = new Map(pair.head.all.map((resource) => [resource.address, resource]));
  const addresses = [...new Set([...before.keys(), ...after.keys()])].sort();
  return [
    ...renamings(pair),
    ...addresses.flatMap((address): Change[] => {
      const [from, to] = [before.get(address), after.get(address)];
      if (from === undefined) return to === undefined ? [] : added(pair, to);
      return to === undefined ? gone(pair, from) : both(pair, from, to);
    }),
  ];
}

/** A store that is called otherwise and not moved is destroyed; anything else is made anew and nothing is lost. */
function renamings({ renamed, people, base }: ResourcePair): Change[] {
  const bodies = new Map(base.all.map(({ address, body }) => [address, body]));
  return renamed.map(({ type, from, to, isMoved }) => {
    const places = [{ address: from, side: "head" as const }];
    if (TYPE_RULES[type]?.role !== "store" || isMoved) {
      const message = `\`${from}\` is called \`${to}\`${isMoved ? ", and moved there" : ""}`;
      return changeOf({ code: "ResourceRenamed", effect: "neutral", message, places });
    }
    const message = `${calledIn(type, from, bodies.get(from) ?? {})} is destroyed and made anew, because \`${from}\` is called \`${to}\` and no \`moved\` block says so`;
    return changeOf({ code: "StoreReplaced", effect: "look", message, who: people.technical(), places });
  });
}

function gone({ people, elsewhere }: ResourcePair, { type, address, body }: Resource): Change[] {
  if (elsewhere.has(address)) return [];
  const rule = TYPE_RULES[type];
  const places = [{ address, side: "base" as const }];
  const called = calledIn(type, address, body);
  const who = people.technical();
  if (rule?.role === "permission") return [];
  if (rule?.role === "store") {
    const message = `${called} is destroyed, with all that it holds`;
    return [changeOf({ code: "StoreDestroyed", effect: "widens", message, who, places })];
  }
  if (rule?.role === "guard")
    return [changeOf({ code: "GuardRemoved", effect: "widens", message: `${called} is gone`, who, places })];
  return [changeOf({ code: "ResourceRemoved", effect: "look", message: `${called} is gone`, who, places })];
}

function added({ people, elsewhere }: ResourcePair, { type, address, body }: Resource): Change[] {
  if (elsewhere.has(address)) return [];
  const rule = TYPE_RULES[type];
  const places = [{ address, side: "head" as const }];
  const message = `${calledIn(type, address, body)} is new`;
  if (rule?.role === "permission") return [];
  if (ENTRANCES.has(type))
    return [changeOf({ code: "DoorChanged", effect: "widens", message, who: people.technical(), places })];
  const isWay = type === "aws_cloudwatch_event_rule" && !isWatching({ body });
  if (!isWay && (rule?.role === "store" || ADDS_A_GUARD.has(type)))
    return [changeOf({ code: "GuardAdded", effect: "neutral", message, places })];
  return [changeOf({ code: "ResourceAdded", effect: "look", message, who: people.technical(), places })];
}

/** What lets more in, or tells more people, by being there. */
const ENTRANCES: ReadonlySet<string> = new Set([
  "aws_api_gateway_method",
  "aws_apigatewayv2_route",
  "aws_cloudwatch_log_subscription_filter",
  "aws_lambda_event_source_mapping",
  "aws_lambda_function_url",
  "aws_sns_topic_subscription",
]);

/** What watches or limits by being there, whatever it says. A firewall's rule may allow, a target may be anybody's. */
const ADDS_A_GUARD: ReadonlySet<string> = new Set([
  "aws_cloudwatch_composite_alarm",
  "aws_cloudwatch_event_rule",
  "aws_cloudwatch_log_metric_filter",
  "aws_cloudwatch_metric_alarm",
  "aws_flow_log",
  "aws_s3_bucket_object_lock_configuration",
  "aws_s3_bucket_public_access_block",
  "aws_s3_bucket_server_side_encryption_configuration",
  "aws_s3_bucket_versioning",
  "aws_sns_topic",
]);

function both(pair: ResourcePair, before: Resource, after: Resource): Change[] {
  const { people, elsewhere } = pair;
  const { type, address } = after;
  const rule = TYPE_RULES[type];
  const called = calledIn(type, address, after.body);
  const who = people.technical();
  const replacement = replacementOf(pair, rule, before, after);
  const found: Change[] = [...lifecycleChanges(before, after, called, who)];
  if (replacement !== undefined) {
    const message = `${called} is destroyed and made anew: ${replacement.map((name) => `\`${name}\``).join(", ")} changes`;
    found.push(
      changeOf({ code: "StoreReplaced", effect: "widens", message, who, places: [{ address, side: "head" }] }),
    );
  }
  if (elsewhere.has(address) || rule?.elsewhere?.includes("*") === true) return found;
  const differences = differencesOf(before, after, rule?.whole).filter(({ pattern }) => {
    const [name = pattern] = pattern.split(".");
    return rule?.elsewhere?.includes(name) !== true && replacement?.includes(name) !== true;
  });
  const bundle = pair.bundles?.get(address);
  const changes = grouped(differences, before, after, { rule, called, who, bundle });
  // Another archive may lie where the old one lay.
  const isUnsaid = bundle === "other" && !changes.some(({ code }) => code === "CodeChanged");
  return [...found, ...changes, ...(isUnsaid ? [codeChange(after, { called, who })] : [])];
}

function codeChange({ address }: Resource, { called, who }: Pick<Judging, "called" | "who">): Change {
  const places = [{ address, side: "head" as const, attribute: "filename" }];
  return changeOf({ code: "CodeChanged", effect: "look", message: codeChanges(called), who, places });
}

function codeChanges(called: string): string {
  return `the code of ${called} changes, or what it runs in; how it behaves is not judged`;
}

interface Judging {
  readonly rule: TypeRule | undefined;
  readonly called: string;
  readonly who: readonly Reviewer[];
  readonly bundle: "same" | "other" | undefined;
}

const REWORDED: Judgement = { code: "ArgumentReworded", effect: "neutral" };

/** Arguments that say which archive is uploaded, and when. */
const ARCHIVE: ReadonlySet<string> = new Set(["filename", "source_code_hash"]);

/** One change for each code and effect of a resource: what a reader must know of it, in one line. */
function grouped(differences: readonly Difference[], before: Resource, after: Resource, judging: Judging): Change[] {
  const { rule, called, who, bundle } = judging;
  const groups = new Map<string, { judgement: Judgement; those: Difference[] }>();
  for (const difference of differences) {
    const isSame = bundle === "same" && ARCHIVE.has(difference.pattern);
    const judgement = isSame ? REWORDED : judge(difference, before, after, rule);
    const key = `${judgement.code} ${judgement.effect}`;
    const group = groups.get(key) ?? { judgement, those: [] };
    group.those.push(difference);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ judgement: { code, effect }, those }) => {
    const { address } = after;
    const words = those.map(({ path, from, to }) => `\`${path}\` ${shownValue(path, from)} → ${shownValue(path, to)}`);
    const message =
      code === "CodeChanged"
        ? codeChanges(called)
        : effect === "neutral"
          ? `${called}: ${[...new Set(those.map(({ path }) => `\`${path}\``))].join(", ")} changed, which decides nothing`
          : `${called}: ${words[0] ?? ""}${words.length > 1 ? ` and ${String(words.length - 1)} more` : ""}`;
    const [first] = those;
    const place = { address, side: "head" as const, ...(first === undefined ? {} : { attribute: first.path }) };
    const isShown = words.length > 1 && effect !== "neutral";
    return changeOf({ code, effect, message, who, places: [place], details: isShown ? words : [] });
  });
}

function judge(difference: Difference, before: Resource, after: Resource, rule: TypeRule | undefined): Judgement {
  const { pattern, from, to } = difference;
  const [name = pattern] = pattern.split(".");
  if (pattern === `tags.${PRINCIPAL_TAG}` || pattern === `tags_all.${PRINCIPAL_TAG}`)
    return { code: "ArgumentChanged", effect: "look" };
  if (WORDING.has(name)) return { code: "ArgumentReworded", effect: "neutral" };
  const special = SPECIAL[`${after.type}.${name}`]?.(from, to, before, after);
  if (special !== undefined) return special;
  const own = judgeFor(rule, pattern)?.(from, to);
  return own ?? { code: rule?.code ?? "ArgumentChanged", effect: "look" };
}

/** The judge of the longest path that this one begins with. */
function judgeFor(rule: TypeRule | undefined, pattern: string): NonNullable<TypeRule["judges"]>[string] | undefined {
  for (let path = pattern; path !== ""; path = path.slice(0, Math.max(0, path.lastIndexOf(".")))) {
    const found = rule?.judges?.[path];
    if (found !== undefined) return found;
  }
  return undefined;
}

type Special = (from: Value, to: Value, before: Resource, after: Resource) => Judgement | undefined;

/** Arguments whose meaning another argument decides. */
const SPECIAL: Readonly<Partial<Record<string, Special>>> = {
  "aws_cloudwatch_metric_alarm.threshold": (from, to, before, after) => {
    const operator = textOf(after.body, "comparison_operator") ?? "";
    if (
      operator !== textOf(before.body, "comparison_operator") ||
      from instanceof Unreadable ||
      to instanceof Unreadable
    )
      return undefined;
    const [was, is] = [Number(from), Number(to)];
    const isBelow = operator.startsWith("LessThan");
    if (!isBelow && !/^GreaterThan(?:OrEqualTo)?Threshold$/.test(operator)) return undefined;
    return strength(isBelow ? is < was : is > was);
  },
  "aws_cloudwatch_event_rule.event_pattern": (from, to, before, after) => {
    const compared = comparePatterns(parsed(from), parsed(to));
    if (compared === undefined) return undefined;
    if (compared === "same") return { code: "ArgumentReworded", effect: "neutral" };
    return isWatching(before) && isWatching(after)
      ? strength(compared === "narrower")
      : { code: "DoorChanged", effect: directed(compared === "broader") };
  },
  "aws_cloudwatch_event_rule.state": (_from, to, before, after) => {
    const isOff = to === "DISABLED";
    if (!isOff && to !== undefined && !(typeof to === "string" && to.startsWith("ENABLED"))) return undefined;
    // A rule of the lifecycle bus that is closed keeps events out; one that watches sees nothing.
    return isWatching(before) && isWatching(after)
      ? strength(isOff)
      : { code: "DoorChanged", effect: directed(!isOff) };
  },
};

function strength(isWeaker: boolean): Judgement {
  return isWeaker ? { code: "GuardWeakened", effect: "widens" } : { code: "GuardStrengthened", effect: "narrows" };
}

/** A rule of the account's own bus hears of what happens; one of another bus lets events in. */
function isWatching({ body }: Pick<Resource, "body">): boolean {
  return (
    body["event_bus_name"] === undefined || body["event_bus_name"] === null || body["event_bus_name"] === "default"
  );
}

function parsed(value: Value): unknown {
  if (typeof value !== "string") return undefined;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}

function replacementOf(
  { replaced }: ResourcePair,
  rule: TypeRule | undefined,
  before: Resource,
  after: Resource,
): readonly string[] | undefined {
  if (rule?.role !== "store") return undefined;
  const told = replaced?.get(after.address);
  if (told !== undefined) return told;
  if (replaced !== undefined) return undefined;
  const names = new Set(rule.replacedBy ?? []);
  const changed = differencesOf(before, after).map(({ pattern }) => pattern.split(".")[0] ?? pattern);
  const those = [...new Set(changed)].filter((name) => names.has(name));
  return those.length === 0 ? undefined : those;
}

/** How Terraform treats a resource: what keeps it from being destroyed, what it leaves alone, as whom it works. */
function lifecycleChanges(before: Resource, after: Resource, called: string, who: readonly Reviewer[]): Change[] {
  if (before.raw === undefined || after.raw === undefined) return [];
  const [was, is] = [metaOf(before.raw), metaOf(after.raw)];
  const places = [{ address: after.address, attribute: "lifecycle", side: "head" as const }];
  const note = (code: ReviewCode, effect: Effect, message: string): Change =>
    changeOf({ code, effect, message: `${called}: ${message}`, who, places });
  const found: Change[] = [];
  const [kept, keeps] = [was, is].map((meta) => lifecycleOf(meta)["prevent_destroy"] === true);
  if (kept !== keeps)
    found.push(
      keeps === true
        ? note("GuardStrengthened", "narrows", "`prevent_destroy` is on")
        : note("ProtectionRemoved", "widens", "`prevent_destroy` is off"),
    );
  const [old, now] = [was, is].map((meta) => [lifecycleOf(meta)["ignore_changes"] ?? []].flat().map(String));
  const more = (now ?? []).filter((name) => !(old ?? []).includes(name));
  const less = (old ?? []).filter((name) => !(now ?? []).includes(name));
  const names = (those: readonly string[]): string => those.map((name) => `\`${name}\``).join(", ");
  if (more.length > 0)
    found.push(note("ArgumentChanged", "look", `Terraform ignores changes of ${names(more)} from now on`));
  if (less.length > 0)
    found.push(note("ArgumentChanged", "look", `Terraform no longer ignores changes of ${names(less)}`));
  for (const meta of ["provider", "count", "for_each", "provisioner", "connection"]) {
    if (JSON.stringify(was[meta]) === JSON.stringify(is[meta])) continue;
    found.push(note("ArgumentChanged", "look", `\`${meta}\` changed`));
  }
  return found;
}

function lifecycleOf(meta: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const [block] = [meta["lifecycle"]].flat();
  return typeof block === "object" && block !== null ? (block as Readonly<Record<string, unknown>>) : {};
}
