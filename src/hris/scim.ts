import type { Scalar } from "../policy/model";
import { ruleOfName, sameUnder } from "./compare";
import type { AdapterPorts, ConnectionConfig, FieldRead, RecordFound, SourceReader } from "./contract";
import { documentOf, type ReadFailure } from "./outcomes";
import { explainAnswer, recordFailure } from "./rest";
import { parseScimPath, readScimPath, scimFilter, type ScimPath } from "./scim-path";
import { parseSelector } from "./selector";
import { createSession, type Session } from "./session";
import { escapeComponent, UnrepresentableError } from "./template";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/**
 * Where a directory keeps what policies usually call by these names. A connection's `attributes` come first; a name in neither is
 * read as a SCIM path itself.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7643#section-4 (read 2026-11-23)
 */
const SCIM_ATTRIBUTES: Readonly<Record<string, string>> = {
  work_email: 'emails[type eq "work"].value',
  email: 'emails[type eq "work"].value',
  home_email: 'emails[type eq "home"].value',
  work_phone: 'phoneNumbers[type eq "work"].value',
  mobile: 'phoneNumbers[type eq "mobile"].value',
  mobile_phone: 'phoneNumbers[type eq "mobile"].value',
  username: "userName",
  user_name: "userName",
  login: "userName",
  upn: "userName",
  account_id: "id",
  directory_id: "id",
  worker_id: "externalId",
  display_name: "displayName",
  preferred_name: "nickName",
  nickname: "nickName",
  title: "title",
  job_title: "title",
  locale: "locale",
  timezone: "timezone",
  preferred_language: "preferredLanguage",
  worker_type: "userType",
  user_type: "userType",
  employee_number: `${ENTERPRISE}:employeeNumber`,
  department: `${ENTERPRISE}:department`,
  division: `${ENTERPRISE}:division`,
  organization: `${ENTERPRISE}:organization`,
  cost_center: `${ENTERPRISE}:costCenter`,
  cost_centre: `${ENTERPRISE}:costCenter`,
  manager: `${ENTERPRISE}:manager.value`,
};

/** Fields whose value names a worker, who is looked for by the worker's id. */
const WORKER_REFERENCES = /^(?:manager|supervisor|reports_?to|worker|employee)(?:_?id)?$/i;

/** Where a SCIM error says why. @see https://www.rfc-editor.org/rfc/rfc7644#section-3.12 (read 2026-11-23) */
const SCIM_ERROR = { at: parseSelector("/detail") };

/**
 * A SCIM 2.0 directory as a source of truth. Users are found by `externalId`, the worker's id; exactly one must answer to it and
 * be active. The secret is a bearer token, as text or as the only member of a JSON object. It is only read.
 *
 * SCIM leaves out what has no value, so an attribute that is not there is empty, not forbidden.
 */
export function createScimReader(
  connection: Extract<ConnectionConfig, { kind: "scim" }>,
  ports: AdapterPorts,
): SourceReader {
  const session = createSession(connection.baseUrl, { type: "bearer" }, ports, {
    accept: "application/scim+json, application/json",
  });
  const pathOf = (field: string): ScimPath | undefined => {
    const path = ownMember(connection.attributes ?? {}, field) ?? ownMember(SCIM_ATTRIBUTES, field) ?? field;
    return parseScimPath(path);
  };
  return {
    sameValue: (field, a, b) => sameUnder(ruleOfName(field), a, b),

    async readField(workerId, field): Promise<FieldRead> {
      const path = pathOf(field);
      if (path === undefined) return { kind: "forbidden", detail: "the field's name is no attribute path" };
      const found = await findUsers(session, scimFilter({ attribute: "externalId" }, workerId), workerId);
      if (found.kind !== "users") return found;
      const [user, ...others] = found.users;
      if (user === undefined) return { kind: "no-such-worker", detail: "no user has this worker's id" };
      if (others.length > 0) return { kind: "unavailable", detail: "more than one user has this worker's id" };
      if (readText(user, "externalId") !== workerId) {
        return { kind: "unavailable", detail: "the answer is not about this worker" };
      }
      if (!isActive(user)) return { kind: "no-such-worker", detail: "the worker's user is not active" };
      const value = readScimPath(user, path);
      return value.kind === "value"
        ? value
        : { kind: "unavailable", detail: "more than one value answers to the attribute's path" };
    },

    async findRecord(field, value): Promise<RecordFound> {
      const path = WORKER_REFERENCES.test(field) ? { attribute: "externalId" } : pathOf(field);
      if (path === undefined) return { kind: "absent" };
      const found = await findUsers(session, scimFilter(path, value), value);
      if (found.kind !== "users") return recordFailure(found);
      // A server that does not understand a filter may answer with everyone: what is counted must show the value itself.
      const holders = found.users.filter((user) => {
        const held = readScimPath(user, path);
        return held.kind === "value" && sameUnder(ruleOfName(field), held.value, value);
      });
      const [holder, ...others] = holders;
      if (holder === undefined) return { kind: "absent" };
      // As for the worker: a value that two records hold names neither.
      if (others.length > 0) return { kind: "unavailable", detail: "more than one user holds the value" };
      return { kind: isActive(holder) ? "active" : "inactive" };
    },
  };
}

type FoundUsers = { readonly kind: "users"; readonly users: readonly unknown[] } | ReadFailure;

async function findUsers(session: Session, filter: string, value: Scalar): Promise<FoundUsers> {
  let target: string;
  try {
    target = `/Users?filter=${escapeComponent(filter)}&count=10`;
  } catch (error) {
    if (!(error instanceof UnrepresentableError)) throw error;
    return { kind: "no-such-worker", detail: "no request can carry this id" };
  }
  const answer = documentOf(await session.send({ method: "GET", target, effect: false }), session.now(), (response) =>
    explainAnswer(response, SCIM_ERROR, [value]),
  );
  if (answer.kind !== "document") {
    // A search that finds nobody answers 200: 404 is a wrong address.
    return answer.kind === "no-such-worker"
      ? { kind: "unavailable", detail: "the directory does not know /Users" }
      : answer;
  }
  const document: unknown = answer.document;
  const list: Readonly<Record<string, unknown>> =
    typeof document === "object" && document !== null ? { ...document } : {};
  const { totalResults, Resources: resources = [] } = list;
  if (typeof totalResults !== "number" || !Array.isArray(resources)) {
    return { kind: "unavailable", detail: "the answer is no list of users" };
  }
  if (totalResults > resources.length) {
    return { kind: "unavailable", detail: "more users answer to the filter than one page shows" };
  }
  return { kind: "users", users: resources as readonly unknown[] };
}

/** A directory that says nothing about activity has no inactive users. */
function isActive(user: unknown): boolean {
  const active = readScimPath(user, { attribute: "active" });
  return active.kind === "value" && active.value !== false && active.value !== "false" && active.value !== "False";
}

function readText(user: unknown, attribute: string): string | undefined {
  const value = readScimPath(user, { attribute });
  return value.kind === "value" && value.value !== null ? String(value.value) : undefined;
}

function ownMember(record: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
