export {
  compileGatewayPolicy,
  connectorBoundary,
  connectorIdentity,
  connectorTrust,
  gatewayPolicy,
  writableFields,
  type ConnectorPolicy,
} from "./connector";
export { STOPPED_HANDLERS, stopPolicy } from "./kill-switch";
export { closedEndpointPolicy, compileEndpointPolicy, flowLogsRole } from "./perimeter";
export { checkPublisherArns, type PublisherFindingCode } from "./publishers";
export {
  compileBusDeadLetterPolicy,
  compileBusPolicy,
  compileDataKeyPolicy,
  compileDeadLetterPolicy,
  compileDigestKeyPolicy,
  compileQueuePolicy,
  compileTopicPolicy,
  writerSecretPolicy,
  type BusPolicyInput,
  type PublisherArns,
} from "./resource-policies";
export { REVERSAL_REQUESTS, type LedgerKind } from "./statements";
export { TASK_TOKEN_PURPOSE, type IamInput, type IamRefs, type RoleDocuments } from "./input";
export { compileRoles } from "./roles";
