import type { HandlerName } from "../../core";
import type { Log } from "../ports";

/** Longest text of a member: ids, names and codes are short, and nothing else belongs here. */
const MAX_TEXT = 200;

type Members = Parameters<Log["info"]>[1];

/**
 * One JSON line per event: `{ level, handler, event, ...members }`. Members of other types than the port allows are dropped, should
 * a value get past the compiler; texts are cut.
 */
export function createLog(
  handler: HandlerName,
  write: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
): Log {
  const log =
    (level: string) =>
    (event: string, members: Members = {}): void => {
      const kept = Object.entries(members as Record<string, unknown>).flatMap(([name, value]) => {
        if (typeof value === "string") return [[name, value.slice(0, MAX_TEXT)]];
        if (typeof value === "boolean" || Number.isFinite(value)) return [[name, value]];
        return [];
      });
      write(JSON.stringify({ ...Object.fromEntries(kept), level, handler, event }));
    };
  return { info: log("INFO"), warn: log("WARN"), error: log("ERROR") };
}
