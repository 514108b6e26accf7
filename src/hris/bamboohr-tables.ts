import { parseDate } from "../core";
import type { ConnectionConfig } from "./contract";

/**
 * BambooHR's job information: a history of dated rows, of which the latest one that has begun is current. A field of it is
 * written as a row, and a row says something about every column, so what a new one leaves out is blank from its day on.
 */
export const JOB_INFO_TABLE = "jobInfo";

/** The column of a row that names the manager, and the employee field that shows who that is. */
export const MANAGER = { column: "reportsTo", currentField: "reportsToId" } as const;

/** The columns of a row that a policy may write, by their names in lower case, and the employee field that shows the current one. */
const COLUMNS: Readonly<Record<string, { readonly column: string; readonly currentField: string }>> = {
  reportsto: MANAGER,
  department: { column: "department", currentField: "department" },
  division: { column: "division", currentField: "division" },
  location: { column: "location", currentField: "location" },
  jobtitle: { column: "jobTitle", currentField: "jobTitle" },
};

/** Other names of these columns, which BambooHR answers to and which are not to be written. */
const READ_ONLY_NAMES = new Set(
  [
    "reportsToId",
    "reportsToName",
    "supervisor",
    "supervisorId",
    "supervisorEId",
    "supervisorEmail",
    "jobTitleId",
    "jobTitleName",
    "departmentId",
    "departmentName",
    "divisionId",
    "divisionName",
    "locationId",
    "locationName",
  ].map((name) => name.toLowerCase()),
);

/** What a row says of itself rather than of the worker; never carried into another row. */
const OWN_COLUMNS = new Set(["id", "employeeId", "date"]);

export interface JobInfoColumn {
  readonly column: string;
  /** Name of the employee field that holds the current value: the manager's employee id for `reportsTo`. */
  readonly currentField: string;
}

/** The column that a field of this name is, whatever its case; `undefined` for a field of no row. */
export function jobInfoColumnOf(hrisField: string): JobInfoColumn | undefined {
  const name = hrisField.toLowerCase();
  return Object.hasOwn(COLUMNS, name) ? COLUMNS[name] : undefined;
}

/** Whether a write of this field is dated, so that the connection must say where the tenant is. */
export function needsTimeZone(kind: ConnectionConfig["kind"], hrisField: string): boolean {
  return kind === "bamboohr" && jobInfoColumnOf(hrisField) !== undefined;
}

/** Whether a name shows a job information column without being its own name. */
export function isReadOnlyName(hrisField: string): boolean {
  return READ_ONLY_NAMES.has(hrisField.toLowerCase());
}

/** A row as BambooHR answers it. */
export interface JobInfoRow {
  readonly id: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly columns: Readonly<Record<string, unknown>>;
}

/** Reads the rows of an answer; `undefined` for what is no list of dated rows. */
export function parseRows(document: unknown): readonly JobInfoRow[] | undefined {
  if (!Array.isArray(document)) return undefined;
  const rows: JobInfoRow[] = [];
  for (const row of document as readonly unknown[]) {
    if (typeof row !== "object" || row === null) return undefined;
    const { id, date } = row as { readonly id?: unknown; readonly date?: unknown };
    if (
      (typeof id !== "string" && typeof id !== "number") ||
      typeof date !== "string" ||
      parseDate(date) === undefined
    ) {
      return undefined;
    }
    rows.push({ id: String(id), date, columns: row as Readonly<Record<string, unknown>> });
  }
  return rows;
}

/** The rows that begin after a day, in order of their days. */
export function laterRows(rows: readonly JobInfoRow[], day: string): readonly JobInfoRow[] {
  return rows.filter((row) => row.date > day).sort((a, b) => (a.date < b.date ? -1 : 1));
}

/** How one column is to be written. */
export type RowPlan =
  /** Edit the row that begins on this day: only the column is sent, the others stay. */
  | { readonly kind: "edit"; readonly rowId: string; readonly body: Readonly<Record<string, unknown>> }
  /**
   * Add a row; `carried` are the columns of the current one that it repeats, but for the manager, whom a row shows by a name that
   * several people can have: `managerId` is carried instead. Absent where the row is not to say who that is.
   */
  | {
      readonly kind: "add";
      readonly body: Readonly<Record<string, unknown>>;
      readonly carried: Readonly<Record<string, unknown>>;
      readonly managerId?: string | null;
    }
  /** A later row exists, or two rows begin on the day that counts: which value would hold is for a person to say. */
  | { readonly kind: "conflict"; readonly detail: string }
  /** The credential does not see every column of the row, and would blank what it does not see. */
  | { readonly kind: "forbidden"; readonly detail: string };

/**
 * Plans the write of one column with effect from a day, from the rows as they are. `managerId` is the current manager's employee id as
 * the employee shows it: `null` for none, `undefined` where it is not shown.
 */
export function planRow(
  rows: readonly JobInfoRow[],
  column: string,
  value: string,
  effectiveDate: string,
  managerId: string | null | undefined,
): RowPlan {
  if (laterRows(rows, effectiveDate).length > 0) {
    return { kind: "conflict", detail: "a job information row with a later date exists" };
  }
  const latest = rows.reduce((date, row) => (row.date > date ? row.date : date), "");
  const [current, ...others] = rows.filter((row) => row.date === latest);
  if (others.length > 0) {
    return { kind: "conflict", detail: "two job information rows begin on the same day" };
  }
  if (current === undefined) return { kind: "add", body: { date: effectiveDate, [column]: value }, carried: {} };
  if (current.date === effectiveDate) return { kind: "edit", rowId: current.id, body: { [column]: value } };
  const hidden = Object.values(COLUMNS).find((known) => !Object.hasOwn(current.columns, known.column));
  if (hidden !== undefined) {
    return {
      kind: "forbidden",
      detail: `the credential does not see \`${hidden.column}\`, which a new job information row would blank`,
    };
  }
  const carried = Object.fromEntries(
    Object.entries(current.columns).filter(
      ([name, held]) => !OWN_COLUMNS.has(name) && name !== MANAGER.column && name !== column && !isEmpty(held),
    ),
  );
  const body = { date: effectiveDate, ...carried, [column]: value };
  if (column === MANAGER.column) return { kind: "add", body, carried };
  if (managerId === undefined) {
    return {
      kind: "forbidden",
      detail: `the credential does not see \`${MANAGER.currentField}\`, which a new row must carry`,
    };
  }
  if (isEmpty(current.columns[MANAGER.column]) !== (managerId === null)) {
    return { kind: "conflict", detail: "the employee and the current job information row do not agree on a manager" };
  }
  return {
    kind: "add",
    body: managerId === null ? body : { ...body, [MANAGER.column]: managerId },
    carried,
    managerId,
  };
}

/** Names of columns that a row which was added does not hold as they were carried; `undefined` where there is no such row. */
export function lostColumns(
  rows: readonly JobInfoRow[],
  effectiveDate: string,
  carried: Readonly<Record<string, unknown>>,
): readonly string[] | undefined {
  const row = rows.find((candidate) => candidate.date === effectiveDate);
  if (row === undefined) return undefined;
  return Object.entries(carried)
    .filter(([name, held]) => JSON.stringify(row.columns[name]) !== JSON.stringify(held))
    .map(([name]) => name);
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}
