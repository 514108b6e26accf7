import type { Io } from "../../src/cli/io";
import type { OperatorWorld } from "../../src/cli/operator";
import type { LocalCloud } from "../../src/local/cloud";
import type { OperatorPorts } from "../../src/runtime/aws/operator";

/** What a run of a command came to. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command of an operator's over ports, as the program does: errors are told, not thrown. */
export async function runOperator(
  command: (args: readonly string[], io: Io, world: OperatorWorld) => Promise<number>,
  args: readonly string[],
  ports: OperatorPorts,
): Promise<Ran> {
  let out = "";
  let err = "";
  let serial = 0;
  const io: Io = {
    out: (text) => (out += text),
    err: (text) => (err += text),
    readFile: () => "",
    readStdin: () => Promise.resolve(""),
    now: () => ports.clock.now(),
  };
  const world: OperatorWorld = {
    deployed: () => Promise.resolve(ports),
    newUlid: () => `01JC${String((serial += 1)).padStart(22, "0")}`,
  };
  try {
    return { code: await command(args, io, world), out, err };
  } catch (error) {
    return { code: 1, out, err: `${err}${(error as Error).message}` };
  }
}

/** A stack of this process as an operator reaches it. */
export function operatorOf(cloud: LocalCloud): OperatorPorts {
  return {
    store: cloud.store,
    layers: () => Promise.resolve(cloud.killSwitchLayers()),
    machine: {
      start: async (name, input) => {
        const started = await cloud.killSwitch.start(name, input);
        await cloud.quiet();
        return started;
      },
      look: (name) => {
        const execution = cloud.killSwitch.execution(name);
        const startedAtMs = execution?.history()[0]?.at ?? 0;
        return Promise.resolve(execution === undefined ? undefined : { status: execution.status(), startedAtMs });
      },
    },
    caller: () => Promise.resolve(`arn:aws:sts::${cloud.stack.accountId}:assumed-role/operators/ada`),
    approvalsUrl: () => Promise.resolve("https://approvals.example.com"),
    clock: cloud.clock,
  };
}
