import { authorizeStream } from "../evidence";
import type { LocalIam } from "../iam";
import type { EventSources } from "./event-sources";
import type { Functions } from "./functions";
import type { Moto } from "./moto";

/** A stream's record as moto keeps it: as Lambda hands it over, but for the time. */
interface StoredRecord {
  readonly eventID: string;
  readonly dynamodb: Readonly<Record<string, unknown>> & { readonly SequenceNumber: string };
}

const TARGET = "DynamoDBStreams_20120810";

/** DynamoDB's streams in moto, and the pollers that Lambda runs for the mappings of functions to them. */
export class Streams {
  /** What functions threw. */
  readonly failures: string[] = [];
  /** Where each mapping stands in its stream: the last record that its function took. */
  readonly #taken = new Map<string, string>();

  constructor(
    private readonly moto: Moto,
    private readonly sources: EventSources,
    private readonly functions: Functions,
    private readonly iam: () => Promise<LocalIam>,
    /** Runs something while no transaction is under way: moto shows the records of one before it is whole. */
    private readonly alone: <T>(work: () => Promise<T>) => Promise<T>,
  ) {}

  /** Hands on what is new, in order; how many records there were. What a function fails comes again at the next look. */
  async look(): Promise<number> {
    let taken = 0;
    for (const source of this.sources.all()) {
      if (!source.isEnabled || !isStream(source.sourceArn)) continue;
      const records = await this.alone(() =>
        this.#after(source.sourceArn, this.#taken.get(source.uuid), source.batchSize),
      );
      const last = records.at(-1)?.dynamodb.SequenceNumber;
      if (last !== undefined) {
        const iam = await this.iam();
        const { roleArn } = await this.functions.find(source.functionArn);
        authorizeStream(iam, iam.role(roleArn), source.sourceArn);
        const event = { Records: records.map((record) => handedOver(record, source.sourceArn)) };
        const invocation = await this.functions.invoke(source.functionArn, event);
        if (invocation.kind === "failed") {
          this.failures.push(`${invocation.errorType}: ${invocation.errorMessage}`);
          return taken;
        }
        taken += records.length;
        this.#taken.set(source.uuid, last);
      }
    }
    return taken;
  }

  /** Records after one, by an iterator made anew: moto's go on in a table as it was before a transaction that failed. */
  async #after(StreamArn: string, taken: string | undefined, Limit: number): Promise<readonly StoredRecord[]> {
    const { StreamDescription } = await this.#json("DescribeStream", { StreamArn });
    const { Shards } = StreamDescription as { readonly Shards: readonly { readonly ShardId: string }[] };
    const from =
      taken === undefined
        ? { ShardIteratorType: "TRIM_HORIZON" }
        : { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber: taken };
    const { ShardIterator } = await this.#json("GetShardIterator", { StreamArn, ShardId: Shards[0]?.ShardId, ...from });
    const { Records } = await this.#json("GetRecords", { ShardIterator, Limit });
    return (Records ?? []) as readonly StoredRecord[];
  }

  #json(action: string, input: object): Promise<Readonly<Record<string, unknown>>> {
    return this.moto.json("dynamodb", `${TARGET}.${action}`, input);
  }
}

/** Whether an event source is a stream of a table. */
export function isStream(sourceArn: string): boolean {
  return sourceArn.startsWith("arn:aws:dynamodb:");
}

function handedOver(record: StoredRecord, eventSourceARN: string): object {
  const { ApproximateCreationDateTime: at, ...dynamodb } = record.dynamodb;
  const seconds = typeof at === "number" ? at : Date.parse(String(at)) / 1000;
  return { ...record, dynamodb: { ...dynamodb, ApproximateCreationDateTime: Math.floor(seconds) }, eventSourceARN };
}
