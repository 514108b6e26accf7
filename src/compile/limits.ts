import { HANDLERS, PRINCIPALS, sortFindings, type Finding } from "../core";
import {
  LONGEST_FIELD_NAME,
  SESSION_PATH_TEMPLATE,
  SESSION_POLICY_MAX_CHARACTERS,
  SESSION_POLICY_PLACEHOLDERS,
  sessionPolicyTemplate,
  type PolicyDocument,
} from "../iam";
import {
  compileRoles,
  connectorBoundary,
  connectorIdentity,
  gatewayPolicy,
  writableFields,
  type ConnectorPolicy,
  type IamRefs,
  type RoleDocuments,
} from "./iam";
import { partitionOf, type Names, type Placement } from "./names";

/** Sizes of IAM and API documents, in characters; IAM does not count white space. */
export const DOCUMENT_LIMITS = {
  /** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (read 2026-11-23) */
  managedPolicy: 6144,
  /** All inline policies of a role together. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (read 2026-11-23) */
  roleInline: 10_240,
  /** Without an increase of the quota. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (read 2026-11-23) */
  trustPolicy: 2048,
  /** @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html (read 2026-11-23) */
  apiResourcePolicy: 8192,
  /** Inline session policy. @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (read 2026-11-23) */
  sessionPolicy: SESSION_POLICY_MAX_CHARACTERS,
  /** Amazon States Language definition. @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html (read 2026-11-23) */
  stateMachineDefinition: 1_048_576,
  /** @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html (read 2026-11-23) */
  eventPattern: 4096,
  /** Resource policy of an event bus. @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html (read 2026-11-23) */
  busPolicy: 10_240,
  /** Resource policy of a queue. @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html (read 2026-11-23) */
  queuePolicy: 8192,
} as const;

/** Bytes of all environment variables of a function, names and values. @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (read 2026-11-23) */
export const ENVIRONMENT_MAX_BYTES = 4096;

/** Bytes of one item, names and values. @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html (read 2026-11-23) */
export const ITEM_MAX_BYTES = 409_600;

/** Characters of names, by kind of resource. Each service's quota page, read 2026-11-23. */
export const NAME_LIMITS = {
  role: 64,
  policy: 128,
  function: 64,
  table: 255,
  eventBus: 256,
  eventRule: 64,
  queue: 80,
  stateMachine: 80,
  logGroup: 512,
} as const;

export type LimitFindingCode =
  | "DefinitionTooLong"
  | "EnvironmentTooLarge"
  | "EventPatternTooLong"
  | "ItemTooLarge"
  | "NameTooLong"
  | "PlacementInvalid"
  | "PolicyDocumentTooLong"
  | "SessionPolicyTooLong";

export type LimitFinding = Finding<LimitFindingCode>;

/** How many characters a reference of Terraform can become, by its text. */
export type Measure = (reference: string) => number;

/**
 * `${…}` that is not a policy variable. A policy variable names its service before a colon and counts as it is written, as
 * do the literals `${*}`, `${?}` and `${$}`.
 */
const REFERENCE = /\$\{(?![A-Za-z][A-Za-z0-9-]*:|[*?$]\})[^}]*\}/g;

/** Characters of an API id. Ids have ten; some Regions' are said to differ, none to be longer. */
const API_ID_CHARACTERS = 10;

/** A key's ARN in the longest partition and Region names there are: `arn:aws-us-gov:kms:ap-southeast-1:…:key/mrk-` and 32 digits. */
const KEY_ARN_CHARACTERS = 90;

/** A VPC endpoint's id: `vpce-` and seventeen hexadecimal digits. */
export const VPC_ENDPOINT_ID_CHARACTERS = 22;

/** Longest name of a secret is 512, a function's ARN and a role's are shorter. */
const OTHER_ARN_CHARACTERS = 600;

/** Measures references by what they stand for: the API's id and the keys at their true maximum, any other as a long ARN. */
export function measureRefs(refs: IamRefs): Measure {
  const known = new Map<string, number>([
    [refs.dataKeyArn, KEY_ARN_CHARACTERS],
    [refs.digestKeyArn, KEY_ARN_CHARACTERS],
    [refs.apiId, API_ID_CHARACTERS],
    ...(refs.vpcEndpointId === undefined ? [] : [[refs.vpcEndpointId, VPC_ENDPOINT_ID_CHARACTERS] as const]),
  ]);
  return (reference) => known.get(reference) ?? OTHER_ARN_CHARACTERS;
}

