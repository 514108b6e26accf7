import { EVIDENCE_PREFIX } from "../../core";
import type { Names } from "../names";
import { auditNames } from "./names";

/** A column, by the type that Hive has for it. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** A table over files of the audit's bucket. */
export interface AuditTable {
  readonly name: string;
  readonly description: string;
  readonly location: string;
  readonly columns: readonly Column[];
  /** Columns that are parts of the files' paths. */
  readonly partitions: readonly Column[];
  readonly inputFormat: string;
  readonly serializer: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A question that auditors ask, as SQL. `?` stands for what it is asked about. */
export interface AuditQuery {
  /** Public: the named query is called after it. */
  readonly name: string;
  readonly description: string;
  readonly sql: string;
}

const text = (name: string): Column => ({ name, type: "string" });
const struct = (members: Readonly<Record<string, string>>): string =>
  `struct<${Object.entries(members)
    .map(([name, type]) => `${name}:${type}`)
    .join(",")}>`;

const ISSUER = struct({
  type: "string",
  principalid: "string",
  arn: "string",
  accountid: "string",
  username: "string",
});
const CALLER = struct({
  type: "string",
  principalid: "string",
  arn: "string",
  accountid: "string",
  invokedby: "string",
  accesskeyid: "string",
  username: "string",
  sessioncontext: struct({
    attributes: struct({ mfaauthenticated: "string", creationdate: "string" }),
    sessionissuer: ISSUER,
    sourceidentity: "string",
  }),
});

/**
 * Columns of CloudTrail's records. @see https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html (read 2026-11-29)
 */
const CALLS: readonly Column[] = [
  text("eventversion"),
  { name: "useridentity", type: CALLER },
  ...["eventtime", "eventsource", "eventname", "awsregion", "sourceipaddress", "useragent"].map(text),
  ...["errorcode", "errormessage", "requestparameters", "responseelements", "additionaleventdata"].map(text),
  ...["requestid", "eventid", "readonly"].map(text),
  { name: "resources", type: `array<${struct({ arn: "string", accountid: "string", type: "string" })}>` },
  ...["eventtype", "apiversion", "recipientaccountid", "vpcendpointid", "eventcategory"].map(text),
];

/** Lines of evidence as they are: what is asked of them is taken out of the JSON, so that no reader of formats stands between. */
const LINES: readonly Column[] = [text("line")];

/** Where log files begin: no trail of a stack is older. */
const FIRST_DAY = "2026/01/01";
const TEXT_LINES = "org.apache.hadoop.mapred.TextInputFormat";

/**
 * Tables over the trail's log files and over the evidence. Partitions of the log files are computed from the query (projection), so that nobody has to add a day.
 * @param regions Regions whose calls are asked for: the stack's own, and the one of global calls
 */
export function compileAuditTables(names: Names, regions: readonly string[]): readonly AuditTable[] {
  const { bucket, table } = auditNames(names);
  const logs = `s3://${bucket.name}/AWSLogs/${names.accountId}/CloudTrail/`;
  return [
    {
      name: table,
      description: "Calls, as the trail recorded them",
      location: logs,
      columns: CALLS,
      partitions: [text("region"), text("day")],
      inputFormat: "com.amazon.emr.cloudtrail.CloudTrailInputFormat",
      serializer: "org.apache.hive.hcatalog.data.JsonSerDe",
      parameters: {
        EXTERNAL: "TRUE",
        classification: "cloudtrail",
        "projection.day.format": "yyyy/MM/dd",
        "projection.day.interval": "1",
        "projection.day.interval.unit": "DAYS",
        "projection.day.range": `${FIRST_DAY},NOW`,
        "projection.day.type": "date",
        "projection.enabled": "true",
        "projection.region.type": "enum",
        "projection.region.values": [...new Set(regions)].join(","),
        "storage.location.template": `${logs}\${region}/\${day}`,
      },
    },
    {
      name: "evidence",
      description: "Records of the ledger, as the evidence keeps them",
      location: `s3://${bucket.name}/${EVIDENCE_PREFIX}/`,
      columns: LINES,
      partitions: [],
      inputFormat: TEXT_LINES,
      serializer: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
      parameters: { EXTERNAL: "TRUE", classification: "csv" },
    },
  ];
}

/** How far back the questions look by themselves, in days. */
const LOOK_BACK_DAYS = 90;

/** What auditors ask, most of it of the last quarter of a year. */
export function compileAuditQueries(names: Names, writerSecretArn: string): readonly AuditQuery[] {
  const { database, table, bucket } = auditNames(names);
  const calls = `"${database}"."${table}"`;
  const lines = `"${database}"."evidence"`;
  const part = (path: string): string => `json_extract_scalar(line, '$.record.${path}')`;
  const recent = `day >= date_format(current_date - interval '${String(LOOK_BACK_DAYS)}' day, '%Y/%m/%d')`;
  const who =
    "useridentity.arn AS caller, useridentity.sessioncontext.sessionissuer.arn AS role, sourceipaddress, errorcode";
  const asked = (name: string, description: string, where: string, columns: readonly string[] = []): AuditQuery => ({
    name,
    description,
    sql: [
      `SELECT ${["eventtime", "eventname", who, ...columns, "eventid"].join(", ")}`,
      `FROM ${calls}`,
      `WHERE ${recent}`,
      `  AND ${where}`,
      "ORDER BY eventtime DESC",
    ].join("\n"),
  });
  const of = (value: string): string => `'${value}'`;
  const asResource = (arn: string): string => `any_match(resources, r -> r.arn = ${of(arn)})`;
  return [
    asked(
      "who-assumed-the-connector-role",
      "Sessions of the connector role: each by the broker, each with a grant for its name",
      `eventsource = 'sts.amazonaws.com' AND eventname = 'AssumeRole'\n  AND json_extract_scalar(requestparameters, '$.roleArn') = ${of(names.role("connector").arn)}`,
      ["json_extract_scalar(requestparameters, '$.roleSessionName') AS grant_id"],
    ),
    asked(
      "who-read-the-writer-secret",
      "Readings of the HRIS's writing credential: each by the gateway",
      `eventsource = 'secretsmanager.amazonaws.com' AND eventname = 'GetSecretValue'\n  AND json_extract_scalar(requestparameters, '$.secretId') = ${of(writerSecretArn)}`,
    ),
    asked(
      "who-changed-the-classification",
      "Changes of the classification table: each by the deployer",
      `eventsource = 'dynamodb.amazonaws.com' AND readonly = 'false'\n  AND ${asResource(names.classificationTable.arn)}`,
      ["json_extract_scalar(requestparameters, '$.key.sk') AS item"],
    ),
    asked(
      "uses-of-the-kill-switch",
      "Stops, drills and their undoing: who started the kill switch, and what was attached to the connector role",
      `((eventsource = 'states.amazonaws.com' AND eventname = 'StartExecution'\n       AND json_extract_scalar(requestparameters, '$.stateMachineArn') = ${of(names.killSwitch.arn)})\n    OR (eventsource = 'iam.amazonaws.com' AND eventname IN ('AttachRolePolicy', 'DetachRolePolicy')\n       AND json_extract_scalar(requestparameters, '$.roleName') = ${of(names.role("connector").name)}))`,
    ),
    asked(
      "calls-refused",
      "Calls that IAM refused to roles of the stack, and others' that were refused on its resources",
      `errorcode IN ('AccessDenied', 'AccessDeniedException', 'Client.UnauthorizedOperation')\n  AND (useridentity.sessioncontext.sessionissuer.arn LIKE ${of(`${names.role("").arn}%`)}\n    OR errormessage LIKE ${of(`%${names.prefix}-%`)})`,
      ["errormessage"],
    ),
    asked(
      "evidence-put",
      "Segments that were ever put, each named by the number of its first record: heads to hold the chain against",
      `eventsource = 's3.amazonaws.com' AND eventname = 'PutObject'\n  AND json_extract_scalar(requestparameters, '$.bucketName') = ${of(bucket.name)}\n  AND json_extract_scalar(requestparameters, '$.key') LIKE ${of(`${EVIDENCE_PREFIX}/%`)}`,
      ["json_extract_scalar(requestparameters, '$.key') AS segment"],
    ),
    {
      name: "denied-at-the-gateway",
      description:
        "Grants that ended unused, and why: what the field gateway, or the broker, turned away. API Gateway's own denials are in its access log alone",
      sql: [
        `SELECT ${part("at")}, ${part("item.grantId")} AS grant_id, ${part("item.reason")} AS reason`,
        `FROM ${lines}`,
        `WHERE ${part("pk")} LIKE 'grant-end#%'`,
        `ORDER BY ${part("at")} DESC`,
      ].join("\n"),
    },
    {
      name: "activity-of-a-grant",
      description:
        "Everything of one grant: its records, and the session that was opened for it. Asks for the grant's id, twice",
      sql: [
        `SELECT ${part("at")} AS happened, ${part("pk")} AS what, json_format(json_extract(line, '$.record.item')) AS detail`,
        `FROM ${lines}`,
        `WHERE ${part("item.grantId")} = ?`,
        "UNION ALL",
        "SELECT eventtime AS happened, eventname AS what, requestparameters AS detail",
        `FROM ${calls}`,
        `WHERE ${recent}`,
        "  AND eventsource = 'sts.amazonaws.com' AND json_extract_scalar(requestparameters, '$.roleSessionName') = ?",
        "ORDER BY happened",
      ].join("\n"),
    },
  ];
}
