export {
  catalogueOf,
  isNeverField,
  matchesField,
  neverFieldsOf,
  type Catalogue,
  type CatalogueField,
  type ConnectionKind,
} from "./catalogue";
export {
  connectionSchema,
  ConnectionError,
  createAdapter,
  parseConnections,
  systemsOf,
  type ConnectedSystems,
  type Connections,
  type SystemAdapter,
} from "./connection";
export {
  HttpError,
  type AdapterPorts,
  type ConnectionConfig,
  type FieldRead,
  type FieldWrite,
  type FieldWritten,
  type HrisAdapter,
  type HttpClient,
  type HttpRequest,
  type HttpResponse,
  type RecordFound,
  type SourceReader,
} from "./contract";
export { needsTimeZone } from "./bamboohr-tables";
export { fetchHttp, MAX_RESPONSE_BYTES } from "./http";
export type { JsonTemplate, RestAssertion, RestAuth, RestOptions } from "./rest-options";
