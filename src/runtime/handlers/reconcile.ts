import * as z from "zod";

import { isRequestId, PAYLOAD_VERSION } from "../../core";
import { configSchema as configOf, membersOf, type Environment } from "../config";
import { createPolicySource } from "../policy-source";
import { readPart } from "../reconciliation/read-part";
import type { FinishedItem, RunItem } from "../reconciliation/records";
import { beginRun, finishRun, requireRun } from "../reconciliation/run";
import { readSessions } from "../reconciliation/sessions";
import { pacer, type ReconcilerPorts, type World } from "../reconciliation/world";

export const configSchema = configOf("manifestHash", "hrisSystem", "reconciliation");
export type ReconcileConfig = z.infer<typeof configSchema>;

export function parseConfig(env: Environment): ReconcileConfig {
  return configSchema.parse(membersOf(env));
}

const runId = z.string().refine(isRequestId, "expected the id of a run");

/** What the state machine asks for. `input` is what the execution was started with: `{ "fields": "all" }` looks at every field. */
const inputSchema = z.discriminatedUnion("step", [
  z.object({
    version: z.int(),
    step: z.literal("begin"),
    execution: runId,
    input: z.object({ fields: z.enum(["all", "due"]).optional() }),
  }),
  z.object({ version: z.int(), step: z.literal("part"), runId, part: z.int().min(0).max(255) }),
  z.object({ version: z.int(), step: z.literal("sessions"), runId }),
  z.object({ version: z.int(), step: z.literal("finish"), runId }),
]);

/** What a step came to. Counts and names; no value of a record. */
export interface ReconcileOutput {
  readonly version: typeof PAYLOAD_VERSION;
  readonly runId: string;
  /** `more`: the same step again, after `waitSeconds`. */
  readonly status: "done" | "more";
  readonly waitSeconds: number;
  /** After `begin`: the parts to read, each by itself. */
  readonly parts?: readonly { readonly part: number }[];
  /** After `finish`. */
  readonly opened?: number;
  readonly closed?: number;
  readonly forHumans?: number;
}

/**
 * One step of a reconciliation: ledger against HRIS, source of truth and CloudTrail, by reads alone. `begin` begins a run, or joins the one that
 * was cut off; `part` goes on with one part of the ledger; `sessions` with CloudTrail's records; `finish` ends the run. Every step can be
 * repeated, and two at once do no harm.
 */
export function createHandler(
  ports: ReconcilerPorts,
  config: ReconcileConfig,
): (event: unknown) => Promise<ReconcileOutput> {
  const { store, clock, log } = ports;
  const source = createPolicySource(store, config.manifestHash);
  const settings = config.reconciliation;

  return async (event) => {
    const input = inputSchema.parse(event);
    const pinned = await source();
    if (input.step === "begin") {
      const scope = input.input.fields ?? "due";
      const run = await beginRun(ports, pinned, settings, { name: input.execution, scope });
      const parts = Array.from({ length: run.parts }, (_, part) => ({ part }));
      return { ...answer(run, "done", 0), parts };
    }
    const run = await requireRun(store, input.runId);
    const world: World = {
      ports: { store, systems: ports.systems, clock, log },
      policy: pinned.policy,
      hrisSystem: config.hrisSystem,
      run,
      pace: pacer(clock, settings.readsPerSecond / settings.concurrency),
    };
    switch (input.step) {
      case "part":
        return ofProgress(run, await readPart(world, ports, input.part));
      case "sessions":
        return ofProgress(run, await readSessions(world, ports));
      case "finish": {
        const { opened, closed, forHumans }: FinishedItem = await finishRun(world, settings);
        return { ...answer(run, "done", 0), opened, closed, forHumans };
      }
    }
  };
}

function ofProgress(
  run: RunItem,
  { status, waitSeconds }: { readonly status: "done" | "more" | "wait"; readonly waitSeconds: number },
): ReconcileOutput {
  return answer(run, status === "done" ? "done" : "more", waitSeconds);
}

function answer(run: RunItem, status: ReconcileOutput["status"], waitSeconds: number): ReconcileOutput {
  return { version: PAYLOAD_VERSION, runId: run.runId, status, waitSeconds };
}
