import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/**
 * The program of a Chromium: the file that `WRITEBACK_CHROMIUM` names, or the first on the PATH; `undefined` after one line on the console where there
 * is none. Throws instead where `WRITEBACK_REQUIRE_BROWSER=1` promised one.
 */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = env["WRITEBACK_CHROMIUM"];
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates =
    named === undefined || named === ""
      ? folders.flatMap((folder) => NAMES.map((name) => join(folder, name)))
      : [named];
  const found = candidates.find(isProgram);
  if (found !== undefined) return found;
  const missing =
    named === undefined || named === ""
      ? "no Chromium on the PATH; install Debian's `chromium` or name one in WRITEBACK_CHROMIUM"
      : `no program at WRITEBACK_CHROMIUM (${named})`;
  if (env["WRITEBACK_REQUIRE_BROWSER"] === "1") throw new Error(`WRITEBACK_REQUIRE_BROWSER=1, but there is ${missing}`);
  process.stderr.write(`SKIP tests in a browser: there is ${missing}\n`);
  return undefined;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
