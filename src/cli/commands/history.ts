import { isRequestId, plain, UsageError } from "../../core";
import { readHistory, type RequestHistory } from "../../runtime/history";
import type { Keys, StoreReads } from "../../runtime/ports";
import { verifyHistory, type Verification } from "../../runtime/verify-history";
import { oneWord, readArguments, readFormat } from "../arguments";
import { renderHistoryMarkdown, renderHistoryText } from "../history-output";
import { EXIT, type Command, type Io } from "../io";
import { renderJson } from "../render";

/** What the command asks of the world: the ledger, and for `--verify` the digest key. */
export interface HistoryPorts {
  readonly ledger: (table: string) => Promise<StoreReads>;
  readonly keys: (digestKeyArn: string) => Promise<Pick<Keys, "verifyMac">>;
}

/** DynamoDB and KMS, by whatever credentials and region the environment gives. Loaded when asked for only. */
const AWS: HistoryPorts = {
  ledger: async (table) => (await import("../../runtime/aws/store.js")).createStore({ ledger: table }),
  keys: async (digestKeyArn) => (await import("../../runtime/aws/keys.js")).createKeys({ digestKeyArn }),
};

/** `history REQUEST_ID`: who approved what, when, by which digests, under which policy, from the ledger alone. */
export const history: Command = {
  name: "history",
  summary: "tell from the ledger who approved what of a request, and what came of it",
  help: `Usage: hris-writeback history REQUEST_ID --ledger TABLE [--verify --digest-key ARN] [--format text|markdown|json]

Reads the ledger of a deployed stack and tells of one request: each change with its verdict and policy, the exact changes by their digests, who
decided on them and when, what was refused, which grants were opened and used, and how it ended. It shows digests, names and times; no value of a
record and no worker's id. AWS credentials and region come from the environment, as for every AWS tool; a role that may read the ledger suffices.

  --ledger TABLE    name of the ledger table: the output \`ledger-table\` of the stack
  --verify          recompute what the ledger says: every digest by the digest key, and that nothing was written without its approval
  --digest-key ARN  the digest key: the output \`digest-key-arn\`. Its policy lets the gateway check digests, and the stack's \`auditorArns\`
  --format FORMAT   text (default), markdown, or json: { "history": { … }, "verified": [ { "code", "about", "holds" } ] }

Exit code 0: told, and with --verify everything holds. 1: the ledger cannot be read, or does not know the request. 3: something does not hold.
`,
  run: (args, io) => runHistory(args, io, AWS),
};

/** The command over ports of a test's, or the real ones. */
export async function runHistory(args: readonly string[], io: Io, ports: HistoryPorts): Promise<number> {
  const { words, values, flags } = readArguments(args, {
    ledger: "value",
    "digest-key": "value",
    verify: "flag",
    format: "value",
  });
  if (flags.has("help")) {
    io.out(history.help);
    return EXIT.ok;
  }
  const requestId = oneWord(words, "REQUEST_ID, the request's id,");
  if (!isRequestId(requestId)) throw new UsageError(`\`${plain(requestId)}\` is no request id`);
  const format = readFormat(values["format"]);
  const table = values["ledger"];
  if (table === undefined) throw new UsageError("the option `--ledger`, the name of the ledger table, is missing");
  const keyArn = values["digest-key"];
  const isVerifying = flags.has("verify");
  if (isVerifying && keyArn === undefined) {
    throw new UsageError("`--verify` needs `--digest-key`, the digest key's ARN");
  }
  const ledger = await ports.ledger(table);
  const found = await readHistory(ledger, requestId);
  if (found === undefined) throw new UsageError(`the ledger \`${plain(table)}\` knows no request \`${requestId}\``);
  const verified =
    isVerifying && keyArn !== undefined ? await verifyHistory(ledger, await ports.keys(keyArn), requestId) : undefined;
  io.out(RENDER[format](found, verified));
  return verified?.every(({ holds }) => holds) === false ? EXIT.human : EXIT.ok;
}

const RENDER = {
  text: renderHistoryText,
  markdown: renderHistoryMarkdown,
  json: (history: RequestHistory, verified?: readonly Verification[]) =>
    renderJson({ history, ...(verified === undefined ? {} : { verified }) }),
} as const;
