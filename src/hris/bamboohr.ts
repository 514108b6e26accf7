import { DEADLINES_MS, formatInstant } from "../core";
import type { Scalar } from "../policy/model";
import {
  isReadOnlyName,
  JOB_INFO_TABLE,
  jobInfoColumnOf,
  laterRows,
  lostColumns,
  MANAGER,
  parseRows,
  planRow,
  type JobInfoColumn,
  type JobInfoRow,
  type RowPlan,
} from "./bamboohr-tables";
import { isNeverField, neverFieldsOf } from "./catalogue";
import { begunEverywhereMs, dayIn, LAST_ZONE } from "./day";
import { ruleOfName, sameUnder } from "./compare";
import type {
  AdapterPorts,
  ConnectionConfig,
  FieldRead,
  FieldWrite,
  FieldWritten,
  HrisAdapter,
  HttpResponse,
  RecordFound,
  ScheduledRead,
  SourceReader,
} from "./contract";
import { documentOf, unansweredWrite, writeAfterFailedRead, writeOutcomeOf, type ReadFailure } from "./outcomes";
import { explainAnswer, recordFailure, refusalOf } from "./rest";
import type { RestAuth } from "./rest-options";
import { isScalar } from "./selector";
import { createSession, type Call, type Session } from "./session";
import { parsePath, renderPath, UnrepresentableError } from "./template";

/** BambooHR's API documents no delay between a write and a read that shows it; this covers its own caches. */
const SETTLE_SECONDS = 5;

/** Time within which a workflow of BambooHR's may take a write back. */
const SECOND_LOOK_SECONDS = 900;

/** HTTP Basic with the API key as the user; BambooHR ignores the password. The secret is the key, or `{ "apiKey": … }`. */
const AUTH: RestAuth = { type: "basic", user: "{secret}", password: "x" };

/** BambooHR explains refusals in a header. */
const ERROR = { header: "x-bamboohr-error-message" };

const EMPLOYEE = parsePath("/api/v1/employees/{worker}", ["worker"]);
const TABLE = parsePath(`/api/v1/employees/{worker}/tables/${JOB_INFO_TABLE}`, ["worker"]);
const ROW = parsePath(`/api/v1/employees/{worker}/tables/${JOB_INFO_TABLE}/{row}`, ["worker", "row"]);
const LISTS = "/api/v1/meta/lists";

/** What tells whether a worker is active. */
const STATUS_FIELDS = ["status", "hireDate"];

/** Names that a request for fields can carry: no comma, which would ask for two. */
const FIELD_NAME = /^[A-Za-z][A-Za-z0-9_]{0,127}$/;

/** Fields whose value names an employee, by id. */
const EMPLOYEE_REFERENCES = /^(?:reports_?to|supervisor|manager|employees?)/i;

type BambooHrConnection = Extract<ConnectionConfig, { kind: "bamboohr" }>;

/** An employee's fields, of which at least the id is there. */
type Employee = Readonly<Record<string, unknown>>;

/**
 * BambooHR's API, version 1. Compare-and-set detects: the API has no conditional write, so the value is read again just before.
 *
 * - A field that an answer leaves out is one that the credential may not see.
 * - Job information (`reportsTo`, `department`, `division`, `location`, `jobTitle`) is written as a row dated today by the tenant's
 *   `timeZone`, and not at all without one: a row of tomorrow is accepted, and shows nowhere today. `reportsTo` is the
 *   manager's employee id (the vendor's document does not say whether a row takes a name, an id or both: to be seen in an
 *   acceptance run; the read-back compares ids either way).
 * - Only active workers and future hires are written.
 * - Fields are known by name alone, never by number.
 *
 * @see https://documentation.bamboohr.com/reference (OpenAPI of BambooHR/bhr-api-python, read 2026-11-23)
 */
