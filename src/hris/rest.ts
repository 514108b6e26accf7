import { DEADLINES_MS } from "../core";
import type { Scalar } from "../policy/model";
import { matchesField, neverFieldsOf } from "./catalogue";
import { dayIn } from "./day";
import { ruleOfName, sameUnder } from "./compare";
import type {
  AdapterPorts,
  FieldRead,
  FieldWrite,
  FieldWritten,
  HrisAdapter,
  HttpResponse,
  RecordFound,
  SourceReader,
} from "./contract";
import {
  documentOf,
  parseJson,
  unansweredWrite,
  writeAfterFailedRead,
  writeOutcomeOf,
  type ReadFailure,
} from "./outcomes";
import { describeRemote } from "./redact";
import type { JsonTemplate, RestAssertion, RestOptions, RestRead, RestRecord, RestTest } from "./rest-options";
import { allHold, isScalar, parseAssertion, parseSelector, select, type Assertion, type Selector } from "./selector";
import { createSession, type Call } from "./session";
import {
  checkBody,
  parsePath,
  parseTemplate,
  renderBody,
  renderHeader,
  renderPath,
  renderQuery,
  UnrepresentableError,
  type HoleValues,
  type Template,
} from "./template";
import { parseAuth } from "./auth";

/** Where a REST system is and how its requests are authenticated and made. */
export interface RestConnection extends RestOptions {
  readonly baseUrl: string;
}

/** Seconds after which a second look is taken, where the connection does not say. */
const DEFAULT_SECOND_LOOK_SECONDS = 900;

const READ_HOLES = ["worker", "field"];
const RECORD_HOLES = ["field", "value"];
const WRITE_HOLES = ["worker", "field", "value", "from", "effectiveDate"];

/** Adapter of any system that speaks JSON over HTTP, as its options describe it. The options are taken as checked. */
export function createRestAdapter(connection: RestConnection, ports: AdapterPorts): HrisAdapter & SourceReader {
  const options = compileRest(connection);
  const session = createSession(connection.baseUrl, connection.auth ?? { type: "bearer" }, ports, connection.headers);
  const neverFields = [...neverFieldsOf("rest"), ...(connection.neverFields ?? [])];

  const sameValue = (field: string, a: Scalar | null, b: Scalar | null): boolean =>
    sameUnder(
      connection.fields?.[field]?.compare ?? ruleOfName(field),
      a,
      b,
      connection.phoneCountryCode === undefined ? {} : { phoneCountryCode: connection.phoneCountryCode },
    );

  const explain =
    (values: HoleValues) =>
    (response: HttpResponse): string =>
      explainAnswer(response, options.error, Object.values(values));

  const { timeZone } = connection;
  const effectiveDate = (): HoleValues =>
    timeZone === undefined ? {} : { effectiveDate: dayIn(timeZone, session.now()) };

  const read = async (worker: string, field: string, deadlineMs?: number): Promise<FieldRead> => {
    const values = { worker, field };
    const call = callOf(options.read, values, false, deadlineMs);
    if (call === undefined) return { kind: "no-such-worker", detail: "no request can carry this worker's id" };
    const answer = documentOf(await session.send(call), session.now(), explain(values));
    return answer.kind === "document" ? readDocument(options, answer.document, answer.response, values) : answer;
  };

  return {
    compareAndSet: connection.write?.ifMatch === true ? "prevents" : "detects",
    settleSeconds: connection.settleSeconds ?? 0,
    secondLookSeconds: connection.secondLookSeconds ?? DEFAULT_SECOND_LOOK_SECONDS,
    neverFields,
    sameValue,
    readField: (worker, field) => read(worker, field),

    canClear: () => connection.write?.clear !== undefined,

    async writeField(worker: string, field: string, change: FieldWrite): Promise<FieldWritten> {
      const { write } = options;
      if (write === undefined) return { kind: "rejected", detail: "this system is only read" };
      if (matchesField(neverFields, field)) return { kind: "rejected", detail: "the field may never be written" };
      const deadlineMs = session.now() + (change.timeoutMs ?? DEADLINES_MS.hrisCall);
      if (options.read.active.length > 0) {
        const refusal = refusalOf(await read(worker, field, deadlineMs), change, (a, b) => sameValue(field, a, b));
        if (refusal !== undefined) return refusal;
      }
      const clear = connection.write?.clear;
      if (change.to === null && clear === undefined) {
        return { kind: "rejected", detail: "the connection does not say how a field is emptied" };
      }
      const value = change.to ?? (clear === "empty-text" ? "" : null);
      const values = { worker, field, value, from: change.from, ...effectiveDate() };
      const call = callOf(write, values, true, deadlineMs);
      if (call === undefined) return { kind: "rejected", detail: "no request can carry this change" };
      const match = ifMatchOf(write.ifMatch, change.version);
      if (match === undefined) return { kind: "rejected", detail: "the read gave no version to expect" };
      const exchange = await session.send({ ...call, headers: { ...call.headers, ...match } });
      if (exchange.kind !== "answered") return unansweredWrite(exchange);
      return judgeWrite(write, exchange.response, session.now(), explain(values)(exchange.response));
    },

    async findRecord(field: string, value: Scalar): Promise<RecordFound> {
      const record = options.records.get(field) ?? options.records.get("*");
      if (record === undefined) return { kind: "absent" };
      const values = { field, value };
      const call = callOf(record, values, false);
      if (call === undefined) return { kind: "absent" };
      const answer = documentOf(await session.send(call), session.now(), explain(values));
      return answer.kind === "document" ? judgeRecord(record, answer.document, values) : recordFailure(answer);
    },
  };
}

