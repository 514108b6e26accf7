import { checkDelegations, checkDelegationTimes } from "./check-delegations";
import { checkExceptions, checkExceptionTimes } from "./check-exceptions";
import { checkFields } from "./check-fields";
import { checkSegments } from "./check-segments";
import { DEFAULT_BREAKER } from "./normalise";
import { shown, type Problem } from "./problem";
import { entriesOf, isMapping, itemsOf, member } from "./raw";
import { duplicateEntries, unknownReference, viewOf, type RawView } from "./view";

/**
 * What one part of a policy says about another: references, required answers, classes, signatures. Works on the raw value,
 * whose shape may be wrong anywhere: what is malformed is the schema's to report, and is passed over here.
 */
export function checkRules(raw: unknown): Problem[] {
  if (!isMapping(raw)) return [];
  const view = viewOf(raw);
  return [
    ...checkOwners(view),
    ...checkEvents(view),
    ...checkAttributes(view),
    ...checkFields(view),
    ...checkSegments(view),
    ...checkExceptions(view),
    ...checkDelegations(view),
    ...checkBreaker(view),
  ];
}

/**
 * What depends on the day: exceptions and delegations that have ended or not begun. Apart from the other checks because synth's output must
 * not depend on a clock. `nowMs` in milliseconds since the epoch.
 */
export function checkTimes(raw: unknown, nowMs: number): Problem[] {
  if (!isMapping(raw)) return [];
  const view = viewOf(raw);
  return [...checkExceptionTimes(view, nowMs), ...checkDelegationTimes(view, nowMs)];
}

function checkOwners({ owners }: RawView): Problem[] {
  if (owners === undefined || Object.hasOwn(owners, "identity")) return [];
  return [{ code: "MissingIdentityOwner", path: ["owners"], at: "key", message: "there is no owner `identity`" }];
}

function checkEvents({ events, publishers }: RawView): Problem[] {
  return entriesOf(events).flatMap(([event, definition]) => {
    const path = ["events", event, "source"];
    const sources = member(definition, "source");
    return [
      ...itemsOf(sources).flatMap((source, index) =>
        unknownReference("UnknownPublisher", publishers, source, [...path, index], "publishers"),
      ),
      ...duplicateEntries(sources, path),
    ];
  });
}

function checkAttributes({ attributes, systems }: RawView): Problem[] {
  return entriesOf(attributes).flatMap(([attribute, definition]) =>
    unknownReference(
      "UnknownSystem",
      systems,
      member(definition, "system"),
      ["attributes", attribute, "system"],
      "systems",
    ),
  );
}

function checkBreaker({ raw }: RawView): Problem[] {
  const breaker = member(raw, "breaker");
  const hour = member(breaker, "maxWritesPerHour");
  const day = member(breaker, "maxWritesPerDay") ?? DEFAULT_BREAKER.maxWritesPerDay;
  if (typeof hour !== "number" || typeof day !== "number" || hour <= day) return [];
  const message = `${shown(hour)} writes in an hour are more than ${shown(day)} in a day`;
  return [{ code: "BreakerHourAboveDay", path: ["breaker", "maxWritesPerHour"], message }];
}
