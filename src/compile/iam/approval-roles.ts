import { CONTROL, LEDGER, WAITING_DETAIL_TYPE } from "../../core";
import type { Statement } from "../../iam";
import type { Names } from "../names";
import { TASK_TOKEN_PURPOSE, type IamInput } from "./input";
import { compare, putLedger, putOwnEvents, queryDue, readClassification, readLedger, useControl } from "./statements";

export function requestApproval({ names, refs }: IamInput): Statement[] {
  return [
    taskTokenStatement("EncryptTaskTokens", "kms:Encrypt", refs.dataKeyArn),
    useControl(names, "FileWhatToTell", [CONTROL.noticePrefix], ["UpdateItem"]),
    useControl(names, "KeepTaskTokens", [CONTROL.taskPrefix], ["PutItem"]),
    readLedger(names, ["GetItem"]),
  ];
}

export function approvals({ names, refs }: IamInput): Statement[] {
  return [
    taskTokenStatement("DecryptTaskTokens", "kms:Decrypt", refs.dataKeyArn),
    putLedger(names, "KeepApprovals", [LEDGER.approvalPrefix]),
    putLedger(names, "KeepRefusalsAndAcknowledgements", [LEDGER.acknowledgedPrefix, LEDGER.refusalPrefix]),
    readLedger(names, ["GetItem", "Query"]),
    queryDue(names, ["approval", "inbox"]),
    readClassification(names),
    {
      // SendTask* has neither a resource type nor a condition key: who holds the token decides.
      // @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html (read 2026-11-23)
      Sid: "ResumeWaitingChanges",
      Effect: "Allow",
      Action: "states:SendTaskSuccess",
      Resource: "*",
    },
    ...(refs.operatorsResume === true ? resumeTheSystem(names, refs.killSwitchArn) : []),
    useControl(names, "TakeNoticesOutOfTheInbox", [CONTROL.inboxPrefix], ["GetItem", "UpdateItem"]),
    useControl(names, "UseTaskTokensOnce", [CONTROL.taskPrefix], ["GetItem", "UpdateItem"]),
  ];
}

/**
 * Setting back what was stopped. IAM sees no more than the items: that two operators agreed first is the handler's to see to, and the
 * ledger's to show. Only for a stack that names its operators' group.
 */
function resumeTheSystem(names: Names, killSwitchArn: string | undefined): Statement[] {
  return [
    putLedger(names, "KeepAgreementsToResume", [LEDGER.systemResume]),
    useControl(names, "ResumeTheSystem", [CONTROL.breaker, CONTROL.switch], ["GetItem", "UpdateItem"]),
    useControl(names, "StartCountingAnew", [CONTROL.countPrefix], ["UpdateItem"]),
    ...(killSwitchArn === undefined
      ? []
      : [
          {
            Sid: "UndoStops",
            Effect: "Allow" as const,
            Action: "states:StartExecution",
            Resource: killSwitchArn,
          },
        ]),
  ];
}

/** Sees what waits and whom it told: no ledger, so no value; a task token only as it was encrypted, and no power to decrypt it. */
export function notifier({ names, refs }: IamInput): Statement[] {
  const groups = refs.approverGroups ?? [];
  return [
    queryDue(names, ["notify"]),
    useControl(names, "SeeWhatWaits", [CONTROL.taskPrefix], ["GetItem"]),
    useControl(names, "KeepWhoWasTold", [CONTROL.noticePrefix], ["UpdateItem"]),
    ...(groups.length === 0
      ? []
      : [
          {
            Sid: "EncryptNotices",
            Effect: "Allow" as const,
            Action: ["kms:Decrypt", "kms:GenerateDataKey"],
            Resource: refs.dataKeyArn,
            Condition: { StringEquals: { "kms:ViaService": names.serviceHost("sns") } },
          },
          {
            Sid: "TellGroups",
            Effect: "Allow" as const,
            Action: "sns:Publish",
            Resource: [...groups].sort(compare).map((group) => names.topic(group).arn),
          },
          putOwnEvents(names, "PutWaitingEvents", WAITING_DETAIL_TYPE),
        ]),
  ];
}

function taskTokenStatement(sid: string, action: "kms:Decrypt" | "kms:Encrypt", dataKeyArn: string): Statement {
  return {
    Sid: sid,
    Effect: "Allow",
    Action: action,
    Resource: dataKeyArn,
    Condition: { StringEquals: { "kms:EncryptionContext:purpose": TASK_TOKEN_PURPOSE } },
  };
}
