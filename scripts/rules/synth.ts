import type { SettingFindingCode } from "../../constructs/check-settings";
import type { SynthFindingCode } from "../../constructs/checks";
import type { ArnFindingCode } from "../../src/compile/arns";
import type { AslFindingCode } from "../../src/compile/asl-lint";
import type { PublisherFindingCode } from "../../src/compile/iam/publishers";
import type { LimitFindingCode } from "../../src/compile/limits";
import { rule, type Family, type Rule } from "./rule";

const STACK: Readonly<Record<SynthFindingCode | SettingFindingCode, Rule>> = {
  ApprovalsInvalid: rule(
    "the settings of the approvals API make none",
    "`issuer: http://login.example.com`",
    "give the issuer's https URL, an audience and the claim with the groups",
  ),
  AuditInvalid: rule(
    "the settings of the audit make none",
    "`keepDays: 30` with `lockDays: 365`",
    "keep log files as long as they are locked, or longer",
  ),
  ConnectionInvalid: rule(
    "a connection has a setting that its system does not take",
    "`phoneCountryCode: +44`",
    "correct the setting at this path",
  ),
  HrisAmbiguous: rule(
    "the policy declares several systems of kind `hris`",
    "`systems: { hris: { kind: hris }, payroll: { kind: hris } }`",
    "say which one this stack writes to, with `hrisSystem`",
  ),
  HrisNotDeclared: rule(
    "the system that the stack writes to is not in the policy",
    "`hrisSystem: bamboo`, and the policy's is `hris`",
    "declare it, or name the one that is declared",
  ),
  NeverFieldOfHris: rule(
    "a writable field stands for one that nobody may write in this HRIS",
    "`pay: { class: safe, hrisField: payRate }` with BambooHR",
    "class the field `never`, or name the HRIS field that is really meant",
  ),
  PerimeterInvalid: rule(
    "the perimeter's settings make no private gateway",
    "an endpoint of one's own without its security group",
    "give all that the adopted endpoint or network needs",
  ),
  PublisherNotBound: rule(
    "the policy takes events from a publisher, and the stack does not say who that is",
    "`identity.joiner` without a role in `publishers`",
    "name its roles, or give an empty list while nobody may publish",
  ),
  ReferenceInPolicy: rule(
    "a text of the policy is a reference of Terraform, whose value no check can see",
    "`contact: ${var.contact}`",
    "write the value out",
  ),
  SettingInvalid: rule(
    "a setting has a value that makes no stack",
    "`logRetentionDays: 100`, which CloudWatch does not take",
    "give one of the values that are named",
  ),
  SystemNotConnected: rule(
    "the policy reads a system that the stack does not connect",
    "`sourceOfTruth: finance` without `systems.finance`",
    "connect the system, or make the policy read another",
  ),
  TimeZoneMissing: rule(
    "fields are kept by date, and nobody says where days begin",
    "BambooHR's job table without `timeZone`",
    "give the connection the time zone of your HR tenant",
  ),
};

const ARNS: Readonly<Record<ArnFindingCode, Rule>> = {
  ArnInvalid: rule(
    "a text is no ARN of what is asked for",
    "a secret's name in place of its ARN",
    "give the whole ARN",
  ),
  ArnOfOwnStack: rule(
    "somebody from outside is named by an ARN of this stack's own",
    "a publisher `…:role/acme-writeback-gateway`",
    "name a role of theirs",
  ),
  ArnOutOfRegion: rule(
    "a resource of another region or partition, where only one of the stack's own works",
    "a secret in `us-east-1` for a stack in `eu-west-1`",
    "name one of the stack's own region, as a replica",
  ),
  WriterSecretShared: rule(
    "the writer's secret is also what a reader reads",
    "`readerSecretArn` and `writerSecretArn` alike",
    "give reader and writer accounts, and secrets, of their own",
  ),
};

const PUBLISHERS: Readonly<Record<PublisherFindingCode, Rule>> = {
  PublisherNotDeclared: rule(
    "the stack binds a publisher that the policy does not declare",
    "`publishers: { identity.leaver: […] }`",
    "declare it in the policy, or remove it",
  ),
  PublisherPrincipalTooWide: rule(
    "a publisher is bound to more than roles and users of its own",
    "`arn:aws:iam::111122223333:root`, or `*`",
    "name the roles that publish",
  ),
  PublisherWithoutPrincipal: rule(
    "an event waits for a publisher that nobody may be",
    "`publishers: { identity.joiner: [] }`",
    "name its roles when somebody is to publish",
  ),
};

