import { proveApprovers } from "./approver-routes";
import { proveForm } from "./bypass";
import { proveCarried } from "./carried";
import { proveClassification, readFields, type Fields } from "./classification";
import { proveDoors } from "./doors";
import type { UnreadDocument } from "./documents";
import { proveElsewhere } from "./elsewhere";
import {
  INVARIANT_NUMBERS,
  INVARIANTS,
  together,
  type Counterexample,
  type Evidence,
  type Findings,
  type Invariant,
  type NotRead,
} from "./finding";
import { proveCodeAlone, proveSameParts } from "./function-settings";
import { proveGuards } from "./guards";
import { arnOf } from "./identity";
import { HELD_BY_HANDLERS, type HeldByHandlers } from "./handlers";
import { readHoldings, type Holding } from "./holdings";
import { provePutByTerraform } from "./put-by-terraform";
import { provePowers } from "./power-proof";
import { powersOf, type Power } from "./powers";
import { provePublishers } from "./publishers";
import { proveQueues } from "./queues";
import { gatewayApis, proveApi } from "./rest-api";
import { proveNoSecrets } from "./secret-scan";
import { proveSession } from "./session";
import type { Stack } from "./stack";
import { readSystem, rolesTagged, type System } from "./system";
import { proveTrust } from "./trust";
import { proveWorkflows } from "./workflows";

/** `counterexample`: it does not hold. `not-proved`: something could not be read. `proved`: what the Terraform carries of it holds. */
export type Verdict = "proved" | "not-proved" | "counterexample";

/** What is known of one invariant. */
export interface InvariantProof {
  readonly number: Invariant;
  readonly title: string;
  readonly verdict: Verdict;
  readonly evidence: readonly Evidence[];
  readonly counterexamples: readonly Counterexample[];
  readonly unread: readonly NotRead[];
  /** Of the same invariant what no Terraform can carry. Without effect on the verdict. */
  readonly heldByHandlers: readonly HeldByHandlers[];
}

/** Everything that a stack shows of the design's invariants. */
export interface Proof {
  readonly stack: { readonly accountId: string; readonly region: string; readonly resources: number };
  readonly fields: Pick<Fields, "safe" | "conditional" | "never">;
  readonly verdict: Verdict;
  readonly invariants: readonly InvariantProof[];
  /** Who may do what, of all powers that the trust model speaks of. */
  readonly powers: readonly PowerRow[];
}

/** One power, whom the trust model gives it, and who has it. */
export interface PowerRow {
  readonly power: Power;
  readonly held: readonly Holding[];
}

/** Principals without which there is nothing to prove. */
const REQUIRED = [
  "intake",
  "decide",
  "inspect",
  "request-approval",
  "approvals",
  "broker",
  "connector",
  "gateway",
  "workflow",
] as const;

/**
 * Proves the invariants of the design from a stack's Terraform alone. Pure: the same stack, the same proof. It relies on what the design
 * promises of every stack, not on how our own constructs build one.
 */
export function prove(stack: Stack): Proof {
  const system = readSystem(stack);
  const powers = powersOf(system);
  const holdings = readHoldings(system, powers);
  const fields = readFields(system);
  const apis = gatewayApis(system);
  const findings = together([
    whatCannotBeRead(system),
    proveClassification(system),
    proveWorkflows(system, fields, holdings),
    provePowers(system, powers, holdings),
    proveTrust(system, holdings),
    proveForm(system),
    proveGuards(system, powers),
    provePublishers(system, holdings),
    proveQueues(system),
    proveDoors(system),
    proveApprovers(system),
    proveApi(system, apis),
    ...apis.slice(0, 1).map((api) => proveSession(system, api, fields)),
    proveCarried(system, apis, holdings.held),
    proveElsewhere(system),
    provePutByTerraform(system),
    proveCodeAlone(system),
    proveSameParts(system),
    proveNoSecrets(system),
  ]);
  const invariants = INVARIANT_NUMBERS.map((number) => invariantProof(number, findings));
  const { safe, conditional, never } = fields;
  return {
    stack: { accountId: stack.accountId, region: stack.region, resources: stack.all.length },
    fields: { safe, conditional, never },
    verdict: worst(invariants.map(({ verdict }) => verdict)),
    invariants,
    powers: powers.map((power) => ({ power, held: holdings.held.filter((holding) => holding.power === power) })),
  };
}

function invariantProof(number: Invariant, findings: Findings): InvariantProof {
  const counterexamples = distinct(
    findings.counterexamples.filter(({ invariants }) => invariants.includes(number)),
  ).sort(byCodeAndPlace);
  const unread = distinct(findings.unread.filter(({ invariants }) => invariants.includes(number))).sort(byCodeAndPlace);
  return {
    number,
    title: INVARIANTS[number],
    verdict: counterexamples.length > 0 ? "counterexample" : unread.length > 0 ? "not-proved" : "proved",
    evidence: distinct(findings.evidence.filter(({ invariant }) => invariant === number)),
    counterexamples,
    unread,
    heldByHandlers: HELD_BY_HANDLERS.filter(({ invariant }) => invariant === number),
  };
}

