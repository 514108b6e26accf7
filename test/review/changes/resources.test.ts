import type { Hand, Tree } from "../hand";
import { smallExample } from "../stacks";
import { edited, noticed, reviewOf } from "./stacks";

/** The small stack with the blocks that a synth writes besides resources. */
function whole(): object {
  const check = { runs: { assert: [{ condition: "${true}", error_message: "The system is stopped." }] } };
  const provider = { aws: [{ region: "eu-west-1", default_tags: [{ tags: { service: "write-back" } }] }] };
  return { ...smallExample(), check, provider };
}

interface Case {
  readonly name: string;
  readonly edit: (hand: Hand) => void;
  readonly said: readonly string[];
  /** What a message must say. */
  readonly words: string;
  /** What is said the other way round, where that is not the same narrowed. */
  readonly back?: readonly string[];
}

/** One argument of the only resource of a type whose logical name holds `part`. */
function set(type: string, part: string, argument: string, value: unknown): (hand: Hand) => void {
  return (hand) => {
    const { body } = hand.find(type, part);
    const [name = argument, ...deeper] = argument.split(".");
    if (deeper.length === 0) body[name] = value;
    else {
      const blocks = [body[name]].flat() as Tree[];
      const [inner = ""] = deeper;
      const nested = deeper.length > 1 ? ([blocks[0]?.[inner]].flat()[0] as Tree) : blocks[0];
      if (nested !== undefined) nested[deeper.at(-1) ?? ""] = value;
    }
    if (value === undefined) body[name] = deeper.length === 0 ? undefined : body[name];
  };
}

function removed(type: string, part: string): (hand: Hand) => void {
  return (hand) => {
    hand.remove(type, part);
  };
}

/** Conditions of the first kind of call that the trail records. */
function selectorOf(hand: Hand): Tree[] {
  const [first] = hand.find("aws_cloudtrail").body["advanced_event_selector"] as { field_selector: Tree[] }[];
  if (first === undefined) throw new Error("the trail records nothing");
  return first.field_selector;
}

const LEDGER = "ledger_table";
const ALARM = "approvals-expiring";

