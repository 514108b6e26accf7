import { HARMLESS, whyHarmless } from "../../src/review/harmless";
import { readHoldings } from "../../src/review/holdings";
import { powersOf } from "../../src/review/powers";
import { readSystem } from "../../src/review/system";
import { stackOfConfiguration } from "../../src/review";
import cases from "../cases/iam/service-actions.json";
import { Hand, type Tree } from "./hand";
import { objections, proofOf, smallExample } from "./stacks";

interface Action {
  readonly action: string;
  readonly level: string;
}

const ACTIONS: readonly Action[] = Object.entries<Partial<Record<string, string>>>(cases.services).flatMap(
  ([service, levels]) =>
    Object.entries(levels).flatMap(([level, names]) =>
      (names ?? "").split(" ").map((name) => ({ action: `${service}:${name}`, level })),
    ),
);

/** What changes something and is harmless all the same: each is a decision, so each is named here too. */
const HARMLESS_CHANGES = [
  "athena:StartQueryExecution",
  "athena:StopQueryExecution",
  "cloudwatch:PutMetricData",
  "ec2:AssignPrivateIpAddresses",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:UnassignPrivateIpAddresses",
  "kms:GenerateRandom",
  "logs:CreateLogGroup",
  "logs:CreateLogStream",
  "logs:PutLogEvents",
  "secretsmanager:ValidateResourcePolicy",
  "sqs:ChangeMessageVisibility",
  "sts:DecodeAuthorizationMessage",
  "sts:SetSourceIdentity",
  "sts:TagSession",
];

function withStranger(statement: Tree): Hand {
  const hand = new Hand(smallExample());
  const trusted = { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" };
  hand.add("aws_iam_role", "stranger", {
    name: "stranger",
    assume_role_policy: JSON.stringify({ Version: "2012-10-17", Statement: [trusted] }),
  });
  hand.add("aws_iam_role_policy", "stranger", {
    role: "${aws_iam_role.stranger.id}",
    policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Sid: "Added", Effect: "Allow", ...statement }] }),
  });
  // What a stack may have besides: a network, and queries over the log files.
  hand.add("aws_vpc_endpoint", "any", { vpc_id: "vpc-1", service_name: "com.amazonaws.eu-west-1.sts" });
  hand.add("aws_athena_workgroup", "any", { name: "any" });
  hand.add("aws_glue_catalog_database", "any", { name: "any" });
  return hand;
}

/** The powers that somebody without a tag has in a stack, one action at a time. */
function actionsHeld(hand: Hand, only?: string): Set<string> {
  const system = readSystem(stackOfConfiguration(hand.json));
  const stranger = system.principals.filter(({ name }) => name === "stranger");
  expect(stranger).toHaveLength(1);
  const single = powersOf(system).flatMap((power) =>
    [...new Set(power.asks.map(({ action }) => action))]
      .filter((action) => only === undefined || action === only)
      .map((action) => ({
        ...power,
        asks: power.asks.filter((ask) => ask.action === action),
      })),
  );
  const { held } = readHoldings({ ...system, principals: stranger, policies: [] }, single);
  return new Set(held.map(({ request }) => request.action.toLowerCase()));
}

describe("every action of AWS's services on the system's resources", () => {
  test("is a power that a stranger's grant of it shows, or is known to be harmless", () => {
    const powers = ACTIONS.filter(({ action }) => whyHarmless(action) === undefined).map(({ action }) => action);
    const held = actionsHeld(withStranger({ Action: powers, Resource: "*" }));
    expect(powers.filter((action) => !held.has(action.toLowerCase()))).toEqual([]);
  });

  test("that changes something is harmless only where it was decided", () => {
    const harmless = ACTIONS.filter(({ action, level }) => level !== "read" && whyHarmless(action) !== undefined);
    expect(harmless.map(({ action }) => action).sort()).toEqual(HARMLESS_CHANGES);
  });

  test("and nothing is harmless that there is not", () => {
    const dead = HARMLESS.flatMap(({ service, actions }) =>
      actions
        .filter((name) => !name.endsWith("*"))
        .map((name) => `${service}:${name}`)
        .filter((action) => !ACTIONS.some((each) => each.action === action)),
    );
    expect(dead).toEqual([]);
  });
});

