import { ulid } from "ulid";

import { compileNames, type Names } from "../compile";
import { parseDuration, plain, UsageError } from "../core";
import type { OperatorPorts } from "../runtime/aws/operator";
import { AccessDenied } from "../runtime/errors";
import { wordsOf } from "../runtime/kill-switch/standing";

/** What the operator's commands ask of the world. */
export interface OperatorWorld {
  /** A deployed stack, by its names. */
  readonly deployed: (names: Names) => Promise<OperatorPorts>;
  /** A new id for a stop. */
  readonly newUlid: (nowMs: number) => string;
}

/** AWS, by whatever credentials the environment gives. Loaded when asked for only. */
export const AWS: OperatorWorld = {
  deployed: async (names) =>
    (await import("../runtime/aws/operator.js")).createOperator({
      region: names.region,
      ledgerTable: names.ledgerTable.name,
      controlTable: names.controlTable.name,
      killSwitchArn: names.killSwitch.arn,
      killSwitchFunction: names.function("kill-switch").name,
      notifierFunction: names.function("notifier").name,
    }),
  newUlid: (nowMs) => ulid(nowMs),
};

/** How every command names its stack. */
export const STACK_OPTION = `  --kill-switch ARN  the stack's kill switch: its output \`kill-switch-arn\`. Account, Region and every other name follow from it`;

const MACHINE =
  /^arn:aws[a-z-]*:states:([a-z0-9-]+):(\d{12}):stateMachine:([a-z][a-z0-9-]{1,24})-(kill-switch|reconciliation)$/;

/** The names of the stack whose kill switch an option names. Throws `UsageError`. */
export function namesOfStack(arn: string | undefined): Names {
  return namesOfMachine(arn, "kill-switch");
}

/** The names of the stack whose state machine the option of that machine's name names. Throws `UsageError`. */
export function namesOfMachine(arn: string | undefined, machine: "kill-switch" | "reconciliation"): Names {
  if (arn === undefined) {
    throw new UsageError(`the option \`--${machine}\`, the stack's output \`${machine}-arn\`, is missing`);
  }
  const [, region = "", accountId = "", prefix = "", found] = MACHINE.exec(arn) ?? [];
  const names = compileNames({ prefix, accountId, region });
  const { arn: own } = machine === "kill-switch" ? names.killSwitch : names.reconciliation;
  if (found !== machine || own !== arn) {
    throw new UsageError(
      `\`${plain(arn)}\` is no ${machine.replace("-", " ")}; expected \`arn:aws:states:REGION:ACCOUNT:stateMachine:PREFIX-${machine}\`, as the output \`${machine}-arn\` has it`,
    );
  }
  return names;
}

/** `--wait` in milliseconds. */
export function readWait(text: string | undefined, otherwise: string): number {
  const ms = parseDuration(text ?? otherwise);
  if (ms === undefined)
    throw new UsageError(`\`--wait ${plain(text ?? "")}\` is no duration; expected \`PT5M\` or \`PT2H\``);
  return ms;
}

/** What failed of a call to AWS, as a person can act upon it. */
export function failureOf(error: unknown, names: Names, what: string): UsageError {
  const name = error instanceof Error ? error.name : "";
  const words = plain(wordsOf(error));
  const told = ((): string => {
    if (error instanceof AccessDenied) return `these credentials may not ${what}: ${words}`;
    if (/^(StateMachineDoesNotExist|ResourceNotFoundException)$/.test(name)) {
      return `there is no stack \`${names.prefix}\` in ${names.region} of account ${names.accountId}: ${words}`;
    }
    if (/Credentials|Token/.test(name)) return `there are no AWS credentials to ${what} with: ${words}`;
    return `could not ${what}: ${words}`;
  })();
  return new UsageError(told, { cause: error });
}
