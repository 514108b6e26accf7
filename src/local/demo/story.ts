import type { SessionCredentials } from "../../runtime/ports";
import type { ReconciliationReport } from "../../runtime/reconciliation/report";
import { AccessDenied } from "../iam";
import type { Person } from "../token-signer";
import { madeFor, MANAGER_ID, PEOPLE, WORKERS, type Cast, type StoryCloud, type WorkerName } from "./cast";
import { attackPerimeter } from "./perimeter-attacks";
import {
  heldOf,
  HRIS_FIELDS,
  joinerEvent,
  lineOf,
  show,
  toldChanges,
  type Proposal,
  type StoryField,
  type ToldChange,
} from "./telling";

/** One attempt of the hostile connector, and the layer that refused it. */
export interface ToldAttack {
  readonly name: string;
  readonly refused: boolean;
  readonly by: string;
}

/** A chapter: a title and what is to be told, line by line. */
export interface Chapter {
  readonly title: string;
  readonly lines: readonly string[];
}

export interface Story {
  readonly changes: readonly ToldChange[];
  readonly attacks: readonly ToldAttack[];
  /** What two reconciliations saw: of what the story wrote, and after somebody in HR changed a value of it. */
  readonly reconciled: { readonly before: ReconciliationReport; readonly after: ReconciliationReport };
  /** Worker to the fields of the story, by the policy's names, as the HRIS holds them at the end. */
  readonly hris: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly chapters: readonly Chapter[];
}

