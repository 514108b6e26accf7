import type { HandlerName } from "../core";
import type { PolicyDocument } from "../iam";
import type { Notice, Topics } from "../runtime/ports";
import { documentOf, text, type LocalIam, type LocalRole } from "./iam";
import type { Stack } from "./stack";

/** A message as a topic took it. */
export interface PublishedNotice extends Notice {
  readonly topicArn: string;
}

/** The topics of a stack, as a role reaches them; what they take is put into `taken`. */
export function topicsOf(stack: Stack, iam: LocalIam, role: LocalRole, taken: PublishedNotice[]): Topics {
  return {
    publish: (topicArn, notice) =>
      // A promise's executor: what is thrown inside rejects, as it would over the network.
      new Promise((resolve) => {
        iam.authorize(role, "sns:Publish", topicArn, { resourcePolicy: topicPolicyOf(stack, topicArn) });
        taken.push({ topicArn, ...notice });
        resolve();
      }),
  };
}

/** The policy of a topic. Throws where the stack has no such topic, or the topic no policy. */
export function topicPolicyOf(stack: Stack, topicArn: string): PolicyDocument {
  const policy = stack.resources("aws_sns_topic_policy").find(({ body }) => body["arn"] === topicArn);
  if (policy === undefined) throw new Error(`the stack has no topic ${topicArn} with a policy`);
  return documentOf(policy.body["policy"]);
}

/** What a schedule invokes or starts, and by which role: a function's, by its handler, or that of the reconciliation. */
export function scheduleOf(
  stack: Stack,
  handler: HandlerName | "reconciliation",
): { readonly arn: string; readonly role_arn: string } {
  const schedule = stack
    .resources("aws_scheduler_schedule")
    .find(({ body }) => text(body["name"]).endsWith(`-${handler}`));
  if (schedule === undefined) throw new Error(`the stack wakes no ${handler}`);
  return [schedule.body["target"]].flat()[0] as { readonly arn: string; readonly role_arn: string };
}
