import {
  jsonObjectOf,
  segmentsOf,
  startLoopbackServer,
  type FaultPlan,
  type LocalAnswer,
  type LocalRequest,
  type LocalServer,
} from "./loopback-server";

/** A value of a field, as BambooHR stores one. */
export type BambooHrValue = string | number | boolean | null;

/** Who may call, with an access level of its own. `*` is every field. */
export interface BambooHrCredential {
  /** Shown in the log instead of the key. */
  readonly name: string;
  readonly view: readonly string[] | "*";
  readonly edit: readonly string[] | "*";
  /** The employee that id `0` stands for. */
  readonly employeeId?: string;
}

export interface BambooHrJobInfo {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly location?: string | null;
  readonly division?: string | null;
  readonly department?: string | null;
  readonly jobTitle?: string | null;
  /** Employee id of the manager. */
  readonly reportsTo?: string | null;
}

export interface BambooHrEmployee {
  /** Fields that exist, with `null` for an empty one; a field that is not here does not exist. Job information is in `jobInfo`. */
  readonly fields: Readonly<Record<string, BambooHrValue>>;
  readonly jobInfo?: readonly BambooHrJobInfo[];
}

export interface BambooHrList {
  readonly fieldId: string;
  readonly name: string;
  readonly alias?: string;
  readonly options: readonly { readonly id: number; readonly name: string; readonly archived?: boolean }[];
}

export interface BambooHrServerOptions {
  /** By API key. */
  readonly credentials: Readonly<Record<string, BambooHrCredential>>;
  /** By employee id. */
  readonly employees: Readonly<Record<string, BambooHrEmployee>>;
  readonly lists?: readonly BambooHrList[];
  /** The day on which job information is current, `YYYY-MM-DD`. @default - today in UTC */
  readonly today?: () => string;
  /** What becomes of a value that is stored, as BambooHR shortens names of states. @default - it stays */
  readonly normalise?: (field: string, value: BambooHrValue) => BambooHrValue;
  readonly faults?: FaultPlan;
}

export interface BambooHrServer extends LocalServer {
  /** What an employee's fields hold now, job information of the day among them; `undefined` for nobody. */
  employee(id: string): Readonly<Record<string, BambooHrValue>> | undefined;
  /** The rows of an employee's job information, with their ids. */
  jobInfo(id: string): readonly (BambooHrJobInfo & { readonly id: string })[];
  /** Changes a field as a person in HR would. */
  setField(id: string, field: string, value: BambooHrValue): void;
  /** Requests so far that were meant to change something. */
  writes(): number;
}

const COLUMNS = ["location", "division", "department", "jobTitle", "reportsTo"] as const;

interface Row {
  readonly id: string;
  date: string;
  readonly columns: Record<(typeof COLUMNS)[number], string | null>;
}

interface Person {
  readonly fields: Map<string, BambooHrValue>;
  readonly rows: Row[];
}

/**
 * Starts a server that speaks the part of BambooHR's API that the adapter uses, from the vendor's OpenAPI document: employees,
 * their job information rows, list fields; Basic authentication; permissions per field, where what may not be seen is left
 * out and 200 may have skipped what may not be edited. It keeps its data in memory.
 *
 * Where the document is silent it does this: `reportsTo` of a row takes an employee id or the full name of one person, and shows the
 * name; a field that does not exist is like one without permission.
 */
export async function startBambooHrServer(options: BambooHrServerOptions): Promise<BambooHrServer> {
  const company = new Company(options);
  const server = await startLoopbackServer(
    {
      credentialOf: (request) => company.credentialOf(request)?.name,
      respond: (request, ignore) => company.respond(request, ignore),
    },
    options.faults,
  );
  return {
    ...server,
    employee: (id) => company.snapshot(id),
    jobInfo: (id) => company.rowsOf(id),
    setField: (id, field, value) => {
      company.setField(id, field, value);
    },
    writes: () => server.log.filter((line) => line.method !== "GET").length,
  };
}

class Company {
  private readonly people = new Map<string, Person>();
  private lastRowId = 0;

  constructor(private readonly options: BambooHrServerOptions) {
    for (const [id, employee] of Object.entries(options.employees)) {
      this.people.set(id, {
        fields: new Map(Object.entries(employee.fields)),
        rows: (employee.jobInfo ?? []).map((row) => this.newRow(row.date, row)),
      });
    }
  }

  credentialOf(request: LocalRequest): BambooHrCredential | undefined {
    const basic = /^Basic ([A-Za-z0-9+/=]+)$/.exec(request.headers["authorization"] ?? "")?.[1];
    if (basic === undefined) return undefined;
    const key = Buffer.from(basic, "base64").toString("utf8").split(":")[0] ?? "";
    return Object.hasOwn(this.options.credentials, key) ? this.options.credentials[key] : undefined;
  }

