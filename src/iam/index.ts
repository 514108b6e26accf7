export { accountOf } from "./arn";
export {
  evaluateAssumeRole,
  type AssumeRoleEvaluation,
  type AssumeRoleLayers,
  type AssumeRoleRequest,
  type AssumeRoleStep,
} from "./assume-role";
export { documentProblem } from "./check";
export type { ContextInput } from "./context";
export type { OneOrMany, PolicyDocument, Statement } from "./document";
export { IamDocumentError, IamRequestError } from "./errors";
export {
  evaluate,
  type AccessRequest,
  type AppliedStatement,
  type Evaluation,
  type Layer,
  type Layers,
  type RoleRequest,
  type ServiceRequest,
} from "./evaluate";
export {
  fillSessionPolicy,
  LONGEST_FIELD_NAME,
  SESSION_PATH_TEMPLATE,
  SESSION_POLICY_MAX_CHARACTERS,
  SESSION_POLICY_PLACEHOLDERS,
  SessionPolicyError,
  sessionPolicyTemplate,
  type SessionPolicyValues,
} from "./session-policy";
export type { DocumentKind } from "./statement";
export { witnessesOf, type Witnesses } from "./witness";
