/** What one code of `review` means, for a person who meets it in a pull request. */
export interface ReviewRule {
  /** What is different, without the particulars. */
  readonly cause: string;
  /** As `review` says it. */
  readonly example: string;
  /** What whoever is asked should do. */
  readonly mend: string;
}

function rule(cause: string, example: string, mend: string): ReviewRule {
  return { cause, example, mend };
}

const POLICY = {
  FieldClassChanged: rule(
    "a field has another class",
    "field `manager`: never → conditional",
    "let the field's owner say whether identity may write it, and after which approval",
  ),
  FieldAdded: rule(
    "a field is listed that was not, and so was denied",
    "field `cost_center` is new, of class conditional",
    "let its owner confirm class, events, check and approval",
  ),
  FieldRemoved: rule(
    "a field is listed no more, and so is denied",
    "field `nickname` is gone: it was safe",
    "nothing wider; make sure that nobody waits for it",
  ),
  FieldTargetChanged: rule(
    "a field is written into another field of the HRIS",
    "field `work_email` is written to `personalEmail`, not to `workEmail` any more",
    "let the owner confirm the HRIS's field: its class was decided for another one",
  ),
  FieldOwnerChanged: rule(
    "another owner answers for a field",
    "field `manager` belongs to `identity`, not to `hr-operations` any more",
    "let both owners agree",
  ),
  FieldSourceChanged: rule(
    "another system, or another field there, holds the true value",
    "field `work_email`: source of truth directory → finance",
    "let the owner confirm which system is right",
  ),
  FieldCheckChanged: rule(
    "a value is held against its source of truth in another way",
    "field `manager`: check exists-in-source → none",
    "keep the stricter check, or let the owner agree that values are taken as they come",
  ),
  FieldValueChanged: rule(
    "other values of a field are well-formed",
    "field `work_email`: format email is gone",
    "let the owner confirm which values may be written",
  ),
  FieldWriteOnceChanged: rule(
    "a field that was written only into an empty record may be overwritten, or the contrary",
    "field `account_id` may be overwritten: writeOnce is gone",
    "let the owner agree that a value in the record may be replaced",
  ),
  FieldEventsChanged: rule(
    "other events authorise the write of a field",
    "field `manager` is also written after `mover.changed`",
    "let the owner agree to each event",
  ),
  FieldReworded: rule("a description changed", "field `manager` is described otherwise", "nothing: it decides nothing"),
  ApprovalQuorumChanged: rule(
    "more or fewer people must agree",
    "field `manager`: 2 → 1 of `hr-ops-approvers`",
    "let the owner and the group agree to a smaller number",
  ),
  ApprovalGroupChanged: rule(
    "another group approves",
    "field `manager`: approved by `iam-approvers`, not by `hr-ops-approvers` any more",
    "let both groups and the owner agree",
  ),
  ApprovalTimeChanged: rule(
    "an approval may stay undecided for longer, or less long",
    "field `manager`: an approval may be given for PT72H, not for PT24H",
    "let the owner agree that an old request is still approved",
  ),
  ReconciliationChanged: rule(
    "a field is compared with its source of truth more or less often",
    "field `work_email` is reconciled every P7D, not every P1D",
    "let the owner agree to notice a difference later",
  ),
  EventAdded: rule(
    "a new kind of event can start a write-back",
    "event `mover.changed` is new, from `identity.mover`",
    "confirm who puts it and what it authorises",
  ),
  EventRemoved: rule("a kind of event counts no more", "event `mover.changed` is gone", "nothing wider"),
  EventSourceChanged: rule(
    "other publishers may put an event",
    "event `joiner.provisioned` may also come from `agents.onboarding`",
    "confirm that this publisher is to authorise writes",
  ),
  EventWindowChanged: rule(
    "an event authorises a write for longer, or less long",
    "event `joiner.provisioned` authorises for P30D, not for PT72H",
    "keep the window as short as provisioning needs",
  ),
  PublisherAdded: rule(
    "somebody new may put events on the bus",
    "publisher `agents.onboarding` is new, of kind agent",
    "confirm the publisher, and that its kind is right",
  ),
  PublisherRemoved: rule("somebody may put events no more", "publisher `agents.onboarding` is gone", "nothing wider"),
  PublisherKindChanged: rule(
    "what a publisher puts counts as another kind of initiator's",
    "publisher `agents.onboarding`: agent → automation",
    "confirm what really acts there: the rules of its kind are what holds it",
  ),
  InitiatorRuleChanged: rule(
    "another rule holds for a kind of initiator",
    "initiators of kind agent: minimum class conditional → none",
    "keep agents at `conditional` with an intent, or let security agree",
  ),
  OwnerGroupChanged: rule(
    "another group approves for an owner",
    "owner `hr-operations`: group `hr-ops-approvers` → `iam-approvers`",
    "let the owner and both groups agree",
  ),
  OwnerReworded: rule(
    "an owner is called otherwise, or reached elsewhere",
    "owner `payroll` has another contact",
    "nothing: it decides nothing",
  ),
  SegmentChanged: rule(
    "a population has other rules",
    "segment `contractors` is gone: for `worker_type` contingent `work_email` is written, not notified any more",
    "let the owners of the fields agree to a smaller or milder segment",
  ),
  SegmentSourceChanged: rule(
    "an attribute of segments is read from somewhere else",
    "attribute `worker_type` is read from `finance`, not from `hris` any more",
    "confirm that the new source says the same of every worker: segments rest on it",
  ),
  SystemChanged: rule(
    "a system is of another kind",
    "system `directory` is of kind other, not directory any more",
    "confirm what it is",
  ),
  ExceptionAdded: rule(
    "an exception lifts a segment's narrowing for a while",
    "exception `EX-2026-004` lets `manager` of segment `merged-entity` be conditional until 2026-12-31",
    "the owner who signed and identity confirm their signatures",
  ),
  ExceptionChanged: rule(
    "an exception holds for longer, for more, or with other signatures",
    "exception `EX-2026-004` ends on 2027-01-31, not on 2026-12-31",
    "sign a new exception in the place of a longer one",
  ),
  ExceptionRemoved: rule("an exception is gone", "exception `EX-2026-004` is gone", "nothing wider"),
  DelegationAdded: rule(
    "one person may take seats of a group that is not theirs, for a time",
    "delegation `DG-7` lets `Ada` decide for `hr-ops-approvers` from 2026-11-01 until 2026-11-14",
    "the owner whose group it is and identity confirm their signatures",
  ),
  DelegationChanged: rule(
    "a delegation holds for longer, for somebody else, or with other signatures",
    "delegation `DG-7` ends on 2026-11-28, not on 2026-11-14",
    "sign a new delegation in the place of a longer one",
  ),
  DelegationRemoved: rule("a delegation is gone", "delegation `DG-7` is gone", "nothing wider"),
  BreakerChanged: rule(
    "the breaker lets more or fewer writes pass before it trips",
    "the breaker trips at 2000 writes an hour, not at 200",
    "keep the limit near what a normal day needs",
  ),
  PolicyInconsistent: rule(
    "the classification table is not the policy that its manifest speaks of: it was changed by hand",
    "the hash of `field#manager` does not fit its content",
    "synthesize the table from the policy file",
  ),
  PolicyUnread: rule(
    "the classification table cannot be read",
    "the classification of the head cannot be read",
    "write the items as literal JSON; what only the apply tells, the next plan knows",
  ),
} as const;

