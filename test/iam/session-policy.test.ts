import * as fc from "fast-check";

import { compileNames } from "../../src/compile/names";
import {
  evaluate,
  fillSessionPolicy,
  SESSION_PATH_TEMPLATE,
  SessionPolicyError,
  sessionPolicyTemplate,
} from "../../src/iam";
import { ENDS_AT, NAMES, OWN_GRANT, REFS, requestArn } from "./helpers";

const TEMPLATE = JSON.stringify(sessionPolicyTemplate(NAMES.gatewayRequestArn(REFS.apiId, SESSION_PATH_TEMPLATE)));
const VALUES = { grantId: OWN_GRANT, field: "work_email", expiresAt: ENDS_AT };

describe("fillSessionPolicy", () => {
  test("names one path and the second it ends", () => {
    expect(JSON.parse(fillSessionPolicy(TEMPLATE, VALUES))).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "InvokeOneFieldOnce",
          Effect: "Allow",
          Action: "execute-api:Invoke",
          Resource: requestArn({ path: `grants/${OWN_GRANT}/fields/work_email` }),
          Condition: { DateLessThan: { "aws:CurrentTime": ENDS_AT } },
        },
      ],
    });
  });

  test("fits STS at its longest: 63 characters of field name, any Region and partition", () => {
    for (const region of ["ap-southeast-1", "us-gov-west-1", "cn-northwest-1"]) {
      const names = compileNames({ prefix: "acme", accountId: "111122223333", region });
      const template = sessionPolicyTemplate(names.gatewayRequestArn(REFS.apiId, SESSION_PATH_TEMPLATE));
      const text = fillSessionPolicy(JSON.stringify(template), { ...VALUES, field: "f".repeat(63) });
      expect(text.length).toBeLessThan(2048);
    }
  });

  test.each([
    ["a wildcard as grant", { grantId: "*" }],
    ["a grant with a wildcard", { grantId: `${OWN_GRANT.slice(0, -1)}?` }],
    ["a grant id in lower case", { grantId: OWN_GRANT.toLowerCase() }],
    ["a grant with a path", { grantId: `${OWN_GRANT}/fields/x` }],
    ["an empty grant", { grantId: "" }],
    ["a wildcard as field", { field: "*" }],
    ["a field with a path", { field: "email/../salary" }],
    ["a policy variable as field", { field: "${aws:username}" }],
    ["a placeholder as field", { field: "{grantId}" }],
    ["a field name of 64 characters", { field: "f".repeat(64) }],
    ["an end without a zone", { expiresAt: "2026-11-23T10:15:00" }],
    ["an end in another zone", { expiresAt: "2026-11-23T10:15:00+01:00" }],
    ["an end with milliseconds", { expiresAt: "2026-11-23T10:15:00.000Z" }],
    ["a day that does not exist", { expiresAt: "2026-02-30T10:15:00Z" }],
  ])("refuses %s", (_name, change) => {
    expect(() => fillSessionPolicy(TEMPLATE, { ...VALUES, ...change })).toThrow(SessionPolicyError);
  });

  test.each([
    ["text that is not JSON", () => "{"],
    ["null", () => "null"],
    ["a wildcard for the field", () => TEMPLATE.replace("{field}", "*")],
    ["a wildcard for the grant", () => TEMPLATE.replace("{grantId}", "*")],
    ["another method", () => TEMPLATE.replace("PATCH", "*")],
    ["an API that nobody resolved", () => TEMPLATE.replace(REFS.apiId, "${aws_api_gateway_rest_api.api.id}")],
    ["any API", () => TEMPLATE.replace(REFS.apiId, "*")],
    ["another action", () => TEMPLATE.replace("execute-api:Invoke", "execute-api:*")],
    ["no condition", () => TEMPLATE.replace(/,"Condition":.*?\}\}/, "")],
    ["another condition", () => TEMPLATE.replace("DateLessThan", "DateGreaterThan")],
    ["an end of its own", () => TEMPLATE.replace("{expiresAt}", "2099-01-01T00:00:00Z")],
    ["a further statement", () => TEMPLATE.replace("}]}", '},{"Effect":"Allow","Action":"*","Resource":"*"}]}')],
    ["a further member", () => TEMPLATE.replace("{", '{"Id":"x",')],
  ])("refuses a template with %s", (_name, template) => {
    const text = template();
    expect(text).not.toBe(TEMPLATE);
    expect(() => fillSessionPolicy(text, VALUES)).toThrow(SessionPolicyError);
  });

  test("fails with what would fit where the ARN is too long, and cuts nothing off", () => {
    const long = TEMPLATE.replace(REFS.apiId, "a".repeat(2000));
    expect(() => fillSessionPolicy(long, VALUES)).toThrow(/STS takes 2048; .* would fit with \d+ characters less/);
  });

  test("whatever the values, what comes out allows one request or nothing comes out", () => {
    const nasty = fc.oneof(
      fc.string(),
      fc.constantFrom("*", "?", "${*}", "work_email", OWN_GRANT, ENDS_AT, "$&", "{field}"),
    );
    fc.assert(
      fc.property(nasty, nasty, nasty, (grantId, field, expiresAt) => {
        let text: string;
        try {
          text = fillSessionPolicy(TEMPLATE, { grantId, field, expiresAt });
        } catch (error) {
          return error instanceof SessionPolicyError;
        }
        const request = (path: string) =>
          evaluate(
            {
              principalArn: NAMES.role("connector").arn,
              action: "execute-api:Invoke",
              resource: requestArn({ path }),
              context: { "aws:CurrentTime": "2000-01-01T00:00:00Z" },
            },
            { identity: [JSON.parse(text) as ReturnType<typeof sessionPolicyTemplate>] },
          ).decision;
        return (
          request(`grants/${grantId}/fields/${field}`) === "allow" &&
          request(`grants/${grantId}x/fields/${field}`) === "deny" &&
          request(`grants/${grantId}/fields/${field}x`) === "deny"
        );
      }),
      { numRuns: 2000 },
    );
  });
});
