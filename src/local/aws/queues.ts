import type { LocalIam } from "../iam";
import type { EventSources } from "./event-sources";
import type { Functions } from "./functions";
import type { Moto } from "./moto";
import { isStream, type Streams } from "./streams";

interface Message {
  readonly MessageId: string;
  readonly Body: string;
  readonly ReceiptHandle: string;
  readonly Attributes?: Readonly<Record<string, string>>;
}

/** How long a message that a function failed stays away here, in seconds: the queue's own time would let a person wait for minutes. */
const REDELIVER_SECONDS = 1;

/** Time between two looks at the queues, in milliseconds. */
const LOOK_MS = 400;

/** SQS in moto, and the pollers that Lambda runs for event source mappings, of streams too. */
export class Queues {
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<number> | undefined;

  constructor(
    private readonly moto: Moto,
    private readonly sources: EventSources,
    private readonly functions: Functions,
    private readonly iam: () => Promise<LocalIam>,
    private readonly streams: Streams,
  ) {}

  /** Looks at the queues again and again, until `stop`. Does not keep the process alive. */
  start(): void {
    this.#timer = setInterval(() => {
      void this.look().catch(() => undefined);
    }, LOOK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Takes what waits and hands it to its functions; how many messages there were. One look at a time. */
  async look(): Promise<number> {
    while (this.#polling !== undefined) await this.#polling;
    this.#polling = this.#pollAll().finally(() => {
      this.#polling = undefined;
    });
    return this.#polling;
  }

  /** Sends a message as a service does. */
  async send(queueArn: string, body: string): Promise<void> {
    await this.moto.json("sqs", "AmazonSQS.SendMessage", { QueueUrl: this.#url(queueArn), MessageBody: body });
  }

  /** Messages of a queue that nobody receives from, without taking them away. */
  async peek(queueArn: string): Promise<readonly string[]> {
    const found = await this.#receive(queueArn, 0);
    return found.map(({ Body }) => Body);
  }

  async #pollAll(): Promise<number> {
    let taken = await this.streams.look();
    for (const source of this.sources.all()) {
      if (!source.isEnabled || isStream(source.sourceArn)) continue;
      const messages = await this.#receive(source.sourceArn);
      if (messages.length === 0) continue;
      taken += messages.length;
      const iam = await this.iam();
      const { roleArn } = await this.functions.find(source.functionArn);
      for (const action of ["sqs:ReceiveMessage", "sqs:GetQueueAttributes", "sqs:DeleteMessage"]) {
        iam.authorize(iam.role(roleArn), action, source.sourceArn);
      }
      await this.#serve(source.sourceArn, source.functionArn, messages);
    }
    return taken;
  }

  async #serve(queueArn: string, functionArn: string, messages: readonly Message[]): Promise<void> {
    const Records = messages.map(({ MessageId, Body, ReceiptHandle, Attributes }) => ({
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      attributes: Attributes ?? {},
      messageAttributes: {},
      eventSource: "aws:sqs",
      eventSourceARN: queueArn,
    }));
    const failed = await this.#failed(functionArn, Records);
    for (const { MessageId, ReceiptHandle } of messages) {
      const message = { QueueUrl: this.#url(queueArn), ReceiptHandle };
      if (failed === "all" || failed.includes(MessageId)) {
        await this.moto.json("sqs", "AmazonSQS.ChangeMessageVisibility", {
          ...message,
          VisibilityTimeout: REDELIVER_SECONDS,
        });
      } else {
        await this.moto.json("sqs", "AmazonSQS.DeleteMessage", message);
      }
    }
  }

  /** The messages that a function did not take. */
  async #failed(functionArn: string, Records: readonly object[]): Promise<readonly string[] | "all"> {
    try {
      const invocation = await this.functions.invoke(functionArn, { Records });
      if (invocation.kind === "failed") return "all";
      const reply = JSON.parse(invocation.payload) as {
        readonly batchItemFailures?: readonly { readonly itemIdentifier: string }[];
      } | null;
      return (reply?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
    } catch {
      return "all";
    }
  }

  async #receive(queueArn: string, visibilitySeconds?: number): Promise<readonly Message[]> {
    const { Messages } = await this.moto.json("sqs", "AmazonSQS.ReceiveMessage", {
      QueueUrl: this.#url(queueArn),
      MaxNumberOfMessages: 10,
      AttributeNames: ["All"],
      ...(visibilitySeconds === undefined ? {} : { VisibilityTimeout: visibilitySeconds }),
    });
    return (Messages ?? []) as readonly Message[];
  }

  #url(queueArn: string): string {
    const [, , , , accountId = "", name = ""] = queueArn.split(":");
    return `${this.moto.url}/${accountId}/${name}`;
  }
}