const PERMISSIONS = {
  PermissionGained: rule(
    "a principal may do something that it could not",
    "connector may now `execute-api:Invoke` on `…/fields/manager`",
    "confirm that the work needs it; otherwise narrow the statement named",
  ),
  PermissionLost: rule(
    "a principal may do less",
    "sweeper may no longer `dynamodb:PutItem`",
    "make sure that its work goes on",
  ),
  PrincipalAdded: rule(
    "a role, user or group is new, with permissions",
    "role `helper` is new and may `dynamodb:Scan`",
    "confirm what it is for",
  ),
  PrincipalRemoved: rule("a role, user or group is gone", "role `helper` is gone", "nothing wider"),
  TrustWidened: rule(
    "a role can be assumed by somebody, or in a way, that it could not",
    "the role of connector can now be assumed by `arn:aws:iam::111122223333:role/deploy`",
    "name the one principal that is meant, with its conditions",
  ),
  TrustNarrowed: rule(
    "a role can be assumed by fewer",
    "the role of broker can no longer be assumed by `ecs-tasks.amazonaws.com`",
    "nothing wider",
  ),
  BoundaryRemoved: rule(
    "a role has no boundary any more",
    "connector has no boundary any more",
    "put `permissions_boundary` back",
  ),
  BoundaryAdded: rule("a role has a boundary now", "connector has a boundary now", "nothing wider"),
  BoundaryWidened: rule(
    "a boundary lets more through",
    "the boundary of connector now lets `execute-api:Invoke` on `…/fields/base_salary` through",
    "narrow the boundary: it must hold by itself",
  ),
  BoundaryNarrowed: rule(
    "a boundary lets less through",
    "the boundary of connector no longer lets `s3:GetObject` through",
    "nothing wider",
  ),
  SessionPolicyRemoved: rule(
    "the broker has no session policy to give",
    "the template of the session policy is gone",
    "put it back into the broker's environment",
  ),
  SessionPolicyWidened: rule(
    "a session of the connector may do more",
    "the session policy now allows `execute-api:Invoke` on `…/grants/*`",
    "keep the literal path and the minute",
  ),
  SessionPolicyNarrowed: rule(
    "a session of the connector may do less",
    "the session policy no longer allows `execute-api:Invoke`",
    "make sure that writes still pass",
  ),
  ResourcePolicyWidened: rule(
    "a resource's own policy lets somebody in, or stops somebody no more",
    "the policy of the bus now lets `arn:aws:iam::111122223333:role/any` `events:PutEvents`",
    "name the roles that are meant; put the denial back",
  ),
  ResourcePolicyNarrowed: rule(
    "a resource's own policy lets fewer in",
    "the policy of the bus no longer lets anybody `events:PutEvents`",
    "nothing wider",
  ),
  ResourcePolicyRemoved: rule(
    "a resource has no policy any more, with all its denials",
    "the policy of the field gateway's API is gone",
    "put the policy back",
  ),
  DocumentUnread: rule(
    "a policy document that changed cannot be judged",
    "`policy` of `aws_iam_role_policy.gateway` cannot be judged: it is known after the apply",
    "read it as it is; write it as literal JSON in the language that the evaluator knows",
  ),
  PermissionUndecided: rule(
    "there are more cases than can be tried",
    "whether inspect may do more, has more cases than can be tried",
    "read the statements named; use fewer wildcards and condition keys",
  ),
} as const;

