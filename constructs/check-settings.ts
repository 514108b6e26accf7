import { Token } from "cdktf";

import type { Finding } from "../src/core";
import type { Policy } from "../src/policy";
import type { ApprovalsProps } from "./approvals-api";
import { LOG_RETENTION_DAYS, RETENTIONS } from "./settings";

/** Codes of what is wrong with the settings of a stack; stable. */
export type SettingFindingCode = "ApprovalsInvalid" | "AuditInvalid" | "ReferenceInPolicy" | "SettingInvalid";

/** Props that are one value each. JavaScript, or an environment variable, may put anything there. */
export interface Settings {
  readonly retention?: string;
  readonly logRetentionDays?: number;
  readonly reservedConcurrency?: number;
  readonly reversalWithinDays?: number;
  readonly gatewayAccessLog?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

const wrong = <Code extends SettingFindingCode>(
  code: Code,
  path: string,
  message: string,
  hint?: string,
): Finding<Code> => ({ code, severity: "error", path, message, ...(hint === undefined ? {} : { hint }) });

/** @see https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html (read 2026-11-25) */
const TAG_CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
/** Of the 50 that a resource can have, one is ours: `writeback:principal`. */
const MAX_TAGS = 49;
/** Keys that mean something here or to AWS. `field` and `grantId` are a session's own. */
const OWN_TAG = /^(?:aws:|writeback:)|^(?:field|grantId)$/i;

/** Whether each setting is one that there is. */
export function checkSettings(settings: Settings): Finding<"SettingInvalid">[] {
  const {
    retention,
    logRetentionDays,
    reservedConcurrency,
    reversalWithinDays,
    gatewayAccessLog,
    tags = {},
  } = settings;
  const findings: Finding<"SettingInvalid">[] = [];
  const expect = (ok: boolean, path: string, found: unknown, expected: string): void => {
    if (!ok) findings.push(wrong("SettingInvalid", path, `found \`${String(found)}\`, expected ${expected}`));
  };
  const oneOf = (values: readonly (number | string)[]): string => values.map((value) => `\`${value}\``).join(", ");
  if (retention !== undefined)
    expect(
      RETENTIONS.some((each) => each === retention),
      "retention",
      retention,
      `one of ${oneOf(RETENTIONS)}`,
    );
  if (logRetentionDays !== undefined)
    expect(
      LOG_RETENTION_DAYS.some((days) => days === logRetentionDays),
      "logRetentionDays",
      logRetentionDays,
      `one of the spans that CloudWatch Logs keeps: ${oneOf(LOG_RETENTION_DAYS)}`,
    );
  if (reservedConcurrency !== undefined)
    // None at all would be a stop that nobody recorded.
    expect(
      Number.isInteger(reservedConcurrency) && reservedConcurrency >= 1,
      "reservedConcurrency",
      reservedConcurrency,
      "a whole number from 1",
    );
  if (reversalWithinDays !== undefined)
    expect(
      Number.isInteger(reversalWithinDays) && reversalWithinDays >= 1 && reversalWithinDays <= 3_650,
      "reversalWithinDays",
      reversalWithinDays,
      "whole days from 1 to 3,650",
    );
  if (gatewayAccessLog !== undefined)
    expect(
      gatewayAccessLog === "cloudwatch" || gatewayAccessLog === "off",
      "gatewayAccessLog",
      gatewayAccessLog,
      "`cloudwatch` or `off`",
    );
  expect(Object.keys(tags).length <= MAX_TAGS, "tags", Object.keys(tags).length, `${MAX_TAGS} tags at most`);
  for (const [key, value] of Object.entries(tags)) {
    const path = `tags.${key}`;
    expect(!OWN_TAG.test(key), path, key, "a key that neither AWS nor this stack uses itself");
    if (Token.isUnresolved(key) || Token.isUnresolved(value)) continue;
    expect(key.length >= 1 && key.length <= 128 && TAG_CHARACTERS.test(key), path, key, "a tag's key that AWS takes");
    expect(value.length <= 256 && TAG_CHARACTERS.test(value), path, value, "a tag's value that AWS takes");
  }
  return findings;
}

/** API Gateway fetches an issuer's keys over https; one on loopback it could not reach at all. */
const ISSUER = /^(?:https:\/\/|http:\/\/(?:127\.0\.0\.1|localhost)(?=[:/]|$))[^\s?#]*$/;

/** Whether tokens of approvers can be checked, and are asked for a group. */
export function checkApprovals({
  issuer,
  audience,
  groupClaim,
  workerIdClaim,
  operatorsGroup,
  page = "off",
}: ApprovalsProps): Finding<"ApprovalsInvalid">[] {
  const findings: Finding<"ApprovalsInvalid">[] = [];
  const expect = (ok: boolean, member: string, message: string): void => {
    if (!ok) findings.push(wrong("ApprovalsInvalid", `approvals.${member}`, message));
  };
  expect(
    Token.isUnresolved(issuer) || ISSUER.test(issuer),
    "issuer",
    `found \`${issuer}\`, expected an https URL without query`,
  );
  expect(audience.length > 0, "audience", "found no audience: tokens for any application would be taken");
  expect(!audience.includes(""), "audience", "found an empty audience");
  expect(groupClaim !== "", "groupClaim", "found no name of a claim: nobody would be in a group");
  expect(workerIdClaim !== "", "workerIdClaim", "found no name of a claim: nobody could be kept from their own record");
  expect(operatorsGroup !== "", "operatorsGroup", "found no name of a group: nobody could resume");
  if (page === "off") return findings;
  const { clientId, scope = "openid", endpoints } = page;
  expect(clientId !== "", "page.clientId", "found no client: the identity provider would not know the page");
  expect(
    Token.isUnresolved(scope) || scope.split(" ").includes("openid"),
    "page.scope",
    `found \`${scope}\`, expected it to hold \`openid\``,
  );
  for (const [name, url] of Object.entries(endpoints ?? {})) {
    expect(
      Token.isUnresolved(url) || ISSUER.test(url),
      `page.endpoints.${name}`,
      `found \`${url}\`, expected an https URL without query`,
    );
  }
  return findings;
}

/** No text of a policy is a reference to a resource: a reviewer could not read what it stands for. */
export function checkReferences(policy: Policy): Finding<"ReferenceInPolicy">[] {
  return textsOf(policy, "").flatMap(([path, text]) =>
    Token.isUnresolved(text)
      ? [
          wrong(
            "ReferenceInPolicy",
            path,
            "found a reference of cdktf, or text that looks like one, expected a literal text",
            "write the value itself",
          ),
        ]
      : [],
  );
}

/** Every text of a tree, names of members included, with its path. */
function textsOf(value: unknown, path: string): readonly (readonly [path: string, text: string])[] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([member, below]) => {
    const at = path === "" ? member : `${path}.${member}`;
    return Array.isArray(value) ? textsOf(below, `${path}[${member}]`) : [[at, member] as const, ...textsOf(below, at)];
  });
}