export function createBambooHrAdapter(connection: BambooHrConnection, ports: AdapterPorts): HrisAdapter & SourceReader {
  const session = createSession(connection.baseUrl, AUTH, ports);
  const sameValue = (field: string, a: Scalar | null, b: Scalar | null): boolean =>
    sameUnder(
      ruleOfName(field),
      a,
      b,
      connection.phoneCountryCode === undefined ? {} : { phoneCountryCode: connection.phoneCountryCode },
    );

  /** The day that it is for the tenant; the UTC day will do for who has begun, where nothing is written by date. */
  const today = (): string => dayIn(connection.timeZone ?? "UTC", session.now());

  return {
    compareAndSet: "detects",
    settleSeconds: connection.settleSeconds ?? SETTLE_SECONDS,
    secondLookSeconds: connection.secondLookSeconds ?? SECOND_LOOK_SECONDS,
    neverFields: neverFieldsOf("bamboohr"),
    sameValue,

    async readField(workerId, hrisField): Promise<FieldRead> {
      if (!FIELD_NAME.test(hrisField)) return { kind: "forbidden", detail: "the field's name is none of BambooHR's" };
      const field = jobInfoColumnOf(hrisField)?.currentField ?? hrisField;
      const read = await readEmployee(session, workerId, [field, ...STATUS_FIELDS]);
      if (read.kind !== "employee") return read;
      return withActive(fieldOf(read.employee, field), isActive(read.employee, today()));
    },

    async readScheduled(workerId, hrisField, to): Promise<ScheduledRead> {
      const column = jobInfoColumnOf(hrisField);
      if (column === undefined) return { kind: "none" };
      const day = dayIn(connection.timeZone ?? LAST_ZONE, session.now());
      return findScheduled(session, workerId, column, day, (value) => sameValue(hrisField, value, to));
    },

    // A plain field takes an empty text for nothing; a row of a day cannot take a column back.
    canClear: (hrisField) => jobInfoColumnOf(hrisField) === undefined,

    async writeField(workerId, hrisField, change): Promise<FieldWritten> {
      if (!FIELD_NAME.test(hrisField) || isNeverField("bamboohr", hrisField) || isReadOnlyName(hrisField)) {
        return { kind: "rejected", detail: "the field may never be written" };
      }
      const deadlineMs = session.now() + (change.timeoutMs ?? DEADLINES_MS.hrisCall);
      const column = jobInfoColumnOf(hrisField);
      if (column !== undefined && connection.timeZone === undefined) {
        return { kind: "rejected", detail: "job information is kept by date, and the connection names no timeZone" };
      }
      const field = column?.currentField ?? hrisField;
      const fields = [field, ...(column === undefined ? [] : [MANAGER.currentField]), ...STATUS_FIELDS];
      const read = await readEmployee(session, workerId, fields, { deadlineMs });
      if (read.kind !== "employee") return writeAfterFailedRead(read);
      const active = isActive(read.employee, today());
      if (active === undefined) {
        return { kind: "forbidden", detail: "the credential does not see `status`, which tells who is active" };
      }
      const refusal = refusalOf(withActive(fieldOf(read.employee, field), active), change, (a, b) =>
        sameValue(hrisField, a, b),
      );
      if (refusal !== undefined) return refusal;
      return column === undefined
        ? writePlain(session, workerId, hrisField, change, deadlineMs)
        : writeRow(
            session,
            workerId,
            column,
            change,
            { day: today(), managerId: managerIdOf(read.employee) },
            deadlineMs,
          );
    },

    findRecord: (field, value) =>
      EMPLOYEE_REFERENCES.test(field) ? findEmployee(session, value) : findOption(session, field, value),
  };
}

type EmployeeRead = { readonly kind: "employee"; readonly employee: Employee } | ReadFailure;

