export { APPROVAL_ROUTES, PAGE_ROUTES, routeKeyOf, type ApprovalRoute, type ApprovalRouteId } from "./approval-routes";
export { ItemError, marshallItem, unmarshallItem, type AttributeMap, type AttributeValue } from "./attributes";
export { canonicalDigest, canonicalJson, type JsonValue } from "./canonical-json";
export { hasExactNumbers, parseExactJson } from "./exact-json";
export { PolicyError, UsageError } from "./errors";
export { hasErrors, plain, renderFinding, sortFindings, type Finding, type Severity } from "./findings";
export { markdownCode, markdownMessage, markdownText, messageParts } from "./markdown";
export {
  FIELD_NAME,
  GRANT_ID_PATTERN,
  grantIdOf,
  isGrantId,
  isRequestId,
  isReversalId,
  isWholeReversalId,
  NAME,
  REQUEST_ID,
  REVERSAL_ID_PREFIX,
  reversalIdOf,
} from "./ids";
export {
  daysBetween,
  endOfUtcDay,
  formatInstant,
  formatInstantSeconds,
  parseDate,
  parseDuration,
  parseInstant,
} from "./time";
export { isEncryptedOrLocal } from "./url";
export * from "./contract";
