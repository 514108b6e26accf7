/**
 * The default field catalogue of each kind of HRIS: which of its own fields identity may write back without being asked, which
 * with an approval, and which nothing may ever write. Data only, so that synth, `check` and the adapters read the same lists.
 *
 * The rule behind it: *safe* is created or finalised by identity provisioning and reversible by writing the previous value;
 * *conditional* is authored by HR; *never* is pay, bank, legal identity, legal or employment status, health, home.
 */
export type ConnectionKind = "bamboohr" | "scim" | "rest";

/** A field that the catalogue offers to a policy. */
export interface CatalogueField {
  readonly hrisField: string;
  readonly description: string;
  /** HR's own key, to be written into an empty value only. */
  readonly writeOnce?: true;
}

export interface Catalogue {
  readonly safe: readonly CatalogueField[];
  readonly conditional: readonly CatalogueField[];
  /** Names that nothing may write, matched without regard to case; `*` at the end matches a prefix. */
  readonly never: readonly string[];
}

/** BambooHR's field names. @see https://documentation.bamboohr.com/docs/list-of-field-names (read 2026-11-23) */
const bamboohr: Catalogue = {
  safe: [
    { hrisField: "workEmail", description: "work email address" },
    { hrisField: "workPhone", description: "work phone number" },
    { hrisField: "workPhoneExtension", description: "extension of the work phone" },
    { hrisField: "employeeNumber", description: "number that the company gives", writeOnce: true },
  ],
  conditional: [
    { hrisField: "mobilePhone", description: "mobile phone number, personal data" },
    { hrisField: "preferredName", description: "name that the worker goes by" },
    { hrisField: "reportsTo", description: "manager, by employee id; a dated job information row" },
    { hrisField: "department", description: "department; a dated job information row" },
    { hrisField: "division", description: "division; a dated job information row" },
    { hrisField: "location", description: "location; a dated job information row" },
    { hrisField: "jobTitle", description: "job title; a dated job information row" },
  ],
  never: [
    // Legal identity.
    "firstName",
    "lastName",
    "middleName",
    "fullName*",
    "displayName",
    "ssn",
    "sin",
    "nin",
    "ein",
    "nationalId*",
    "citizenship*",
    "nationality",
    "visa*",
    "passport*",
    "driversLicense*",
    // Person, protected characteristics, health.
    "dateOfBirth",
    "birthDate",
    "birthday",
    "age",
    "gender*",
    "marital*",
    "ethnicity",
    "eeo",
    "veteran*",
    "disab*",
    "vaccin*",
    "dependent*",
    "emergency*",
    // Home.
    "home*",
    "address*",
    "city",
    "state",
    "stateCode",
    "zip",
    "zipcode",
    "country",
    "countryId",
    "bestEmail",
    // Pay and bank.
    "pay*",
    "paid*",
    "exempt",
    "flsaCode",
    "overtime*",
    "standardHours*",
    "includeInPayroll",
    "bonus*",
    "commission*",
    "commision*",
    "compensation*",
    "salary*",
    "bank*",
    "directDeposit*",
    "routingNumber",
    "accountNumber",
    "iban",
    "tax*",
    "equity*",
    "stock*",
    // Employment.
    "hireDate",
    "originalHireDate",
    "terminat*",
    "employmentHistoryStatus",
    "employmentStatus*",
    "status",
    "acaStatus*",
    // The record itself, and access to BambooHR.
    "id",
    "eid",
    "employeeId",
    "lastChanged",
    "createdByUserId",
    "selfServiceAccess",
    // Every field answers to a number too, by which no reader would know it.
    "0*",
    "1*",
    "2*",
    "3*",
    "4*",
    "5*",
    "6*",
    "7*",
    "8*",
    "9*",
  ],
};

/** Attributes of SCIM's core user. @see https://www.rfc-editor.org/rfc/rfc7643#section-4.1 (read 2026-11-23) */
const scim: Catalogue = {
  safe: [],
  conditional: [],
  never: [
    "active",
    "name",
    "name.*",
    "password",
    "addresses*",
    "roles*",
    "entitlements*",
    "groups*",
    "x509Certificates*",
    "id",
    "meta*",
  ],
};

/** What no HR system calls by one name: the usual names, in the usual spellings. A connection adds its own with `neverFields`. */
const rest: Catalogue = {
  safe: [],
  conditional: [],
  never: spellings([
    "first name",
    "last name",
    "middle name",
    "legal name",
    "legal first name",
    "legal last name",
    "ssn",
    "sin",
    "nin",
    "national id",
    "tax id",
    "passport number",
    "date of birth",
    "birth date",
    "birthday",
    "gender",
    "marital status",
    "ethnicity",
    "disability",
    "nationality",
    "home address",
    "home email",
    "home phone",
    "salary",
    "base salary",
    "annual salary",
    "pay rate",
    "pay type",
    "pay grade",
    "pay schedule",
    "bonus",
    "commission",
    "compensation",
    "bank account",
    "account number",
    "routing number",
    "sort code",
    "iban",
    "hire date",
    "original hire date",
    "termination date",
    "employment status",
    "password",
  ]),
};

const CATALOGUES: Readonly<Record<ConnectionKind, Catalogue>> = { bamboohr, scim, rest };

/** The default catalogue of a kind of connection. */
export function catalogueOf(kind: ConnectionKind): Catalogue {
  return CATALOGUES[kind];
}

/** Names of the fields that nothing may ever write at this kind of HRIS; `*` at the end matches a prefix. */
export function neverFieldsOf(kind: ConnectionKind): readonly string[] {
  return CATALOGUES[kind].never;
}

/** Whether a field of this kind of HRIS may never be written. `more` are the connection's own never fields. */
export function isNeverField(kind: ConnectionKind, hrisField: string, more: readonly string[] = []): boolean {
  return matchesField([...neverFieldsOf(kind), ...more], hrisField);
}

/** Whether a name is among the patterns, without regard to case or surrounding space. */
export function matchesField(patterns: readonly string[], hrisField: string): boolean {
  const name = hrisField.trim().toLowerCase();
  return patterns.some((pattern) => {
    const wanted = pattern.toLowerCase();
    return wanted.endsWith("*") ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
  });
}

/** `base salary` as `base_salary`, `baseSalary` (which `basesalary` is too) and `base-salary`. */
function spellings(names: readonly string[]): string[] {
  return names.flatMap((name) =>
    name.includes(" ")
      ? [
          name.replaceAll(" ", "_"),
          name.replaceAll(" ", "-"),
          name.replaceAll(/ ([a-z])/g, (_, letter: string) => letter.toUpperCase()),
        ]
      : [name],
  );
}
