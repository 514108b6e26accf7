import { createHash } from "node:crypto";

import { canonicalJson, DUE_AT, DUE_INDEX, DUE_QUEUE, PARTITION_KEY, SORT_KEY } from "../core";
import {
  ConditionFailed,
  type Condition,
  type Item,
  type Key,
  type LedgerPages,
  type Store,
  type TableName,
  type WriteAction,
} from "../runtime/ports";
import { TABLE_LIMITS } from "../runtime/table-limits";
import { needsTransaction } from "../runtime/write-actions";

/**
 * Asked once per underlying AWS action, before it: `dynamodb:GetItem`, `Query`, `PutItem`, `UpdateItem`, `ConditionCheckItem`,
 * `DeleteItem`, `Scan`. `pk` is the leading key: of the index, the queue's name; a scan has none. `enclosing` is `TransactWriteItems` inside a transaction.
 * May throw; nothing is read or written then.
 */
export type AuthorizeStore = (
  action: string,
  table: TableName,
  pk: string | undefined,
  enclosing: "TransactWriteItems" | undefined,
  index: string | undefined,
) => void;

/** Told of each call of the store before and after its effect, by the method's name. May throw: a crash at that moment. */
export type StoreFault = (moment: "before" | "after", method: keyof Store) => void;

export interface MemoryStoreOptions {
  readonly authorize?: AuthorizeStore;
  readonly fault?: StoreFault;
  /** Told of each item of the ledger that a write changed, as its stream tells it. */
  readonly onLedgerChange?: (change: { readonly before: Item | undefined; readonly after: Item | undefined }) => void;
  /** Whether the answer of a write is lost on its way. Its client sends the request again then, as the AWS SDK does. */
  readonly isAnswerLost?: (actions: readonly WriteAction[]) => boolean;
}

/** The content of the tables. Several stores may share one, each with the permissions of its own principal. */
export type MemoryTables = Readonly<Record<TableName, Map<string, Item>>>;

/** Empty tables. */
export function createMemoryTables(): MemoryTables {
  return { classification: new Map(), ledger: new Map(), control: new Map() };
}

/** Actions that a transaction may hold. @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html (read 2026-11-23) */
const MAX_TRANSACTION = 100;

const ACTIONS: Readonly<Record<WriteAction["kind"], string>> = {
  put: "PutItem",
  update: "UpdateItem",
  check: "ConditionCheckItem",
  delete: "DeleteItem",
};

/**
 * The tables in memory, with DynamoDB's conditions and transactions: all or nothing, no two actions on one item, the positions
 * of the conditions that failed, and its limits. Items are copied in and out. A transaction repeated under its `token` does nothing.
 */
