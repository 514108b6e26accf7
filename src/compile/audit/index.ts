export type { AuditInput, AuditRule } from "./rule";
export { auditRules, forwardedPattern } from "./rules";
