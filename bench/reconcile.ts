import { spawnSync } from "node:child_process";

import { PlantedLedger } from "./planted-ledger";

/**
 * Measures a reconciliation over ledgers of 10,000 and 100,000 records with discrepancies of every class planted, cut off on its way and
 * resumed: time, memory and what it found. Each size runs in a process of its own. Exit code 1 where it needs 256 MB or more, where the
 * larger ledger needs much more memory than the smaller, or where it finds anything but what was planted.
 */
const SIZES = [10_000, 100_000] as const;
const MOST_MB = 256;
/** What the ten-fold ledger may need more: findings are kept, and there are ten times as many. */
const MOST_GROWTH_MB = 48;
/** Records of a change, on average. */
const RECORDS = 8.3;
const PLANTED_EVERY = 50;
const CUTS = 40;

interface Measured {
  readonly records: number;
  readonly seconds: number;
  readonly peakMb: number;
  readonly planted: number;
  readonly missed: number;
  readonly tooMany: number;
  readonly cut: number;
  readonly counted: number;
}

async function measure(size: number): Promise<Measured> {
  const ledger = new PlantedLedger(Math.ceil(size / RECORDS), PLANTED_EVERY);
  // Some calls to a change: the cuts are spread over the whole run.
  for (let cut = 1; cut <= CUTS; cut += 1) ledger.cuts.add(cut * Math.ceil(size / CUTS));
  const startedMs = performance.now();
  const { report, cut } = await ledger.reconcile();
  const seconds = (performance.now() - startedMs) / 1000;
  const peakMb = process.resourceUsage().maxRSS / 1024;
  const [expected, found] = [ledger.expected(), ledger.found(report)];
  return {
    records: ledger.records(),
    seconds,
    peakMb,
    planted: expected.length,
    missed: expected.filter((each) => !found.includes(each)).length,
    tooMany: found.filter((each, index) => !expected.includes(each) || found.indexOf(each) !== index).length,
    cut,
    counted: report.records,
  };
}

function inItsOwnProcess(size: number): Measured {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, __filename, String(size)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Measured;
}

function main(): void {
  const measured = SIZES.map((size) => inItsOwnProcess(size));
  for (const { records, seconds, peakMb, planted, missed, tooMany, cut } of measured) {
    process.stdout.write(
      `reconcile ${records} records: ${seconds.toFixed(1)} s, ${peakMb.toFixed(0)} MB at most (of the whole process), ` +
        `cut off ${cut} times, ${planted} planted, ${missed} missed, ${tooMany} too many\n`,
    );
  }
  const [small, large] = measured;
  const isFlat = (large?.peakMb ?? 0) - (small?.peakMb ?? 0) < MOST_GROWTH_MB;
  const isRight = measured.every(({ peakMb, missed, tooMany }) => peakMb < MOST_MB && missed + tooMany === 0);
  if (!isFlat || !isRight) process.exitCode = 1;
}

const [, , size] = process.argv;
if (size === undefined) main();
else void measure(Number(size)).then((measured) => process.stdout.write(JSON.stringify(measured)));