const arn = (service: string, rest: string): string => `arn:aws:${service}:eu-west-1:111122223333:${rest}`;
const LEDGER = arn("dynamodb", "table/acme-writeback-ledger");
const CONTROL_TABLE = arn("dynamodb", "table/acme-writeback-control");
const WRITER = arn("secretsmanager", "secret:hris/bamboohr-writer-d4E5f6");
const GATEWAY = arn("lambda", "function:acme-writeback-gateway");
const WORKFLOW = arn("states", "stateMachine:acme-writeback-workflow");
const BUS = "acme-writeback-lifecycle";

describe("one action on one named resource does not go unnoticed", () => {
  test.each([
    ["dynamodb:CreateBackup", LEDGER],
    ["dynamodb:CreateTableReplica", LEDGER],
    ["dynamodb:DeleteBackup", `${LEDGER}/backup/*`],
    ["dynamodb:DisableKinesisStreamingDestination", LEDGER],
    ["dynamodb:EnableKinesisStreamingDestination", LEDGER],
    ["dynamodb:ExportTableToPointInTime", CONTROL_TABLE],
    ["dynamodb:Query", `${LEDGER}/index/*`],
    ["dynamodb:RestoreTableFromBackup", `${LEDGER}/backup/*`],
    ["dynamodb:RestoreTableFromBackup", LEDGER],
    ["dynamodb:UpdateGlobalTable", LEDGER],
    ["kms:CancelKeyDeletion", "${KEY}"],
    ["kms:DisableKeyRotation", "${KEY}"],
    ["kms:ReplicateKey", "${KEY}"],
    ["kms:RetireGrant", "${KEY}"],
    ["kms:TagResource", "${KEY}"],
    ["lambda:DeleteFunctionCodeSigningConfig", GATEWAY],
    ["lambda:DeleteFunctionEventInvokeConfig", GATEWAY],
    ["lambda:PublishVersion", GATEWAY],
    ["lambda:PutFunctionCodeSigningConfig", GATEWAY],
    ["lambda:PutFunctionRecursionConfig", GATEWAY],
    ["lambda:PutProvisionedConcurrencyConfig", `${GATEWAY}:live`],
    ["lambda:PutRuntimeManagementConfig", GATEWAY],
    ["lambda:TagResource", GATEWAY],
    ["lambda:UpdateFunctionEventInvokeConfig", GATEWAY],
    ["lambda:InvokeFunction", arn("lambda", "function:acme-writeback-inspect")],
    ["lambda:InvokeFunction", arn("lambda", "function:acme-writeback-kill-switch")],
    ["lambda:InvokeFunction", arn("lambda", "function:acme-writeback-sweeper")],
    ["secretsmanager:BatchGetSecretValue", WRITER],
    ["secretsmanager:CancelRotateSecret", WRITER],
    ["secretsmanager:RestoreSecret", WRITER],
    ["secretsmanager:StopReplicationToReplica", WRITER],
    ["states:CreateStateMachineAlias", WORKFLOW],
    ["states:PublishStateMachineVersion", WORKFLOW],
    ["states:StartExecution", `${WORKFLOW}:1`],
    ["states:StartExecution", `${WORKFLOW}:any-alias`],
    ["states:StartExecution", arn("states", "stateMachine:acme-writeback-kill-switch")],
    ["states:UpdateMapRun", arn("states", "mapRun:acme-writeback-workflow/*")],
    ["states:UpdateStateMachineAlias", `${WORKFLOW}:any-alias`],
    ["apigateway:PATCH", "arn:aws:apigateway:eu-west-1::/restapis/${API}/stages/live"],
    ["apigateway:PUT", "arn:aws:apigateway:eu-west-1::/restapis/${API}/*"],
    ["apigateway:PATCH", "arn:aws:apigateway:eu-west-1::/apis/${PAGES}/routes/any"],
    ["cloudtrail:PutInsightSelectors", arn("cloudtrail", "trail/acme-writeback-*")],
    ["cloudwatch:DeleteAlarms", arn("cloudwatch", "alarm:acme-writeback-*")],
    ["cloudwatch:PutMetricData", "*"],
    ["events:PutRule", arn("events", `rule/${BUS}/*`)],
    ["events:StartReplay", arn("events", `event-bus/${BUS}`)],
    ["events:TagResource", arn("events", `event-bus/${BUS}`)],
    ["iam:CreateAccessKey", "arn:aws:iam::111122223333:user/ops"],
    ["iam:PutRolePolicy", "arn:aws:iam::111122223333:role/ops"],
    ["iam:AddRoleToInstanceProfile", "arn:aws:iam::111122223333:instance-profile/any"],
    ["logs:PutResourcePolicy", "*"],
    ["logs:PutSubscriptionFilter", arn("logs", "log-group:/aws/lambda/acme-writeback-gateway:*")],
    ["logs:Unmask", arn("logs", "log-group:/aws/lambda/acme-writeback-gateway:*")],
    ["s3:PutObjectAcl", "arn:aws:s3:::acme-writeback-audit-111122223333-eu-west-1/*"],
    ["s3:PutReplicationConfiguration", "arn:aws:s3:::acme-writeback-audit-111122223333-eu-west-1"],
    ["scheduler:CreateSchedule", arn("scheduler", "schedule/default/*")],
    ["sns:SetSubscriptionAttributes", arn("sns", "acme-writeback-*")],
    ["sqs:TagQueue", arn("sqs", "acme-writeback-intake")],
    ["ec2:ModifyVpcEndpoint", arn("ec2", "vpc-endpoint/${ENDPOINT}")],
    ["glue:UpdateTable", arn("glue", "database/any")],
    ["athena:DeleteWorkGroup", arn("athena", "workgroup/any")],
  ])("%s on %s", (action, resource) => {
    const hand = withStranger({});
    const named: Readonly<Partial<Record<string, string>>> = {
      KEY: `${hand.find("aws_kms_key", "data").address}.arn`,
      API: `${hand.find("aws_api_gateway_rest_api").address}.id`,
      PAGES: `${hand.find("aws_apigatewayv2_api").address}.id`,
      ENDPOINT: "aws_vpc_endpoint.any.id",
    };
    const filled = resource.replace(/\$\{([A-Z]+)\}/g, (_, name: string) => `\${${named[name] ?? name}}`);
    const held = actionsHeld(withStranger({ Action: action, Resource: filled }), action);
    expect([...held]).toEqual([action.toLowerCase()]);
  });
});

describe("an action that nobody here knows", () => {
  test.each([
    ["on the system's own table", "dynamodb:SomethingNew", LEDGER],
    ["on a part of it", "dynamodb:SomethingNew", `${LEDGER}/part/*`],
    ["on everything", "dynamodb:SomethingNew", "*"],
    ["on anybody of the account", "iam:SomethingNew", "arn:aws:iam::111122223333:user/somebody"],
  ])("is a power that nobody has, %s", (_where, action, resource) => {
    const found = objections(proofOf(withStranger({ Action: action, Resource: resource }).json));
    expect(found).toContainEqual(expect.stringMatching(/^2 PowerHeldByAnother: role stranger may use `/));
  });

  test.each([
    ["on somebody's own table", "dynamodb:SomethingNew", LEDGER.replace("acme-writeback-ledger", "another")],
    ["on a table whose name begins as ours", "dynamodb:SomethingNew", `${LEDGER}-of-somebody`],
    ["of a service that the system has nothing of", "polly:SynthesizeSpeech", "*"],
  ])("is none of the system's, %s", (_where, action, resource) => {
    expect(objections(proofOf(withStranger({ Action: action, Resource: resource }).json))).toEqual([]);
  });
});