const CASES: readonly Case[] = [
  {
    name: "an alarm is gone",
    edit: removed("aws_cloudwatch_metric_alarm", `_${ALARM}`),
    said: ["widens GuardRemoved"],
    words: "alarm `acme-writeback-approvals-expiring` is gone",
    back: [],
  },
  {
    name: "an alarm rings later",
    edit: set("aws_cloudwatch_metric_alarm", `_${ALARM}`, "threshold", 100),
    said: ["widens GuardWeakened"],
    words: "`threshold` 1 → 100",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "an alarm tells nobody",
    edit: set("aws_cloudwatch_metric_alarm", `_${ALARM}`, "alarm_actions", undefined),
    said: ["widens GuardWeakened"],
    words: "`alarm_actions`",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "an alarm is muted",
    edit: set("aws_cloudwatch_metric_alarm", `_${ALARM}`, "actions_enabled", false),
    said: ["widens GuardWeakened"],
    words: "`actions_enabled`",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "an alarm watches something else",
    edit: set("aws_cloudwatch_metric_alarm", `_${ALARM}`, "metric_name", "Nothing"),
    said: ["look GuardWeakened"],
    words: "`metric_name`",
    back: ["look GuardWeakened"],
  },
  {
    name: "a rule of the audit is gone",
    edit: removed("aws_cloudwatch_event_rule", "alerts_api-changed"),
    said: ["widens GuardRemoved"],
    words: "rule `acme-writeback-audit-api-changed` is gone",
    back: [],
  },
  {
    name: "a rule of the audit is off",
    edit: set("aws_cloudwatch_event_rule", "alerts_api-changed", "state", "DISABLED"),
    said: ["widens GuardWeakened"],
    words: "`state` ENABLED → DISABLED",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "a rule of the audit hears less",
    edit: (hand) => {
      const { body } = hand.find("aws_cloudwatch_event_rule", "alerts_api-changed");
      body["event_pattern"] = String(body["event_pattern"]).replace('"DeleteRestApi",', "");
    },
    said: ["widens GuardWeakened"],
    words: "`event_pattern`",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "a rule of the lifecycle bus lets more in",
    edit: (hand) => {
      const { body } = hand.find("aws_cloudwatch_event_rule", "joiner");
      body["event_pattern"] = JSON.stringify({ "detail-type": ["joiner.provisioned"] });
    },
    said: ["widens DoorChanged"],
    words: "`event_pattern`",
    back: ["narrows DoorChanged"],
  },
  {
    name: "a rule leads nowhere",
    edit: removed("aws_cloudwatch_event_target", "alerts_api-changed-topic"),
    said: ["widens GuardRemoved"],
    words: "is gone",
    back: ["look ResourceAdded"],
  },
  {
    name: "what a rule cannot deliver is kept nowhere",
    edit: set("aws_cloudwatch_event_target", "alerts_api-changed-topic", "dead_letter_config", undefined),
    said: ["widens GuardWeakened"],
    words: "`dead_letter_config.arn`",
    // Whoever reads that queue, reads what was not delivered.
    back: ["look GuardWeakened"],
  },
  {
    name: "events go to somebody else too",
    edit: (hand) => {
      hand.add("aws_cloudwatch_event_target", "other", {
        rule: "any",
        arn: "arn:aws:sqs:eu-west-1:111122223333:other",
      });
    },
    said: ["look ResourceAdded"],
    words: "target of a rule",
    back: ["widens GuardRemoved"],
  },
  {
    name: "a route is new",
    edit: (hand) => {
      hand.add("aws_apigatewayv2_route", "other", { route_key: "POST /other", authorization_type: "NONE" });
    },
    said: ["widens DoorChanged"],
    words: "route `POST /other` is new",
    back: ["look ResourceRemoved"],
  },
  {
    name: "a function has an address of its own",
    edit: (hand) => {
      hand.add("aws_lambda_function_url", "other", { authorization_type: "NONE" });
    },
    said: ["widens DoorChanged"],
    words: "`aws_lambda_function_url.other` is new",
    back: ["look ResourceRemoved"],
  },
  {
    name: "a line of a log is counted no more",
    edit: removed("aws_cloudwatch_log_metric_filter", `count-${ALARM}`),
    said: ["widens GuardRemoved"],
    words: "metric filter",
    back: [],
  },
  {
    name: "the trail stands still",
    edit: set("aws_cloudtrail", "", "enable_logging", false),
    said: ["widens GuardWeakened"],
    words: "`enable_logging`",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "the trail's files are not validated",
    edit: set("aws_cloudtrail", "", "enable_log_file_validation", false),
    said: ["widens GuardWeakened"],
    words: "`enable_log_file_validation`",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "the trail records fewer data events",
    edit: (hand) => {
      const { body } = hand.find("aws_cloudtrail");
      body["advanced_event_selector"] = (body["advanced_event_selector"] as unknown[]).slice(0, 2);
    },
    said: ["widens GuardWeakened"],
    words: "`advanced_event_selector`",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "the trail records only some of the calls that it recorded",
    edit: (hand) => {
      selectorOf(hand).push({ field: "readOnly", equals: ["false"] });
    },
    said: ["widens GuardWeakened"],
    words: "`advanced_event_selector`",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "the trail leaves a service's calls out",
    edit: (hand) => {
      selectorOf(hand).push({ field: "eventSource", not_equals: ["kms.amazonaws.com"] });
    },
    said: ["widens GuardWeakened"],
    words: "`advanced_event_selector`",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "records of the audit are locked less long",
    edit: set("aws_s3_bucket_object_lock_configuration", "", "rule.default_retention.days", 30),
    said: ["widens RetentionShortened"],
    words: "365 → 30",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "records of the audit are gone sooner",
    edit: (hand) => {
      const { body } = hand.find("aws_s3_bucket_lifecycle_configuration", "archive");
      const [rule] = body["rule"] as Tree[];
      if (rule !== undefined) rule["expiration"] = [{ days: 90 }];
    },
    said: ["widens RetentionShortened"],
    words: "2557 → 90",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "the bucket of the audit may be public",
    edit: set("aws_s3_bucket_public_access_block", "archive", "block_public_policy", false),
    said: ["widens GuardWeakened"],
    words: "`block_public_policy`",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "the bucket's block is gone",
    edit: removed("aws_s3_bucket_public_access_block", "archive"),
    said: ["widens GuardRemoved"],
    words: "public access block",
    back: [],
  },
  {
    name: "logs are kept less long",
    edit: set("aws_cloudwatch_log_group", "gateway_logs", "retention_in_days", 7),
    said: ["widens RetentionShortened"],
    words: "`retention_in_days` 365 → 7",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "logs are kept for good",
    edit: set("aws_cloudwatch_log_group", "gateway_logs", "retention_in_days", 0),
    said: ["narrows GuardStrengthened"],
    words: "365 → 0",
    back: ["widens RetentionShortened"],
  },
  {
    name: "a log is not encrypted by a key of ours",
    edit: set("aws_cloudwatch_log_group", "gateway_logs", "kms_key_id", undefined),
    said: ["widens EncryptionWeakened"],
    words: "`kms_key_id`",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "a log is gone",
    edit: removed("aws_cloudwatch_log_group", "gateway_logs"),
    said: ["widens StoreDestroyed"],
    words: "is destroyed, with all that it holds",
    back: [],
  },
  {
    name: "a table is gone",
    edit: removed("aws_dynamodb_table", LEDGER),
    said: ["widens StoreDestroyed"],
    words: "table `acme-writeback-ledger` is destroyed",
    back: [],
  },
  {
    name: "a table is made anew",
    edit: set("aws_dynamodb_table", LEDGER, "hash_key", "id"),
    said: ["widens StoreReplaced"],
    words: "table `acme-writeback-ledger` is destroyed and made anew: `hash_key` changes",
    back: ["widens StoreReplaced"],
  },
  {
    name: "a table is not encrypted by a key of ours",
    edit: set("aws_dynamodb_table", LEDGER, "server_side_encryption", undefined),
    said: ["widens EncryptionWeakened"],
    words: "server_side_encryption",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "a table is encrypted by another key",
    edit: set(
      "aws_dynamodb_table",
      LEDGER,
      "server_side_encryption.kms_key_arn",
      "arn:aws:kms:eu-west-1:111122223333:key/k",
    ),
    said: ["look EncryptionWeakened"],
    words: "key/k",
    back: ["look EncryptionWeakened"],
  },
  {
    name: "a table cannot be restored",
    edit: set("aws_dynamodb_table", LEDGER, "point_in_time_recovery.enabled", false),
    said: ["widens RetentionShortened"],
    words: "`point_in_time_recovery.enabled` true → false",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "a table may be deleted",
    edit: set("aws_dynamodb_table", LEDGER, "deletion_protection_enabled", false),
    said: ["widens ProtectionRemoved"],
    words: "`deletion_protection_enabled` true → false",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "Terraform may destroy a table",
    edit: set("aws_dynamodb_table", LEDGER, "lifecycle", undefined),
    said: ["widens ProtectionRemoved"],
    words: "`prevent_destroy` is off",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "Terraform leaves a table's arguments alone",
    edit: set("aws_dynamodb_table", LEDGER, "lifecycle", {
      prevent_destroy: true,
      ignore_changes: ["server_side_encryption"],
    }),
    said: ["look ArgumentChanged", "look ArgumentChanged"],
    words: "ignores changes of `server_side_encryption` from now on",
    back: ["look ArgumentChanged", "look ArgumentChanged"],
  },
  {
    name: "a key is not rotated",
    edit: set("aws_kms_key", "data-key", "enable_key_rotation", false),
    said: ["widens EncryptionWeakened"],
    words: "`enable_key_rotation` true → false",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "a key is gone sooner",
    edit: set("aws_kms_key", "data-key", "deletion_window_in_days", 7),
    said: ["widens ProtectionRemoved"],
    words: "30 → 7",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "a queue keeps what failed nowhere",
    edit: set("aws_sqs_queue", "bus_queue", "redrive_policy", undefined),
    said: ["widens GuardWeakened"],
    words: "`redrive_policy`",
    // Whoever reads the other queue, reads what failed.
    back: ["look GuardWeakened"],
  },
  {
    name: "a topic is not encrypted by a key of ours",
    edit: set("aws_sns_topic", "audit_alerts_topic", "kms_master_key_id", undefined),
    said: ["widens EncryptionWeakened"],
    words: "`kms_master_key_id`",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "the gateway's method asks nobody",
    edit: set("aws_api_gateway_method", "", "authorization", "NONE"),
    said: ["widens DoorChanged"],
    words: "`authorization` AWS_IAM → NONE",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "the gateway's bodies are traced",
    edit: set("aws_api_gateway_method_settings", "", "settings.data_trace_enabled", true),
    said: ["widens GuardWeakened"],
    words: "`settings.data_trace_enabled` false → true",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "changes of the API are deployed no more",
    edit: set("aws_api_gateway_deployment", "", "triggers", undefined),
    said: ["look DoorChanged"],
    words: "`triggers.redeployment`",
    back: [],
  },
  {
    name: "a function that guards may not run",
    edit: (hand) => {
      hand.fn("kill-switch").body["reserved_concurrent_executions"] = 0;
    },
    said: ["look GuardWeakened"],
    words: "`reserved_concurrent_executions` none → 0",
    back: ["widens GuardWeakened"],
  },
  {
    name: "fewer calls of a function may run at once",
    edit: (hand) => {
      hand.fn("decide").body["reserved_concurrent_executions"] = 50;
    },
    said: ["narrows GuardStrengthened"],
    words: "`reserved_concurrent_executions` none → 50",
    back: ["widens GuardWeakened"],
  },
  {
    name: "a function is in a network",
    edit: (hand) => {
      hand.fn("gateway").body["vpc_config"] = { subnet_ids: ["subnet-1"], security_group_ids: ["sg-1"] };
    },
    said: ["look GuardWeakened"],
    words: "`vpc_config",
    back: ["widens GuardWeakened"],
  },
  {
    name: "a function's failed calls are kept elsewhere",
    edit: (hand) => {
      hand.fn("broker").body["dead_letter_config"] = { target_arn: "arn:aws:sqs:eu-west-1:444455556666:other" };
    },
    said: ["look GuardWeakened"],
    words: "`dead_letter_config.target_arn`",
    back: ["widens GuardWeakened"],
  },
  {
    name: "a route to decisions asks nobody",
    edit: set("aws_apigatewayv2_route", "route-decide-request", "authorization_type", "NONE"),
    said: ["widens DoorChanged"],
    words: "`authorization_type` JWT → NONE",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "approvers sign in elsewhere",
    edit: set("aws_apigatewayv2_authorizer", "", "jwt_configuration.issuer", "https://other.example.com"),
    said: ["widens DoorChanged"],
    words: "`jwt_configuration.issuer`",
    back: ["widens DoorChanged"],
  },
  {
    name: "the API leads to another function",
    edit: set("aws_api_gateway_integration", "", "uri", "arn:aws:apigateway:eu-west-1:lambda:path/other"),
    said: ["look DoorChanged"],
    words: "`uri`",
    back: ["look DoorChanged"],
  },
  {
    name: "intake reads another queue",
    edit: set(
      "aws_lambda_event_source_mapping",
      "intake-source",
      "event_source_arn",
      "arn:aws:sqs:eu-west-1:111122223333:other",
    ),
    said: ["look DoorChanged"],
    words: "`event_source_arn`",
    back: ["look DoorChanged"],
  },
  {
    name: "the sweeper runs no more",
    edit: set("aws_scheduler_schedule", "scheduler_schedule", "state", "DISABLED"),
    said: ["widens GuardWeakened"],
    words: "`state`",
    back: ["narrows GuardStrengthened"],
  },
  {
    name: "the code of a function is another",
    edit: (hand) => {
      hand.fn("gateway").body["source_code_hash"] = "other";
    },
    said: ["look CodeChanged"],
    words: "the code of function `acme-writeback-gateway` changes, or what it runs in; how it behaves is not judged",
    back: ["look CodeChanged"],
  },
  {
    name: "a function is told something else",
    edit: (hand) => {
      const { variables } = hand.fn("gateway").body["environment"] as { variables: Tree };
      variables["HRIS_SYSTEM"] = "other";
    },
    said: ["look EnvironmentChanged"],
    words: "function `acme-writeback-gateway`: `HRIS_SYSTEM`",
    back: ["look EnvironmentChanged"],
  },
  {
    name: "a function runs as another role",
    edit: (hand) => {
      hand.fn("notifier").body["role"] = `\${aws_iam_role.${hand.role("sweeper").name}.arn}`;
    },
    said: ["look ArgumentChanged"],
    words: "`role`",
    back: ["look ArgumentChanged"],
  },
  {
    name: "a resource of a type that nobody knows is new",
    edit: (hand) => {
      hand.add("aws_instance", "helper", { ami: "ami-1", iam_instance_profile: "admin" });
    },
    said: ["look ResourceAdded"],
    words: "`aws_instance.helper` is new",
    back: ["look ResourceRemoved"],
  },
  {
    name: "an argument that no rule knows is another",
    edit: set("aws_cloudwatch_event_bus", "", "kms_key_identifier", "arn:aws:kms:eu-west-1:111122223333:key/k"),
    said: ["look ArgumentChanged"],
    words: "`kms_key_identifier`",
    back: ["look ArgumentChanged"],
  },
  {
    name: "a check of each plan is gone",
    edit: (hand) => {
      delete (hand.json["check"] as Tree)["runs"];
    },
    said: ["widens GuardRemoved"],
    words: "the check `runs` of each plan is gone",
    back: [],
  },
  {
    name: "Terraform keeps its state elsewhere",
    edit: (hand) => {
      (hand.json["terraform"] as Tree)["backend"] = { s3: { bucket: "other" } };
    },
    said: ["look BlockChanged"],
    words: "`terraform backend`",
    back: ["look BlockChanged"],
  },
  {
    name: "the provider acts as another role",
    edit: (hand) => {
      const [aws] = (hand.json["provider"] as { aws: Tree[] }).aws;
      if (aws !== undefined) aws["assume_role"] = { role_arn: "arn:aws:iam::111122223333:role/other" };
    },
    said: ["look BlockChanged"],
    words: "`provider aws`",
    back: ["look BlockChanged"],
  },
  {
    name: "a module is new",
    edit: (hand) => {
      hand.json["module"] = { network: { source: "./network" } };
    },
    said: ["look BlockChanged", "look NotRead"],
    words: "`module.network`: a module's resources are not in this file",
    back: ["look BlockChanged"],
  },
  {
    name: "the switch starts otherwise",
    edit: (hand) => {
      const [name] =
        Object.entries(hand.ofType("aws_dynamodb_table_item")).find(([each]) => each.includes("ledger_switch")) ?? [];
      const { body } = hand.find("aws_dynamodb_table_item", name ?? "no switch");
      body["item"] = String(body["item"])
        .replace("stopped", "running")
        .replace("${terraform_data", "${aws_dynamodb_table");
    },
    said: ["look ArgumentChanged"],
    words: "`item`",
    back: ["look ArgumentChanged"],
  },
];