const LIMITS: Readonly<Record<LimitFindingCode, Rule>> = {
  DefinitionTooLong: rule(
    "the workflow's definition is longer than Step Functions takes",
    "thousands of safe fields with long names",
    "shorten names, or spread the fields over two stacks; the finding says how many fit",
  ),
  EnvironmentTooLarge: rule(
    "a function's environment is larger than 4 KB",
    "many systems with long URLs",
    "connect fewer systems, or shorten their URLs",
  ),
  EventPatternTooLong: rule(
    "a rule's pattern is longer than EventBridge takes",
    "an event with hundreds of publishers",
    "give the event fewer publishers",
  ),
  ItemTooLarge: rule(
    "an item of the classification table is larger than DynamoDB takes",
    "an `enum` with tens of thousands of values",
    "shorten the list that the path names",
  ),
  NameTooLong: rule(
    "a name of a resource would be longer than AWS takes",
    "a prefix of 25 characters and an event with a name of 60",
    "shorten the prefix or the name",
  ),
  PlacementInvalid: rule(
    "prefix, account or region are none",
    "`accountId: 1234`",
    "give twelve digits, a region's code and a short prefix in small letters",
  ),
  PolicyDocumentTooLong: rule(
    "a policy document is longer than AWS takes",
    "a thousand writable fields in the boundary",
    "shorten names, or spread the fields over two stacks; the finding says how many fit",
  ),
  SessionPolicyTooLong: rule(
    "the session policy would be longer than STS takes, at its longest",
    "a stage or a path with very long names",
    "shorten the gateway's ARN by as much as the finding says",
  ),
};

const ASL: Readonly<Record<AslFindingCode, Rule>> = {
  AslGrammar: rule(
    "the definition is no Amazon States Language",
    "a task without `Resource`",
    "correct the state named",
  ),
  CatchAllMisplaced: rule(
    "`States.ALL` does not stand alone and last",
    "`[States.ALL, States.Timeout]`",
    "put it last, alone",
  ),
  ChoiceWithoutDefault: rule("a choice may match nothing", "a choice without `Default`", "give it a `Default`"),
  DanglingTarget: rule(
    "a way leads to a state that is not there",
    "`Next: Announced`",
    "name a state of the same scope",
  ),
  InvalidDelay: rule("a wait or a back-off has no length that works", "`Seconds: -1`", "give a length from 1"),
  MapItemMisplaced: rule(
    "a map's item is asked for outside of a map",
    "`$$.Map.Item.Value` at the top",
    "ask within the map",
  ),
  NoWayToEnd: rule(
    "from a state no way leads to an end",
    "two states that only lead to each other",
    "lead one of them out",
  ),
  PathMayBeAbsent: rule(
    "a path is read that is not there on every way",
    "`$.write.status` before `Write`",
    "read it only after the state that writes it",
  ),
  PathUnreadable: rule("a path cannot be followed statically", "`$.list[?(@.a)]`", "use a plain reference path"),
  TaskTokenMisplaced: rule(
    "a task token is asked for where there is none",
    "`$$.Task.Token` in a task that does not wait",
    "ask for it in a task with `.waitForTaskToken`",
  ),
  TaskTokenNotPassed: rule(
    "a task waits for a token that it gives to nobody",
    "`.waitForTaskToken` without `$$.Task.Token`",
    "pass the token in the payload",
  ),
  UnknownContextPath: rule(
    "the context object has no such path",
    "`$$.Execution.Nme`",
    "use one that Step Functions has",
  ),
  UnknownErrorName: rule(
    "a name that nobody throws is caught or repeated",
    "`ReadUnavailble`",
    "use a name of the core contract",
  ),
  UnknownIntegration: rule("a task calls what the workflow may not", "`states:::sns:publish`", "call a function"),
  UnreachableState: rule(
    "no way leads to a state",
    "a state that was forgotten after a change",
    "lead to it, or remove it",
  ),
  WaitEndUncaught: rule(
    "a wait for people that nobody answers is taken for a failure",
    "`.waitForTaskToken` with `States.ALL` alone in its `Catch`",
    "catch `States.Timeout` and `States.HeartbeatTimeout` by name, and look at the change again",
  ),
  WaitWithoutTimeout: rule("a task waits for people without an end", "`.waitForTaskToken` alone", "give it a timeout"),
};

export const SYNTH_FAMILIES: readonly Family[] = [
  {
    title: "What does not make a stack",
    where: "Every synth, as a `SynthError` with all of them at once.",
    rules: STACK,
  },
  { title: "ARNs that are given", where: "Every synth.", rules: ARNS },
  { title: "Publishers", where: "Every synth.", rules: PUBLISHERS },
  { title: "Limits of AWS", where: "Every synth: each finding says what would fit.", rules: LIMITS },
  {
    title: "State machines",
    where: "Every synth, over the definitions that are compiled. Only a change of the compiler meets them.",
    rules: ASL,
  },
];