export function createMemoryStore(
  options: MemoryStoreOptions = {},
  tables: MemoryTables = createMemoryTables(),
): Store {
  const { authorize, fault, isAnswerLost, onLedgerChange } = options;
  const done = new Map<string, string>();

  const call = <T>(method: keyof Store, effect: () => T): Promise<T> =>
    // A promise's executor: what is thrown inside rejects, as it would over the network.
    new Promise((resolve) => {
      fault?.("before", method);
      const result = effect();
      fault?.("after", method);
      resolve(result);
    });

  return {
    get: (table, key) =>
      call("get", () => {
        authorize?.("dynamodb:GetItem", table, key.pk, undefined, undefined);
        const item = tables[table].get(idOf(key));
        return item === undefined ? undefined : copyOf(item);
      }),
    query: (table, pk, skPrefix = "") =>
      call("query", () => {
        authorize?.("dynamodb:Query", table, pk, undefined, undefined);
        return [...tables[table].values()]
          .filter((item) => item[PARTITION_KEY] === pk && textOf(item[SORT_KEY]).startsWith(skPrefix))
          .sort((a, b) => compareBytes(textOf(a[SORT_KEY]), textOf(b[SORT_KEY])))
          .map(copyOf);
      }),
    due: (queue, until, limit) =>
      call("due", () => {
        authorize?.("dynamodb:Query", "control", queue, undefined, DUE_INDEX);
        return [...tables.control.values()]
          .filter((item) => item[DUE_QUEUE] === queue && typeof item[DUE_AT] === "string" && item[DUE_AT] <= until)
          .sort((a, b) => compareBytes(textOf(a[DUE_AT]), textOf(b[DUE_AT])))
          .slice(0, limit)
          .map(copyOf);
      }),
    write: (actions, token) =>
      call("write", () => {
        const [first] = actions;
        if (first === undefined || actions.length > MAX_TRANSACTION) {
          throw new TypeError(`a write holds 1 to ${MAX_TRANSACTION} actions`);
        }
        const enclosing = first.kind === "check" || needsTransaction(actions) ? "TransactWriteItems" : undefined;
        const ids = actions.map((action) => `${action.table}/${idOf(keyOf(action))}`);
        if (new Set(ids).size < ids.length) throw new TypeError("a transaction holds two actions on one item");
        for (const action of actions) {
          authorize?.(`dynamodb:${ACTIONS[action.kind]}`, action.table, keyOf(action).pk, enclosing, undefined);
        }
        // A transaction without a token gets one of its own from the client, for as long as it is sent.
        let isDone = false;
        const send = (): void => {
          const content = JSON.stringify(actions);
          const before = token === undefined ? undefined : done.get(token);
          if ((enclosing !== undefined && isDone) || before === content) return;
          if (before !== undefined) throw new TypeError("the token of another transaction was used again");
          commit(tables, actions, onLedgerChange);
          isDone = true;
          if (token !== undefined && enclosing !== undefined) remember(done, token, content);
        };
        send();
        if (isAnswerLost?.(actions) === true) send();
      }),
  };
}

/** The ledger of these tables in parts and pages, as a parallel scan reads it: in an order of its own, each record in one part. */
export function createMemoryPages({ authorize }: MemoryStoreOptions, { ledger }: MemoryTables): LedgerPages {
  const places = new Map<string, number>();
  const placeOf = (id: string): number => {
    const known = places.get(id) ?? createHash("sha256").update(id).digest().readUInt32BE();
    places.set(id, known);
    return known;
  };
  return {
    page({ part, of, limit, after }) {
      authorize?.("dynamodb:Scan", "ledger", undefined, undefined, undefined);
      const from = after === undefined ? -1 : placeOf(idOf(after));
      const rest = [...ledger]
        .map(([id, item]) => ({ place: placeOf(id), item }))
        .filter(({ place }) => place % of === part && place > from)
        .sort((a, b) => a.place - b.place);
      const items = rest.slice(0, limit).map(({ item }) => copyOf(item));
      const last = items.at(-1);
      return Promise.resolve({
        items,
        ...(rest.length > limit && last !== undefined
          ? { last: { pk: textOf(last[PARTITION_KEY]), sk: textOf(last[SORT_KEY]) } }
          : {}),
      });
    },
  };
}

/** Tokens that are remembered: DynamoDB forgets one after ten minutes. */
const MAX_TOKENS = 1_000;

function remember(done: Map<string, string>, token: string, content: string): void {
  done.set(token, content);
  const [oldest] = done.keys();
  if (done.size > MAX_TOKENS && oldest !== undefined) done.delete(oldest);
}

function commit(
  tables: MemoryTables,
  actions: readonly WriteAction[],
  onLedgerChange: MemoryStoreOptions["onLedgerChange"],
): void {
  const current = (action: WriteAction): Item | undefined => tables[action.table].get(idOf(keyOf(action)));
  const failed = actions.flatMap((action, position) =>
    action.condition === undefined || holds(action.condition, current(action)) ? [] : [position],
  );
  if (failed.length > 0) throw new ConditionFailed(failed);
  // Every new content first, so that what cannot be computed changes nothing.
  const changes = actions.map((action) => [action, resultOf(action, current(action))] as const);
  for (const [action, item] of changes) {
    const id = idOf(keyOf(action));
    const before = tables[action.table].get(id);
    if (item === undefined) tables[action.table].delete(id);
    else tables[action.table].set(id, item);
    // A write that leaves an item as it was is told by no stream.
    if (action.table === "ledger" && action.kind !== "check" && !isSame(before, item))
      onLedgerChange?.({ before, after: item });
  }
}

