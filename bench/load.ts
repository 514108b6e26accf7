import { runLoad } from "../test/faults/load";

/**
 * A thousand workers with six changes each, 5 % of the writes by an HRIS that fails or lies and 5 % of the changes by a process that fails or
 * dies: every change is accounted for. Exits 2 where one is not. `npm run load [-- WORKERS [SEED]]`.
 */
async function main(): Promise<void> {
  const [workers = 1000, seed = 1] = process.argv.slice(2).map(Number);
  const startedMs = Date.now();
  const result = await runLoad({
    workers,
    faults: 0.05,
    seed,
    onWave: (done) => {
      process.stderr.write(`\r${String(done)} of ${String(workers * 6)} changes`);
    },
  });
  process.stderr.write("\n");
  const { outcomes, heapBytes, faults } = result;
  const megabytes = (bytes: number | undefined): string => `${((bytes ?? 0) / 2 ** 20).toFixed(1)} MB`;
  const named = ["applied", "denied", "notified", "conflict", "rejected", "not-applied"];
  const others = Object.entries(outcomes).filter(([outcome]) => !named.includes(outcome));
  const rows: readonly (readonly [string, string | number])[] = [
    ["changes", result.changes],
    ...named.map((outcome): [string, number] => [outcome, outcomes[outcome] ?? 0]),
    ...others,
    ["unknown", outcomes["unknown"] ?? 0],
    ["lost", result.lost],
    ["doubled", result.doubled],
    ["faults of the HRIS", faults.hris],
    ["faults of processes", faults.processes],
    ["heap after the first wave", megabytes(heapBytes[0])],
    ["heap after the last wave", megabytes(heapBytes.at(-1))],
    ["heap at most", megabytes(Math.max(...heapBytes))],
    ["seconds", ((Date.now() - startedMs) / 1000).toFixed(0)],
  ];
  for (const [name, value] of rows) console.log(`${name.padEnd(28)}${String(value).padStart(12)}`);
  if (result.lost + result.doubled + result.violations.length > 0) {
    console.error(result.violations.slice(0, 20).join("\n"));
    process.exitCode = 2;
  }
}

void main();