/** Characters of a text without white space, references counted at their longest. */
export function measuredLength(text: string, measure: Measure): number {
  let length = 0;
  const rest = text.replace(REFERENCE, (reference) => {
    length += measure(reference);
    return "";
  });
  return length + rest.replace(/[ \t\r\n]/g, "").length;
}

function documentLength(document: object, measure: Measure): number {
  return measuredLength(JSON.stringify(document), measure);
}

/**
 * Whether every document of IAM fits where it goes, with what would fit: how many of the writable fields, for the connector's
 * documents, which grow with the policy. Paths are `<principal>.<document>`.
 */
export function checkIamLimits(
  names: Names,
  policy: ConnectorPolicy,
  refs: IamRefs,
  measure: Measure = measureRefs(refs),
): LimitFinding[] {
  const fields = writableFields(policy);
  const growing = [
    {
      path: "connector.boundary",
      limit: DOCUMENT_LIMITS.managedPolicy,
      make: (list: readonly string[]) => connectorBoundary(names, refs.apiId, list),
    },
    {
      path: "connector.identity",
      limit: DOCUMENT_LIMITS.roleInline,
      make: (list: readonly string[]) => connectorIdentity(names, refs.apiId, list, refs.vpcEndpointId),
    },
    {
      path: "gateway.api-policy",
      limit: DOCUMENT_LIMITS.apiResourcePolicy,
      make: (list: readonly string[]) => gatewayPolicy(names, refs.apiId, list, refs.vpcEndpointId),
    },
  ].flatMap(({ path, limit, make }) => {
    const sizeOf = (count: number): number => documentLength(make(fields.slice(0, count)), measure);
    const size = sizeOf(fields.length);
    if (size <= limit) return [];
    const fits = largestFit(fields.length, sizeOf, limit);
    return [
      tooLong(
        path,
        size,
        limit,
        `names ${fields.length} writable fields; the first ${fits} of them fit: class others \`never\`, shorten their names, or govern them by a second stack`,
      ),
    ];
  });
  const roles = Object.entries(compileRoles({ names, policy, refs })).flatMap(([principal, documents]) =>
    checkRole(principal, documents, measure),
  );
  return sortFindings([
    ...growing,
    ...roles.filter(({ path }) => path !== "connector.identity"),
    ...checkSessionPolicy(names),
  ]);
}

function checkRole(principal: string, documents: RoleDocuments, measure: Measure): LimitFinding[] {
  const check = (path: string, document: PolicyDocument, limit: number): LimitFinding[] => {
    const size = documentLength(document, measure);
    return size <= limit
      ? []
      : [
          tooLong(
            path,
            size,
            limit,
            `it would fit with ${size - limit} characters less: shorten the prefix or name fewer secrets`,
          ),
        ];
  };
  return [
    ...check(`${principal}.identity`, documents.identity, DOCUMENT_LIMITS.roleInline),
    ...check(`${principal}.trust`, documents.trust, DOCUMENT_LIMITS.trustPolicy),
  ];
}

function tooLong(path: string, size: number, limit: number, hint: string): LimitFinding {
  return {
    code: "PolicyDocumentTooLong",
    severity: "error",
    path,
    message: `the document has ${size} characters without white space where AWS takes ${limit}`,
    hint,
  };
}

/** Whether the policies of bus and queues fit, which grow with publishers and events. Paths are `bus.policy`, `queue.policy`. */
export function checkBusLimits(
  documents: { readonly busPolicy: PolicyDocument; readonly queuePolicy: PolicyDocument },
  counts: { readonly publishers: number; readonly events: number },
): LimitFinding[] {
  const check = (path: string, document: PolicyDocument, limit: number, what: string): LimitFinding[] => {
    const size = JSON.stringify(document).length;
    return size <= limit
      ? []
      : [
          tooLong(
            path,
            size,
            limit,
            `${what}; about ${Math.floor((limit / size) * 100)} % of them would fit: spread them over two stacks`,
          ),
        ];
  };
  return [
    ...check("bus.policy", documents.busPolicy, DOCUMENT_LIMITS.busPolicy, `it names ${counts.publishers} publishers`),
    ...check("queue.policy", documents.queuePolicy, DOCUMENT_LIMITS.queuePolicy, `it names ${counts.events} events`),
  ];
}

