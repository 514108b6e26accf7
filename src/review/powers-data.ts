import { REVERSAL_REQUESTS, TASK_TOKEN_PURPOSE, type LedgerKind } from "../compile/iam";
import { CONTROL, LEDGER } from "../core";
import type { Ask } from "./asking";
import type { Invariant } from "./finding";
import { arnOf } from "./identity";
import { asksOf, NOBODY, power, type Power } from "./power";
import { serviceHost, sorted, type System } from "./system";

const READ_ITEMS = ["GetItem", "BatchGetItem", "Query", "Scan", "PartiQLSelect", "ExportTableToPointInTime"] as const;
const READ_INDEX = ["Query", "Scan", "PartiQLSelect"] as const;
const REWRITE_ITEMS = ["UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLDelete"] as const;
const ADD_ITEMS = ["PutItem", "PartiQLInsert"] as const;
const WRITE_ITEMS = [...ADD_ITEMS, ...REWRITE_ITEMS] as const;
const LOOK_AT_ITEMS = ["BatchGetItem", "ConditionCheckItem", "GetItem", "Query"] as const;
const CHANGE_TABLE = [
  "DeleteResourcePolicy",
  "DeleteTable",
  "DeleteTableReplica",
  "ImportTable",
  "InjectError",
  "PutResourcePolicy",
  "RestoreTableFromAwsBackup",
  "RestoreTableFromBackup",
  "RestoreTableToPointInTime",
  "UpdateContinuousBackups",
  "UpdateTable",
  "UpdateTimeToLive",
  "WriteDataForReplication",
] as const;
const COPY_TABLE = [
  "AssociateTableReplica",
  "CreateBackup",
  "CreateGlobalTable",
  "CreateTableReplica",
  "EnableKinesisStreamingDestination",
  "ExportTableToPointInTime",
  "ReadDataForReplication",
  "StartAwsBackupJob",
  "UpdateGlobalTable",
  "UpdateKinesisStreamingDestination",
] as const;
/** A table from a backup is a second one, with everything in it. */
const CHANGE_BACKUP = ["DeleteBackup", "RestoreTableFromAwsBackup", "RestoreTableFromBackup"] as const;
const CHANGE_KEY = [
  "CancelKeyDeletion",
  "DeleteImportedKeyMaterial",
  "DisableKey",
  "DisableKeyRotation",
  "EnableKey",
  "ImportKeyMaterial",
  "PutKeyPolicy",
  "ReplicateKey",
  "RetireGrant",
  "RevokeGrant",
  "ScheduleKeyDeletion",
  "UpdatePrimaryRegion",
] as const;
const USE_KEY = [
  "Decrypt",
  "Encrypt",
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "ReEncryptFrom",
  "ReEncryptTo",
] as const;

function backupOf(table: string): string {
  return `${table}/backup/01700000000000-00000000`;
}

/** Everybody who works on requests, and so with the ledger. */
const WORKERS = [
  "announce",
  "approvals",
  "broker",
  "decide",
  "gateway",
  "inspect",
  "intake",
  "kill-switch",
  "reconciler",
  "request-approval",
  "reversal",
  "sweeper",
] as const;

/** A key of the control table that nothing has. */
const STRANGE_KEY = "another-key";

