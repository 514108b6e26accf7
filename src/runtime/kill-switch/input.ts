import * as z from "zod";

import { isRequestId, PAYLOAD_VERSION } from "../../core";
import { LAYERS } from "./layers";

/** What somebody asked of the kill switch, in full. The members of the machine's state from its first step on. */
export const askedSchema = z.object({
  action: z.enum(["stop", "undo"]),
  stopId: z.string().refine(isRequestId, "expected 1 to 64 letters, digits, `_` and `-`"),
  kind: z.enum(["stop", "drill"]),
  /** Whether running executions are ended too. */
  executions: z.enum(["stop", "leave"]),
  stoppedBy: z.string().min(1),
  reason: z.string().min(1),
});
export type Asked = z.infer<typeof askedSchema>;

const version = z.literal(PAYLOAD_VERSION);

export const stepSchema = z.discriminatedUnion("step", [
  /** What started the machine, whatever it is, and the execution's name. */
  z.object({ version, step: z.literal("begin"), execution: z.string().min(1), input: z.unknown() }),
  ...(["switch", ...LAYERS, "verify", "resumed", "file"] as const).map((step) =>
    askedSchema.extend({ version, step: z.literal(step) }),
  ),
]);

const LONGEST = { stoppedBy: 256, reason: 1024 } as const;

/**
 * Reads what started the machine. Whoever starts it in a hurry, from a console with `{}`, stops the system: whatever does not ask for an
 * undo of a named stop is a stop. Without a fit `stopId` the execution's name makes one, so that a repetition makes the same.
 */
export function askedOf(input: unknown, execution: string): Asked {
  const given = typeof input === "object" && input !== null ? (input as Readonly<Record<string, unknown>>) : {};
  const text = (name: "stoppedBy" | "reason", otherwise: string): string => {
    const value = given[name];
    return typeof value === "string" && value.trim() !== "" ? value.slice(0, LONGEST[name]) : otherwise;
  };
  const named = typeof given["stopId"] === "string" && isRequestId(given["stopId"]) ? given["stopId"] : undefined;
  const kind = given["action"] === "drill" ? "drill" : "stop";
  const executions = given["executions"];
  return {
    action: given["action"] === "undo" && named !== undefined ? "undo" : "stop",
    stopId: named ?? idOf(execution),
    kind,
    // A drill that ended every wait for people would be held once.
    executions: executions === "leave" || (executions !== "stop" && kind === "drill") ? "leave" : "stop",
    stoppedBy: text("stoppedBy", "somebody who started the state machine and gave no name"),
    reason: text("reason", "no reason was given"),
  };
}

function idOf(execution: string): string {
  return `s${execution.replace(/[^A-Za-z0-9_-]/g, "-")}`.slice(0, 64);
}