/** Tells the whole story on a running stack. `tell` is called as each chapter ends. */
export async function tellStory(cast: Cast<StoryCloud>, tell: (chapter: Chapter) => void): Promise<Story> {
  const { cloud, hris } = cast;
  const chapters: Chapter[] = [];
  const workerOf = new Map<string, string>();
  let serial = 0;

  const chapter = (title: string, ...lines: string[]): void => {
    const told = { title, lines };
    chapters.push(told);
    tell(told);
  };

  const eventOf = (
    worker: WorkerName,
    proposals: readonly Proposal[],
    more: Partial<{ source: string; intent: string }> = {},
  ) => {
    serial += 1;
    const requestId = `00000000-0000-4000-8000-${String(serial).padStart(12, "0")}`;
    workerOf.set(requestId, WORKERS[worker].id);
    return { requestId, entry: joinerEvent(worker, proposals, { requestId, nowMs: cloud.clock.now(), ...more }) };
  };

  const changesOf = (requestId: string): ToldChange[] =>
    toldChanges(cloud.outcomes(), workerOf).filter((change) => change.requestId === requestId);

  const approvals = async (person: Person, method: string, path: string, body?: object) => {
    const token = await cloud.tokenOf(person);
    const answer = await cloud.approvals(token, method, path, body);
    await cloud.quiet();
    return answer;
  };

  const waitingFor = async (person: Person): Promise<{ requestId: string; index: number; digest: string }[]> => {
    const { body } = await approvals(person, "GET", "/approvals");
    return (body as { waiting: { requestId: string; index: number; digest: string }[] }).waiting;
  };

  const decide = async (person: Person, requestId: string, decision: "approve" | "deny"): Promise<string> => {
    const waiting = (await waitingFor(person)).find((item) => item.requestId === requestId);
    if (waiting === undefined) {
      return `${person.subject} is not asked: no change of this request waits for ${person.groups.join(", ")}`;
    }
    const path = `/approvals/${requestId}/${waiting.index}`;
    const { status, body } = await approvals(person, "POST", path, {
      decision,
      digest: waiting.digest,
      ...(decision === "deny" ? { reason: "not agreed with the worker" } : {}),
    });
    return status === 200
      ? `${person.subject} decides: ${decision} (change ${waiting.digest.slice(0, 12)}…)`
      : `${person.subject} may not decide: ${(body as { code?: string }).code ?? String(status)}`;
  };

  const read = (worker: WorkerName, field: StoryField): unknown => heldOf(hris, WORKERS[worker].id, field);

  // 1. A joiner: safe fields at once, a conditional one after a second person, a never field not at all.
  const joiner = madeFor("joiner");
  const first = eventOf("joiner", [
    { field: "work_email", value: joiner.workEmail },
    { field: "username", value: joiner.username },
    { field: "account_id", value: joiner.accountId },
    { field: "manager", value: MANAGER_ID },
    { field: "base_salary", value: "9000.00 EUR" },
  ]);
  await cloud.publish(first.entry);
  chapter(
    "A joiner is provisioned",
    ...changesOf(first.requestId).map(lineOf),
    `manager      waits for a person of hr-ops-approvers; HR holds ${show(read("joiner", "manager"))}`,
  );

  const byThemself = await decide(PEOPLE.joinerThemself, first.requestId, "approve");
  const byStranger = await decide(PEOPLE.identity, first.requestId, "approve");
  const byHr = await decide(PEOPLE.hr, first.requestId, "approve");
  chapter(
    "A second person approves the manager",
    byThemself,
    byStranger,
    byHr,
    ...changesOf(first.requestId)
      .filter(({ field }) => field === "manager")
      .map(lineOf),
    `HR now holds manager ${show(read("joiner", "manager"))} and still base_salary ${show(read("joiner", "base_salary"))}`,
  );

  // 2. A contractor: HR is told, nothing is written.
  const second = eventOf("contractor", [{ field: "work_email", value: madeFor("contractor").workEmail }]);
  await cloud.publish(second.entry);
  chapter(
    "A contractor's record belongs to the agency",
    ...changesOf(second.requestId).map(lineOf),
    `HR holds ${show(read("contractor", "work_email"))}`,
  );

  // 3. An agent never gets the safe path.
  const third = eventOf("assisted", [{ field: "work_email", value: madeFor("assisted").workEmail }], {
    source: "agents.onboarding",
    intent: "Complete the onboarding checklist of a new starter",
  });
  await cloud.publish(third.entry);
  const before = `before anybody agreed, HR holds ${show(read("assisted", "work_email"))}`;
  const agreed = await decide(PEOPLE.identity, third.requestId, "approve");
  chapter("An AI agent proposes a safe field", before, agreed, ...changesOf(third.requestId).map(lineOf));

  // 4. The same event again, and the same id with other content.
  const writes = hris.writes();
  await cloud.publish(first.entry);
  const changed = structuredClone(first.entry);
  if (changed.detail.changes[0] !== undefined) changed.detail.changes[0].value = "somebody.else@example.com";
  await cloud.publish(changed);
  const refusal = cloud.logs.findLast((line) => line.event === "event-refused")?.members["code"];
  chapter(
    "The same event comes again",
    `as it was: the same request, ${hris.writes() - writes} further writes`,
    `with another value under the same id: refused (${String(refusal)}), logged as an error, kept in the dead-letter queue`,
  );

  // 5. A hostile connector.
  const attacks = await attack(cast, eventOf("target", [{ field: "work_email", value: madeFor("target").workEmail }]));
  chapter(
    "The connector is hostile",
    ...attacks.map(({ name, refused, by }) => `${name.padEnd(34)} ${refused ? "refused" : "NOT REFUSED"}  ${by}`),
    `HR holds work_email ${show(read("target", "work_email"))} and base_salary ${show(read("target", "base_salary"))}`,
  );

  // 6. The switch.
  const snapshot = JSON.stringify(hris.employee(WORKERS.late.id));
  await cloud.setSwitch("stopped");
  const last = eventOf("late", [{ field: "work_email", value: madeFor("late").workEmail }]);
  await cloud.publish(last.entry);
  const unchanged = JSON.stringify(hris.employee(WORKERS.late.id)) === snapshot;
  chapter(
    "The switch is stopped",
    ...changesOf(last.requestId).map(lineOf),
    `HR's record is ${unchanged ? "unchanged" : "CHANGED"}`,
  );

  // 7. The ledger and HR, held against each other, before and after HR's own edit.
  const written = hris.writes();
  const inSync = await cloud.reconcile();
  hris.setField(WORKERS.assisted.id, HRIS_FIELDS.work_email, "by.hand@example.com");
  const edited = await cloud.reconcile();
  chapter(
    "Ledger and HR are held against each other",
    `${sumOf(inSync, "compared")} last writes compared with HR and the source of truth, ${sumOf(inSync, "inSync")} in sync`,
    "somebody in HR changes a work_email by hand",
    ...edited.open
      .filter(({ class: each }) => each !== "JointReview")
      .map(({ class: each, field = "", meaning }) => `${field.padEnd(12)} ${each}: ${meaning}`),
    `HR holds ${show(read("assisted", "work_email"))}, and ${hris.writes() - written} writes followed`,
  );

  return {
    changes: toldChanges(cloud.outcomes(), workerOf),
    reconciled: { before: inSync, after: edited },
    attacks,
    hris: Object.fromEntries(
      (Object.keys(WORKERS) as WorkerName[]).map((worker) => [
        WORKERS[worker].id,
        Object.fromEntries((Object.keys(HRIS_FIELDS) as StoryField[]).map((field) => [field, read(worker, field)])),
      ]),
    ),
    chapters,
  };
}

