import type { Layers } from "../src/iam";
import {
  AFTER_END,
  BEFORE_END,
  connectorLayers,
  NAMES,
  OTHER_GRANT,
  OWN_GRANT,
  PLACEMENT,
  policyOf,
  requestArn,
} from "../test/iam/helpers";
import type { Question } from "./independent-engine";

const FIELDS = ["work_email", "employee_number", "manager", "salary"] as const;
const POLICY = policyOf({ work_email: "safe", employee_number: "safe", manager: "conditional", salary: "never" });

/** Everything between a connector's session for `work_email` and the gateway. */
export function sessionLayers(): Layers {
  return connectorLayers(POLICY, "work_email");
}

/** What such a session could ask for: fields, grants, methods, stages, tags and moments in all their combinations. */
export function sessionQuestions(): readonly Question[] {
  const sessionArn = `arn:aws:sts::${PLACEMENT.accountId}:assumed-role/${NAMES.role("connector").name}/${OWN_GRANT}`;
  const questions: Question[] = [];
  for (const field of FIELDS)
    for (const grant of [OWN_GRANT, OTHER_GRANT])
      for (const method of ["PATCH", "GET", "DELETE"])
        for (const stage of ["live", "test"])
          for (const tagged of ["work_email", "manager", undefined])
            for (const at of [BEFORE_END, AFTER_END])
              for (const secure of ["true", "false"])
                questions.push({
                  accountId: PLACEMENT.accountId,
                  principalArn: NAMES.role("connector").arn,
                  sessionArn,
                  action: "execute-api:Invoke",
                  resource: requestArn({ stage, method, path: `grants/${grant}/fields/${field}` }),
                  context: {
                    "aws:CurrentTime": at,
                    "aws:SecureTransport": secure,
                    "aws:PrincipalTag/grantId": OWN_GRANT,
                    ...(tagged === undefined ? {} : { "aws:PrincipalTag/field": tagged }),
                  },
                });
  return questions;
}
