#!/usr/bin/env node
import { EXIT } from "./io";
import { nodeIo } from "./node-io";
import { run } from "./run";

let code: number = EXIT.ok;
let outputFailed = false;

/** What a command found out stays true when nobody reads it: the exit code is the command's, unless a disk refused it. */
function settle(): void {
  process.exitCode = code === EXIT.ok && outputFailed ? EXIT.unable : code;
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    // A reader that closes early, as `head` does, is no failure of ours; nor is writing on after it has.
    outputFailed ||= error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED";
    settle();
  });
}

void run(process.argv.slice(2), nodeIo).then((result) => {
  code = result;
  settle();
});