describe("a change of what watches, keeps, lets in and runs", () => {
  test.each(CASES)("is told where $name", ({ edit, said, words, back }) => {
    const changed = edited(edit, whole());
    const review = reviewOf(whole(), changed);
    expect(noticed(review)).toEqual(said);
    expect(review.changes.map(({ message }) => message).join("\n")).toContain(words);
    const turned = noticed(reviewOf(changed, whole()));
    expect(turned).toEqual(back ?? said.map((each) => each.replace("widens", "narrows")));
  });
});

describe("a trail with selectors of the older kind", () => {
  const recording = (selector: Tree): object =>
    edited((hand) => {
      const { body } = hand.find("aws_cloudtrail");
      delete body["advanced_event_selector"];
      body["event_selector"] = [selector];
    });

  test.each([
    ["reads are left out", { read_write_type: "WriteOnly" }],
    ["management events are left out", { include_management_events: false }],
    ["a service is left out", { exclude_management_event_sources: ["kms.amazonaws.com"] }],
  ])("records less where %s", (_name, less) => {
    const [all, some] = [recording({ read_write_type: "All" }), recording({ read_write_type: "All", ...less })];
    expect(noticed(reviewOf(all, some))).toEqual(["widens GuardWeakened"]);
    expect(noticed(reviewOf(some, all))).toEqual(["narrows GuardStrengthened"]);
  });
});

describe("a plan's and a stack's own place", () => {
  test("another account is told, and nothing besides", () => {
    const text = JSON.stringify(smallExample()).replaceAll("111122223333", "444455556666");
    // Everything else is the same there.
    expect(noticed(reviewOf(smallExample(), JSON.parse(text)))).toEqual(["look PlaceChanged"]);
  });

  test("a secret's value is not shown", () => {
    const changed = edited((hand) => {
      const { variables } = hand.fn("gateway").body["environment"] as { variables: Tree };
      variables["API_TOKEN"] = "hunter2-hunter2";
    });
    const review = reviewOf(smallExample(), changed);
    expect(review.verdict).toBe("look");
    expect(JSON.stringify(review)).not.toContain("hunter2");
  });
});
