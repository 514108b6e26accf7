import { APPROVER, joiner, START, World } from "./world";

describe("the way of one change", () => {
  test("a safe field is written at once", async () => {
    const world = new World();
    const end = await world.write("work_email", "new.hire@example.com");
    expect(end).toMatchObject({ outcome: "applied", reason: "ReadBack" });
    expect(world.hris.valueOf("workEmail")).toBe("new.hire@example.com");
    expect(world.hris.writes).toHaveLength(1);
    expect(world.outcome()).toBe("applied");
    expect(world.events).toHaveLength(1);
    expect(world.events[0]).toMatchObject({
      source: "hris-writeback",
      detailType: "writeback.outcome",
      detail: { requestId: "r-1", index: 0, field: "work_email", class: "safe", verdict: "write", outcome: "applied" },
    });
    expect(world.itemsOf("control", "pointer#")[0]).not.toHaveProperty("grantId");
    expect(world.itemsOf("control", "lease#")[0]).not.toHaveProperty("holder");
    expect(world.itemsOf("control", "look#")).toHaveLength(1);
  });

  test("a conditional field is written after a member of its group approved", async () => {
    const world = new World();
    await world.take(joiner([{ field: "manager", value: "WD-500" }]));
    const end = await world.runChange("manager", {
      onApproval: async ({ digest, approvalTimeoutSeconds }) => {
        expect(approvalTimeoutSeconds).toBe(86_400);
        const reply = await world.decideAs(APPROVER, "approve", digest);
        expect(reply).toMatchObject({ statusCode: 200, json: { complete: true } });
        expect(world.tokens).toEqual([
          { token: "task-token-r-1-0", output: { version: 1, requestId: "r-1", index: 0 } },
        ]);
      },
    });
    expect(end.outcome).toBe("applied");
    expect(world.hris.valueOf("manager")).toBe("WD-500");
  });

  test("a conditional field is not written when nobody decides", async () => {
    const world = new World();
    await world.take(joiner([{ field: "manager", value: "WD-500" }]));
    const end = await world.runChange("manager", {
      onApproval: () => {
        world.now += 86_400_000;
        return Promise.resolve();
      },
    });
    expect(end).toMatchObject({ outcome: "expired", reason: "ApprovalExpired" });
    expect(world.hris.writes).toEqual([]);
  });

  test("a conditional field is not written after a denial", async () => {
    const world = new World();
    await world.take(joiner([{ field: "manager", value: "WD-500" }]));
    const end = await world.runChange("manager", {
      onApproval: async ({ digest }) => {
        await world.decideAs(APPROVER, "deny", digest);
      },
    });
    expect(end).toMatchObject({ outcome: "denied", reason: "ApprovalDenied" });
    expect(world.hris.writes).toEqual([]);
  });

  test("an approval does not fit a change that moved while it was waited for", async () => {
    const world = new World();
    await world.take(joiner([{ field: "manager", value: "WD-500" }]));
    const end = await world.runChange("manager", {
      onApproval: async ({ digest }) => {
        world.hris.set("manager", "WD-2");
        await world.decideAs(APPROVER, "approve", digest);
      },
    });
    expect(end).toMatchObject({ outcome: "conflict", reason: "ChangeMoved" });
    expect(world.hris.valueOf("manager")).toBe("WD-2");
    expect(world.hris.writes).toEqual([]);
  });

  test("a never field is denied without any read", async () => {
    const world = new World();
    const end = await world.write("base_salary", 1);
    expect(end).toMatchObject({ outcome: "denied", reason: "NeverField" });
    expect(world.hris.reads).toBe(0);
  });

  test("a contractor is only notified, also where the event says employee", async () => {
    const world = new World();
    world.hris.set("employment_type", "contingent");
    const end = await world.write("work_email", "new.hire@example.com");
    expect(end).toMatchObject({ outcome: "notified", reason: "SegmentNotifyOnly" });
    expect(world.hris.writes).toEqual([]);
  });

  test("the same event twice is one request", async () => {
    const world = new World();
    await world.write("work_email", "new.hire@example.com");
    await world.take(joiner([{ field: "work_email", value: "new.hire@example.com" }]));
    const end = await world.runChange("work_email");
    expect(end.outcome).toBe("applied");
    expect(world.hris.writes).toHaveLength(1);
    expect(world.started.map(({ name }) => name)).toEqual(["r-1", "r-1"]);
  });

  test("a throttled write waits as long as the HRIS says and is tried with a new grant", async () => {
    const world = new World();
    world.hris.nextWrite = { written: { kind: "throttled", detail: "429", retryAfterSeconds: 90 } };
    const end = await world.write("work_email", "new.hire@example.com");
    expect(end.outcome).toBe("applied");
    expect(world.hris.writes).toHaveLength(2);
    expect([...world.writesByGrant.values()]).toEqual([1, 1]);
    expect(world.now - START).toBeGreaterThanOrEqual(90_000);
  });

  test("a dry run is planned and can be read by those who may approve it", async () => {
    const world = new World();
    const end = await world.write("manager", "WD-500", { dryRun: true });
    expect(end).toMatchObject({ outcome: "planned", reason: "DryRun" });
    expect(world.hris.writes).toEqual([]);
    const shown = await world.api("GET /approvals/{requestId}/{index}", APPROVER);
    expect(shown).toMatchObject({ statusCode: 200, json: { status: "planned", from: "WD-1", to: "WD-500" } });
  });
});
