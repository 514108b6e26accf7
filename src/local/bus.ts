import { matchesPattern } from "../compile";
import type { PolicyDocument } from "../iam";
import { documentOf, text, type LocalIam, type LocalRole } from "./iam";
import type { Stack } from "./stack";

/** An event as EventBridge delivers it. */
export interface BusEvent {
  readonly version: "0";
  readonly id: string;
  readonly source: string;
  readonly "detail-type": string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

/** What is put on the bus. */
export interface Entry {
  readonly source: string;
  readonly detailType: string;
  readonly detail: object;
}

/** A queue that a rule delivers to. */
export interface Delivery {
  readonly queueArn: string;
  readonly event: BusEvent;
}

/**
 * The lifecycle bus of a stack: asks IAM over the bus's policy who may put what, and delivers to queues by the synthesized
 * rules, where the queue's policy lets that rule send.
 */
export class LocalBus {
  readonly #name: string;
  readonly #arn: string;
  readonly #policy: PolicyDocument;

  constructor(
    private readonly stack: Stack,
    private readonly iam: LocalIam,
    private readonly now: () => number,
    /** Every event that was accepted, in order. */
    readonly events: BusEvent[] = [],
  ) {
    this.#name = text(stack.only("aws_cloudwatch_event_bus").body["name"]);
    this.#arn = `arn:aws:events:${stack.region}:${stack.accountId}:event-bus/${this.#name}`;
    this.#policy = documentOf(stack.only("aws_cloudwatch_event_bus_policy").body["policy"]);
  }

  /** The roles that may put events of a source: those that the bus's policy names for it. */
  publisherOf(source: string): string | undefined {
    for (const { Effect, Principal, Condition } of this.#policy.Statement) {
      const named = Object.values(Condition ?? {}).some((keys) =>
        [keys["events:source"] ?? []].flat().includes(source),
      );
      if (Effect !== "Allow" || !named || typeof Principal !== "object") continue;
      return [Principal["AWS"] ?? []].flat()[0];
    }
    return undefined;
  }

  /** Puts an event as a role of the stack or as a role outside of it. Throws `AccessDenied`. Returns what is to be delivered. */
  put(caller: LocalRole | { readonly outsider: string }, entry: Entry): Delivery[] {
    const options = {
      context: { "events:source": [entry.source], "events:detail-type": entry.detailType },
      resourcePolicy: this.#policy,
    };
    if ("outsider" in caller) this.iam.authorizeOutsider(caller.outsider, "events:PutEvents", this.#arn, options);
    else this.iam.authorize(caller, "events:PutEvents", this.#arn, options);

    const event: BusEvent = {
      version: "0",
      id: `event-${this.events.length + 1}`,
      source: entry.source,
      "detail-type": entry.detailType,
      account: this.stack.accountId,
      time: new Date(this.now()).toISOString(),
      region: this.stack.region,
      resources: [],
      detail: structuredClone(entry.detail),
    };
    this.events.push(event);
    return this.stack.resources("aws_cloudwatch_event_rule").flatMap((rule) => {
      // Rules of the account's default bus listen to AWS, not to publishers.
      if (rule.body["event_bus_name"] !== this.#name) return [];
      const pattern = JSON.parse(text(rule.body["event_pattern"])) as Parameters<typeof matchesPattern>[0];
      if (!matchesPattern(pattern, event)) return [];
      const ruleArn = `arn:aws:events:${this.stack.region}:${this.stack.accountId}:rule/${text(rule.body["event_bus_name"])}/${text(rule.body["name"])}`;
      return this.stack
        .resources("aws_cloudwatch_event_target")
        .filter((target) => target.body["rule"] === rule.body["name"])
        .map((target) => {
          const queueArn = text(target.body["arn"]);
          this.iam.authorizeService("events.amazonaws.com", "sqs:SendMessage", queueArn, {
            context: { "aws:SourceArn": ruleArn },
            resourcePolicy: queuePolicyOf(this.stack, queueArn),
          });
          return { queueArn, event };
        });
    });
  }
}

/** The policy of a queue, by its ARN. */
function queuePolicyOf(stack: Stack, queueArn: string): PolicyDocument {
  const name = queueArn.split(":").at(-1) ?? "";
  const policy = stack
    .resources("aws_sqs_queue_policy")
    .find(({ body }) => text(body["queue_url"]).endsWith(`/${name}`));
  if (policy === undefined) throw new Error(`the queue ${name} has no policy`);
  return documentOf(policy.body["policy"]);
}
