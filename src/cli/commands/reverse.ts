import { ulid } from "ulid";
import * as z from "zod";

import { compileNames, type Names } from "../../compile";
import { FIELD_NAME, isRequestId, PAYLOAD_VERSION, plain, reversalIdOf, UsageError } from "../../core";
import type { ReversalWorld } from "../../runtime/aws/reversal";
import { AccessDenied, ServiceUnavailable } from "../../runtime/errors";
import { controlKeys, ledgerKeys, type OutcomeItem, type TaskItem } from "../../runtime/ledger";
import type { reversalInputSchema } from "../../runtime/payloads";
import { readArguments, readFormat } from "../arguments";
import { EXIT, type Command, type Io } from "../io";
import { failureOf, readWait } from "../operator";
import { RENDER_REVERSAL, type ReversalReport } from "../reversal-output";

/** What the command asks of the world. */
export interface ReverseWorld {
  readonly deployed: (names: Names) => Promise<ReversalWorld>;
  readonly newUlid: (nowMs: number) => string;
}

/** AWS, by whatever credentials the environment gives. Loaded when asked for only. */
const AWS: ReverseWorld = {
  deployed: async (names) =>
    (await import("../../runtime/aws/reversal.js")).createReversalWorld({
      region: names.region,
      ledgerTable: names.ledgerTable.name,
      controlTable: names.controlTable.name,
      reversalFunction: names.function("reversal").name,
      notifierFunction: names.function("notifier").name,
    }),
  newUlid: (nowMs) => ulid(nowMs),
};

/** `reverse REQUEST_ID FIELD`: begins to take back what a change wrote. */
export const reverse: Command = {
  name: "reverse",
  summary: "take back what a change wrote, by a governed change that the field's owner approves",
  help: `Usage: hris-writeback reverse REQUEST_ID FIELD --reversal ARN [--reason TEXT] [--wait DURATION] [--format text|markdown|json]

Begins to take back what a change of a request wrote. It becomes a request of its own: the HRIS must still hold what was written, and gets back what it held
before, both by the ledger; nobody names a value here, and none is shown. Whatever the field's class, two of its owner's group have to approve the exact
change on the approvals page first. Where somebody changed the field in the HR system since, HR wins and nothing is written.
AWS credentials come from the environment: \`lambda:InvokeFunction\` on the function suffices to begin, reads of ledger and control table to watch.

  --reversal ARN     the stack's function that takes writes back: its output \`reversal-function-arn\`
  --reason TEXT      why, for who approves
  --wait DURATION    how long to watch, as in PT30S (default): until it waits for its approval or, beyond that, until it ends
  --format FORMAT    text (default), markdown, or json: { "reversal": { "state", "reversalId", … } }

Exit code 0: it waits for its approval, or the write is taken back. 1: could not run. 3: it is refused, with the reason, or came to nothing.
What becomes of it later: \`hris-writeback history REVERSAL_ID\`; the history of the first request names it too.
`,
  run: (args, io) => runReverse(args, io, AWS),
};

const FUNCTION = /^arn:aws[a-z-]*:lambda:([a-z0-9-]+):(\d{12}):function:([a-z][a-z0-9-]{1,24})-reversal$/;

function namesOf(arn: string | undefined): Names {
  if (arn === undefined)
    throw new UsageError("the option `--reversal`, the output `reversal-function-arn`, is missing");
  const [, region = "", accountId = "", prefix = ""] = FUNCTION.exec(arn) ?? [];
  const names = compileNames({ prefix, accountId, region });
  if (prefix === "" || names.function("reversal").arn !== arn) {
    throw new UsageError(
      `\`${plain(arn)}\` is not the function; expected \`arn:aws:lambda:REGION:ACCOUNT:function:PREFIX-reversal\`, as the output \`reversal-function-arn\` has it`,
    );
  }
  return names;
}

const replySchema = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("started"),
    reversalId: z.string(),
    approval: z.object({ groups: z.array(z.object({ group: z.string(), count: z.number() })), expires: z.string() }),
  }),
  z.object({ status: z.literal("refused"), code: z.string(), detail: z.string().optional() }),
]);

