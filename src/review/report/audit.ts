import { blocksOf, blockOf, textOf, textsOf } from "../body";
import { isRecord, record, Unreadable, type Body, type Resource, type Stack, type Value } from "../stack";
import type { System } from "../system";
import { code, counted, listed, paragraph, said, type Block, type Section, type Text } from "./content";
import { durationOfSeconds } from "./numbers";

/** What is watched: the rules on what must never happen, the alarms, and the trail that both rest on. */
export function auditSection({ stack }: System): Section {
  const rules = auditRulesOf(stack);
  const alarms = stack.resources("aws_cloudwatch_metric_alarm");
  const trails = stack.resources("aws_cloudtrail");
  return {
    id: "audit",
    title: "What is watched, and who is told",
    blocks: [
      ...(trails.length === 0
        ? [paragraph("The stack makes no trail. Where the account has one, its rules listen to that.")]
        : trails.flatMap((trail) => trailBlocks(trail, stack))),
      { kind: "heading", text: ["What must never happen"], id: "audit-rules" },
      ...ruleBlocks(rules),
      { kind: "heading", text: ["Alarms"], id: "alarms" },
      ...alarmBlocks(alarms),
    ],
  };
}

/** A rule of the audit: what it says when it fires, and whom. */
export interface AuditRuleFound {
  readonly resource: Resource;
  readonly target: Resource;
  readonly rule: string;
  readonly never: string;
  readonly reason: string;
  readonly runbook: string;
  readonly isOn: boolean;
}

/** The rules whose alert gives a reason and a line of the runbook. */
export function auditRulesOf(stack: Stack): AuditRuleFound[] {
  const rules = new Map(stack.resources("aws_cloudwatch_event_rule").map((rule) => [textOf(rule.body, "name"), rule]));
  return stack.resources("aws_cloudwatch_event_target").flatMap((target): AuditRuleFound[] => {
    const resource = rules.get(textOf(target.body, "rule"));
    const template = parsed(textOf(blockOf(target.body, "input_transformer") ?? {}, "input_template"));
    const { alert, reason, runbook, rule } = template;
    if (resource === undefined || typeof reason !== "string" || typeof runbook !== "string") return [];
    return [
      {
        resource,
        target,
        rule: typeof rule === "string" ? rule : (textOf(resource.body, "name") ?? resource.address),
        never: typeof alert === "string" ? alert : "",
        reason,
        runbook,
        isOn:
          !["DISABLED"].includes(textOf(resource.body, "state") ?? "ENABLED") && resource.body["is_enabled"] !== false,
      },
    ];
  });
}

function ruleBlocks(rules: readonly AuditRuleFound[]): Block[] {
  if (rules.length === 0) return [paragraph("There are no such rules: nobody is told.")];
  return [
    paragraph(
      `${counted(rules.length, "rule")} read every call that CloudTrail records in the account. When one fires, its alert says which call, by whom, with which end, why it matters and what to do first.`,
    ),
    {
      kind: "table",
      caption: "Rules of the audit",
      head: ["Rule", "What must never happen", "Why", "What to do first"],
      rows: rules.map(({ rule, never, reason, runbook, isOn }): Text[] => [
        [code(rule), ...(isOn ? [] : [" ", { badge: "switched off", tone: "bad" as const }])],
        said(never),
        said(reason),
        said(runbook),
      ]),
    },
  ];
}

const COMPARISONS: Readonly<Partial<Record<string, string>>> = {
  GreaterThanOrEqualToThreshold: "at least",
  GreaterThanThreshold: "more than",
  LessThanOrEqualToThreshold: "at most",
  LessThanThreshold: "fewer than",
};

function alarmBlocks(alarms: readonly Resource[]): Block[] {
  if (alarms.length === 0) return [paragraph("There are none.")];
  return [
    {
      kind: "table",
      caption: "Alarms",
      head: ["Alarm", "What it means and what to do", "Rings at", "Tells"],
      rows: alarms.map(({ body, address }): Text[] => [
        [code(textOf(body, "alarm_name") ?? address)],
        [textOf(body, "alarm_description") ?? "not said"],
        ringsAt(body),
        tells(body["alarm_actions"]),
      ]),
    },
  ];
}

function ringsAt(body: Body): Text {
  const { threshold, evaluation_periods: periods } = body;
  const comparison = textOf(body, "comparison_operator") ?? "";
  const metrics = blocksOf(body, "metric_query").map((query) => blockOf(query, "metric"));
  const seconds = [body["period"], ...metrics.map((metric) => metric?.["period"])].find(
    (period): period is number => typeof period === "number",
  );
  const length = typeof periods === "number" && seconds !== undefined ? periods * seconds : seconds;
  return [
    `${COMPARISONS[comparison] ?? comparison} ${shown(threshold)}`,
    ...(length === undefined ? [] : [` within ${durationOfSeconds(length)}`]),
    ...(textOf(body, "treat_missing_data") === "breaching" ? [", or where nothing is counted at all"] : []),
  ];
}

function tells(actions: Value): Text {
  const arns = textsOf(actions);
  return arns.length === 0 ? ["nobody"] : listed(arns.map((arn) => [code(arn.split(":").at(-1) ?? arn)]));
}

function trailBlocks({ body, address }: Resource, stack: Stack): Block[] {
  const bucket = textOf(body, "s3_bucket_name") ?? textOf(body, "s3_bucket");
  const locks = stack
    .resources("aws_s3_bucket_object_lock_configuration")
    .filter((lock) => textOf(lock.body, "bucket") === bucket)
    .flatMap((lock) => blocksOf(lock.body, "rule").flatMap((rule) => blocksOf(rule, "default_retention")));
  const [lock] = locks;
  return [
    { kind: "heading", text: ["The trail"], id: "trail" },
    {
      kind: "facts",
      rows: [
        ["Trail", [code(textOf(body, "name") ?? address)]],
        ["Records go to", bucket === undefined ? ["not known"] : ["the bucket ", code(bucket)]],
        ["Records are signed", [yes(body["enable_log_file_validation"])]],
        ["Encrypted", [body["kms_key_id"] === undefined ? "by S3's own key" : "with a key of the stack"]],
        ["All regions", [yes(body["is_multi_region_trail"])]],
        [
          "Kept unchangeable",
          lock === undefined
            ? ["not by this stack"]
            : [
                `${shown(lock["days"] ?? lock["years"])} ${lock["days"] === undefined ? "years" : "days"}, in mode ${shown(lock["mode"])}`,
              ],
        ],
      ],
    },
  ];
}

function yes(value: Value): string {
  if (value instanceof Unreadable) return "not known";
  return value === true ? "yes" : "no";
}

function shown(value: Value): string {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : "what is not known";
}

/** A template is JSON with marks in its texts. */
function parsed(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text ?? "");
    return isRecord(json) ? json : {};
  } catch {
    return record(undefined);
  }
}
