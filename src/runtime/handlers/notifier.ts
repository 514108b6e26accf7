import type * as z from "zod";

import {
  formatInstant,
  OUTCOME_SOURCE,
  parseInstant,
  PAYLOAD_VERSION,
  topicSuffix,
  WAITING_DETAIL_TYPE,
} from "../../core";
import { configSchema as configOf, membersOf, type Environment } from "../config";
import { ignoreLostRace } from "../due-work";
import { controlKeys, type NoticeItem, type TaskItem } from "../ledger";
import type { Bus, Clock, Item, Log, Notice, Store, Topics, WriteAction } from "../ports";

export interface NotifierPorts {
  /** The control table alone: what waits, and who was told. No ledger, so no value. */
  readonly store: Pick<Store, "due" | "get" | "write">;
  readonly topics: Topics;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

export const configSchema = configOf("approvalsUrl", "topicPrefix");
export type NotifierConfig = z.infer<typeof configSchema>;

export function parseConfig(env: Environment): NotifierConfig {
  return configSchema.parse(membersOf(env));
}

/** What one run came to. */
export interface NotifierOutput {
  readonly version: typeof PAYLOAD_VERSION;
  /** Messages that told a group of something new. */
  readonly told: number;
  /** Messages that reminded a group. */
  readonly reminded: number;
  /** Messages that could not be sent; the next run tries again. */
  readonly failed: number;
}

/** Requests that one run looks at. */
const BATCH = 50;

/** After this time a run takes no new request, in milliseconds. */
const BUDGET_MS = 20_000;

/** How long a request is left to the run that took it, in milliseconds: after a crash in between, somebody else goes on then. */
const CLAIM_MS = 5 * 60_000;

/** The longest before its expiry that a wait is reminded of, in milliseconds; a short wait at its half. */
const REMIND_MS = 4 * 3_600_000;

/** What a group has to hear of one request. */
interface Due {
  readonly group: string;
  readonly tasks: readonly TaskItem[];
  readonly kind: "new" | "reminder";
}

/**
 * Tells the groups that are asked that a request waits for them: one message for each request and group with everything that waits, another
 * one only for changes that began to wait later, and one reminder before the first of them expires. A message names the request, counts
 * its changes and links to the page; it holds no value and no token, and decides nothing. The same goes on the bus.
 *
 * A message may come twice after a crash between its sending and its record; it is never left out.
 */
export function createHandler(ports: NotifierPorts, config: NotifierConfig): () => Promise<NotifierOutput> {
  const { store, clock, log } = ports;
  return async () => {
    const startedMs = clock.now();
    const counts = { told: 0, reminded: 0, failed: 0 };
    for (const item of await store.due("notify", formatInstant(startedMs), BATCH)) {
      if (clock.now() - startedMs > BUDGET_MS) break;
      try {
        await tell(ports, config, item, counts);
      } catch (error) {
        counts.failed += 1;
        failed(log, String(item["requestId"]), undefined, error);
      }
    }
    if (counts.told + counts.reminded + counts.failed > 0) log.info("notified", { ...counts });
    return { version: PAYLOAD_VERSION, ...counts };
  };
}

async function tell(
  ports: NotifierPorts,
  config: NotifierConfig,
  item: Item,
  counts: { told: number; reminded: number; failed: number },
): Promise<void> {
  const { store, topics, bus, clock, log } = ports;
  const notice = item as unknown as NoticeItem;
  const { requestId } = notice;
  const tasks = await waitingTasks(ports, notice);
  const claimedUntil = formatInstant(clock.now() + CLAIM_MS);
  if (!(await ignoreLostRace(store.write([move(notice, notice.dueAt, claimedUntil)])))) return;
  const groups = [...new Set(tasks.flatMap((task) => task.groups))].sort();
  let open = false;
  const told = new Map<string, Item>();
  for (const group of groups) {
    const due = dueFor(notice, group, tasks, clock.now());
    if (due === undefined) continue;
    try {
      await topics.publish(config.topicPrefix + topicSuffix(group), messageOf(config, requestId, due));
      await bus.put(waitingEvent(config, requestId, due));
      const marks = marksOf(due, clock.now());
      await store.write([{ kind: "update", table: "control", key: controlKeys.notice(requestId), set: marks }]);
      told.set(group, marks);
      counts[due.kind === "new" ? "told" : "reminded"] += 1;
    } catch (error) {
      open = true;
      counts.failed += 1;
      failed(log, requestId, group, error);
    }
  }
  // Whoever filed another wait meanwhile has moved the item, and is told of next.
  if (open) return;
  const next = nextReminderMs({ ...notice, ...Object.assign({}, ...told.values()) } as NoticeItem, groups, tasks);
  await ignoreLostRace(store.write([move(notice, claimedUntil, next === undefined ? undefined : formatInstant(next))]));
}

/** The waits of a request that go on. */
async function waitingTasks({ store, clock }: NotifierPorts, notice: NoticeItem): Promise<TaskItem[]> {
  const indexes = Object.keys(notice).flatMap((name) => (name.startsWith("wait#") ? [Number(name.slice(5))] : []));
  const tasks: TaskItem[] = [];
  for (const index of indexes.sort((a, b) => a - b)) {
    const task = (await store.get("control", controlKeys.task(notice.requestId, index))) as unknown as
      TaskItem | undefined;
    if (task?.queue === "approval" && clock.now() < instant(task.expiresAt)) tasks.push(task);
  }
  return tasks;
}

function dueFor(notice: NoticeItem, group: string, tasks: readonly TaskItem[], nowMs: number): Due | undefined {
  const asked = tasks.filter(({ groups }) => groups.includes(group));
  const known = notice[`told#${group}`] ?? [];
  const fresh = asked.filter(({ index }) => !known.includes(index));
  if (fresh.length > 0) return { group, tasks: asked, kind: "new" };
  return notice[`reminded#${group}`] !== true && nowMs >= reminderMs(asked)
    ? { group, tasks: asked, kind: "reminder" }
    : undefined;
}

/** What is kept of a message: what a group knows now. Whoever hears of a wait at its end needs no reminder of it. */
function marksOf({ group, tasks, kind }: Due, nowMs: number): Item {
  const isReminded = kind === "reminder" || nowMs >= reminderMs(tasks);
  return {
    [`told#${group}`]: tasks.map(({ index }) => index),
    ...(isReminded ? { [`reminded#${group}`]: true } : {}),
  };
}

function nextReminderMs(notice: NoticeItem, groups: readonly string[], tasks: readonly TaskItem[]): number | undefined {
  const times = groups
    .filter((group) => notice[`reminded#${group}`] !== true)
    .map((group) => reminderMs(tasks.filter((task) => task.groups.includes(group))));
  return times.length === 0 ? undefined : Math.min(...times);
}

/** When the first of some waits is reminded of. */
function reminderMs(tasks: readonly TaskItem[]): number {
  return Math.min(
    ...tasks.map(({ filedAt, expiresAt }) => {
      const endMs = instant(expiresAt);
      return endMs - Math.min(REMIND_MS, (endMs - instant(filedAt)) / 2);
    }),
  );
}

/**
 * The same for a chat or anything else that listens on the bus. Detail: `{ version, requestId, group, kind, changes, expiresAt, url }`; no value of a
 * record, no field, and not the worker's id. May come more than once.
 */
function waitingEvent(config: NotifierConfig, requestId: string, due: Due): Parameters<Bus["put"]>[0] {
  const { group, kind, tasks } = due;
  return {
    source: OUTCOME_SOURCE,
    detailType: WAITING_DETAIL_TYPE,
    detail: {
      version: PAYLOAD_VERSION,
      requestId,
      group,
      kind,
      changes: tasks.length,
      expiresAt: firstExpiry(tasks),
      url: pageOf(config, requestId),
    },
  };
}

function pageOf({ approvalsUrl }: NotifierConfig, requestId: string): string {
  return `${approvalsUrl}/#/requests/${requestId}`;
}

function firstExpiry(tasks: readonly TaskItem[]): string {
  return tasks.map((task) => task.expiresAt).sort()[0] ?? "";
}

function messageOf(config: NotifierConfig, requestId: string, { group, tasks, kind }: Due): Notice {
  const count = tasks.length === 1 ? "1 change waits" : `${String(tasks.length)} changes wait`;
  const what = kind === "new" ? count : `Still ${count}`;
  return {
    subject: `HR write-back: ${what} for your decision`,
    text: `${what} for a decision by ${group}, until ${firstExpiry(tasks)} at the earliest.

${pageOf(config, requestId)}

Sign in there to see what would change and to approve or deny it. This message decides nothing.
`,
    attributes: { kind, group, requestId },
  };
}

/** Moves a request in the queue, or out of it, unless someone else did meanwhile. */
function move({ requestId }: NoticeItem, from: string | undefined, to: string | undefined): WriteAction {
  return {
    kind: "update",
    table: "control",
    key: controlKeys.notice(requestId),
    ...(to === undefined ? { remove: ["queue", "dueAt"] } : { set: { dueAt: to } }),
    condition: { attribute: "dueAt", is: "=", value: from ?? "" },
  };
}

function failed(log: Log, requestId: string, group: string | undefined, error: unknown): void {
  log.error("notice-failed", { requestId, group, code: error instanceof Error ? error.name : "Error" });
}

function instant(text: string): number {
  return parseInstant(text) ?? 0;
}