export function tablePowers({ tables, stack }: System): Power[] {
  const { classification, ledger, control } = tables;
  const stream = ledger === undefined ? undefined : `${ledger}/stream/2026-01-01T00:00:00.000`;
  const declared = stack.resources("aws_dynamodb_table").map((table) => arnOf(stack, table));
  const known = [classification, ledger, control].filter((arn) => arn !== undefined);
  return [
    power(
      "read-ledger",
      "read the ledger, which holds values",
      [
        ...asksOf("dynamodb", READ_ITEMS, [ledger]),
        ...asksOf("dynamodb", READ_INDEX, [ledger === undefined ? undefined : `${ledger}/index/any`]),
      ],
      { allowed: WORKERS, invariants: [2, 7] },
    ),
    power(
      "read-ledger-stream",
      "read the ledger's stream, which holds values",
      asksOf("dynamodb", ["GetRecords"], [stream]),
      {
        allowed: ["evidence"],
        invariants: [2, 7],
      },
    ),
    ...recordPowers(ledger),
    power("rewrite-ledger", "change or remove records of the ledger", asksOf("dynamodb", REWRITE_ITEMS, [ledger]), {
      allowed: NOBODY,
      invariants: [2, 5],
    }),
    power(
      "write-classification",
      "change the classification table",
      asksOf("dynamodb", WRITE_ITEMS, [classification]),
      {
        allowed: ["deployer"],
        invariants: [1, 2],
      },
    ),
    power(
      "change-tables",
      "change, replace or remove tables",
      [
        ...asksOf("dynamodb", CHANGE_TABLE, sorted([...declared, ...known])),
        ...asksOf("dynamodb", CHANGE_BACKUP, sorted([...declared, ...known]).map(backupOf)),
      ],
      { allowed: NOBODY, invariants: [2, 5] },
    ),
    power(
      "copy-tables",
      "copy tables to where nothing of the stack guards them",
      asksOf("dynamodb", COPY_TABLE, sorted([...declared, ...known])),
      { allowed: NOBODY, invariants: [2, 7] },
    ),
  ];
}

/** Whose each kind of record is to make. Who could put another's could forge it: an approval that nobody gave, a grant that nobody opened. */
const MAKERS: readonly {
  readonly id: string;
  readonly title: string;
  /** Kinds, or parts of one, by the beginning of their partitions. */
  readonly kinds: readonly LedgerKind[];
  readonly allowed: readonly string[];
  readonly invariants: readonly Invariant[];
}[] = [
  {
    id: "record-approvals",
    title: "record approvals and denials",
    kinds: [LEDGER.approvalPrefix],
    allowed: ["approvals"],
    invariants: [1, 2, 4],
  },
  {
    id: "record-requests",
    title: "record requests",
    kinds: [LEDGER.requestPrefix],
    allowed: ["intake"],
    invariants: [2, 5],
  },
  {
    id: "record-reversals",
    title: "record requests that take back a written value",
    kinds: [REVERSAL_REQUESTS, LEDGER.reversalPrefix],
    allowed: ["reversal"],
    invariants: [1, 2],
  },
  {
    id: "record-decisions",
    title: "record decisions",
    kinds: [LEDGER.decisionPrefix],
    allowed: ["decide"],
    invariants: [2, 5],
  },
  {
    id: "record-inspections",
    title: "record exact changes",
    kinds: [LEDGER.inspectionPrefix],
    allowed: ["inspect"],
    invariants: [2, 4],
  },
  {
    id: "record-grants",
    title: "record grants",
    kinds: [LEDGER.attemptPrefix, LEDGER.grantPrefix],
    allowed: ["broker"],
    invariants: [2, 5],
  },
  {
    id: "record-intents",
    title: "record intents",
    kinds: [LEDGER.intentPrefix],
    allowed: ["gateway"],
    invariants: [2, 5],
  },
  {
    id: "record-grant-outcomes",
    title: "record what a grant's use came to",
    kinds: [LEDGER.grantOutcomePrefix],
    allowed: ["gateway", "sweeper"],
    invariants: [2, 5],
  },
  {
    id: "record-grant-ends",
    title: "record that a grant ended unused",
    kinds: [LEDGER.grantEndPrefix],
    allowed: ["broker", "gateway", "sweeper"],
    invariants: [2, 5],
  },
  {
    id: "record-outcomes",
    title: "record how a change ended",
    kinds: [LEDGER.outcomePrefix],
    allowed: ["announce", "broker", "gateway", "sweeper"],
    invariants: [2, 5],
  },
  {
    id: "record-second-looks",
    title: "record second looks",
    kinds: [LEDGER.secondLookPrefix],
    allowed: ["sweeper"],
    invariants: [2, 5],
  },
  {
    id: "record-drill-looks",
    title: "record what HR's records showed before and after a drill",
    kinds: [LEDGER.drillLookPrefix],
    allowed: ["sweeper"],
    invariants: [2, 6],
  },
  {
    id: "record-refusals",
    title: "record refused decisions and who read what was notified",
    kinds: [LEDGER.refusalPrefix, LEDGER.acknowledgedPrefix],
    allowed: ["approvals"],
    invariants: [2],
  },
  {
    id: "record-reconciliations",
    title: "record findings, and what a reconciliation saw",
    kinds: [LEDGER.findingPrefix, LEDGER.observedPrefix, LEDGER.reconciliationPrefix],
    allowed: ["reconciler"],
    invariants: [2, 5],
  },
  {
    id: "record-resumes",
    title: "record who agreed that a stopped system runs again",
    kinds: [LEDGER.systemResume],
    allowed: ["approvals"],
    invariants: [2, 6],
  },
  {
    id: "record-trips",
    title: "record that people were told of a tripped breaker",
    kinds: [LEDGER.systemTrip],
    allowed: ["gateway", "sweeper"],
    invariants: [2, 5],
  },
  {
    id: "record-stops",
    title: "record who stopped the system, and what a drill showed",
    kinds: [LEDGER.systemStop, LEDGER.systemDrill],
    allowed: ["kill-switch"],
    invariants: [2, 6],
  },
];