  respond(request: LocalRequest, ignore: boolean): LocalAnswer {
    const credential = this.credentialOf(request);
    if (credential === undefined) return refusal(401, "Invalid API key");
    const [api, version, area, ...rest] = segmentsOf(request.path) ?? [];
    if (api !== "api" || version !== "v1") return refusal(404, "Not found");
    if (area === "meta" && rest.length === 1 && rest[0] === "lists" && request.method === "GET") {
      return { status: 200, body: this.lists() };
    }
    if (area !== "employees" || rest[0] === undefined) return refusal(404, "Not found");
    const [asked, tables, table, rowId, ...more] = rest;
    const id = asked === "0" ? (credential.employeeId ?? "0") : asked;
    const person = this.people.get(id);
    if (person === undefined) return refusal(404, "Employee not found");
    if (tables === undefined) {
      if (request.method === "GET") return this.get(id, person, request, credential);
      return request.method === "POST" ? this.update(id, person, request, credential, ignore) : refusal(405, "");
    }
    if (tables !== "tables" || table !== "jobInfo" || more.length > 0) return refusal(404, "Table not found");
    if (rowId === undefined && request.method === "GET") return this.getRows(id, person, credential);
    return request.method === "POST" ? this.writeRow(person, rowId, request, credential, ignore) : refusal(405, "");
  }

  snapshot(id: string): Readonly<Record<string, BambooHrValue>> | undefined {
    const person = this.people.get(id);
    if (person === undefined) return undefined;
    const current = this.currentRow(person);
    return { ...Object.fromEntries(person.fields), ...(person.rows.length === 0 ? {} : current?.columns) };
  }

  rowsOf(id: string): readonly (BambooHrJobInfo & { readonly id: string })[] {
    return (this.people.get(id)?.rows ?? []).map((row) => ({ id: row.id, date: row.date, ...row.columns }));
  }

  setField(id: string, field: string, value: BambooHrValue): void {
    const person = this.people.get(id);
    if (person === undefined) throw new Error("the local BambooHR has no such employee");
    const column = COLUMNS.find((name) => name === field);
    const row = this.currentRow(person);
    if (column !== undefined && row !== undefined) row.columns[column] = value === null ? null : String(value);
    else person.fields.set(field, value);
  }

  private get(id: string, person: Person, request: LocalRequest, credential: BambooHrCredential): LocalAnswer {
    const asked = (request.query.get("fields") ?? "firstName,lastName").split(",").filter((field) => field !== "");
    if (asked.length > 400) return refusal(400, "Maximum number of fields exceeded");
    const body: Record<string, BambooHrValue> = { id };
    for (const field of asked) {
      const value = this.valueOf(person, field, request.query.get("onlyCurrent") !== "false");
      if (value !== undefined && may(credential.view, permissionOf(field))) body[field] = value;
    }
    return { status: 200, body };
  }

  private update(
    id: string,
    person: Person,
    request: LocalRequest,
    credential: BambooHrCredential,
    ignore: boolean,
  ): LocalAnswer {
    const body = jsonObjectOf(request.body);
    if (body === undefined || Object.keys(body).length === 0) return refusal(400, "Malformed JSON");
    const editable = Object.entries(body).filter(([field]) => person.fields.has(field) && may(credential.edit, field));
    if (editable.length === 0) return refusal(403, "No permission to update any of the requested fields");
    for (const [field, value] of editable) {
      if (!isValue(value)) return refusal(409, `Invalid value for ${field}`);
      if (field === "workEmail" && typeof value === "string" && this.emailTaken(id, value)) {
        return refusal(409, `Duplicate email ${value}`);
      }
    }
    if (!ignore)
      for (const [field, value] of editable) person.fields.set(field, this.stored(field, value as BambooHrValue));
    return { status: 200 };
  }

  private getRows(id: string, person: Person, credential: BambooHrCredential): LocalAnswer {
    const body = person.rows.map((row) => ({
      id: row.id,
      employeeId: id,
      date: row.date,
      ...Object.fromEntries(
        COLUMNS.filter((column) => may(credential.view, column)).map((column) => [
          column,
          column === "reportsTo" ? this.nameOf(row.columns.reportsTo) : row.columns[column],
        ]),
      ),
    }));
    return { status: 200, body };
  }