/** What an answer says of itself, in harmless words. `values` are the values that the request carried. */
export function explainAnswer(
  response: HttpResponse,
  error: { readonly header: string } | { readonly at: Selector } | undefined,
  values: readonly (Scalar | null)[],
): string {
  const status = `status ${String(response.status)}`;
  if (error === undefined) return status;
  const found = "header" in error ? undefined : select(parseJson(response.body), error.at);
  const text = "header" in error ? response.headers[error.header] : found?.kind === "found" ? found.value : undefined;
  const words = describeRemote(typeof text === "string" ? text : undefined, values);
  return words === "" ? status : `${status}: ${words}`;
}

/** A failed read of a record in the words that `findRecord` answers with. */
export function recordFailure(failure: ReadFailure): RecordFound {
  return failure.kind === "no-such-worker" ? { kind: "absent" } : failure;
}

/** Why a write must not follow this read: it failed, the worker is not active, or the value is not what was expected. */
export function refusalOf(
  read: FieldRead,
  change: FieldWrite,
  same: (a: Scalar | null, b: Scalar | null) => boolean,
): FieldWritten | undefined {
  if (read.kind !== "value") return writeAfterFailedRead(read);
  if (read.active === false) return { kind: "rejected", detail: "the worker is not active" };
  return same(read.value, change.from)
    ? undefined
    : { kind: "conflict", detail: "the value is no longer the expected one" };
}

/** Checks options for what no schema can see: templates and selectors. Throws `TemplateError`. */
export function checkRestOptions(options: RestOptions): void {
  compileRest(options);
  parseAuth(options.auth ?? { type: "bearer" });
}

interface CompiledRequest {
  readonly method: Call["method"];
  readonly path: readonly Template[];
  readonly query: Readonly<Record<string, Template>>;
  readonly headers: Readonly<Record<string, Template>>;
  readonly body: JsonTemplate | undefined;
}

interface CompiledTest {
  readonly status: readonly number[];
  readonly assertions: readonly Assertion[];
}

type CompiledOptions = ReturnType<typeof compileRest>;
type CompiledWrite = NonNullable<CompiledOptions["write"]>;
type CompiledRecord = ReturnType<typeof compileRecord>;

function compileRest(options: RestOptions) {
  const { read, write } = options;
  return {
    read: {
      ...compileRequest({ method: "GET", ...read }, READ_HOLES),
      value: parseSelector(read.value ?? "/{field}", READ_HOLES),
      unwrap: parseSelector(read.unwrap ?? ""),
      absent: read.absent ?? "forbidden",
      worker: read.worker === undefined ? undefined : parseSelector(read.worker),
      active: assertionsOf(read.active),
      version: versionOf(read.version),
    },
    write:
      write === undefined
        ? undefined
        : {
            ...compileRequest(write, WRITE_HOLES),
            ifMatch: write.ifMatch ?? false,
            success: compileTest(write.success ?? { status: [200, 201, 204] }),
            outcomes: (write.outcomes ?? []).map((test) => ({ outcome: test.outcome, ...compileTest(test) })),
          },
    records: new Map(Object.entries(options.records ?? {}).map(([field, record]) => [field, compileRecord(record)])),
    values: new Map(
      Object.entries(options.fields ?? {}).flatMap(([field, { value }]) =>
        value === undefined ? [] : [[field, parseSelector(value, READ_HOLES)] as const],
      ),
    ),
    error:
      options.error === undefined
        ? undefined
        : "header" in options.error
          ? { header: options.error.header.toLowerCase() }
          : { at: parseSelector(options.error.at) },
  };
}

function compileRecord(record: RestRecord) {
  return {
    ...compileRequest({ method: "GET", ...record }, RECORD_HOLES),
    at: parseSelector(record.at ?? "", RECORD_HOLES),
    key: record.key === undefined ? undefined : parseSelector(record.key),
    active: assertionsOf(record.active),
  };
}