/** The command over a world of a test's, or the real one. */
export async function runReverse(args: readonly string[], io: Io, world: ReverseWorld): Promise<number> {
  const { words, values, flags } = readArguments(args, {
    reversal: "value",
    reason: "value",
    wait: "value",
    format: "value",
  });
  if (flags.has("help")) {
    io.out(reverse.help);
    return EXIT.ok;
  }
  const [requestId, field, extra] = words;
  if (requestId === undefined || field === undefined) {
    throw new UsageError("REQUEST_ID and FIELD, the change that is taken back, are missing");
  }
  if (extra !== undefined) throw new UsageError(`unexpected argument \`${plain(extra)}\``);
  if (!isRequestId(requestId)) throw new UsageError(`\`${plain(requestId)}\` is no request id`);
  if (!FIELD_NAME.test(field)) throw new UsageError(`\`${plain(field)}\` is no name of a field`);
  const format = readFormat(values["format"]);
  const waitMs = readWait(values["wait"], "PT30S");
  const names = namesOf(values["reversal"]);
  const ports = await world.deployed(names);
  const report = await begin(ports, names, {
    version: PAYLOAD_VERSION,
    reversalId: reversalIdOf(world.newUlid(ports.clock.now())),
    requestId,
    field,
    askedBy: await ports.caller().catch(() => "somebody at the command line"),
    ...(values["reason"] === undefined ? {} : { reason: values["reason"] }),
  });
  const told = report.state === "begun" ? await follow(ports, report, waitMs, io) : report;
  io.out(RENDER_REVERSAL[format](told));
  return told.state === "refused" || (told.state === "ended" && told.outcome !== "applied") ? EXIT.human : EXIT.ok;
}

/** How often the same question is asked where it was not answered. It stays one reversal. */
const TRIES = 3;
const TRY_AGAIN_MS = 2_000;

async function begin(
  ports: ReversalWorld,
  names: Names,
  payload: z.input<typeof reversalInputSchema>,
): Promise<ReversalReport> {
  const { requestId, field } = payload;
  for (let tries = 1; ; tries += 1) {
    try {
      const reply = replySchema.parse(await ports.ask(payload));
      if (reply.status === "refused") {
        return { state: "refused", requestId, field, code: reply.code, detail: reply.detail };
      }
      const { reversalId, approval } = reply;
      return { state: "begun", requestId, field, reversalId, approval, url: await pageOf(ports, reversalId) };
    } catch (error) {
      const name = error instanceof Error ? error.name : "";
      const maySucceed = error instanceof ServiceUnavailable || name === "FunctionFailed" || name === "TimeoutError";
      if (tries < TRIES && maySucceed) {
        await ports.clock.sleep(TRY_AGAIN_MS);
        continue;
      }
      const log = name === "FunctionFailed" ? `; its log is ${names.function("reversal").logGroupName}` : "";
      throw new UsageError(`${failureOf(error, names, "begin to take the write back").message}${log}`, {
        cause: error,
      });
    }
  }
}

/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 1_000;

/** Looks what becomes of a reversal until it waits for people, or for the time that was asked; whichever is later known. */
async function follow(ports: ReversalWorld, begun: ReversalReport, waitMs: number, io: Io): Promise<ReversalReport> {
  if (begun.state !== "begun") return begun;
  const place = { requestId: begun.reversalId, index: 0 };
  const until = ports.clock.now() + waitMs;
  const isPatient = waitMs > 30_000;
  let report: ReversalReport = begun;
  let isTold = false;
  for (;;) {
    try {
      const ended = (await ports.store.get("ledger", ledgerKeys.changeOutcome(place.requestId, 0))) as unknown as
        OutcomeItem | undefined;
      if (ended !== undefined) return { ...begun, state: "ended", outcome: ended.outcome, reason: ended.reason };
      const task = (await ports.store.get("control", controlKeys.task(place.requestId, 0))) as unknown as
        TaskItem | undefined;
      if (task?.queue === "approval") {
        report = { ...begun, expiresAt: task.expiresAt };
        if (!isPatient) return report;
        if (!isTold) io.err(`Waiting for the approval${begun.url === undefined ? "" : `, at ${begun.url}`}\n`);
        isTold = true;
      }
    } catch (error) {
      // It was begun: who may not watch is told so much.
      if (error instanceof AccessDenied) return report;
      if (!(error instanceof ServiceUnavailable)) throw error;
    }
    if (ports.clock.now() >= until) return report;
    await ports.clock.sleep(LOOK_EVERY_MS);
  }
}

async function pageOf(ports: ReversalWorld, reversalId: string): Promise<string | undefined> {
  const url = await ports.approvalsUrl().catch(() => undefined);
  return url === undefined ? undefined : `${url}/#/requests/${reversalId}`;
}