  private writeRow(
    person: Person,
    rowId: string | undefined,
    request: LocalRequest,
    credential: BambooHrCredential,
    ignore: boolean,
  ): LocalAnswer {
    const body = jsonObjectOf(request.body);
    if (body === undefined) return refusal(400, "Malformed JSON");
    const row = rowId === undefined ? undefined : person.rows.find((candidate) => candidate.id === rowId);
    if (rowId !== undefined && row === undefined) return refusal(404, "Row not found");
    const { date } = body;
    if (row === undefined && date === undefined) return refusal(400, "The date is required");
    if (date !== undefined && (typeof date !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(date))) {
      return refusal(406, "Invalid date");
    }
    const columns: Partial<Row["columns"]> = {};
    for (const [name, value] of Object.entries(body)) {
      if (name === "date") continue;
      const column = COLUMNS.find((known) => known === name);
      if (column === undefined) return refusal(406, `Unknown field ${name}`);
      if (value !== null && typeof value !== "string") return refusal(406, `Invalid value for ${name}`);
      const resolved = column === "reportsTo" && value !== null ? this.idOf(value) : value;
      if (resolved === undefined) return refusal(406, `Invalid value for ${name}`);
      // What may not be edited is skipped, and the answer is 200 all the same.
      if (may(credential.edit, column)) columns[column] = this.stored(column, resolved) as string | null;
    }
    if (Object.keys(columns).length === 0 && date === undefined) return refusal(403, "Permission denied");
    if (ignore) return { status: 200 };
    if (row === undefined) person.rows.push(this.newRow(date as string, columns));
    else {
      Object.assign(row.columns, columns);
      if (date !== undefined) row.date = date;
    }
    return { status: 200 };
  }

  private lists(): unknown {
    return (this.options.lists ?? []).map((list) => ({
      fieldId: list.fieldId,
      name: list.name,
      ...(list.alias === undefined ? {} : { alias: list.alias }),
      manageable: "yes",
      multiple: "no",
      options: list.options.map((option) => ({
        id: option.id,
        name: option.name,
        archived: option.archived === true ? "yes" : "no",
        createdDate: null,
        archivedDate: null,
      })),
    }));
  }

  private valueOf(person: Person, field: string, onlyCurrent: boolean): BambooHrValue | undefined {
    const row = onlyCurrent ? this.currentRow(person) : latestOf(person.rows);
    const column = COLUMNS.find((name) => name === field);
    if (column !== undefined && person.rows.length > 0) {
      return column === "reportsTo" ? this.nameOf(row?.columns.reportsTo ?? null) : (row?.columns[column] ?? null);
    }
    if (field === "reportsToId") return row?.columns.reportsTo ?? null;
    if (field === "reportsToName") return this.nameOf(row?.columns.reportsTo ?? null);
    return person.fields.has(field) ? (person.fields.get(field) ?? null) : undefined;
  }

  private currentRow(person: Person): Row | undefined {
    const today = this.options.today?.() ?? new Date().toISOString().slice(0, 10);
    return latestOf(person.rows.filter((row) => row.date <= today));
  }

  private newRow(date: string, columns: Partial<Record<(typeof COLUMNS)[number], string | null>>): Row {
    this.lastRowId += 1;
    return {
      id: String(this.lastRowId),
      date,
      columns: {
        location: columns.location ?? null,
        division: columns.division ?? null,
        department: columns.department ?? null,
        jobTitle: columns.jobTitle ?? null,
        reportsTo: columns.reportsTo ?? null,
      },
    };
  }

  private emailTaken(id: string, email: string): boolean {
    const wanted = email.trim().toLowerCase();
    return [...this.people].some(([other, person]) => {
      const held = person.fields.get("workEmail");
      return other !== id && typeof held === "string" && held.trim().toLowerCase() === wanted;
    });
  }

  private stored(field: string, value: BambooHrValue): BambooHrValue {
    return this.options.normalise === undefined ? value : this.options.normalise(field, value);
  }

  private nameOf(id: string | null): string | null {
    if (id === null) return null;
    const fields = this.people.get(id)?.fields;
    const name = [fields?.get("firstName"), fields?.get("lastName")]
      .filter((part) => typeof part === "string")
      .join(" ");
    return name === "" ? id : name;
  }

  private idOf(nameOrId: string): string | undefined {
    if (this.people.has(nameOrId)) return nameOrId;
    const named = [...this.people.keys()].filter((id) => this.nameOf(id) === nameOrId);
    return named.length === 1 ? named[0] : undefined;
  }
}

function latestOf(rows: readonly Row[]): Row | undefined {
  return rows.reduce<Row | undefined>(
    (latest, row) => (latest === undefined || row.date >= latest.date ? row : latest),
    undefined,
  );
}

function permissionOf(field: string): string {
  return field === "reportsToId" || field === "reportsToName" ? "reportsTo" : field;
}

function may(fields: readonly string[] | "*", field: string): boolean {
  return fields === "*" || fields.includes(field);
}

function isValue(value: unknown): value is BambooHrValue {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function refusal(status: number, message: string): LocalAnswer {
  return { status, headers: message === "" ? {} : { "x-bamboohr-error-message": message } };
}
