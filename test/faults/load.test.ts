import { runLoad } from "./load";

test("of fifty workers' changes, a tenth of them with faults, every one is accounted for, and the same seed tells the same", async () => {
  const load = async () => {
    const { changes, outcomes, lost, doubled, violations, faults } = await runLoad({
      workers: 50,
      faults: 0.1,
      seed: 7,
    });
    return { changes, outcomes, lost, doubled, violations, faults };
  };
  const told = await load();
  expect(told).toMatchObject({ changes: 300, lost: 0, doubled: 0, violations: [] });
  expect(told.faults.hris).toBeGreaterThan(5);
  expect(told.faults.processes).toBeGreaterThan(5);
  expect(Object.values(told.outcomes).reduce((sum, count) => sum + count, 0)).toBe(300);
  expect(told.outcomes["applied"]).toBeGreaterThan(150);
  expect(await load()).toEqual(told);
});
