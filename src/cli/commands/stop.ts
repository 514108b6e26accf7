import { PAYLOAD_VERSION, plain, UsageError } from "../../core";
import type { Names } from "../../compile";
import type { OperatorPorts } from "../../runtime/aws/operator";
import { readSwitch } from "../../runtime/system-state";
import { readArguments, readFormat } from "../arguments";
import { followStop, type StopProgress } from "../follow-stop";
import { EXIT, type Command, type Io } from "../io";
import { failureOf, namesOfStack, AWS, readWait, STACK_OPTION, type OperatorWorld } from "../operator";
import { progressLine, RENDER_STOP, type StopReport } from "../stop-output";

/** `stop`: starts the kill switch and shows how each layer is taken. */
export const stop: Command = {
  name: "stop",
  summary: "stop a deployed system, and see every layer of the stop hold",
  help: `Usage: hris-writeback stop --kill-switch ARN [--reason TEXT] [--again] [--wait DURATION] [--format text|markdown|json]

Starts the kill switch of a deployed stack and shows how each layer is taken, and how long it took: the switch (no write begins any more), no
concurrency for broker and gateway, a policy of denials on the connector role, intake closed, executions ended. HR's records are left as they
are; what is in flight ends in a true outcome. Two operators let it run again: \`hris-writeback resume\` says how.
AWS credentials come from the environment; \`states:StartExecution\` on the kill switch suffices to stop, reads of ledger and control table to watch.

${STACK_OPTION}
  --reason TEXT      why, for whoever comes after
  --again            stop a system that is stopped once more, under a new id: what operators agreed about the first stop does not end it
  --wait DURATION    how long to watch, as in PT5M (default): the machine itself goes on trying for an hour
  --format FORMAT    text (default), markdown, or json: { "stop": { "stopId", "holds", "layers": [ … ] } }

Exit code 0: every layer holds. 1: it was not started: no such stack, no permission, or stopped already. 3: it was started, and a layer does not
hold, or it cannot be seen: \`hris-writeback status\`.
`,
  run: (args, io) => runStop(args, io, AWS),
};

/** The command over a world of a test's, or the real one. */
export async function runStop(args: readonly string[], io: Io, world: OperatorWorld): Promise<number> {
  const { words, values, flags } = readArguments(args, {
    "kill-switch": "value",
    reason: "value",
    again: "flag",
    wait: "value",
    format: "value",
  });
  if (flags.has("help")) {
    io.out(stop.help);
    return EXIT.ok;
  }
  if (words[0] !== undefined) throw new UsageError(`unexpected argument \`${plain(words[0])}\``);
  const format = readFormat(values["format"]);
  const waitMs = readWait(values["wait"], "PT5M");
  const names = namesOfStack(values["kill-switch"]);
  const ports = await world.deployed(names);
  await refuseSecondStop(ports, names, flags.has("again"), io);
  const report = await stopAndWatch({ ports, names, world, io }, { kind: "stop", reason: values["reason"], waitMs });
  io.out(RENDER_STOP[format](report));
  return report.holds ? EXIT.ok : EXIT.human;
}

/** A stopped system is not stopped twice by mistake. That it cannot be seen whether it is, keeps nobody from stopping it. */
export async function refuseSecondStop(ports: OperatorPorts, names: Names, again: boolean, io: Io): Promise<void> {
  if (again) return;
  const now = await readSwitch(ports.store).catch((error: unknown) => {
    io.err(`hris-writeback: ${failureOf(error, names, "see whether the system is stopped already").message}\n`);
    return undefined;
  });
  // An item that is not there means stopped too, but a stop with an id is what people can end.
  if (now?.state !== "stopped" || now.stopId === undefined) return;
  const by = `${now.stoppedBy ?? "somebody"} at ${now.stoppedAt ?? "some time"}: ${now.reason ?? "no reason"}`;
  throw new UsageError(
    plain(
      `the system is stopped already, as \`${now.stopId}\`, by ${by}; \`hris-writeback status\` shows every layer, \`--again\` stops it once more`,
    ),
  );
}

/** Starts the kill switch and watches it. Throws `UsageError` where it was not started. */
export async function stopAndWatch(
  { ports, names, world, io }: { ports: OperatorPorts; names: Names; world: OperatorWorld; io: Io },
  { kind, reason, waitMs }: { kind: "stop" | "drill"; reason: string | undefined; waitMs: number },
): Promise<StopReport> {
  const stopId = `${kind}-${world.newUlid(ports.clock.now())}`;
  const stoppedBy = await callerOf(ports);
  const input = {
    version: PAYLOAD_VERSION,
    action: kind,
    stopId,
    ...(stoppedBy === undefined ? {} : { stoppedBy }),
    ...(reason === undefined ? {} : { reason }),
  };
  try {
    await ports.machine.start(stopId, input);
  } catch (error) {
    throw failureOf(error, names, "start the kill switch");
  }
  io.err(`Started ${kind} ${stopId}.\n`);
  const progress = await watch(ports, names, io, { stopId, execution: stopId, isDrill: kind === "drill", waitMs });
  return { stopId, kind, stoppedBy, ...progress };
}

async function watch(
  ports: OperatorPorts,
  names: Names,
  io: Io,
  what: Parameters<typeof followStop>[1],
): Promise<StopProgress> {
  try {
    return await followStop(ports, what, (layer) => {
      io.err(progressLine(layer));
    });
  } catch (error) {
    // It was started: whoever cannot watch must not think that it was not.
    return {
      layers: [],
      holds: false,
      execution: "unknown",
      unread: failureOf(error, names, "watch the stop").message,
    };
  }
}

/** Who stops, by the word of the credentials. Nobody needs a permission to ask it; it keeps nothing from being stopped. */
async function callerOf(ports: OperatorPorts): Promise<string | undefined> {
  try {
    return await ports.caller();
  } catch {
    return undefined;
  }
}