function compileRequest(
  request: Partial<Pick<RestRead, "query" | "headers" | "body">> & {
    readonly method: Call["method"];
    readonly path: string;
  },
  holes: readonly string[],
): CompiledRequest {
  const templates = (texts: Readonly<Record<string, string>> = {}): Record<string, Template> =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, parseTemplate(text, holes)]));
  if (request.body !== undefined) checkBody(request.body, holes);
  return {
    method: request.method,
    path: parsePath(request.path, holes),
    query: templates(request.query),
    headers: templates(request.headers),
    body: request.body,
  };
}

function compileTest(test: RestTest): CompiledTest {
  return { status: test.status, assertions: assertionsOf(test.assert) };
}

function assertionsOf(assertions: readonly RestAssertion[] | undefined): readonly Assertion[] {
  return (assertions ?? []).map((assertion) => parseAssertion(assertion));
}

function versionOf(version: RestRead["version"]): { readonly header: string } | { readonly at: Selector } | undefined {
  if (version === undefined) return undefined;
  return "header" in version ? { header: version.header.toLowerCase() } : { at: parseSelector(version.at) };
}

/** The call of a request with its holes filled; `undefined` where a value does not fit its place. */
function callOf(request: CompiledRequest, values: HoleValues, effect: boolean, deadlineMs?: number): Call | undefined {
  try {
    return {
      method: request.method,
      target: `${renderPath(request.path, values)}${renderQuery(request.query, values)}`,
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, template]) => [name.toLowerCase(), renderHeader(template, values)]),
      ),
      ...(request.body === undefined ? {} : { body: JSON.stringify(renderBody(request.body, values)) }),
      effect,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    };
  } catch (error) {
    if (error instanceof UnrepresentableError) return undefined;
    throw error;
  }
}

function readDocument(
  options: CompiledOptions,
  document: unknown,
  response: HttpResponse,
  values: { readonly worker: string; readonly field: string },
): FieldRead {
  const { read } = options;
  if (read.worker !== undefined) {
    const worker = select(document, read.worker);
    if (worker.kind !== "found" || !isScalar(worker.value) || String(worker.value) !== values.worker) {
      return { kind: "unavailable", detail: "the answer is not about this worker" };
    }
  }
  const outer = select(document, options.values.get(values.field) ?? read.value, values);
  const found = outer.kind === "found" && outer.value !== null ? select(outer.value, read.unwrap) : outer;
  if (found.kind === "ambiguous") return { kind: "unavailable", detail: "more than one value answers to the selector" };
  if (found.kind === "absent" && read.absent === "forbidden") {
    return { kind: "forbidden", detail: "the answer does not contain the field" };
  }
  const value = found.kind === "absent" || found.value === null || found.value === "" ? null : found.value;
  if (value !== null && !isScalar(value))
    return { kind: "unavailable", detail: "the field does not hold a single value" };
  const version = readVersion(read.version, document, response);
  return {
    kind: "value",
    value,
    ...(version === undefined ? {} : { version }),
    ...(read.active.length === 0 ? {} : { active: allHold(read.active, document) }),
  };
}

function readVersion(
  version: CompiledOptions["read"]["version"],
  document: unknown,
  response: HttpResponse,
): string | undefined {
  if (version === undefined) return undefined;
  if ("header" in version) return response.headers[version.header];
  const found = select(document, version.at);
  return found.kind === "found" && isScalar(found.value) ? String(found.value) : undefined;
}

function judgeRecord(record: CompiledRecord, document: unknown, values: HoleValues): RecordFound {
  const found = select(document, record.at, values);
  if (found.kind === "ambiguous")
    return { kind: "unavailable", detail: "more than one record answers to the selector" };
  if (found.kind === "absent" || found.value === null) return { kind: "absent" };
  if (record.key !== undefined) {
    const key = select(found.value, record.key);
    if (key.kind !== "found" || !isScalar(key.value) || String(key.value) !== String(values["value"])) {
      return { kind: "absent" };
    }
  }
  return { kind: allHold(record.active, found.value) ? "active" : "inactive" };
}

function judgeWrite(write: CompiledWrite, response: HttpResponse, nowMs: number, detail: string): FieldWritten {
  const document = parseJson(response.body);
  const holds = (test: CompiledTest): boolean =>
    test.status.includes(response.status) && allHold(test.assertions, document);
  const declared = write.outcomes.find(holds);
  if (declared !== undefined) {
    return declared.outcome === "accepted" ? { kind: "accepted" } : { kind: declared.outcome, detail };
  }
  if (holds(write.success)) return { kind: "accepted" };
  if (write.success.status.includes(response.status)) {
    return { kind: "unknown", detail: `${detail}, without what success looks like` };
  }
  return writeOutcomeOf(response, nowMs, detail);
}

/** The header that carries the expectation; `undefined` where there must be one and cannot. */
function ifMatchOf(wanted: boolean, version: string | undefined): Record<string, string> | undefined {
  if (!wanted) return {};
  return version === undefined || !/^[\x21-\x7e]+$/.test(version) ? undefined : { "if-match": version };
}