const STACK = {
  ApprovalBypassed: rule(
    "a way of the workflow reaches a write without the approval that it passed before",
    "`Write` is reached by `manager` (conditional) without passing an approval",
    "lead every way of such a field through RequestApproval and InspectAgain",
  ),
  WorkflowChanged: rule(
    "a workflow goes other ways",
    "the workflow's state `Announce` is gone",
    "read the states named: what runs, what is tried again, what follows an error",
  ),
  WorkflowTimeChanged: rule(
    "a step of a workflow may take another time",
    "the workflow's state `Write` may take 300 s, not 75 s",
    "keep the deadlines nested: gateway < API < connector < broker < task",
  ),
  WorkflowRenamed: rule(
    "states of a workflow have other names",
    "states of the workflow are called otherwise",
    "nothing: it goes the same ways",
  ),
  CodeChanged: rule(
    "the code of a function, or what it runs in, is another",
    "the code of gateway changes; how it behaves is not judged",
    "read the change of the sources: much is held by handlers alone",
  ),
  EnvironmentChanged: rule(
    "a function is told something else",
    "gateway: `HRIS` has another value",
    "confirm each setting: addresses, secrets' ARNs, issuers",
  ),
  PolicyPinned: rule(
    "functions are deployed with the new policy",
    "12 functions pin the manifest of the new policy",
    "nothing: it follows the policy",
  ),
  GuardRemoved: rule(
    "an alarm, a rule, a filter or another guard is gone",
    "alarm `acme-writeback-refused` is gone",
    "put it back, or name what watches in its place",
  ),
  GuardWeakened: rule(
    "a guard watches, holds or limits less",
    "alarm `acme-writeback-refused`: threshold 1 → 100",
    "keep it as it was, or say in the pull request why less is enough",
  ),
  GuardStrengthened: rule(
    "a guard watches, holds or limits more",
    "log group `…/gateway`: kept 731 days, not 365",
    "nothing wider",
  ),
  GuardAdded: rule("an alarm, a rule or another guard is new", "alarm `acme-writeback-late` is new", "nothing wider"),
  EncryptionWeakened: rule(
    "something is encrypted less, or by another key",
    "table `acme-writeback-ledger` names no key any more",
    "name the data key of the stack",
  ),
  RetentionShortened: rule(
    "records are kept less long",
    "log group `…/gateway` is kept 7 days, not 365",
    "keep records as long as the audit needs them",
  ),
  ProtectionRemoved: rule(
    "what kept a store from being deleted is gone",
    "table `acme-writeback-ledger`: deletion protection is off",
    "leave it on; take it off in a change of its own when the store is to go",
  ),
  StoreDestroyed: rule(
    "a store with records goes, and all that is in it",
    "table `acme-writeback-ledger` is destroyed",
    "keep it with `retention: retain`, or export what must be kept",
  ),
  StoreReplaced: rule(
    "a store is destroyed and made anew, empty",
    "table `acme-writeback-ledger` is replaced: its `hash_key` changes",
    "move its address by a `moved` block, or migrate the records first",
  ),
  KillSwitchWeakened: rule(
    "a layer of the kill switch is gone or holds less",
    "the policy of denials that stops the connector denies less",
    "keep all layers: each must stop the system on its own",
  ),
  DoorChanged: rule(
    "an API, a route, a mapping or a target leads elsewhere, or asks less of a caller",
    "the gateway's method is authorized by NONE, not by AWS_IAM",
    "lead it through the one way in, with its authorizer",
  ),
  ResourceAdded: rule(
    "a resource is new, and what it can do is not judged",
    "`aws_instance.helper` is new",
    "confirm what it is for, and whose role it runs as",
  ),
  ResourceRemoved: rule(
    "a resource is gone, and what it did is not judged",
    "`aws_api_gateway_resource.field` is gone",
    "confirm that nothing needs it",
  ),
  ArgumentChanged: rule(
    "an argument of a resource changed, and what follows is not judged",
    "`aws_lambda_function.gateway`: `vpc_config` changed",
    "read the values before and after",
  ),
  ArgumentReworded: rule(
    "tags, descriptions, sizes or names of the configuration changed",
    "`aws_kms_key.data`: `description` changed",
    "nothing: it decides nothing",
  ),
  ResourceRenamed: rule(
    "resources have other logical names",
    "`aws_iam_role.a` is called `aws_iam_role.b`",
    "nothing, where nothing is lost by making it anew; else write a `moved` block",
  ),
  NotRead: rule(
    "something is not written out, or is known after the apply only",
    "`module.network`: a module's resources are not in this file",
    "read it as it is, or review the plan instead",
  ),
  PlaceChanged: rule(
    "the stack goes to another account, Region or partition",
    "the stack goes to account 444455556666, not to 111122223333",
    "confirm the place: everything else is made anew there",
  ),
  BlockChanged: rule(
    "a part of the configuration besides resources changed: providers, state, checks",
    "the provider `aws` changed",
    "read the block: it decides as whom, where and with what Terraform works",
  ),
  OutputChanged: rule("an output changed", "output `queue-url` is gone", "make sure that nothing reads it"),
  ChangedOutside: rule(
    "something was changed past Terraform",
    "`aws_iam_role.connector` was changed past Terraform: `assume_role_policy`",
    "find out who did it and why; the apply puts it back",
  ),
  FirstApply: rule(
    "there is nothing before: everything is new",
    "nothing is deployed yet: 180 resources are new",
    "read what `prove` and `report` say of the whole stack",
  ),
} as const;

/** Every code of `review`. Public: tests and documents cite them; wording may improve freely. */
export const REVIEW_CODES = { ...POLICY, ...PERMISSIONS, ...STACK } as const satisfies Readonly<
  Record<string, ReviewRule>
>;
export type ReviewCode = keyof typeof REVIEW_CODES;
