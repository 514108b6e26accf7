import { compileNames, type Names } from "../names";
import type { PatternNode } from "./pattern";
import type { AuditInput, AuditRule } from "./rule";
import { connectorRules, secretRules, tableRules } from "./rules-of-access";
import { gatewayRules, identityRules } from "./rules-of-change";
import { stopRules, trailRules } from "./rules-of-watch";

/**
 * What must never happen in the account of a write-back, each as an EventBridge rule over CloudTrail's records. Where an identity of the
 * stack has a power alone, the rule listens for everybody else; where nobody should ever change something unannounced, for everybody.
 */
export function auditRules(input: AuditInput): readonly AuditRule[] {
  return [
    ...connectorRules(input),
    ...secretRules(input),
    ...tableRules(input),
    ...identityRules(input),
    ...gatewayRules(input),
    ...trailRules(input),
    ...stopRules(input),
  ];
}

/** The Region of each partition in which IAM's calls are recorded, and those to the global endpoint of STS: a rule elsewhere never hears of them. */
const GLOBAL_REGION: Readonly<Record<string, string>> = {
  aws: "us-east-1",
  "aws-cn": "cn-north-1",
  "aws-us-gov": "us-gov-west-1",
};

/**
 * Names of what watches a stack's global calls, where those are recorded: under a prefix of their own, so that a reader of ARNs takes none for
 * another of the stack's Region. @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html (read 2026-11-29)
 */
export function globalNames({ prefix, accountId, partition }: Names): Names {
  return compileNames({ prefix: `${prefix}-global`, accountId, region: GLOBAL_REGION[partition] ?? "us-east-1" });
}

/** Sources of calls that are recorded there alone, or there too. */
const GLOBAL_SOURCES: ReadonlySet<unknown> = new Set(["aws.iam", "aws.sts"]);

/**
 * The rules for the Region where global calls are recorded, of a stack that is elsewhere: what of each rule is about IAM and STS, and the rules on
 * these rules themselves. `there` are the names of what is in that Region, `alertKeyArn` the key of the alerts there.
 */
export function globalRules(input: AuditInput, there: Names, alertKeyArn: string): readonly AuditRule[] {
  const ofCalls = auditRules(input).flatMap((rule): AuditRule[] => {
    const pattern = globalPart(rule.pattern);
    return pattern === undefined ? [] : [{ ...rule, pattern }];
  });
  const own = { ...input, names: there, refs: { ...input.refs, keyArns: [alertKeyArn] }, ownBucket: false };
  return [...ofCalls, ...[...identityRules(own), ...trailRules(own)].filter(({ name }) => OWN_RULES.has(name))];
}

/** What watches the rules and their topic, wherever they are. */
const OWN_RULES: ReadonlySet<string> = new Set(["key-policy-changed", "watch-stopped"]);

/** The part of a pattern that global calls can match. */
function globalPart(pattern: PatternNode): PatternNode | undefined {
  const { source, $or: alternatives, ...others } = pattern;
  if (Array.isArray(source)) return source.some((each) => GLOBAL_SOURCES.has(each)) ? pattern : undefined;
  if (!Array.isArray(alternatives)) return undefined;
  const parts = (alternatives as readonly PatternNode[]).flatMap((part): PatternNode[] => {
    const kept = globalPart(part);
    return kept === undefined ? [] : [kept];
  });
  const [only, ...more] = parts;
  if (only === undefined) return undefined;
  // EventBridge takes no choice between one.
  return more.length === 0 ? { ...others, ...only } : { ...others, $or: parts };
}
