import { PlantedLedger } from "../../../bench/planted-ledger";
import { FINDING_CLASSES } from "../../../src/runtime/reconciliation/classes";

/** `npm run bench` does the same over 100,000 records, and measures its memory. */
describe("a ledger with discrepancies planted", () => {
  test("every one of every class is found, and nothing else", async () => {
    const ledger = new PlantedLedger(400, 8);
    const { report } = await ledger.reconcile();
    const expected = ledger.expected();
    expect(expected).toHaveLength(50);
    expect(ledger.found(report)).toEqual(expected);
    // The rest of the classes is the calendar's, and the run's own.
    const classes = new Set(report.open.map(({ class: each }) => each));
    expect(Object.keys(FINDING_CLASSES).filter((each) => !(classes as Set<string>).has(each))).toEqual([
      "NotReconciledInTime",
      "ExceptionEnds",
      "JointReview",
    ]);
    expect(report.records).toBe(ledger.records());
    expect(ledger.reads).toBeLessThanOrEqual(400);
    expect(ledger.largestPage).toBeLessThanOrEqual(100);
  });

  test("a run that is cut off every few calls finds the same, and nothing twice", async () => {
    const ledger = new PlantedLedger(200, 8);
    for (let call = 7; call < 30_000; call += 223) ledger.cuts.add(call);
    const { report, cut } = await ledger.reconcile();
    expect(cut).toBeGreaterThan(8);
    expect(ledger.found(report)).toEqual(ledger.expected());
    expect(report.open.filter(({ state }) => state !== "opened")).toEqual([]);
    expect(report.records).toBe(ledger.records());
  });
});
