import type { Site } from "./site";

/** Outcomes that say the HRIS was left as it was. */
const UNTOUCHED = ["not-applied", "denied", "expired", "rejected", "forbidden", "duplicate", "notified", "planned"];

/**
 * What does not hold after everything came to its end, in words; nothing where all of it does: every event was taken and every change of it
 * ended and told, by a true outcome; at most one write a grant, every write intended while the switch ran, at most one unsettled grant a
 * worker's field, every grant from one decision; nothing left under way.
 */
export function violations(site: Site): string[] {
  const { world } = site;
  const found = [...site.seen, ...site.open().map((what) => `left open: ${what}`)];
  for (const requestId of site.published) {
    const decisions = world
      .itemsOf("ledger", `decision#${requestId}`)
      .filter(({ pk }) => pk === `decision#${requestId}`);
    if (decisions.length === 0) found.push(...ofUndecided(site, requestId));
    for (const decision of decisions) {
      const index = Number(String(decision["sk"]).split("#")[1]);
      found.push(...ofChange(site, requestId, index, decision as unknown as Decision));
    }
  }
  for (const grant of world.itemsOf("ledger", "grant#")) found.push(...ofGrant(site, grant as unknown as Grant));
  for (const write of site.writes) {
    if (!site.intents.some(({ grantId }) => grantId === write.grantId)) found.push(`${write.grantId} wrote unintended`);
  }
  for (const task of world.itemsOf("control", "task#")) {
    if (task["encryptedToken"] !== undefined) found.push(`people are still asked: ${String(task["pk"])}`);
  }
  return found;
}

/** An event whose execution was stopped before it decided: each change has ended, or it is lost. */
function ofUndecided(site: Site, requestId: string): string[] {
  const { changes = [] } = (site.world.ledger(`request#${requestId}`, "request")?.["request"] ?? {}) as {
    readonly changes?: readonly { readonly field: string }[];
  };
  const hasEnded =
    changes.length > 0 && changes.every((_, index) => site.world.outcome(requestId, index) !== undefined);
  if (!hasEnded) return [`the event of ${requestId} was lost`];
  return changes.flatMap(({ field }, index) => ofChange(site, requestId, index, { field, verdict: "none" }));
}

interface Decision {
  readonly field: string;
  readonly verdict: string;
}

interface Grant {
  readonly grantId: string;
  readonly requestId: string;
  readonly index: number;
  readonly attempt: number;
  readonly field: string;
  readonly digest: string;
}

function ofChange(site: Site, requestId: string, index: number, decision: Decision): string[] {
  const { world } = site;
  const what = `${requestId}#${String(index)}`;
  const outcome = world.outcome(requestId, index);
  if (outcome === undefined) return [`${what} has no outcome`];
  const found: string[] = [];
  const told = world.events.filter(
    ({ detailType, detail }) =>
      detailType === "writeback.outcome" && detail["requestId"] === requestId && detail["index"] === index,
  );
  const second = world.ledger(`second-look#${what}`, "second-look")?.["outcome"];
  const last = told.at(-1)?.detail["outcome"];
  if (last !== (second ?? outcome)) found.push(`${what} is ${outcome}, and ${String(last)} was told last`);

  const grants = grantsOf(site, requestId, index);
  const writes = site.writes.filter(({ grantId }) => grants.some((grant) => grant.grantId === grantId));
  const took = writes.filter(({ before, after }) => before !== after);
  const inspections = world.itemsOf("ledger", `inspection#${what}`);
  const to = inspections.at(-1)?.["to"];
  const request = world.ledger(`request#${requestId}`, "request")?.["request"] as
    { readonly worker: { readonly id: string }; readonly changes: readonly { readonly value: unknown }[] } | undefined;
  const proposed = to ?? request?.changes[index]?.value;
  const workerId = request?.worker.id ?? "";
  const hrisField = took[0]?.field ?? hrisFieldOf(decision.field);
  const now = world.hris.valueOf(hrisField, workerId);
  const isThere = world.hris.sameValue(hrisField, now ?? null, proposed as string);
  const isMovedOn =
    site.edited.has(`/${hrisField}`) ||
    site.edited.has(`${workerId}/${hrisField}`) ||
    site.writes
      .slice(site.writes.lastIndexOf(writes.at(-1)!) + 1)
      .some((w) => w.field === hrisField && w.workerId === workerId);
  const says = `${what} is ${outcome}; the HRIS holds ${JSON.stringify(now)} after ${String(took.length)} writes that took effect`;
  if (outcome === "applied" && (took.length === 0 || !(isThere || isMovedOn))) found.push(says);
  if (outcome === "noop" && !(isThere || isMovedOn)) found.push(says);
  if (outcome === "conflict" && isThere && !isMovedOn) found.push(says);
  if (UNTOUCHED.includes(outcome) && took.length > 0) found.push(says);
  return found;
}

function ofGrant(site: Site, { grantId, requestId, index, attempt, field, digest }: Grant): string[] {
  const { world } = site;
  const what = `${requestId}#${String(index)}`;
  const found: string[] = [];
  const writes = site.writes.filter((write) => write.grantId === grantId).length;
  if (writes > 1) found.push(`${grantId} wrote ${String(writes)} times`);
  const has = (pk: string, sk: string): boolean => world.ledger(pk, sk) !== undefined;
  const [used, settled, ended] = [
    has(`intent#${grantId}`, "intent"),
    has(`grant-outcome#${grantId}`, "outcome"),
    has(`grant-end#${grantId}`, "end"),
  ];
  if (!settled && !ended) found.push(`${grantId} is not settled`);
  if (used && ended) found.push(`${grantId} was used and ended unused`);
  const decision = world.ledger(`decision#${requestId}`, `decision#${String(index)}`);
  if (decision?.["field"] !== field) found.push(`${grantId} is of no decision`);
  const inspection = world.ledger(`inspection#${what}`, `inspection#${digest}`);
  if (inspection === undefined) found.push(`${grantId} is of no exact change`);
  if (world.ledger(`attempt#${what}`, `attempt#${String(attempt)}`)?.["grantId"] !== grantId) {
    found.push(`${grantId} is not its attempt's`);
  }
  const approvals = world.itemsOf("ledger", `approval#${what}`).filter((item) => item["digest"] === digest);
  if (decision?.["verdict"] === "deny" || decision?.["verdict"] === "notify") found.push(`${grantId} was denied`);
  if (inspection?.["approval"] !== undefined && !approvals.some((item) => item["decision"] === "approve")) {
    found.push(`${grantId} was not approved`);
  }
  return found;
}

function grantsOf(site: Site, requestId: string, index: number): Grant[] {
  return site.world
    .itemsOf("ledger", "grant#")
    .map((item) => item as unknown as Grant)
    .filter((grant) => grant.requestId === requestId && grant.index === index);
}

function hrisFieldOf(field: string): string {
  return field === "work_email" ? "workEmail" : field;
}
