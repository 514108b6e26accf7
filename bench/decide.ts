import { decide, parsePolicy, type Policy, type PolicyInput, type WriteBackRequest } from "../src/policy";

/**
 * Measures `decide`: decisions a second on one core for policies of 10, 100 and 1,000 fields, and how the cost of one
 * decision grows with the policy. Every decision runs through all checks (segments, exceptions, window, value) and judges one
 * change of its own request, so nothing is shared between two decisions. Once with one pattern for all fields, and once with
 * a pattern of its own for each: the engine compiles every expression for itself.
 */
const NOW = Date.parse("2026-11-23T09:30:00Z");
const SIZES = [10, 100, 1000] as const;
const ROUNDS = 9;
const ROUND_DECISIONS = 100_000;

function policyOf(fields: number, ownPatterns: boolean): Policy {
  const input: PolicyInput = {
    version: 1,
    owners: {
      identity: { name: "Identity", contact: "identity@example.com", approvers: { group: "iam-approvers" } },
      payroll: { name: "Payroll", contact: "payroll@example.com", approvers: { group: "payroll-approvers" } },
    },
    systems: { directory: { kind: "directory" }, hris: { kind: "hris" } },
    publishers: { "identity.joiner": { initiator: "automation" } },
    events: { "joiner.provisioned": { source: ["identity.joiner"], window: "PT72H" } },
    defaults: { reconcile: { every: "P1D", log: "ledger" } },
    attributes: {
      worker_type: { system: "hris", field: "employmentType" },
      legal_entity: { system: "hris", field: "legalEntity" },
    },
    fields: Object.fromEntries(
      Array.from({ length: fields }, (_, index) => [nameOf(index), fieldOf(index, ownPatterns)]),
    ),
    segments: {
      contractors: { when: { worker_type: ["contingent"] }, mode: "notify" },
      merged: { when: { legal_entity: ["acme-de"] }, fields: { [nameOf(1)]: "never" } },
    },
  };
  return parsePolicy(input);
}

function nameOf(index: number): string {
  return `field_${String(index).padStart(4, "0")}`;
}

function fieldOf(index: number, ownPatterns: boolean): PolicyInput["fields"][string] {
  if (index % 3 === 2) return { class: "never", owner: "payroll", sourceOfTruth: "hris" };
  const common = { owner: "identity", sourceOfTruth: "directory", events: ["joiner.provisioned"] };
  if (index % 3 === 0) return { ...common, class: "safe", format: "email", maxLength: 80 };
  const approval = { groups: [{ group: "iam-approvers", count: 1 }], expires: "PT24H" };
  const pattern = ownPatterns ? `[A-Z]{2}-\\d{4,8}(?:-${String(index)})?` : "[A-Z]{2}-\\d{4,8}";
  return { ...common, class: "conditional", approval, check: "none", pattern };
}

/** As many requests as fields, each with one change of its own; those for never fields are few, as in life. */
function requestsOf(fields: number): readonly WriteBackRequest[] {
  return Array.from({ length: 1000 }, (_, index) => {
    const wanted = (index * 7919) % fields;
    const position = wanted % 3 === 2 && index % 10 !== 0 ? wanted - 1 : wanted;
    return {
      source: "identity.joiner",
      event: "joiner.provisioned",
      requestId: `request-${String(index)}`,
      occurredAt: `2026-11-23T09:${String(index % 30).padStart(2, "0")}:00Z`,
      worker: { id: `WD-${String(index)}`, attributes: { worker_type: "employee", legal_entity: "acme-uk" } },
      initiator: { kind: "automation", id: "workflows" },
      changes: [
        {
          field: nameOf(position),
          value: position % 3 === 0 ? `person.${String(index)}@example.com` : `WD-${String(10_000 + index)}`,
          finalizedAt: `2026-11-23T08:59:${String(index % 60).padStart(2, "0")}Z`,
        },
      ],
      dryRun: false,
      receivedAt: "2026-11-23T09:30:00Z",
    };
  });
}

/** Nanoseconds of one decision: the median of several rounds. */
function measure(policy: Policy, requests: readonly WriteBackRequest[], decisions: number): number {
  let written = 0;
  const start = process.hrtime.bigint();
  for (let done = 0; done < decisions;) {
    for (const request of requests) {
      if (decide(policy, request, NOW)[0]?.verdict !== "deny") written++;
      done++;
    }
  }
  const nanoseconds = Number(process.hrtime.bigint() - start) / decisions;
  if (written === 0) throw new Error("the benchmark measures denials only");
  return nanoseconds;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function main(): void {
  bench("one pattern for all fields", false);
  bench("a pattern of its own for each field", true);
}

function bench(title: string, ownPatterns: boolean): void {
  const subjects = SIZES.map((fields) => ({
    fields,
    policy: policyOf(fields, ownPatterns),
    requests: requestsOf(fields),
    rounds: [] as number[],
  }));
  for (const { policy, requests } of subjects) measure(policy, requests, ROUND_DECISIONS / 2);
  // Sizes take turns, so that what else the machine does meets all of them alike.
  for (let round = 0; round < ROUNDS; round++) {
    for (const subject of subjects) subject.rounds.push(measure(subject.policy, subject.requests, ROUND_DECISIONS));
  }
  const base = median(subjects[0]?.rounds ?? []);
  process.stdout.write(`${title}\n`);
  process.stdout.write("fields  decisions/s  ns/decision  cost against 10 fields\n");
  for (const { fields, rounds } of subjects) {
    const cost = median(rounds);
    const columns = [
      String(fields).padStart(6),
      Math.round(1e9 / cost)
        .toLocaleString("en-GB")
        .padStart(11),
      Math.round(cost).toString().padStart(11),
      `${(cost / base).toFixed(2)} x`.padStart(22),
    ];
    process.stdout.write(`${columns.join("  ")}\n`);
  }
}

main();