/** A partition of a kind: the kind's own, or one of those that begin with it. */
function partitionOf(kind: string): string {
  return /[#-]$/.test(kind) ? `${kind}some-id#0` : kind;
}

/** Putting records into the ledger, by their kind, which `dynamodb:LeadingKeys` holds a role to. */
function recordPowers(ledger: string | undefined): Power[] {
  const put = (...keys: string[]): Ask[] =>
    keys.flatMap((key) => asksOf("dynamodb", ADD_ITEMS, [ledger], { "dynamodb:leadingkeys": [key] }));
  return [
    ...MAKERS.map(({ id, title, kinds, allowed, invariants }) =>
      power(id, title, put(...kinds.map(partitionOf)), { allowed, invariants }),
    ),
    power("record-anything-else", "add records of no known kind to the ledger", put(STRANGE_KEY), {
      allowed: NOBODY,
      invariants: [2, 5],
    }),
  ];
}

/** The items of the control table, by their keys: `dynamodb:LeadingKeys` holds a role to its own. */
export function controlPowers({ tables: { control } }: System): Power[] {
  const write = (...keys: string[]): Ask[] =>
    keys.flatMap((key) => asksOf("dynamodb", WRITE_ITEMS, [control], { "dynamodb:leadingkeys": [key] }));
  const anyItem = [
    ...write(STRANGE_KEY),
    ...asksOf("dynamodb", LOOK_AT_ITEMS, [control], { "dynamodb:leadingkeys": [STRANGE_KEY] }),
    // These see the whole table: the request has no keys.
    ...asksOf("dynamodb", ["PartiQLSelect", "Scan"], [control], { "dynamodb:leadingkeys": undefined }),
  ];
  return [
    power("set-switch", "set the switch", write(CONTROL.switch), {
      allowed: ["approvals", "kill-switch", "operator"],
      invariants: [2, 6],
    }),
    power(
      "set-breaker",
      "set the breaker or its counters",
      write(CONTROL.breaker, `${CONTROL.countPrefix}2026-11-23`),
      {
        allowed: ["approvals", "gateway", "kill-switch"],
        invariants: [2, 5],
      },
    ),
    power("hold-leases", "take leases of workers", write(`${CONTROL.leasePrefix}some-worker`), {
      allowed: ["gateway", "sweeper"],
      invariants: [2, 5],
    }),
    power("open-grants", "point at the open grant of a field", write(`${CONTROL.pointerPrefix}some-worker`), {
      allowed: ["broker", "gateway", "reconciler", "sweeper"],
      invariants: [2, 5],
    }),
    power("keep-task-tokens", "keep task tokens", write(`${CONTROL.taskPrefix}some-request#0`), {
      allowed: ["approvals", "request-approval", "sweeper"],
      invariants: [2],
    }),
    power("file-notices", "file what an owner must acknowledge", write(`${CONTROL.inboxPrefix}some-request#0`), {
      allowed: ["announce", "approvals", "sweeper"],
      invariants: [2],
    }),
    power("file-what-to-tell", "file what groups are told of", write(`${CONTROL.noticePrefix}some-request`), {
      allowed: ["notifier", "request-approval"],
      invariants: [2],
    }),
    power(
      "keep-reconciliation",
      "keep how far a reconciliation is",
      write(CONTROL.reconciliation, `${CONTROL.partPrefix}some-run#0`, `${CONTROL.reconciledPrefix}some-field`),
      { allowed: ["reconciler"], invariants: [2] },
    ),
    power("move-evidence-head", "say where the chain of evidence stands", write(CONTROL.evidenceHead), {
      allowed: ["evidence"],
      invariants: [2],
    }),
    power("use-any-control-item", "read, check or write any item of the control table", anyItem, {
      allowed: NOBODY,
      invariants: [2, 6],
    }),
  ];
}

export function keyPowers(system: System): Power[] {
  const { data, digest } = system.keys;
  const both = [...new Set([data, digest])];
  const declared = system.stack.resources("aws_kms_key").map((key) => arnOf(system.stack, key));
  const every = sorted([...both.filter((arn) => arn !== undefined), ...declared]);
  const purpose = "kms:encryptioncontext:purpose";
  const direct = { "kms:viaservice": undefined };
  const mac = { "kms:macalgorithm": "HMAC_SHA_256", ...direct };
  const token = { [purpose]: TASK_TOKEN_PURPOSE, ...direct };
  // A service that the stack has nothing in.
  const elsewhere = { "kms:viaservice": serviceHost(system, "ec2") };
  const anythingElse = [
    ...asksOf("kms", USE_KEY, [data], { [purpose]: undefined, ...direct }),
    ...asksOf("kms", USE_KEY, [data], { [purpose]: "another-purpose", ...direct }),
    ...asksOf("kms", ["GenerateDataKey", "ReEncryptFrom"], [data], token),
    ...asksOf("kms", ["Decrypt", "GenerateDataKey"], [data], { [purpose]: undefined, ...elsewhere }),
  ];
  const grants = [
    ...asksOf("kms", ["CreateGrant"], both, { "kms:grantisforawsresource": "false" }),
    ...asksOf("kms", ["CreateGrant"], both, { "kms:grantisforawsresource": "true", ...elsewhere }),
    ...asksOf("kms", ["CreateGrant"], both, { "kms:grantisforawsresource": "true", ...direct }),
  ];
  return [
    power("make-digests", "make digests", asksOf("kms", ["GenerateMac"], [digest], mac), {
      allowed: ["inspect"],
      invariants: [2, 4],
      guarded: true,
    }),
    power("check-digests", "check digests", asksOf("kms", ["VerifyMac"], [digest], mac), {
      allowed: ["gateway"],
      invariants: [2, 4],
      guarded: true,
    }),
    power("encrypt-task-tokens", "encrypt task tokens", asksOf("kms", ["Encrypt"], [data], token), {
      allowed: ["request-approval"],
      invariants: [2],
      guarded: true,
    }),
    power("decrypt-task-tokens", "decrypt task tokens", asksOf("kms", ["Decrypt"], [data], token), {
      allowed: ["approvals"],
      invariants: [2],
      guarded: true,
    }),
    power("use-data-key", "use the data key for anything else", anythingElse, {
      allowed: NOBODY,
      invariants: [2, 7],
      guarded: true,
    }),
    power("hand-on-keys", "hand on the use of a key by a grant", grants, {
      allowed: NOBODY,
      invariants: [2, 7],
      guarded: true,
    }),
    power("administer-keys", "administer keys", asksOf("kms", CHANGE_KEY, every), { allowed: NOBODY, invariants: [2] }),
  ];
}
