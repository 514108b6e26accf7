import type { ErrorEvent } from "../core";
import type { DueQueue } from "../core";
import type { HrisAdapter, SourceReader } from "../hris/contract";

/**
 * What handlers ask of the world. `src/runtime/aws/` answers with AWS SDK v3, `src/local/` in memory; both the same way.
 * A port that cannot answer now throws an error named `ServiceUnavailable`; a refused permission throws `AccessDenied`.
 */

/** Attributes of an item: JSON without `null` at the top level of keys. Numbers are JavaScript numbers. */
export type Item = Readonly<Record<string, unknown>>;
export type TableName = "classification" | "ledger" | "control";
export interface Key {
  readonly pk: string;
  /** Absent for the control table. */
  readonly sk?: string;
}

/** A condition on the item that an action names. */
export type Condition =
  | { readonly attribute: string; readonly is: "absent" | "present" }
  | {
      readonly attribute: string;
      readonly is: "=" | "<" | "<=" | ">" | ">=";
      readonly value: string | number | boolean;
    }
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] };

export type WriteAction =
  | { readonly kind: "put"; readonly table: TableName; readonly item: Item; readonly condition?: Condition }
  | {
      readonly kind: "update";
      readonly table: TableName;
      readonly key: Key;
      readonly set?: Readonly<Record<string, unknown>>;
      readonly add?: Readonly<Record<string, number>>;
      readonly remove?: readonly string[];
      readonly condition?: Condition;
    }
  | { readonly kind: "check"; readonly table: TableName; readonly key: Key; readonly condition: Condition }
  | { readonly kind: "delete"; readonly table: TableName; readonly key: Key; readonly condition?: Condition };

/** DynamoDB. Every read is strongly consistent except `due`. */
export interface Store {
  get(table: TableName, key: Key): Promise<Item | undefined>;
  /** All items of a partition, in order of their sort key; `skPrefix` narrows. */
  query(table: TableName, pk: string, skPrefix?: string): Promise<Item[]>;
  /** Items of the control table's `due` index up to and including a time, oldest first. May lag. */
  due(queue: DueQueue, until: string, limit: number): Promise<Item[]>;
  /**
   * All or nothing, at most 100 actions, no two on one item. A lost answer alone never makes a condition fail on what the write itself
   * did: the request is known when it comes again. `token` makes a transaction of a later call the same one. Throws `ConditionFailed`.
   */
  write(actions: readonly WriteAction[], token?: string): Promise<void>;
}

/** What reads records and changes none. */
export type StoreReads = Pick<Store, "get" | "query">;

/** A page of the ledger, in no order that means anything. Without `last` its part is read to the end. */
export interface LedgerPage {
  readonly items: readonly Item[];
  readonly last?: Key;
}

/** The ledger from its one end to the other, in parts that can be read at the same time. Strongly consistent. */
export interface LedgerPages {
  /** At most `limit` records of part `part` of `of`, after a key. Any record's key will do, not only a page's last. */
  page(from: {
    readonly part: number;
    readonly of: number;
    readonly limit: number;
    readonly after?: Key;
  }): Promise<LedgerPage>;
}

/** One session of the connector role, as CloudTrail recorded that it was opened. */
export interface RecordedSession {
  /** CloudTrail's own id of the event. */
  readonly eventId: string;
  /** ISO 8601 UTC. */
  readonly openedAt: string;
  /** What the caller gave as `roleSessionName`: the grant's id, for a session that the broker opened. */
  readonly sessionName: string;
  /** ARN of who opened it, where the record says. */
  readonly openedBy?: string;
}

/** CloudTrail's memory of the account's last 90 days. */
export interface SessionTrail {
  /** Sessions of the connector role that were opened from one moment until before another, in milliseconds since the epoch. */
  sessions(fromMs: number, untilMs: number): Promise<readonly RecordedSession[]>;
}

/** Some conditions of a write did not hold; nothing was written. */
export class ConditionFailed extends Error {
  override readonly name = "ConditionFailed";

  constructor(
    /** Positions in the actions whose condition failed, ascending. */
    readonly failed: readonly number[],
  ) {
    super(`the conditions of actions ${failed.join(", ")} did not hold`);
  }
}

/** KMS. Digests are over at most 4,096 bytes; texts are encrypted under an encryption context that must be given back. */
export interface Keys {
  /** HMAC-SHA-256 by the digest key, as lower-case hexadecimal. */
  generateMac(message: string): Promise<string>;
  verifyMac(message: string, mac: string): Promise<boolean>;
  encrypt(plaintext: string, context: Readonly<Record<string, string>>): Promise<string>;
  decrypt(ciphertext: string, context: Readonly<Record<string, string>>): Promise<string>;
}

/** Whether an execution runs, or can be gone on with; `unknown` where the service does not know it, or not any more. */
/** `stopped`: by somebody, or by its own time-out; nobody repeats it by themselves. */
export type ExecutionStatus = "running" | "ended" | "stopped" | "unknown";

export interface Workflow {
  /** Starts the execution of this name; `already-exists` is success for who starts by a deterministic name. */
  start(name: string, input: object): Promise<"started" | "already-exists">;
  /** Whether the execution of this name runs. */
  status(name: string): Promise<ExecutionStatus>;
  /** Ends a wait for a task token; `gone` where the wait ended before. */
  sendTaskSuccess(taskToken: string, output: object): Promise<"sent" | "gone">;
}

/** Credentials of one connector session. Never stored, logged or returned. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface Sts {
  assumeConnectorRole(request: {
    readonly roleArn: string;
    /** Also the source identity. */
    readonly sessionName: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly policy: string;
    readonly durationSeconds: number;
  }): Promise<SessionCredentials>;
}

export interface Functions {
  /** Invokes a function synchronously and once; its reply, or an error for a failure of the function or the service. */
  invoke(functionName: string, payload: object, timeoutMs: number): Promise<unknown>;
}

export interface Bus {
  put(event: { readonly source: string; readonly detailType: string; readonly detail: object }): Promise<void>;
}

/** A message to whoever subscribed to a topic: no value of a record, nothing that decides by itself. */
export interface Notice {
  /** At most 100 characters of ASCII. */
  readonly subject: string;
  readonly text: string;
  /** By which subscriptions can filter. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Topics {
  publish(topicArn: string, notice: Notice): Promise<void>;
}

/** The systems that this function's credential reaches. */
export interface Systems {
  /** The HRIS, for who may write or compare: Inspect, the sweeper and the gateway. */
  hris(): HrisAdapter;
  /** A source of truth or of attributes, by its name in the policy; `undefined` where the stack does not connect it. */
  source(system: string): SourceReader | undefined;
}

/** A signed HTTPS request to the field gateway with a session's credentials. */
export interface SignedHttp {
  send(request: {
    readonly method: string;
    readonly url: string;
    readonly body: string;
    readonly credentials: SessionCredentials;
    readonly region: string;
    readonly timeoutMs: number;
  }): Promise<{ readonly status: number; readonly body: string }>;
}

/** Structured log. Never a value of a record, never a credential: members are ids, names, codes, counts. */
export interface Log {
  info(event: string, members?: Readonly<Record<string, string | number | boolean | undefined>>): void;
  warn(event: string, members?: Readonly<Record<string, string | number | boolean | undefined>>): void;
  error(event: ErrorEvent, members?: Readonly<Record<string, string | number | boolean | undefined>>): void;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** A new ULID for a moment. */
export type NewUlid = (nowMs: number) => string;
