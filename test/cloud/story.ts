import { readFileSync } from "node:fs";
import { join } from "node:path";

import { OUTCOME_SOURCE } from "../../src/core";
import { DeployedCloud, missingForCloud } from "../../src/local/aws/deployed-cloud";
import type { PlannedChange } from "../../src/local/aws/terraform";
import { madeFor, MANAGER_ID, WORKERS, type WorkerName } from "../../src/local/demo/cast";
import { tellStory, type Story } from "../../src/local/demo/story";
import type { DemoExample } from "../../src/local/demo/synthesize";
import { prove, review } from "../../src/review";
import { planChanges } from "../../src/review/changes/load";
import { stackOfPlan } from "../../src/review/plan";
import type { LedgerDifference } from "../../src/runtime/evidence/compare";
import type { ChainReport } from "../../src/runtime/evidence/verify";
import type { RequestHistory } from "../../src/runtime/history";
import type { Verification } from "../../src/runtime/verify-history";
import { findTerraform } from "../helpers/terraform";
import { withAws } from "./with-aws";

/** What `verify-evidence` prints as JSON. */
interface VerifiedOutput {
  readonly evidence: ChainReport;
  readonly differences: { readonly count: number; readonly shown: readonly LedgerDifference[] };
}

/** An apply with its waits, a story, and a destroy. */
const LIFE_MS = 400_000;

/** Whether this machine can run a local cloud; one line on the console says what is missing. Throws where it was promised. */
function canRun(): boolean {
  const missing = missingForCloud();
  // The provider is found in the same places as for `terraform validate`.
  const terraform = missing.length === 0 ? findTerraform() : undefined;
  if (terraform !== undefined) {
    if (terraform.pluginDir !== undefined) process.env["WRITEBACK_TF_PLUGIN_DIR"] = terraform.pluginDir;
    return true;
  }
  const what = missing.length > 0 ? missing.join("; ") : "the AWS provider is missing";
  if (process.env["WRITEBACK_REQUIRE_CLOUD"] === "1") throw new Error(`WRITEBACK_REQUIRE_CLOUD=1, but ${what}`);
  process.stderr.write(`SKIP tests on the local cloud: ${what}\n`);
  return false;
}

/** A manager for the worker who came late: their group is asked, and never answers. */
function waitingEvent(requestId: string, now: number) {
  return {
    source: "identity.joiner",
    detailType: "joiner.provisioned",
    detail: {
      requestId,
      occurredAt: new Date(now - 60_000).toISOString(),
      worker: { id: WORKERS.late.id, attributes: { worker_type: "Full-Time", legal_entity: "acme-uk" } },
      initiator: { kind: "automation", id: "identity.joiner" },
      changes: [{ field: "manager", value: MANAGER_ID, finalizedAt: new Date(now - 30_000).toISOString() }],
    },
  };
}

