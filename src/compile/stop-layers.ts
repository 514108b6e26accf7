import type { HandlerName } from "../core";
import { STOPPED_HANDLERS } from "./iam";
import type { Names } from "./names";

/** One layer of a stop, for who has to understand or take it. */
export interface StopLayerGuide {
  /** As in the ledger, in `hris-writeback status` and in the state machine's steps. */
  readonly layer: "switch" | "concurrency" | "connector" | "intake" | "executions";
  /** State of the kill switch's machine that takes it. */
  readonly state: string;
  /** How soon it holds. */
  readonly holdsAfter: string;
  readonly stops: string;
  /** What goes on while it holds. */
  readonly leaves: string;
  /** What to look at where it does not hold. */
  readonly ifNot: string;
  /** How it is taken by hand, where the kill switch itself does not run. */
  readonly byHand: readonly string[];
  /** Who lets it go. */
  readonly undo: string;
}

const UNDO = "the kill switch's undo, after two operators agreed";

/** Every layer of a stop, fastest first. Commands name a stack's own parts; an id that AWS assigns is written in capitals. */
export function stopLayerGuides(names: Names): readonly StopLayerGuide[] {
  const nameOf = (handler: HandlerName): string => names.function(handler).name;
  return [
    {
      layer: "switch",
      state: "PullSwitch",
      holdsAfter: "a second",
      stops: "every intent: it is a condition of the one transaction before a write",
      leaves: "a call to the HRIS that had begun, 20 seconds at most; its end is told truly",
      ifNot: `the control table cannot be written: its key or table was changed, or the function's role; take the other layers by hand first`,
      byHand: [
        `aws dynamodb put-item --table-name ${names.controlTable.name} --item '{"pk":{"S":"switch"},"state":{"S":"stopped"}}'`,
        "afterwards `hris-writeback stop`: a stop without an id cannot be agreed to",
      ],
      undo: "the approvals API, with the second operator's agreement",
    },
    {
      layer: "concurrency",
      state: "LimitConcurrency",
      holdsAfter: "seconds",
      stops: "broker and gateway: Lambda throttles every invocation",
      leaves: "an invocation that had begun, 60 seconds at most",
      ifNot: "somebody set it back: the rule `kill-switch-used` names who; a stop that is repeated sets it again",
      byHand: STOPPED_HANDLERS.map(
        (handler) =>
          `aws lambda put-function-concurrency --function-name ${nameOf(handler)} --reserved-concurrent-executions 0`,
      ),
      undo: UNDO,
    },
    {
      layer: "connector",
      state: "DenyConnector",
      holdsAfter: "minutes, as IAM takes",
      stops: "whatever session of the connector role is out there, wherever its credentials are",
      leaves: "nothing of a session; they end after 15 minutes in any case",
      ifNot:
        "the role has as many policies as it may, or the policy was taken off: the rule `kill-switch-used` names who",
      byHand: [
        `aws iam attach-role-policy --role-name ${names.role("connector").name} --policy-arn ${names.stopPolicy.arn}`,
      ],
      undo: UNDO,
    },
    {
      layer: "intake",
      state: "CloseIntake",
      holdsAfter: "a minute",
      stops: "intake reads its queue no more",
      leaves: "events wait in the queue, four days at most, and are taken when it is opened",
      ifNot: "the mapping is changing just now: the machine looks again every 30 seconds",
      byHand: [
        `aws lambda list-event-source-mappings --function-name ${nameOf("intake")}`,
        "aws lambda update-event-source-mapping --uuid UUID --no-enabled",
      ],
      undo: UNDO,
    },
    {
      layer: "executions",
      state: "EndExecutions",
      holdsAfter: "a minute for some hundred",
      stops: "every execution of the workflow; what waited for people ends as `not-applied`. A drill leaves them alone",
      leaves: "the sweeper, which settles by reads alone and announces how each change ended",
      ifNot: "there are more than one step ends: the machine goes on in the next round",
      byHand: [
        `aws stepfunctions list-executions --state-machine-arn ${names.stateMachine.arn} --status-filter RUNNING`,
        "aws stepfunctions stop-execution --execution-arn ARN",
      ],
      undo: "nobody: nothing brings an ended execution back; ask for the change again",
    },
  ];
}