/**
 * What a connector could try with a real session for one grant, before and after it does its work, with the layer that refuses
 * each. IAM's answers are the evaluator's over the synthesized policies.
 */
async function attack(
  cast: Cast<StoryCloud>,
  event: { readonly entry: Parameters<Cast["cloud"]["publish"]>[0] },
): Promise<ToldAttack[]> {
  const { cloud } = cast;
  const attacks: ToldAttack[] = [];
  let held: { credentials: SessionCredentials; url: string; value: unknown } | undefined;

  cloud.replaceConnector(async (payload, { request, callAws, connect, behave }) => {
    const { credentials, url, value, grantId } = payload as {
      credentials: SessionCredentials;
      url: string;
      value: unknown;
      grantId: string;
    };
    held = { credentials, url, value };
    const tryRequest = async (
      name: string,
      change: Partial<{ method: string; url: string; value: unknown; headers: Record<string, string> }>,
    ): Promise<void> => {
      const { status, by } = await request({ method: "PATCH", url, value, credentials, ...change });
      attacks.push({ name, refused: status !== 200, by });
    };
    const tryCall = (name: string, action: string, resource: string): void => {
      try {
        callAws(action, resource);
        attacks.push({ name, refused: false, by: "" });
      } catch (error) {
        if (!(error instanceof AccessDenied)) throw error;
        attacks.push({ name, refused: true, by: `IAM: ${error.by}` });
      }
    };
    await tryRequest("another field", { url: url.replace(/\/fields\/.*$/, "/fields/base_salary") });
    await tryRequest("another grant", { url: url.replace(grantId, "g-01ARZ3NDEKTSV4RRFFQ69G5FAV") });
    await tryRequest("another method", { method: "PUT" });
    await tryRequest("another stage", { url: url.replace("/live/", "/test/") });
    await tryRequest("a path that climbs", { url: `${url}%2F..%2Fbase_salary` });
    await tryRequest("a method in a header", { headers: { "X-HTTP-Method-Override": "DELETE" } });
    await tryRequest("another value", { value: "attacker@example.com" });
    const { connectorRoleArn, writerSecretArn } = targetsOf(cast);
    tryCall("a session of its own making", "sts:AssumeRole", connectorRoleArn);
    tryCall("the HRIS credential", "secretsmanager:GetSecretValue", writerSecretArn);
    attacks.push(...(await attackPerimeter(cloud, { url, value, credentials }, connect)));
    const reply = await behave();
    await tryRequest("its grant a second time", {});
    return reply;
  });
  await cloud.publish(event.entry);
  cloud.replaceConnector(undefined);

  await cloud.clock.advance(16 * 60_000);
  if (held !== undefined) {
    const { status, by } = await cloud.gateway({
      method: "PATCH",
      url: held.url,
      body: JSON.stringify({ value: held.value }),
      credentials: held.credentials,
    });
    attacks.push({ name: "an expired session", refused: status !== 200, by });
  }
  return attacks;
}

function targetsOf({ cloud }: Cast<StoryCloud>): { connectorRoleArn: string; writerSecretArn: string } {
  const gateway = cloud.iam.principal("gateway");
  const writerSecretArn = gateway.identity
    .flatMap(({ Statement }) => Statement)
    .find(({ Action }) => [Action].flat().includes("secretsmanager:GetSecretValue"))?.Resource;
  return { connectorRoleArn: cloud.iam.principal("connector").arn, writerSecretArn: [writerSecretArn].flat()[0] ?? "" };
}

function sumOf({ fields }: ReconciliationReport, what: "compared" | "inSync"): number {
  return fields.reduce((sum, each) => sum + each[what], 0);
}