function worst(verdicts: readonly Verdict[]): Verdict {
  return verdicts.includes("counterexample")
    ? "counterexample"
    : verdicts.includes("not-proved")
      ? "not-proved"
      : "proved";
}

function distinct<Found>(found: readonly Found[]): Found[] {
  return [...new Map(found.map((each) => [JSON.stringify(each), each])).values()];
}

function byCodeAndPlace(
  a: { readonly code: string; readonly message: string; readonly resources: readonly string[] },
  b: { readonly code: string; readonly message: string; readonly resources: readonly string[] },
): number {
  const [left, right] = [a, b].map(({ code, resources, message }) => [code, resources.join(), message].join("\n"));
  return (left ?? "") < (right ?? "") ? -1 : left === right ? 0 : 1;
}

/** Modules and the like, documents that cannot be judged, and principals that are not there. */
function whatCannotBeRead(system: System): Findings {
  const { stack, principals, policies, homeless, connectorRole } = system;
  const unread: NotRead[] = [];
  const document = ({ resource, attribute, reason }: UnreadDocument, invariants: readonly Invariant[]): void => {
    const message = `\`${attribute}\` of \`${resource}\` cannot be judged: ${reason}`;
    unread.push({ code: "UnreadDocument", invariants, message, resources: [resource] });
  };
  for (const { address, reason } of stack.unread) {
    unread.push({
      code: "UnreadPart",
      invariants: INVARIANT_NUMBERS,
      message: `\`${address}\`: ${reason}`,
      resources: [address],
    });
  }
  for (const principal of principals) {
    for (const each of principal.unread) document(each, principal === connectorRole ? [2, 3] : [2, 4, 5, 6, 7]);
  }
  for (const policy of policies) {
    if (!RELEVANT.has(policy.kind)) continue;
    for (const each of policy.unread) document(each, policy.kind === "api" ? [2, 3] : [2, 7]);
  }
  for (const each of homeless) document(each, [2, 3]);
  const roleless = system.functions.filter(({ roleArn }) => typeof roleArn !== "string");
  if (roleless.length > 0) {
    const message = `the role of ${roleless.map(({ name }) => `\`${name}\``).join(", ")} is not known`;
    unread.push({
      code: "UnreadValue",
      invariants: [1, 2],
      message,
      resources: roleless.map(({ resource }) => resource.address),
    });
  }
  const blind = system.functions.filter(({ unreadEnvironment }) => unreadEnvironment !== undefined);
  if (blind.length > 0) {
    const message = `the environment of ${blind.map(({ name }) => `\`${name}\``).join(", ")} is not known`;
    unread.push({
      code: "UnreadValue",
      invariants: [1, 2, 3, 7],
      message,
      resources: blind.map(({ resource }) => resource.address),
    });
  }
  for (const tag of REQUIRED) {
    if (rolesTagged(system, tag).length > 0) continue;
    const message = `no role is tagged as \`${tag}\``;
    unread.push({ code: "PartMissing", invariants: [1, 2, 3], message, resources: [] });
  }
  if (system.secrets.writer.length === 0) {
    const message = "neither the gateway's environment nor its policy names the writer's secret";
    unread.push({ code: "PartMissing", invariants: [2], message, resources: [] });
  }
  for (const [name, arn] of Object.entries({
    classification: undefined,
    ledger: undefined,
    control: undefined,
    ...system.tables,
  })) {
    if (arn !== undefined) continue;
    unread.push({
      code: "PartMissing",
      invariants: [2, 5],
      message: `no function's environment names the ${name} table`,
      resources: [],
    });
  }
  const declared = stack.resources("aws_dynamodb_table").map((table) => arnOf(stack, table));
  for (const [name, arn] of Object.entries(system.tables)) {
    if (typeof arn !== "string" || declared.includes(arn)) continue;
    const message = `the ${name} table is not in the stack, so its encryption is not shown`;
    unread.push({ code: "PartMissing", invariants: [7], message, resources: [] });
  }
  for (const name of ["data", "digest"] as const) {
    if (system.keys[name] !== undefined) continue;
    unread.push({
      code: "PartMissing",
      invariants: [2, 4, 7],
      message: `no function's environment names the ${name} key`,
      resources: [],
    });
  }
  return { counterexamples: [], unread, evidence: [] };
}

/** What may have a policy that matters: what else has one, holds nothing of HR's. */
const RELEVANT: ReadonlySet<string> = new Set(["api", "bus", "function", "key", "queue", "secret", "table"]);
