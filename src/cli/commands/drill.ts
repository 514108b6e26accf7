import { isRequestId, plain, UsageError } from "../../core";
import { readAgreements } from "../../runtime/agreements";
import type { OperatorPorts } from "../../runtime/aws/operator";
import { ServiceUnavailable } from "../../runtime/errors";
import { readStop } from "../../runtime/kill-switch/records";
import { ledgerKeys, type DrillItem } from "../../runtime/ledger";
import { readArguments, readFormat } from "../arguments";
import { RENDER_DRILL } from "../drill-output";
import { EXIT, type Command, type Io } from "../io";
import { AWS, failureOf, namesOfStack, readWait, STACK_OPTION, type OperatorWorld } from "../operator";
import { agreedOf } from "../status-output";
import { systemPage } from "./resume";
import { refuseSecondStop, stopAndWatch } from "./stop";

/** Milliseconds between two looks while people are waited for. */
const LOOK_EVERY_MS = 5_000;

/** `drill`: stops a live stack, shows that nothing is written, waits for two operators, and shows the record that was filed. */
export const drill: Command = {
  name: "drill",
  summary: "stop a live system as a drill, wait for two operators, and show the record that is filed",
  help: `Usage: hris-writeback drill --kill-switch ARN [--reason TEXT] [--of STOP_ID] [--wait DURATION] [--format text|markdown|json]

Stops a deployed stack as \`stop\` does, but leaves running executions alone: nothing is written meanwhile, waits for approval go on, and events wait in
their queue. Then it waits for two operators, who let the system run again on the page System of the approvals page, and shows the record that the ledger
keeps of the drill: how every layer held, and that no grant was used while the system was stopped.

${STACK_OPTION}
  --reason TEXT      why, for whoever comes after
  --of STOP_ID       go on watching a drill that was begun, or show the record of one that is over
  --wait DURATION    how long to wait for the operators, as in PT1H (default)
  --format FORMAT    text (default), markdown, or json: { "drill": { … } }

Exit code 0: the drill passed. 1: it was not started. 3: it did not pass, or the operators have not agreed in that time: the system is STOPPED then.
`,
  run: (args, io) => runDrill(args, io, AWS),
};

/** The command over a world of a test's, or the real one. */
export async function runDrill(args: readonly string[], io: Io, world: OperatorWorld): Promise<number> {
  const { words, values, flags } = readArguments(args, {
    "kill-switch": "value",
    reason: "value",
    of: "value",
    wait: "value",
    format: "value",
  });
  if (flags.has("help")) {
    io.out(drill.help);
    return EXIT.ok;
  }
  if (words[0] !== undefined) throw new UsageError(`unexpected argument \`${plain(words[0])}\``);
  const format = readFormat(values["format"]);
  const waitMs = readWait(values["wait"], "PT1H");
  const names = namesOfStack(values["kill-switch"]);
  const ports = await world.deployed(names);
  const until = ports.clock.now() + waitMs;
  let stopId = values["of"];
  try {
    if (stopId === undefined) {
      await refuseSecondStop(ports, names, false, io);
      const begun = { kind: "drill", reason: values["reason"], waitMs: Math.min(waitMs, 300_000) } as const;
      const report = await stopAndWatch({ ports, names, world, io }, begun);
      ({ stopId } = report);
      io.err(
        report.holds ? "Every layer holds.\n" : "NOT EVERY LAYER IS KNOWN TO HOLD: see `hris-writeback status`.\n",
      );
    } else if (!isRequestId(stopId) || (await readStop(ports.store, stopId))?.kind !== "drill") {
      throw new UsageError(`the ledger knows no drill \`${plain(stopId)}\``);
    }
    const filed = await waitForRecord(ports, stopId, until, io);
    if (filed === undefined) {
      const { people, needed } = await readAgreements(ports.store, stopId);
      io.out(RENDER_DRILL[format].waiting({ stopId, people, needed, url: await systemPage(ports) }));
      return EXIT.human;
    }
    io.out(RENDER_DRILL[format].filed(filed));
    return filed.passed ? EXIT.ok : EXIT.human;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const about = stopId === undefined ? "" : `, \`${stopId}\`, which was begun: the system is stopped`;
    throw failureOf(error, names, `watch the drill${about}`);
  }
}

/** The record of a drill, as soon as it is filed; nothing where the time is over before. */
async function waitForRecord(
  ports: OperatorPorts,
  stopId: string,
  until: number,
  io: Io,
): Promise<DrillItem | undefined> {
  let told = -1;
  for (;;) {
    try {
      const filed = await ports.store.get("ledger", ledgerKeys.drill(stopId));
      if (filed !== undefined) return filed as unknown as DrillItem;
      const agreements = await readAgreements(ports.store, stopId);
      if (agreements.people > told) {
        if (told < 0) io.err(`Waiting for two operators, at ${(await systemPage(ports)) ?? "the page System"}\n`);
        told = agreements.people;
        io.err(`  ${plain(agreedOf(agreements))}\n`);
      }
    } catch (error) {
      // A service that does not answer now does not end the watch.
      if (!(error instanceof ServiceUnavailable)) throw error;
    }
    if (ports.clock.now() >= until) return undefined;
    await ports.clock.sleep(LOOK_EVERY_MS);
  }
}