/** Reads some fields of one employee; what comes back is about that employee. */
async function readEmployee(
  session: Session,
  workerId: string,
  fields: readonly string[],
  { deadlineMs, onlyCurrent = true }: { readonly deadlineMs?: number; readonly onlyCurrent?: boolean } = {},
): Promise<EmployeeRead> {
  const path = pathOf(EMPLOYEE, workerId);
  if (path === undefined) return { kind: "no-such-worker", detail: "no employee can have this id" };
  const call: Call = {
    method: "GET",
    target: `${path}?fields=${[...new Set(fields)].join(",")}&onlyCurrent=${String(onlyCurrent)}`,
    effect: false,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  };
  const answer = documentOf(await session.send(call), session.now(), explain([workerId]));
  if (answer.kind !== "document") return answer;
  const { document } = answer;
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    return { kind: "unavailable", detail: "the answer is no employee" };
  }
  const employee = document as Employee;
  const { id } = employee;
  return (typeof id === "string" || typeof id === "number") && String(id) === workerId
    ? { kind: "employee", employee }
    : { kind: "unavailable", detail: "the answer is not about this worker" };
}

function fieldOf(employee: Employee, field: string): FieldRead {
  if (!Object.hasOwn(employee, field)) {
    return { kind: "forbidden", detail: "the answer does not contain the field: the credential may not see it" };
  }
  const value = employee[field];
  if (value === null || value === "") return { kind: "value", value: null };
  return isScalar(value)
    ? { kind: "value", value }
    : { kind: "unavailable", detail: "the field does not hold a single value" };
}

function withActive(read: FieldRead, active: boolean | undefined): FieldRead {
  return read.kind !== "value" || active === undefined ? read : { ...read, active };
}

/**
 * Whether a worker may be written; `undefined` where the credential does not see it. BambooHR calls future hires inactive as
 * well as leavers: the hire date tells them apart, and one that is not shown counts against.
 */
function isActive(employee: Employee, day: string): boolean | undefined {
  const { status, hireDate } = employee;
  if (typeof status !== "string") return undefined;
  if (status.toLowerCase() === "active") return true;
  return typeof hireDate === "string" && hireDate > day;
}

/** One call with one key: BambooHR answers 403 only where none of several fields may be written. */
async function writePlain(
  session: Session,
  workerId: string,
  hrisField: string,
  change: FieldWrite,
  deadlineMs: number,
): Promise<FieldWritten> {
  const path = pathOf(EMPLOYEE, workerId);
  if (path === undefined) return { kind: "rejected", detail: "no employee can have this id" };
  const exchange = await session.send({
    method: "POST",
    target: path,
    body: JSON.stringify({ [hrisField]: change.to ?? "" }),
    effect: true,
    deadlineMs,
  });
  if (exchange.kind !== "answered") return unansweredWrite(exchange);
  const detail = explain([workerId, change.from, change.to], [hrisField])(exchange.response);
  // 409 is any value that breaks a rule; of an email the rule is that nobody else has it.
  return exchange.response.status === 409 && ruleOfName(hrisField) !== "email"
    ? { kind: "rejected", detail }
    : judge(exchange.response, session.now(), detail);
}

/** Writes one column of job information as a row of the day, and looks that nothing else of the row was lost. */
async function writeRow(
  session: Session,
  workerId: string,
  { column }: JobInfoColumn,
  change: FieldWrite,
  now: { readonly day: string; readonly managerId: string | null | undefined },
  deadlineMs: number,
): Promise<FieldWritten> {
  const rows = await readRows(session, workerId, deadlineMs);
  if (rows.kind !== "rows") return writeAfterFailedRead(rows);
  if (change.to === null) return { kind: "rejected", detail: "a dated row does not empty a column" };
  const plan = planRow(rows.rows, column, String(change.to), now.day, now.managerId);
  if (plan.kind === "conflict" || plan.kind === "forbidden") return plan;
  const path = plan.kind === "add" ? pathOf(TABLE, workerId) : pathOf(ROW, workerId, plan.rowId);
  if (path === undefined) return { kind: "rejected", detail: "no request can carry the row's id" };
  const exchange = await session.send({
    method: "POST",
    target: path,
    body: JSON.stringify(plan.body),
    effect: true,
    deadlineMs,
  });
  if (exchange.kind !== "answered") return unansweredWrite(exchange);
  const { response } = exchange;
  const detail = explain([workerId, change.from, change.to], [column])(response);
  // For rows, 409 is a conflict with business rules or payroll, 412 a missing prerequisite: neither is ours to retry.
  if (response.status === 409) return { kind: "conflict", detail };
  if (response.status === 412) return { kind: "rejected", detail };
  const written = judge(response, session.now(), detail);
  return written.kind === "accepted" && plan.kind === "add"
    ? confirmRow(session, workerId, now.day, plan, deadlineMs)
    : written;
}