/** The demo's story on an example that Terraform really applied: what ran, what was refused, what leaked, what was left. */
export function tellsTheStoryDeployed(
  example: DemoExample,
  attacks: readonly string[],
  /** Tests that change what is deployed: after those of the story, before it is destroyed. */
  afterwards: (cloud: () => DeployedCloud) => void = () => undefined,
): void {
  const runs = canRun();
  (runs ? describe : describe.skip)(`examples/${example}, applied by Terraform and running on this machine`, () => {
    let cloud: DeployedCloud;
    let story: Story;
    let secondPlan: readonly PlannedChange[];
    let planned: unknown;
    const warnings: string[] = [];

    beforeAll(async () => {
      cloud = await DeployedCloud.start({ example, tell: () => undefined });
      await cloud.apply();
      secondPlan = await cloud.plan((detail) => warnings.push(detail));
      planned = await cloud.lastPlan();
      const cast = { cloud, hris: cloud.systems.hris, stop: () => Promise.resolve() };
      story = await tellStory(cast, () => undefined);
    }, LIFE_MS);

    afterAll(async () => {
      await cloud.stop();
    });

    const outcomeOf = (worker: WorkerName, field: string) =>
      story.changes.find((change) => change.workerId === WORKERS[worker].id && change.field === field);

    test("a second plan shows no changes", () => {
      expect(secondPlan).toEqual([]);
      expect(warnings).toEqual([]);
    });

    test("a review of the second plan says that nothing changes", () => {
      expect(review(planChanges(planned))).toMatchObject({ verdict: "fine", changes: [] });
    });

    test("the second plan proves, but that approvers sign in over http", () => {
      const proof = prove(stackOfPlan(planned));
      const told = proof.invariants.flatMap(({ counterexamples, unread }) => [...counterexamples, ...unread]);
      expect(new Set(told.map(({ code }) => code))).toEqual(new Set(["RouteWithoutApprover"]));
      // On this machine the identity provider is on loopback; nobody else's would be without TLS.
      const text = JSON.stringify(planned).replaceAll(cloud.issuer, "https://login.example.com");
      expect(prove(stackOfPlan(JSON.parse(text))).verdict).toBe("proved");
    });

    test.each([
      ["joiner", "work_email", "applied"],
      ["joiner", "username", "applied"],
      ["joiner", "account_id", "applied"],
      ["joiner", "manager", "applied"],
      ["joiner", "base_salary", "denied"],
      ["contractor", "work_email", "notified"],
      ["assisted", "work_email", "applied"],
      ["target", "work_email", "applied"],
      ["late", "work_email", "not-applied"],
    ] as const)("%s's %s ends as `%s`", (worker, field, outcome) => {
      expect(outcomeOf(worker, field)).toMatchObject({ outcome });
    });

    test("the HRIS holds what was approved and nothing else, each written once by the writer's credential", () => {
      expect(story.hris[WORKERS.joiner.id]).toEqual({
        work_email: madeFor("joiner").workEmail,
        username: madeFor("joiner").username,
        account_id: madeFor("joiner").accountId,
        manager: MANAGER_ID,
        base_salary: "4000.00 EUR",
      });
      expect(story.hris[WORKERS.contractor.id]).toMatchObject({ work_email: null });
      expect(story.hris[WORKERS.late.id]).toMatchObject({ work_email: null });
      const { hris } = cloud.systems;
      expect(hris.writes()).toBe(story.changes.filter(({ outcome }) => outcome === "applied").length);
      const writers = hris.log.filter(({ method }) => method !== "GET").map(({ credential }) => credential);
      expect(new Set(writers)).toEqual(new Set(["writer"]));
    });

    test("every attack is refused", () => {
      expect(story.attacks.filter(({ refused }) => !refused)).toEqual([]);
      expect(story.attacks.map(({ name }) => name)).toEqual(expect.arrayContaining([...attacks]));
    });

    test("IAM refused nothing but what the hostile connector tried", () => {
      const refused = cloud.iam.trail.filter(({ allowed }) => !allowed).map(({ action }) => action);
      expect(refused).toEqual(["sts:AssumeRole", "secretsmanager:GetSecretValue"]);
      expect(cloud.iam.trail.length).toBeGreaterThan(100);
    });

    test("the deployed function serves the approvals page, and asks for a token wherever a change is shown", async () => {
      const page = await fetch(cloud.pageUrl);
      expect([page.status, page.headers.get("cache-control")]).toEqual([200, "no-store"]);
      expect(page.headers.get("content-security-policy")).toContain(`connect-src 'self' ${cloud.issuer};`);
      const files = [...(await page.text()).matchAll(/\/assets\/[\w.-]+/g)].map(([path]) => path);
      expect(files.length).toBeGreaterThanOrEqual(3);
      for (const path of files) expect((await fetch(`${cloud.approvalsUrl}${path}`)).status).toBe(200);
      const settings = (await (await fetch(`${cloud.pageUrl}config.json`)).json()) as { readonly issuer: string };
      expect(settings.issuer).toBe(cloud.issuer);
      for (const path of ["approvals", "notices", "system"]) {
        expect((await fetch(`${cloud.pageUrl}${path}`)).status).toBe(401);
      }
    });

    test("the deployed reconciliation finds everything in sync, then HR's own edit, which it records and leaves alone", () => {
      const { before, after } = story.reconciled;
      const classesOf = (report: typeof before): string[] =>
        report.open.map(({ class: each }) => each).filter((each) => each !== "JointReview");
      expect(classesOf(before)).toEqual([]);
      expect(
        before.fields.map(({ field, compared, inSync, unread }) => [field, compared, inSync, unread]),
      ).toContainEqual(["work_email", 3, 3, 0]);
      expect(before.records).toBeGreaterThan(50);
      expect(classesOf(after)).toEqual(["ChangedByHr"]);
      expect(cloud.systems.hris.employee(WORKERS.assisted.id)).toMatchObject({ workEmail: "by.hand@example.com" });
      const asked = new Set(
        cloud.iam.trail.filter(({ principal }) => principal.endsWith("-reconciler")).map(({ action }) => action),
      );
      expect(asked).toContain("dynamodb:Scan");
      expect(asked).toContain("cloudtrail:LookupEvents");
    });

    test("`reconcile` runs the deployed reconciliation, shows how far it is and prints its report", async () => {
      const { region, accountId } = cloud.stack;
      const prefix = cloud.tableName("ledger").replace(/-ledger$/, "");
      const arn = `arn:aws:states:${region}:${accountId}:stateMachine:${prefix}-reconciliation`;
      const { code, out, err } = await withAws(cloud, ["reconcile", "--reconciliation", arn, "--format", "json"]);
      const { reconciliation: told } = JSON.parse(out) as { reconciliation: Story["reconciled"]["after"] };
      expect(told.runId).toMatch(/^demand-/);
      expect(told.open.map(({ class: each, state }) => [each, state])).toContainEqual(["ChangedByHr", "open"]);
      // Whether it is the time of a joint review is the calendar's to say.
      expect(code).toBe(told.forHumans > 0 ? 3 : 0);
      expect(err).toMatch(/^8 of 8 parts, \d+ records: finished$/m);
    });

    test("the deployed functions logged, in lines of ours alone", () => {
      const functions = new Set(cloud.logs.map((line) => line.function));
      for (const name of ["intake", "decide", "inspect", "request-approval", "approvals", "gateway", "announce"]) {
        expect(functions).toContain(name);
      }
      expect(cloud.logs.filter(({ event }) => event === "unstructured-line")).toEqual([]);
    });

    test("`history --verify` tells who approved what from the deployed ledger, and every digest holds", async () => {
      const approved = outcomeOf("joiner", "manager");
      const { code, out, err } = await withAws(cloud, [
        "history",
        approved?.requestId ?? "",
        ...cloud.historyOptions,
        "--format",
        "json",
      ]);
      expect(err).toBe("");
      const told = JSON.parse(out) as { history: RequestHistory; verified: readonly Verification[] };
      expect(told.verified.filter(({ holds }) => !holds)).toEqual([]);
      expect(told.verified.map((each) => each.code)).toEqual(
        expect.arrayContaining(["DigestMatches", "ApprovedBeforeGrant"]),
      );
      expect(code).toBe(0);
      const change = told.history.changes.find(({ field }) => field === "manager");
      expect(change?.exactChanges.flatMap(({ decisions }) => decisions.map(({ decision }) => decision))).toContain(
        "approve",
      );
      expect(change?.outcome).toMatchObject({ outcome: "applied" });
    });

    test("the deployed notifier tells the group that is asked, by a message with neither value nor token", async () => {
      const requestId = "00000000-0000-4000-8000-0000000000aa";
      await cloud.publish(waitingEvent(requestId, cloud.clock.now()));
      const [notice, task] = ["notice", "task"].map((kind) => `${kind}#${requestId}${kind === "task" ? "#0" : ""}`);
      const item = (await cloud.scan("control")).find(({ pk }) => JSON.stringify(pk) === JSON.stringify({ S: notice }));
      expect(item).toMatchObject({ queue: { S: "notify" } });
      await cloud.putControl({ ...item, dueAt: { S: new Date(cloud.clock.now() - 1_000).toISOString() } });
      await cloud.notify();
      await cloud.notify();
      const told = cloud.front.notices.filter(({ attributes }) => attributes["requestId"] === requestId);
      expect(told.map(({ topicArn, attributes }) => [topicArn.split(":").at(-1), attributes["kind"]])).toEqual([
        [expect.stringMatching(/-approvers-hr-ops-approvers$/), "new"],
      ]);
      expect(told[0]?.text).toMatch(new RegExp(`^https://\\S+/#/requests/${requestId}$`, "m"));
      const waits = (await cloud.scan("control")).find(({ pk }) => JSON.stringify(pk) === JSON.stringify({ S: task }));
      const token = JSON.stringify(waits?.["encryptedToken"] ?? "absent");
      const text = JSON.stringify(told);
      for (const secret of [MANAGER_ID, WORKERS.late.id, WORKERS.late.name, token]) expect(text).not.toContain(secret);
    });

    test("an event under a known id with other content reaches the dead-letter queue", async () => {
      const until = Date.now() + 30_000;
      let dead: readonly string[] = [];
      while (dead.length === 0 && Date.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        dead = await cloud.deadLetters();
      }
      expect(dead.join()).toContain("somebody.else@example.com");
    });

    describe("no HR value and no secret where it does not belong", () => {
      const workers = Object.keys(WORKERS) as WorkerName[];
      const values = [
        ...workers.flatMap((worker) => Object.values(madeFor(worker))),
        "9000.00 EUR",
        "somebody.else@example.com",
        "attacker@example.com",
        ...workers.flatMap((worker) => WORKERS[worker].name.split(" ")),
      ];
      const leaks = (content: unknown): string[] => {
        const text = typeof content === "string" ? content : JSON.stringify(content);
        return values.filter((value) => text.includes(value));
      };

      test("the search finds a value where one is", async () => {
        expect(leaks(await cloud.scan("ledger"))).toContain(madeFor("joiner").workEmail);
      });

      test.each([
        ["the state of Terraform", () => readFileSync(join(cloud.stackDir, "terraform.tfstate"), "utf8")],
        ["the history of any execution", () => cloud.front.executions.all().map((each) => each.history())],
        ["any log line", () => cloud.logs],
        ["the gateway's access lines", () => cloud.front.gatewayAccess],
        ["what IAM was asked", () => cloud.iam.trail],
        ["the outcome events", () => cloud.front.attached.bus.events.filter(({ source }) => source === OUTCOME_SOURCE)],
      ])("not in %s", (_place, content) => {
        const found = content();
        expect(JSON.stringify(found).length).toBeGreaterThan(100);
        expect(leaks(found)).toEqual([]);
      });

      test("not in a key of the ledger, and nowhere in the control table", async () => {
        const keys = (await cloud.scan("ledger")).map(({ pk, sk }) => [pk, sk]);
        expect(leaks(keys)).toEqual([]);
        expect(leaks(await cloud.scan("control"))).toEqual([]);
      });
    });

    afterwards(() => cloud);

    test("`verify-evidence` finds the ledger in the deployed bucket, record by record, and a record that somebody changed since", async () => {
      await cloud.quiet();
      const bucket = cloud.stack
        .resources("aws_s3_bucket")
        .map(({ body }) => String(body["bucket"]))
        .filter((name) => name.includes("-audit-"));
      const verify = async (): Promise<{ code: number; found: VerifiedOutput }> => {
        const tables = ["--control", cloud.tableName("control"), "--ledger", cloud.tableName("ledger")];
        const place = `s3://${bucket[0] ?? ""}/evidence/v1`;
        const { code, out, err } = await withAws(cloud, ["verify-evidence", place, ...tables, "--format", "json"]);
        expect([err, cloud.front.streams.failures]).toEqual(["", []]);
        return { code, found: JSON.parse(out) as VerifiedOutput };
      };
      const { code, found } = await verify();
      const records = (await cloud.scan("ledger")).length;
      expect(found).toMatchObject({ evidence: { holds: true, records, headsFound: 1 }, differences: { count: 0 } });
      expect([code, bucket.length]).toEqual([0, 1]);

      const [outcome] = (await cloud.scan("ledger")).filter(({ sk }) => JSON.stringify(sk) === '{"S":"outcome"}');
      await cloud.putLedger({ ...outcome, outcome: { S: "denied" } });
      await cloud.quiet();
      const changed = await verify();
      expect(changed.found.differences).toMatchObject({ count: 1, shown: [{ code: "RecordReplaced" }] });
      expect([changed.code, changed.found.evidence.records]).toEqual([3, records + 1]);
    });

    test(
      "a destroy leaves nothing, by the word of every service",
      async () => {
        await cloud.destroy();
        expect(await cloud.leftovers()).toEqual([]);
      },
      LIFE_MS,
    );
  });
}
