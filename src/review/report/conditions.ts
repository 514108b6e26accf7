import { code, counted, shortened, type Text } from "./content";

/** Operators of conditions: how they are said of one value, of several, and whether they also hold where the key is absent. */
const OPERATORS: Readonly<
  Partial<Record<string, { readonly one: string; readonly some: string; readonly negated?: true }>>
> = {
  ArnEquals: { one: "fits", some: "fits one of" },
  ArnLike: { one: "fits", some: "fits one of" },
  ArnNotEquals: { one: "does not fit", some: "fits none of", negated: true },
  ArnNotLike: { one: "does not fit", some: "fits none of", negated: true },
  BinaryEquals: { one: "is", some: "is one of" },
  Bool: { one: "is", some: "is one of" },
  DateEquals: { one: "is", some: "is one of" },
  DateGreaterThan: { one: "is after", some: "is after one of" },
  DateGreaterThanEquals: { one: "is not before", some: "is not before one of" },
  DateLessThan: { one: "is before", some: "is before one of" },
  DateLessThanEquals: { one: "is not after", some: "is not after one of" },
  DateNotEquals: { one: "is not", some: "is none of", negated: true },
  IpAddress: { one: "is within", some: "is within one of" },
  NotIpAddress: { one: "is outside of", some: "is outside of all of", negated: true },
  NumericEquals: { one: "is", some: "is one of" },
  NumericGreaterThan: { one: "is above", some: "is above one of" },
  NumericGreaterThanEquals: { one: "is at least", some: "is at least one of" },
  NumericLessThan: { one: "is below", some: "is below one of" },
  NumericLessThanEquals: { one: "is at most", some: "is at most one of" },
  NumericNotEquals: { one: "is not", some: "is none of", negated: true },
  StringEquals: { one: "is", some: "is one of" },
  StringEqualsIgnoreCase: { one: "is, in whatever case,", some: "is, in whatever case, one of" },
  StringLike: { one: "fits", some: "fits one of" },
  StringNotEquals: { one: "is not", some: "is none of", negated: true },
  StringNotEqualsIgnoreCase: { one: "is not, in any case,", some: "is, in any case, none of", negated: true },
  StringNotLike: { one: "does not fit", some: "fits none of", negated: true },
};

/** Condition keys as people call them; those with a part of their own at the end by what stands before it. */
const KEYS: Readonly<Partial<Record<string, string>>> = {
  "aws:currenttime": "the moment of the request",
  "aws:principalaccount": "the caller's account",
  "aws:principalarn": "the caller's role or user",
  "aws:principalisawsservice": "that the caller is a service of AWS",
  "aws:principaltag": "the caller's tag",
  "aws:requesttag": "the tag given with the request",
  "aws:securetransport": "that the request comes over TLS",
  "aws:sourceaccount": "the account on whose behalf the service calls",
  "aws:sourcearn": "the resource on whose behalf the service calls",
  "aws:sourcevpce": "the VPC endpoint that the request came through",
  "aws:tagkeys": "the names of the tags given",
  "aws:userid": "the caller's id and session name",
  "dynamodb:attributes": "the attributes asked for",
  "dynamodb:leadingkeys": "the partition key touched",
  "dynamodb:select": "what a query returns",
  "events:detail-type": "the event's type",
  "events:source": "the event's source",
  "iam:policyarn": "the policy that is attached",
  "kms:encryptioncontext": "the encryption context",
  "kms:grantisforawsresource": "that a service of AWS asks for it",
  "kms:viaservice": "the service that uses the key for the caller",
  "lambda:functionarn": "the function that is connected",
  "lambda:sourcefunctionarn": "the function whose code calls",
  "s3:x-amz-acl": "the access list given",
  "sts:rolesessionname": "the session's name",
  "sts:sourceidentity": "the session's source identity",
};

/** Values that are written out before the rest is counted; all of them stand in the document beside it. */
const SHOWN = 8;

/** One condition in words. */
export function conditionInWords(operator: string, key: string, values: readonly string[]): Text {
  const [, quantifier = "", base = operator, ifExists = ""] =
    /^(ForAllValues:|ForAnyValue:)?(.+?)(IfExists)?$/.exec(operator) ?? [];
  const subject = keyInWords(key);
  if (base === "Null") {
    const isAbsent = values.includes("true");
    const both = isAbsent && values.includes("false");
    return [...subject, both ? " is given or not" : isAbsent ? " is not given" : " is given"];
  }
  const words = OPERATORS[base];
  if (words === undefined) return [...subject, " fits ", code(operator), ": ", ...valuesInWords(values)];
  if (base === "Bool" && values.length === 1 && subject.length > 0 && isStatement(key))
    return [...subject, values[0] === "true" ? " holds" : " does not hold", ...absent(ifExists !== "")];
  const verb = ` ${values.length === 1 ? words.one : words.some} `;
  if (quantifier === "ForAllValues:")
    return ["each value of ", ...subject, verb, ...valuesInWords(values), ", also where there is none"];
  if (quantifier === "ForAnyValue:") return ["at least one value of ", ...subject, verb, ...valuesInWords(values)];
  return [...subject, verb, ...valuesInWords(values), ...absent(ifExists !== "" || words.negated === true)];
}

function absent(isEnough: boolean): Text {
  return isEnough ? [", or is not given at all"] : [];
}

function isStatement(key: string): boolean {
  return KEYS[key.toLowerCase()]?.startsWith("that ") === true;
}

function keyInWords(key: string): Text {
  const lower = key.toLowerCase();
  const whole = KEYS[lower];
  if (whole !== undefined) return [`${whole} (`, code(key), ")"];
  // `aws:PrincipalTag/team` and `kms:EncryptionContext:purpose`: what comes after, is a name of the customer's.
  const [, head = "", name = ""] = /^([a-z0-9-]+:[a-z0-9-]+)[/:](.+)$/i.exec(key) ?? [];
  const known = KEYS[head.toLowerCase()];
  return known === undefined ? [code(key)] : [`${known} `, code(name), " (", code(head), ")"];
}

function valuesInWords(values: readonly string[]): Text {
  if (values.length === 0) return ["nothing"];
  const shown = shortened(
    values.map((value) => [code(value)]),
    SHOWN,
    "or",
  );
  return values.length > SHOWN + 1 ? [`${counted(values.length, "value")}: `, ...shown] : shown;
}