/** The session policy at its longest: the longest field name there can be, and an API id of full length. */
export function checkSessionPolicy(names: Names): LimitFinding[] {
  const longest = JSON.stringify(
    sessionPolicyTemplate(names.gatewayRequestArn("x".repeat(API_ID_CHARACTERS), SESSION_PATH_TEMPLATE)),
  )
    .replace(SESSION_POLICY_PLACEHOLDERS.grantId, "x".repeat(28))
    .replace(SESSION_POLICY_PLACEHOLDERS.field, "x".repeat(LONGEST_FIELD_NAME))
    .replace(SESSION_POLICY_PLACEHOLDERS.expiresAt, "x".repeat(20));
  const excess = longest.length - DOCUMENT_LIMITS.sessionPolicy;
  if (excess <= 0) return [];
  return [
    {
      code: "SessionPolicyTooLong",
      severity: "error",
      path: "connector.session",
      message: `the session policy has ${longest.length} characters at its longest where STS takes ${DOCUMENT_LIMITS.sessionPolicy}`,
      hint: `it would fit with ${excess} characters less in the gateway's ARN`,
    },
  ];
}

/** The largest count up to `count` whose size fits. Sizes grow with the count. */
function largestFit(count: number, sizeOf: (count: number) => number, limit: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (sizeOf(middle) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}

const PREFIX = /^[a-z][a-z0-9-]{1,24}$/;
const REGION = /^[a-z]{2,4}(?:-[a-z]+)+-\d$/;

/** Whether a placement can be written into names and ARNs. Paths are `placement.<member>`. */
export function checkPlacement(placement: Placement): LimitFinding[] {
  const rules: readonly [member: string, value: string, ok: boolean, expected: string][] = [
    [
      "prefix",
      placement.prefix,
      PREFIX.test(placement.prefix),
      "2 to 25 small letters, digits and `-`, a letter first",
    ],
    ["accountId", placement.accountId, /^\d{12}$/.test(placement.accountId), "twelve digits"],
    ["region", placement.region, REGION.test(placement.region), "a Region's code such as `eu-west-1`"],
    [
      "region",
      placement.region,
      !REGION.test(placement.region) || partitionOf(placement.region) !== undefined,
      "in a partition that this is made for: `aws`, `aws-us-gov` or `aws-cn`",
    ],
  ];
  return sortFindings(
    rules.flatMap(([member, value, ok, expected]) =>
      ok
        ? []
        : [
            {
              code: "PlacementInvalid" as const,
              severity: "error" as const,
              path: `placement.${member}`,
              message: `\`${value}\` is not ${expected}`,
            },
          ],
    ),
  );
}

/** Whether every name that follows from the prefix fits its own resource's limit, and how long the prefix may be. */
export function checkNames(names: Names, events: readonly string[] = []): LimitFinding[] {
  const all: (readonly [kind: keyof typeof NAME_LIMITS, name: string])[] = [
    ...PRINCIPALS.map((principal) => ["role", names.role(principal).name] as const),
    ...HANDLERS.map((handler) => ["function", names.function(handler).name] as const),
    ["policy", names.connectorBoundary.name],
    ["policy", names.stopPolicy.name],
    ["table", names.classificationTable.name],
    ["table", names.ledgerTable.name],
    ["table", names.controlTable.name],
    ["eventBus", names.bus.name],
    ["queue", names.intakeQueue.name],
    ["queue", names.deadLetterQueue.name],
    ["stateMachine", names.stateMachine.name],
    ["stateMachine", names.killSwitch.name],
    ["stateMachine", names.reconciliation.name],
    ["logGroup", names.workflowLogGroup.name],
  ];
  const tooLongNames = all.flatMap(([kind, name]) => {
    const excess = name.length - NAME_LIMITS[kind];
    if (excess <= 0) return [];
    return [
      nameTooLong("placement.prefix", kind, name, `a prefix of ${names.prefix.length - excess} characters would fit`),
    ];
  });
  const rules = events.flatMap((event) => {
    const { name } = names.eventRule(event);
    if (name.length <= NAME_LIMITS.eventRule) return [];
    return [
      nameTooLong(`events.${event}`, "eventRule", name, `a name of ${NAME_LIMITS.eventRule} characters would fit`),
    ];
  });
  return sortFindings([...tooLongNames, ...rules]);
}

function nameTooLong(path: string, kind: keyof typeof NAME_LIMITS, name: string, hint: string): LimitFinding {
  return {
    code: "NameTooLong",
    severity: "error",
    path,
    message: `the ${KIND_WORDS[kind]} \`${name}\` has ${name.length} characters where AWS takes ${NAME_LIMITS[kind]}`,
    hint,
  };
}

const KIND_WORDS: Readonly<Record<keyof typeof NAME_LIMITS, string>> = {
  role: "role",
  policy: "policy",
  function: "function",
  table: "table",
  eventBus: "event bus",
  eventRule: "event rule",
  queue: "queue",
  stateMachine: "state machine",
  logGroup: "log group",
};

/** Whether a function's environment fits Lambda, references at their longest. The path is `<function>.environment`. */
export function checkEnvironment(
  functionName: string,
  environment: Readonly<Record<string, string>>,
  measure: Measure,
): LimitFinding[] {
  const sizes = Object.entries(environment).map(
    ([name, value]) => [name, utf8Length(name) + measuredBytes(value, measure)] as const,
  );
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  if (total <= ENVIRONMENT_MAX_BYTES) return [];
  const [largest = "", size = 0] = [...sizes].sort(([, a], [, b]) => b - a)[0] ?? [];
  return [
    {
      code: "EnvironmentTooLarge",
      severity: "error",
      path: `${functionName}.environment`,
      message: `the environment has ${total} bytes where Lambda takes ${ENVIRONMENT_MAX_BYTES}`,
      hint: `\`${largest}\` is the largest with ${size}; ${Math.max(0, size - (total - ENVIRONMENT_MAX_BYTES))} would fit`,
    },
  ];
}

/** Whether a workflow's definition fits Step Functions. `text` is the definition as it will be sent. */
export function checkStateMachineDefinition(text: string): LimitFinding[] {
  return text.length <= DOCUMENT_LIMITS.stateMachineDefinition
    ? []
    : [
        {
          code: "DefinitionTooLong",
          severity: "error",
          path: "workflow.definition",
          message: `the definition has ${text.length} characters where Step Functions takes ${DOCUMENT_LIMITS.stateMachineDefinition}`,
          hint: `it would fit with ${text.length - DOCUMENT_LIMITS.stateMachineDefinition} characters less; safe fields are named in it one by one`,
        },
      ];
}

/** Whether an event pattern fits EventBridge. The path is `events.<event>`. */
export function checkEventPattern(event: string, pattern: object): LimitFinding[] {
  const size = JSON.stringify(pattern).length;
  return size <= DOCUMENT_LIMITS.eventPattern
    ? []
    : [
        {
          code: "EventPatternTooLong",
          severity: "error",
          path: `events.${event}`,
          message: `the pattern has ${size} characters where EventBridge takes ${DOCUMENT_LIMITS.eventPattern}`,
          hint: `it would fit with ${size - DOCUMENT_LIMITS.eventPattern} characters less; name fewer publishers in \`source\``,
        },
      ];
}

/** Whether an item, as plain JSON, fits DynamoDB. `path` says which item. */
export function checkItem(path: string, item: Readonly<Record<string, unknown>>): LimitFinding[] {
  const size = itemSizeBytes(item);
  return size <= ITEM_MAX_BYTES
    ? []
    : [
        {
          code: "ItemTooLarge",
          severity: "error",
          path,
          message: `the item has ${size} bytes where DynamoDB takes ${ITEM_MAX_BYTES}`,
          hint: `it would fit with ${size - ITEM_MAX_BYTES} bytes less`,
        },
      ];
}

/**
 * Bytes of an item as DynamoDB counts them, never fewer: names and texts in UTF-8, numbers at their longest, a list or map
 * with three bytes of its own and one per element.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html (read 2026-11-23)
 */
export function itemSizeBytes(item: Readonly<Record<string, unknown>>): number {
  return Object.entries(item).reduce(
    (sum, [name, value]) => (value === undefined ? sum : sum + utf8Length(name) + valueSizeBytes(value)),
    0,
  );
}

/** A number has 38 significant digits at most, two to a byte, and a byte for its exponent and one for its sign. */
const NUMBER_MAX_BYTES = 21;

function valueSizeBytes(value: unknown): number {
  switch (typeof value) {
    case "string":
      return utf8Length(value);
    case "number":
      return NUMBER_MAX_BYTES;
    case "object": {
      if (value === null) return 1;
      if (Array.isArray(value)) {
        return value.reduce<number>((sum, member) => sum + 1 + valueSizeBytes(member), 3);
      }
      const members = Object.keys(value).length;
      return 3 + members + itemSizeBytes(value as Readonly<Record<string, unknown>>);
    }
    default:
      return 1;
  }
}

function measuredBytes(text: string, measure: Measure): number {
  let length = 0;
  const rest = text.replace(REFERENCE, (reference) => {
    length += measure(reference);
    return "";
  });
  return length + utf8Length(rest);
}

function utf8Length(text: string): number {
  return Buffer.byteLength(text, "utf8");
}