/** BambooHR answers 200 to a row of which it kept anything at all, so what was carried over is read back. */
async function confirmRow(
  session: Session,
  workerId: string,
  effectiveDate: string,
  plan: Extract<RowPlan, { kind: "add" }>,
  deadlineMs: number,
): Promise<FieldWritten> {
  if (Object.keys(plan.carried).length === 0 && plan.managerId === undefined) return { kind: "accepted" };
  const after = await readRows(session, workerId, deadlineMs);
  if (after.kind !== "rows") return { kind: "unknown", detail: `the new row could not be read: ${after.detail}` };
  const lost = lostColumns(after.rows, effectiveDate, plan.carried);
  if (lost === undefined) return { kind: "unknown", detail: "the new row is not there yet" };
  if (lost.length > 0) {
    return { kind: "conflict", detail: `the new row does not hold what the row before it held in ${lost.join(", ")}` };
  }
  if (plan.managerId === undefined) return { kind: "accepted" };
  const employee = await readEmployee(session, workerId, [MANAGER.currentField], { deadlineMs });
  if (employee.kind !== "employee") {
    return { kind: "unknown", detail: `the manager could not be read after the new row: ${employee.detail}` };
  }
  return managerIdOf(employee.employee) === plan.managerId
    ? { kind: "accepted" }
    : { kind: "conflict", detail: "the new row names another manager than the row before it" };
}

/** The employee id of an employee's manager: `null` for none, `undefined` where it is not shown. */
function managerIdOf(employee: Employee): string | null | undefined {
  const read = fieldOf(employee, MANAGER.currentField);
  if (read.kind !== "value") return undefined;
  return read.value === null ? null : String(read.value);
}

/** Looks for a row of a day to come that holds a value. */
async function findScheduled(
  session: Session,
  workerId: string,
  { column, currentField }: JobInfoColumn,
  day: string,
  isWanted: (value: Scalar | null) => boolean,
): Promise<ScheduledRead> {
  const unavailable = ({ detail }: ReadFailure): ScheduledRead => ({ kind: "unavailable", detail });
  const read = await readRows(session, workerId);
  if (read.kind !== "rows") return read.kind === "no-such-worker" ? unavailable(read) : read;
  const rows = laterRows(read.rows, day);
  const last = rows.at(-1);
  if (last === undefined) return { kind: "none" };
  const scheduled = (row: JobInfoRow): ScheduledRead => ({
    kind: "scheduled",
    begunBy: formatInstant(begunEverywhereMs(row.date)),
  });
  if (rows.some((row) => !Object.hasOwn(row.columns, column))) {
    return { kind: "forbidden", detail: `the credential does not see \`${column}\` of rows to come` };
  }
  if (column === currentField) {
    const row = rows.find(({ columns }) => isScalar(columns[column]) && isWanted(columns[column]));
    return row === undefined ? { kind: "none" } : scheduled(row);
  }
  // A row may show a manager by name, which several people can have; of the last row the employee shows the id.
  const employee = await readEmployee(session, workerId, [currentField], { onlyCurrent: false });
  if (employee.kind !== "employee") return employee.kind === "no-such-worker" ? unavailable(employee) : employee;
  const held = fieldOf(employee.employee, currentField);
  if (held.kind !== "value") return held.kind === "no-such-worker" ? unavailable(held) : held;
  if (isWanted(held.value)) return scheduled(last);
  return rows.length === 1
    ? { kind: "none" }
    : { kind: "unavailable", detail: "several rows are to come, and only the last shows whom it names" };
}

type RowsRead = { readonly kind: "rows"; readonly rows: readonly JobInfoRow[] } | ReadFailure;

