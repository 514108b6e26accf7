import { CONTROL } from "../../src/core";
import type { DeployedCloud } from "../../src/local/aws/deployed-cloud";
import { COLLEAGUES, madeFor, PEOPLE, WORKERS } from "../../src/local/demo/cast";
import { withAws } from "./with-aws";

const OPERATORS = [COLLEAGUES.ada, COLLEAGUES.ben];

/** A plan and a stop on what is deployed take a while. */
const LONG_MS = 120_000;

/** The kill switch of a deployed stack: what it stops, what Terraform makes of that, and how it goes on. */
export function stopsDeployed(current: () => DeployedCloud): void {
  describe("stopped by its deployed kill switch", () => {
    let writes: number;
    let during: string;

    async function execute(name: string, input: object): Promise<string> {
      const { front, stack } = current();
      const machine = stack
        .resources("aws_sfn_state_machine")
        .find(({ body }) => String(body["name"]).endsWith("-kill-switch"));
      const before = front.executions.all().length;
      const answer = await fetch(front.url, {
        method: "POST",
        headers: {
          "content-type": "application/x-amz-json-1.0",
          "x-amz-target": "AWSStepFunctions.StartExecution",
          authorization:
            "AWS4-HMAC-SHA256 Credential=operator/20261101/eu-west-1/states/aws4_request, SignedHeaders=host, Signature=0",
        },
        body: JSON.stringify({ stateMachineArn: machine?.id, name, input: JSON.stringify(input) }),
      });
      expect([answer.status, await answer.text()]).toEqual([200, expect.anything()]);
      const result = await front.executions.all()[before]!.result;
      return result.status;
    }

    /** Runs a command of an operator's on what is deployed. */
    async function operator(command: string, ...args: string[]): Promise<{ code: number; told: unknown; err: string }> {
      const { region, accountId } = current().stack;
      const arn = `arn:aws:states:${region}:${accountId}:stateMachine:acme-writeback-kill-switch`;
      const { code, out, err } = await withAws(current(), [command, "--kill-switch", arn, ...args, "--format", "json"]);
      return { code, told: out === "" ? undefined : (JSON.parse(out) as Record<string, unknown>)[command], err };
    }

    async function joinerEvent(): Promise<string> {
      const requestId = `stop-${String(Date.now())}`;
      const at = new Date(Date.now() - 60_000).toISOString();
      const worker = { id: WORKERS.late.id, attributes: { worker_type: "Full-Time", legal_entity: "acme-uk" } };
      const changes = [{ field: "work_email", value: madeFor("late").workEmail, finalizedAt: at }];
      await current().publish({
        source: "identity.joiner",
        detailType: "joiner.provisioned",
        detail: { requestId, occurredAt: at, worker, initiator: { kind: "automation", id: "joiner-flow" }, changes },
      });
      return requestId;
    }

    const agree = async (operator: number) => {
      const token = await current().tokenOf(OPERATORS[operator]!);
      return current().approvals(token, "POST", "/system/resume", { what: "switch", id: "S1", reason: "it is mended" });
    };

    test(
      "every layer is set by the function's own narrow role, and nothing is written",
      async () => {
        const cloud = current();
        // The story left a stopped system behind, sixteen minutes ahead.
        await cloud.setSwitch("running");
        cloud.clock.reset();
        writes = cloud.systems.hris.writes();
        expect(await execute("stop-S1", { action: "drill", stopId: "S1", executions: "stop" })).toBe("SUCCEEDED");
        const stops = (await cloud.scan("ledger")).filter(({ pk }) => (pk as { S: string }).S === "system-stop");
        const held = stops.find(({ sk }) => (sk as { S: string }).S === "S1#stop#held");
        const layers = (held!["layers"] as { L: { M: Record<string, { S?: string; BOOL?: boolean }> }[] }).L;
        expect(layers.map(({ M }) => [M["layer"]!.S, M["isStopped"]!.BOOL, M["shown"]!.S])).toEqual([
          ["switch", true, "a transaction that demands a running switch was refused"],
          ["concurrency", true, "acme-writeback-broker 0, acme-writeback-gateway 0"],
          ["connector", true, "the policy of denials is attached"],
          ["intake", true, "intake's queue is not read"],
          ["executions", true, "no execution runs"],
        ]);
        const { code, told } = await operator("status");
        expect([code, told]).toMatchObject([
          3,
          {
            system: "stopped",
            switch: { state: "stopped", stopId: "S1", kind: "drill", agreements: { people: 0, needed: 2 } },
            layers: ["concurrency", "connector", "intake", "executions"].map((layer) => ({ layer, isStopped: true })),
            missing: ["2 of 2 operators who agree to the end of `S1`"],
          },
        ]);
        during = await joinerEvent();
        expect(cloud.systems.hris.writes()).toBe(writes);
        expect(cloud.outcomes().filter(({ requestId }) => requestId === during)).toEqual([]);
      },
      LONG_MS,
    );

    test(
      "another plan changes nothing of the stop, and warns that the system is stopped",
      async () => {
        const warnings: string[] = [];
        expect(await current().plan((detail) => warnings.push(detail))).toEqual([]);
        expect(warnings).toEqual([expect.stringContaining("The system is stopped")]);
      },
      LONG_MS,
    );

    test(
      "two operators let it run again: the machine undoes every layer, the event that waited is written, the drill is filed",
      async () => {
        const cloud = current();
        expect((await agree(0)).body).toMatchObject({ agreed: 1, resumed: false });
        expect(await operator("resume")).toMatchObject({
          code: 3,
          told: {
            url: expect.stringMatching(/^https:.*\/#\/system$/),
            agreed: [expect.stringMatching(/^1 of 2 .*ada/)],
          },
        });
        expect((await agree(1)).body).toMatchObject({ agreed: 2, resumed: true });
        const undo = cloud.front.executions.all().find(({ name }) => name === "undo-S1");
        expect(await undo!.result).toMatchObject({ status: "SUCCEEDED" });
        await cloud.quiet();
        const mine = cloud.outcomes().filter(({ requestId }) => requestId === during);
        expect(mine.map(({ outcome }) => outcome)).toEqual(["applied"]);
        expect(cloud.systems.hris.writes()).toBe(writes + 1);
        expect(await operator("drill", "--of", "S1")).toMatchObject({ code: 0, told: { passed: true, filed: true } });
        expect(await operator("status")).toMatchObject({ code: 0, told: { system: "running", missing: [] } });
        const [drill] = (await cloud.scan("ledger")).filter(({ pk }) => (pk as { S: string }).S === "system-drill");
        expect(drill).toMatchObject({ sk: { S: "S1" }, passed: { BOOL: true }, usedWhileStopped: { L: [] } });
      },
      LONG_MS,
    );

    test(
      "what was written meanwhile is taken back, after two of its owner's group approved it",
      async () => {
        const cloud = current();
        const { region, accountId } = cloud.stack;
        const arn = `arn:aws:lambda:${region}:${accountId}:function:acme-writeback-reversal`;
        const reverse = async (...args: string[]) => {
          const { code, out, err } = await withAws(cloud, [
            ...["reverse", during, "work_email", "--reversal", arn, "--reason", "the wrong person", "--format", "json"],
            ...args,
          ]);
          return { code, err, told: (JSON.parse(out) as { reversal: { reversalId: string; state: string } }).reversal };
        };
        const { code, told } = await reverse();
        expect([code, told]).toMatchObject([0, { state: "begun", expiresAt: expect.any(String) }]);
        const path = `/approvals/${told.reversalId}/0`;
        for (const person of [PEOPLE.identity, COLLEAGUES.identity]) {
          const token = await cloud.tokenOf(person);
          const { digest } = (await cloud.approvals(token, "GET", path)).body as { digest: string };
          const answer = await cloud.approvals(token, "POST", path, { decision: "approve", digest });
          expect(answer.status).toBe(200);
        }
        await cloud.quiet();
        expect(cloud.outcomes().filter(({ requestId }) => requestId === told.reversalId)).toMatchObject([
          { field: "work_email", verdict: "approve", outcome: "applied" },
        ]);
        expect(cloud.systems.hris.employee(WORKERS.late.id)?.["workEmail"] ?? "").toBe("");
        expect(await reverse()).toMatchObject({ code: 3, told: { state: "refused", code: "AlreadyReversed" } });
      },
      LONG_MS,
    );

    test(
      "a deleted switch is made anew as stopped, and the next plan is clean",
      async () => {
        const cloud = current();
        await cloud.deleteControl(CONTROL.switch);
        expect(await cloud.plan()).toContainEqual({
          address: "aws_dynamodb_table_item.write-back_ledger_switch",
          actions: ["create"],
        });
        await cloud.terraform.apply();
        const items = await cloud.scan("control");
        expect(items.find(({ pk }) => (pk as { S: string }).S === CONTROL.switch)).toMatchObject({
          state: { S: "stopped" },
        });
        // The destroy that follows finds the system stopped in every layer.
        const { code, told } = await operator("stop", "--reason", "the end");
        expect([code, told]).toMatchObject([
          0,
          {
            stoppedBy: expect.stringMatching(/^arn:aws:/),
            layers: ["switch", "concurrency", "connector", "intake", "executions"].map((layer) => ({
              layer,
              latencyMs: expect.any(Number),
            })),
          },
        ]);
        expect(await operator("stop")).toMatchObject({ code: 1, err: expect.stringContaining("stopped already") });
      },
      LONG_MS,
    );
  });
}
