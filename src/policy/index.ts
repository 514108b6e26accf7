export { approvalSatisfied, type ApprovalDecision, type ApprovalState, type Person } from "./approvals";
export { isStricter, stricterClass, strictness, toFieldClass } from "./classes";
export { POLICY_CODES, type PolicyCode, type PolicyFindingCode } from "./codes";
export { decide, strictest } from "./decide";
export { REASON_TEXT, renderNext } from "./explain";
export {
  ITEM_KINDS,
  manifestHash,
  policyFromItems,
  policyItems,
  PolicyItemsError,
  unverifiedPolicy,
  type ManifestItem,
  type PolicyItem,
  type PolicyItemKind,
  type PolicyItemsCode,
} from "./items";
export {
  FIELD_CLASSES,
  INITIATOR_KINDS,
  type Approval,
  type Attribute,
  type Breaker,
  type Delegation,
  type Field,
  type FieldClass,
  type InitiatorKind,
  type InitiatorRule,
  type LifecycleEvent,
  type Owner,
  type Policy,
  type PolicyException,
  type Publisher,
  type Reconcile,
  type Scalar,
  type Segment,
  type SourceCheck,
  type System,
} from "./model";
export { nearest } from "./nearest";
export { policyDigest } from "./normalise";
export { checkPolicy, checkPolicyText, parsePolicy, type CheckedPolicy, type CheckOptions } from "./parse";
export type { PolicyFinding } from "./problem";
export {
  lifecycleDetailSchema,
  lifecycleEventSchema,
  MAX_CHANGES,
  requestOfEvent,
  type AttributeValue,
  type LifecycleDetail,
  type LifecycleEnvelope,
  type RequestedChange,
  type WriteBackRequest,
} from "./request";
export { policyFileSchema, policyJsonSchema, type PolicyFile, type PolicyInput } from "./schema";
export { valueTest, type ValueRules } from "./values";
export { REASONS, type Reason, type Verdict, type VerdictKind } from "./verdict";
