export {
  ApprovalWorkflow,
  type ApprovalWorkflowProps,
  type WorkflowHandler,
  type WorkflowPrincipal,
} from "./approval-workflow";
export { APPROVAL_ROUTES, PAGE_ROUTES, type ApprovalRoute } from "../src/core";
export { ApprovalsApi, type ApprovalsApiProps, type ApprovalsPageProps, type ApprovalsProps } from "./approvals-api";
export { ApproverNotices, type ApproverNoticesProps } from "./approver-notices";
export { AuditAlarms, type AuditAlarmsProps } from "./audit-alarms";
export { AuditAlerts, type AlertSubscription, type AuditAlertsProps } from "./audit-alerts";
export { AuditArchive, type AuditArchiveProps, type TrailToCreate } from "./audit-archive";
export { AuditGlobalEvents, type AuditGlobalEventsProps } from "./audit-global-events";
export { AuditQueries, type AuditQueriesProps } from "./audit-queries";
export {
  AuditTrail,
  type AuditProps,
  type AuditTrailProps,
  type EvidenceParts,
  type ExistingTrail,
} from "./audit-trail";
export { ChangeLedger, type ChangeLedgerProps } from "./change-ledger";
export type { SynthFindingCode } from "./checks";
export { ConnectorNetwork, type ConnectorNetworkProps } from "./connector-network";
export { ConnectorRole, type ConnectorRoleProps } from "./connector-role";
export { DnsFirewall, type DnsFirewallProps } from "./dns-firewall";
export { Evidence, type EvidenceProps } from "./evidence";
export { EncryptionKeys, type EncryptionKeysProps, type ExistingKeys } from "./encryption-keys";
export { SynthError } from "./errors";
export { FieldClassification, type FieldClassificationProps } from "./field-classification";
export { FieldGateway, type FieldGatewayDocuments, type FieldGatewayProps } from "./field-gateway";
export { HandlerFunction, type HandlerFunctionProps } from "./handler-function";
export {
  Hris,
  Source,
  type BambooHrProps,
  type HrisConnection,
  type HrisSecrets,
  type RestProps,
  type ScimProps,
  type SourceConnection,
  type SourceSecret,
} from "./hris";
export { HrisWriteBack, type HrisWriteBackProps } from "./hris-write-back";
export type { PolicySource, PublisherPrincipals } from "./inputs";
export { Reconciliation, type ReconciliationOptions, type ReconciliationProps } from "./reconciliation";
export { KillSwitch, type KillSwitchProps } from "./kill-switch";
export { Reversal, type ReversalProps } from "./reversal";
export { LifecycleBus, type LifecycleBusDocuments, type LifecycleBusProps } from "./lifecycle-bus";
export type {
  EndpointToCreate,
  ExistingEndpoint,
  ExistingPerimeter,
  NetworkPerimeter,
  Perimeter,
  PerimeterToCreate,
} from "./perimeter";
export { PrincipalRole, type PrincipalRoleProps } from "./principal-role";
export { allowAwsProviderVersions, AWS_PROVIDER_VERSIONS } from "./provider-versions";
export { SecurityHubFindings, type SecurityHubFindingsProps } from "./security-hub-findings";
export { SessionBroker, type Connector, type SessionBrokerProps } from "./session-broker";
export type { FunctionPartProps, LogRetentionDays, PartProps, Retention } from "./settings";
export { SweeperSchedule, type SweeperScheduleProps } from "./sweeper-schedule";