async function readRows(session: Session, workerId: string, deadlineMs?: number): Promise<RowsRead> {
  const path = pathOf(TABLE, workerId);
  if (path === undefined) return { kind: "no-such-worker", detail: "no employee can have this id" };
  const call: Call = {
    method: "GET",
    target: path,
    effect: false,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  };
  const exchange = await session.send(call);
  const answer = documentOf(exchange, session.now(), explain([workerId]));
  if (answer.kind !== "document") return answer;
  const rows = parseRows(answer.document);
  return rows === undefined
    ? { kind: "unavailable", detail: "the answer holds no dated rows" }
    : { kind: "rows", rows };
}

async function findEmployee(session: Session, value: Scalar): Promise<RecordFound> {
  const read = await readEmployee(session, String(value), ["status"]);
  if (read.kind !== "employee") return recordFailure(read);
  const { status } = read.employee;
  if (typeof status !== "string") return { kind: "forbidden", detail: "the credential does not see `status`" };
  return { kind: status.toLowerCase() === "active" ? "active" : "inactive" };
}

/**
 * Looks an option of a list field up by the label that a write would carry. Option ids are not taken: BambooHR would store one as a
 * label.
 */
async function findOption(session: Session, field: string, value: Scalar): Promise<RecordFound> {
  const answer = documentOf(
    await session.send({ method: "GET", target: LISTS, effect: false }),
    session.now(),
    explain([value]),
  );
  if (answer.kind !== "document") {
    return answer.kind === "no-such-worker" ? { kind: "unavailable", detail: answer.detail } : answer;
  }
  if (!Array.isArray(answer.document)) return { kind: "unavailable", detail: "the answer holds no lists" };
  const wanted = plainName(field);
  const lists = (answer.document as readonly unknown[])
    .filter((list): list is ListField => isObject(list))
    .filter((list) => [list.alias, list.name].some((name) => typeof name === "string" && plainName(name) === wanted));
  const [list, ...others] = lists;
  if (list === undefined) return { kind: "forbidden", detail: "the credential sees no list of this name" };
  if (others.length > 0) return { kind: "unavailable", detail: "more than one list has this name" };
  if (!Array.isArray(list.options)) return { kind: "unavailable", detail: "the list of this name holds no options" };
  const options = (list.options as readonly unknown[])
    .filter(isObject)
    .filter((option) => option["name"] === String(value));
  if (options.length === 0) return { kind: "absent" };
  return { kind: options.some((option) => option["archived"] !== "yes") ? "active" : "inactive" };
}

interface ListField {
  readonly name?: unknown;
  readonly alias?: unknown;
  readonly options?: unknown;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** `Job Title`, `jobTitle` and `job_title` are one name. */
function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** What BambooHR's answers to writes mean. Success is 200 and nothing else. */
function judge(response: HttpResponse, nowMs: number, detail: string): FieldWritten {
  if (response.status === 200) return { kind: "accepted" };
  const outcome = writeOutcomeOf(response, nowMs, detail);
  // BambooHR has neither "not modified" nor "accepted for later": such an answer is not BambooHR's.
  return outcome.kind === "accepted" || outcome.kind === "pending" ? { kind: "unknown", detail } : outcome;
}

function explain(
  values: readonly (Scalar | null)[],
  names: readonly string[] = [],
): (response: HttpResponse) => string {
  return (response) => {
    const words = explainAnswer(response, ERROR, values);
    return names.length === 0 ? words : `${names.join(", ")}: ${words}`;
  };
}

/** The path of one employee. Ids `0` and `all` mean others than they say: the key's own employee, and everyone. */
function pathOf(path: Parameters<typeof renderPath>[0], worker: string, row?: string): string | undefined {
  if (/^0*$/.test(worker) || worker.toLowerCase() === "all") return undefined;
  try {
    return renderPath(path, { worker, ...(row === undefined ? {} : { row }) });
  } catch (error) {
    if (error instanceof UnrepresentableError) return undefined;
    throw error;
  }
}
