import type { Agreements } from "../runtime/agreements";
import type { Standing } from "../runtime/kill-switch/standing";

/** What a system's parts come to. */
export interface Judgement {
  /**
   * `running`: nothing stops it. `stopped`: nothing is written. `mixed`: a layer does not stand as the switch does. `unknown`: it cannot be read.
   */
  readonly system: "running" | "stopped" | "mixed" | "unknown";
  /** What is missing until it runs, in sentences. */
  readonly missing: readonly string[];
}

/** Judges how a system stands. Pure. */
export function judge(standing: Standing): Judgement {
  const { switch: pull, breaker, layers } = standing;
  const missing: string[] = [];
  const unread = [pull, breaker, ...layers].filter((part) => "unread" in part);
  if ("unread" in pull || "unread" in breaker) {
    return { system: "unknown", missing: ["a look at switch and breaker, which could not be read"] };
  }
  const runs = pull.state === "running" && breaker.state === "ok";
  if (pull.state === "stopped") missing.push(...agreementsMissing(pull.stopId, pull.agreements, "the switch"));
  if (breaker.state === "tripped") missing.push(...agreementsMissing(breaker.id, breaker.agreements, "the breaker"));
  // That nothing runs is no stop.
  const taken = layers.filter((part) => part.layer !== "executions");
  const odd = taken.filter((part) => !("unread" in part) && part.isStopped !== (pull.state === "stopped"));
  for (const { layer } of odd) {
    missing.push(
      pull.state === "stopped"
        ? `the layer \`${layer}\` does not hold: the kill switch goes on trying for an hour; \`hris-writeback stop --again\` begins anew`
        : `the layer \`${layer}\` is not let go: \`hris-writeback resume\` goes on with what two operators agreed to`,
    );
  }
  if (unread.length > 0) missing.push("a look at every layer: some could not be read");
  if (odd.length > 0) return { system: "mixed", missing };
  if (runs) return { system: unread.length > 0 ? "unknown" : "running", missing };
  return { system: "stopped", missing };
}

function agreementsMissing(id: string | undefined, agreements: Agreements | undefined, what: string): string[] {
  if (id === undefined || agreements === undefined) {
    return [
      `${what} is stopped by nothing that has an id, so nobody can agree to its end: \`hris-writeback stop --again\`, then two operators agree to that`,
    ];
  }
  const { people, needed } = agreements;
  const rest = needed - people;
  return [`${String(rest)} of ${String(needed)} operators who agree to the end of \`${id}\``];
}
