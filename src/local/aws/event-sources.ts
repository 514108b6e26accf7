import { randomUUID } from "node:crypto";

import { jsonAnswer, jsonOf, textOf, type AwsAnswer, type AwsCall } from "./wire";
import { notFound } from "./gaps";

/** An event source mapping as Lambda keeps it. */
export interface EventSource {
  readonly uuid: string;
  /** A queue, or a stream of a table. */
  readonly sourceArn: string;
  readonly functionArn: string;
  readonly batchSize: number;
  readonly isEnabled: boolean;
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Lambda's event source mappings. They are kept here and not in moto, which would invoke functions of its own accord, in a container or not
 * at all, and take the messages away.
 */
export class EventSources {
  readonly #mappings = new Map<string, Members>();

  constructor(
    private readonly accountId: string,
    private readonly region: string,
  ) {}

  all(): readonly EventSource[] {
    return [...this.#mappings.values()].map((mapping) => ({
      uuid: textOf(mapping["UUID"]),
      sourceArn: textOf(mapping["EventSourceArn"]),
      functionArn: textOf(mapping["FunctionArn"]),
      batchSize: Number(mapping["BatchSize"] ?? 10),
      isEnabled: mapping["State"] === "Enabled",
    }));
  }

  handle(call: AwsCall): AwsAnswer | undefined {
    if (call.service !== "lambda") return undefined;
    const match = /^\/2015-03-31\/event-source-mappings(?:\/([^/]*))?\/?$/.exec(call.path);
    if (match === null) return this.#tags(call);
    const uuid = match[1] ?? "";
    if (call.method === "POST") {
      const input = jsonOf(call.body);
      const id = randomUUID();
      const made: Members = {
        BatchSize: 10,
        ...input,
        UUID: id,
        EventSourceMappingArn: `arn:aws:lambda:${this.region}:${this.accountId}:event-source-mapping:${id}`,
        FunctionArn: this.#functionArn(textOf(input["FunctionName"])),
        State: input["Enabled"] === false ? "Disabled" : "Enabled",
        StateTransitionReason: "USER_INITIATED",
        LastModified: Date.now() / 1000,
      };
      this.#mappings.set(textOf(made["UUID"]), made);
      return jsonAnswer(made, 202);
    }
    if (call.method === "GET" && uuid === "") return jsonAnswer({ EventSourceMappings: [...this.#mappings.values()] });
    const found = this.#mappings.get(uuid);
    if (found === undefined) throw notFound(`event source mapping ${uuid}`);
    if (call.method === "GET") return jsonAnswer(found);
    if (call.method === "DELETE") {
      this.#mappings.delete(uuid);
      return jsonAnswer({ ...found, State: "Deleting" }, 202);
    }
    const input = jsonOf(call.body);
    const state = input["Enabled"] === undefined ? found["State"] : input["Enabled"] === false ? "Disabled" : "Enabled";
    const changed = { ...found, ...input, State: state, LastModified: Date.now() / 1000 };
    this.#mappings.set(uuid, changed);
    return jsonAnswer(changed, 202);
  }

  /** Tags of a mapping, which are asked for by its ARN. */
  #tags(call: AwsCall): AwsAnswer | undefined {
    const arn = /^\/2017-03-31\/tags\/(.+)$/.exec(call.path)?.[1];
    const uuid = arn === undefined ? undefined : decodeURIComponent(arn).split(":event-source-mapping:")[1];
    if (uuid === undefined) return undefined;
    const found = this.#mappings.get(uuid);
    if (found === undefined) throw notFound(`event source mapping ${uuid}`);
    const tags = (found["Tags"] ?? {}) as Readonly<Record<string, string>>;
    if (call.method === "GET") return jsonAnswer({ Tags: tags });
    if (call.method === "POST") {
      const added = (jsonOf(call.body)["Tags"] ?? {}) as Readonly<Record<string, string>>;
      this.#mappings.set(uuid, { ...found, Tags: { ...tags, ...added } });
    } else {
      const removed = new URL(call.url, "http://local").searchParams.getAll("tagKeys");
      const kept = Object.entries(tags).filter(([name]) => !removed.includes(name));
      this.#mappings.set(uuid, { ...found, Tags: Object.fromEntries(kept) });
    }
    return jsonAnswer({}, 204);
  }

  #functionArn(name: string): string {
    return name.startsWith("arn:") ? name : `arn:aws:lambda:${this.region}:${this.accountId}:function:${name}`;
  }
}
