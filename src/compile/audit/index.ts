export { compileAlarms, compileLogMetrics, type Alarm } from "./alarms";
export { compileDashboard } from "./dashboard";
export {
  compileAlertKeyPolicy,
  compileAlertQueuePolicy,
  compileResultsBucketPolicy,
  compileTopicPolicy,
  compileTrailBucketPolicy,
  compileTrailKeyPolicy,
  type Archive,
} from "./documents";
export { auditNames } from "./names";
export { compileControlPolicies, MAX_CONTROL_POLICY } from "./organisation";
export { compileAuditQueries, compileAuditTables } from "./queries";
export type { AuditInput, AuditRule } from "./rule";
export { auditRules, globalNames, globalRules } from "./rules";
export { compileFinding, compileImport } from "./security-hub";
export { compileEventSelectors } from "./selectors";