function isSame(a: Item | undefined, b: Item | undefined): boolean {
  return (a === undefined ? "" : canonicalJson(a)) === (b === undefined ? "" : canonicalJson(b));
}

/** The item after an action; `undefined` where there is none. */
function resultOf(action: WriteAction, before: Item | undefined): Item | undefined {
  switch (action.kind) {
    case "check":
      return before;
    case "delete":
      return undefined;
    case "put":
      return checked(copyOf(action.item));
    case "update": {
      const item = new Map<string, unknown>(Object.entries(before ?? keyMembers(action.key)));
      for (const [name, value] of Object.entries(action.set ?? {}))
        if (value !== undefined) item.set(name, copyOf(value));
      for (const [name, amount] of Object.entries(action.add ?? {})) {
        const old = item.get(name) ?? 0;
        if (typeof old !== "number") throw new TypeError(`\`${name}\` is not a number to add to`);
        item.set(name, old + amount);
      }
      for (const name of action.remove ?? []) item.delete(name);
      return checked(Object.fromEntries(item));
    }
  }
}

/** The item, if DynamoDB would take it; throws as it does for one that it would not. */
function checked(item: Item): Item {
  if (Object.values(item).some((value) => !fits(value, 0))) {
    throw validation("an attribute is nested too deep, or holds a number out of range");
  }
  // As JSON an item is about as long as DynamoDB counts it.
  if (Buffer.byteLength(JSON.stringify(item), "utf8") > TABLE_LIMITS.itemBytes)
    throw validation("the item is too large");
  return item;
}

function fits(value: unknown, level: number): boolean {
  if (typeof value === "number") {
    const size = Math.abs(value);
    return size === 0 || (size >= TABLE_LIMITS.smallestNumber && size <= TABLE_LIMITS.largestNumber);
  }
  if (typeof value !== "object" || value === null) return true;
  return level < TABLE_LIMITS.levels && Object.values(value).every((member) => fits(member, level + 1));
}

function validation(message: string): Error {
  return Object.assign(new Error(message), { name: "ValidationException" });
}

/** Whether a condition holds on an item. As in DynamoDB, a comparison with nothing, or with another type, does not. */
function holds(condition: Condition, item: Item | undefined): boolean {
  if ("all" in condition) return condition.all.every((part) => holds(part, item));
  if ("any" in condition) return condition.any.some((part) => holds(part, item));
  const value = item?.[condition.attribute];
  if (!("value" in condition)) return (value !== undefined) === (condition.is === "present");
  if (typeof value !== typeof condition.value) return false;
  if (condition.is === "=") return value === condition.value;
  // DynamoDB orders texts and numbers only.
  const order =
    typeof value === "string" && typeof condition.value === "string"
      ? compareBytes(value, condition.value)
      : typeof value === "number" && typeof condition.value === "number"
        ? value - condition.value
        : Number.NaN;
  switch (condition.is) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

function keyOf(action: WriteAction): Key {
  return action.kind === "put" ? (action.item as unknown as Key) : action.key;
}

function keyMembers({ pk, sk }: Key): Item {
  return sk === undefined ? { pk } : { pk, sk };
}

function idOf({ pk, sk }: Key): string {
  return JSON.stringify([pk, sk ?? ""]);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Order of UTF-8 bytes, as DynamoDB's. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"));
}

/** A deep copy as JSON would make it, without members that are `undefined`. */
function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
