import { FIELD_NAME, GATEWAY_METHOD, GATEWAY_STAGE, isGrantId, parseInstant } from "../core";
import type { PolicyDocument } from "./document";

/** Characters of an inline session policy at most. STS's clients do not check it. @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (read 2026-11-23) */
export const SESSION_POLICY_MAX_CHARACTERS = 2048;

/** Longest field name that `FIELD_NAME` accepts: the size of a session policy is checked with it. */
export const LONGEST_FIELD_NAME = 63;

/** Placeholders of the template, as they stand in its text. */
export const SESSION_POLICY_PLACEHOLDERS = {
  grantId: "{grantId}",
  field: "{field}",
  expiresAt: "{expiresAt}",
} as const;

/** Path of the one request, with placeholders and without a leading slash. */
export const SESSION_PATH_TEMPLATE = `grants/${SESSION_POLICY_PLACEHOLDERS.grantId}/fields/${SESSION_POLICY_PLACEHOLDERS.field}`;

const ALLOWED_CHARACTERS = /^[\u0020-\u00FF]*$/;
const TO_THE_SECOND = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const RESOURCE_TEMPLATE = new RegExp(
  `^arn:[a-z-]+:execute-api:[a-z0-9-]+:\\d{12}:[a-z0-9]+/${GATEWAY_STAGE}/${GATEWAY_METHOD}/grants/\\{grantId\\}/fields/\\{field\\}$`,
);

/** What one session may do: one path, until one second. */
export interface SessionPolicyValues {
  /** `g-` and a ULID. */
  readonly grantId: string;
  readonly field: string;
  /** ISO 8601 UTC to the second, as `formatInstantSeconds` writes it. */
  readonly expiresAt: string;
}

/** A template or a value that would make a session policy other than the one intended. No session is minted. */
export class SessionPolicyError extends Error {
  override readonly name = "SessionPolicyError";
}

/**
 * The session policy of every grant as a document with three placeholders, so that a reviewer sees in the plan what each
 * session will be limited to. `gatewayRequestArn` is the ARN of one request with `SESSION_PATH_TEMPLATE` as its path.
 */
export function sessionPolicyTemplate(gatewayRequestArn: string): PolicyDocument {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "InvokeOneFieldOnce",
        Effect: "Allow",
        Action: "execute-api:Invoke",
        Resource: gatewayRequestArn,
        Condition: { DateLessThan: { "aws:CurrentTime": SESSION_POLICY_PLACEHOLDERS.expiresAt } },
      },
    ],
  };
}

/**
 * The inline session policy of one grant, as the text that goes to STS.
 *
 * Throws `SessionPolicyError` where the template is not the document of `sessionPolicyTemplate`, where a value is not of its
 * exact form (so no `*`, `?` or `${` can enter an ARN), or where the text is longer than STS takes. It never falls back
 * to a wider policy.
 */
export function fillSessionPolicy(templateText: string, values: SessionPolicyValues): string {
  const { grantId, field, expiresAt } = values;
  if (!isGrantId(grantId)) throw new SessionPolicyError("a session policy needs a grant id of `g-` and a ULID");
  if (!FIELD_NAME.test(field)) throw new SessionPolicyError(`\`${field}\` is not a field name`);
  if (!TO_THE_SECOND.test(expiresAt) || parseInstant(expiresAt) === undefined) {
    throw new SessionPolicyError(`\`${expiresAt}\` is not an instant in UTC to the second`);
  }
  const resource = resourceOf(templateText);
  const filled = sessionPolicyTemplate(
    resource
      .replace(SESSION_POLICY_PLACEHOLDERS.grantId, () => grantId)
      .replace(SESSION_POLICY_PLACEHOLDERS.field, () => field),
  );
  const text = JSON.stringify(filled).replace(SESSION_POLICY_PLACEHOLDERS.expiresAt, () => expiresAt);
  if (!ALLOWED_CHARACTERS.test(text)) {
    throw new SessionPolicyError("a session policy may hold characters from U+0020 to U+00FF only");
  }
  if (text.length > SESSION_POLICY_MAX_CHARACTERS) {
    const excess = text.length - SESSION_POLICY_MAX_CHARACTERS;
    throw new SessionPolicyError(
      `the session policy for \`${field}\` has ${text.length} characters where STS takes ${SESSION_POLICY_MAX_CHARACTERS}; ` +
        `the gateway's ARN and the field's name together would fit with ${excess} characters less`,
    );
  }
  return text;
}

/** The literal ARN with two placeholders out of a template that is, member by member, the one we wrote. */
function resourceOf(templateText: string): string {
  let template: unknown;
  try {
    template = JSON.parse(templateText);
  } catch (cause) {
    throw new SessionPolicyError("the session policy template is not JSON", { cause });
  }
  const resource = (template as { Statement?: { Resource?: unknown }[] } | null)?.Statement?.[0]?.Resource;
  if (typeof resource !== "string" || !RESOURCE_TEMPLATE.test(resource)) {
    throw new SessionPolicyError("the session policy template does not name one path of one gateway");
  }
  if (JSON.stringify(template) !== JSON.stringify(sessionPolicyTemplate(resource))) {
    throw new SessionPolicyError("the session policy template allows something else than one request until one second");
  }
  return resource;
}
