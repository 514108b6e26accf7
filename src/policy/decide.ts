import {
  endOfUtcDay,
  isReversalId,
  parseDate,
  parseDuration,
  parseInstant,
  REVERSAL_EVENT,
  REVERSAL_SOURCE,
} from "../core";
import { strictness } from "./classes";
import {
  FIELD_CLASSES,
  INITIATOR_KINDS,
  type Approval,
  type Field,
  type InitiatorKind,
  type InitiatorRule,
  type LifecycleEvent,
  type Policy,
  type Segment,
} from "./model";
import { timeMs } from "./moment";
import { compilePattern } from "./pattern";
import type { AttributeValue, RequestedChange, WriteBackRequest } from "./request";
import { valueTest, type ValueTest } from "./values";
import type { Reason, Verdict, VerdictKind } from "./verdict";

/** How long one approver of the owner's group has, where a safe field is raised to conditional. */
const RAISED_APPROVAL_EXPIRES = "PT24H";

/**
 * How many of the owner's group approve a reversal, and how long they have. Who asked for it is known to AWS and not to the identity
 * provider, so nobody can tell whether an approver asked: of two at least one did not.
 */
const REVERSAL_APPROVERS = 2;
const REVERSAL_APPROVAL_EXPIRES = "PT24H";

/**
 * May each change of a request be written, after which approval? The one implementation of the question: handlers, command
 * line and proofs ask it. Pure; one verdict per change, in the request's order, with the first reason that applies.
 *
 * The window and `finalizedAt` are judged at `request.receivedAt` (at `now` where it is absent), exceptions at `now`:
 * milliseconds since the epoch or an ISO 8601 instant. Throws `TypeError` for a `now` that is neither.
 *
 * Keeps an index of each policy object: a policy must not change after it was decided upon (`parsePolicy` freezes it).
 */
export function decide(policy: Policy, request: WriteBackRequest, now: number | string): readonly Verdict[] {
  const scope = new Scope(indexOf(policy), request, timeMs(now));
  return request.changes.map((change, index) => scope.verdict(change, index));
}

/** The stricter of two verdicts: deny, notify, approve, write. Of two equally strict ones the first. */
export function strictest(a: Verdict, b: Verdict): Verdict {
  return VERDICT_ORDER.indexOf(b.verdict) > VERDICT_ORDER.indexOf(a.verdict) ? b : a;
}

/** Verdicts from the loosest to the strictest. */
const VERDICT_ORDER: readonly VerdictKind[] = ["write", "approve", "notify", "deny"];

/** Strictness of classes as numbers, for the arithmetic of one decision. */
const SAFE = strictness("safe");
const CONDITIONAL = strictness("conditional");
const NEVER = strictness("never");

interface IndexedField {
  readonly rules: Field;
  readonly strictness: number;
  readonly events: ReadonlySet<string>;
  readonly problemOf: ValueTest;
  /** Segments that give the field a stricter class. */
  readonly narrowings: readonly { readonly segment: number; readonly strictness: number }[];
  /** Exceptions on this field, by segment. */
  readonly lifts: ReadonlyMap<number, readonly Lift[]>;
  /** The approval that a change needs where one is needed; absent where nobody could give it. */
  readonly approval: Approval | undefined;
  /** What a reversal needs, whatever the class: the owner's. */
  readonly reversalApproval: Approval | undefined;
}

interface Lift {
  readonly strictness: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

interface IndexedEvent {
  readonly sources: ReadonlySet<string>;
  /** Zero where the policy's text is no duration: nothing is inside it. */
  readonly windowMs: number;
}

interface PolicyIndex {
  readonly fields: ReadonlyMap<string, IndexedField>;
  readonly events: ReadonlyMap<string, IndexedEvent>;
  readonly publishers: ReadonlyMap<string, InitiatorKind>;
  readonly rules: ReadonlyMap<InitiatorKind, InitiatorRule>;
  readonly segments: readonly (readonly (readonly [attribute: string, values: ReadonlySet<string>])[])[];
  /** Segments of mode `notify`: they are about every field. */
  readonly notifying: readonly number[];
}

const indexes = new WeakMap<Policy, PolicyIndex>();

function indexOf(policy: Policy): PolicyIndex {
  const known = indexes.get(policy);
  if (known !== undefined) return known;
  const index = buildIndex(policy);
  indexes.set(policy, index);
  return index;
}

function buildIndex(policy: Policy): PolicyIndex {
  const segments = Object.entries(policy.segments);
  const positions = new Map(segments.map(([name], position) => [name, position]));
  const narrowings = new Map<string, { segment: number; strictness: number }[]>();
  segments.forEach(([, segment], position) => {
    for (const [field, fieldClass] of Object.entries(segment.fields)) {
      const own = narrowings.get(field) ?? [];
      own.push({ segment: position, strictness: strictness(fieldClass) });
      narrowings.set(field, own);
    }
  });
  const lifts = liftsByField(policy, positions);
  const patterns = new Map<string, RegExp>();
  const compile = (pattern: string): RegExp => {
    const compiled = patterns.get(pattern) ?? compilePattern(pattern);
    patterns.set(pattern, compiled);
    return compiled;
  };
  return {
    fields: new Map(
      Object.entries(policy.fields).map(([name, rules]) => [
        name,
        {
          rules,
          strictness: strictness(rules.class),
          events: new Set(rules.events),
          problemOf: valueTest(rules, compile),
          narrowings: narrowings.get(name) ?? [],
          lifts: lifts.get(name) ?? new Map<number, Lift[]>(),
          approval: rules.approval ?? ownersApproval(policy, rules.owner, 1, RAISED_APPROVAL_EXPIRES),
          reversalApproval: ownersApproval(policy, rules.owner, REVERSAL_APPROVERS, REVERSAL_APPROVAL_EXPIRES),
        },
      ]),
    ),
    events: new Map(Object.entries(policy.events).map(([name, event]) => [name, indexEvent(policy, event)])),
    publishers: new Map(Object.entries(policy.publishers).map(([name, publisher]) => [name, publisher.initiator])),
    rules: new Map(INITIATOR_KINDS.flatMap((kind) => ruleEntry(policy, kind))),
    segments: segments.map(([, segment]) => indexCondition(segment)),
    notifying: segments.flatMap(([, segment], position) => (segment.mode === "notify" ? [position] : [])),
  };
}

function liftsByField(
  policy: Policy,
  positions: ReadonlyMap<string, number>,
): ReadonlyMap<string, Map<number, Lift[]>> {
  const byField = new Map<string, Map<number, Lift[]>>();
  for (const exception of policy.exceptions) {
    const position = positions.get(exception.segment);
    const fromMs = parseDate(exception.approvedOn);
    const lastDayMs = parseDate(exception.expires);
    if (position === undefined || fromMs === undefined || lastDayMs === undefined) continue;
    const bySegment = byField.get(exception.field) ?? new Map<number, Lift[]>();
    const lift: Lift = { strictness: strictness(exception.allow), fromMs, untilMs: endOfUtcDay(lastDayMs) };
    const beside = bySegment.get(position);
    if (beside === undefined) bySegment.set(position, [lift]);
    else beside.push(lift);
    byField.set(exception.field, bySegment);
  }
  return byField;
}

function ownersApproval(policy: Policy, owner: string, count: number, expires: string): Approval | undefined {
  const group = Object.hasOwn(policy.owners, owner) ? policy.owners[owner]?.approvers?.group : undefined;
  return group === undefined ? undefined : { groups: [{ group, count }], expires };
}

function indexEvent(policy: Policy, event: LifecycleEvent): IndexedEvent {
  // A source that is no declared publisher authorises nothing: its kind is unknown, and no IAM binding stands behind it.
  const declared = event.source.filter((source) => Object.hasOwn(policy.publishers, source));
  return { sources: new Set(declared), windowMs: parseDuration(event.window) ?? 0 };
}

function ruleEntry(policy: Policy, kind: InitiatorKind): (readonly [InitiatorKind, InitiatorRule])[] {
  const rule = policy.initiators[kind];
  return rule === undefined ? [] : [[kind, rule]];
}

function indexCondition(segment: Segment): PolicyIndex["segments"][number] {
  return Object.entries(segment.when).map(
    ([attribute, values]) => [attribute, new Set(values.map((value) => String(value).trim()))] as const,
  );
}

/** What holds for a whole request, worked out once and only as far as its changes ask. */
class Scope {
  private readonly event: IndexedEvent | undefined;
  private readonly repeated: ReadonlySet<string>;
  private readonly minimum: number;
  private readonly intentMissing: boolean;
  private readonly judgedAtMs: number;
  private readonly matches: (boolean | undefined)[] = [];
  private inWindow: boolean | undefined;

  constructor(
    private readonly index: PolicyIndex,
    private readonly request: WriteBackRequest,
    private readonly nowMs: number,
  ) {
    const event = index.events.get(request.event);
    this.event = event?.sources.has(request.source) === true ? event : undefined;
    this.repeated = request.changes.length > 1 ? repeatedFields(request.changes) : NONE;
    const rule = combinedRule(index, request);
    this.minimum = rule.minimum;
    this.intentMissing = rule.requireIntent && isBlank(request.initiator.intent);
    // A time of intake that cannot be read makes every comparison with it false, and so every change late.
    this.judgedAtMs = request.receivedAt === undefined ? nowMs : (parseInstant(request.receivedAt) ?? NaN);
  }

  verdict(change: RequestedChange, index: number): Verdict {
    const { field } = change;
    const indexed = this.index.fields.get(field);
    if (indexed === undefined) {
      const reason = this.repeated.has(field) ? "DuplicateChange" : "UnclassifiedField";
      return { index, field, verdict: "deny", reason, class: "never", effectiveClass: "never" };
    }
    const { rules } = indexed;
    const narrowed = this.narrowed(indexed);
    const { reversal } = this.request;
    const raised = reversal === undefined ? this.minimum : Math.max(this.minimum, CONDITIONAL);
    const effective = Math.max(indexed.strictness, narrowed.strictness, raised);
    const reason = this.reason(change, indexed, narrowed, effective);
    const needed = reversal === undefined ? indexed.approval : indexed.reversalApproval;
    const approval = reason === "ApprovalRequired" ? needed : undefined;
    return {
      index,
      field,
      verdict: verdictOf(reason, approval),
      reason,
      class: rules.class,
      effectiveClass: FIELD_CLASSES[effective] ?? "never",
      owner: rules.owner,
      ...(approval === undefined ? {} : { approval }),
      rules,
    };
  }

  private reason(change: RequestedChange, indexed: IndexedField, narrowed: Narrowed, effective: number): Reason {
    if (this.repeated.has(change.field)) return "DuplicateChange";
    if (indexed.strictness === NEVER) return "NeverField";
    if (narrowed.strictness === NEVER) return "SegmentNever";
    if (this.minimum === NEVER) return "InitiatorNever";
    if (this.request.reversal !== undefined || isReversalId(this.request.requestId)) {
      return this.reversalReason(change, indexed, narrowed);
    }
    if (this.event === undefined || !indexed.events.has(this.request.event)) return "EventNotAuthorized";
    if (!this.isInWindow(this.event)) return "OutsideWindow";
    if (!this.isFinalized(change.finalizedAt)) return "NotFinalized";
    if (indexed.problemOf(change.value) !== undefined) return "InvalidValue";
    if (this.intentMissing) return "IntentMissing";
    if (narrowed.notify) return "SegmentNotifyOnly";
    return effective === CONDITIONAL ? "ApprovalRequired" : "SafeField";
  }

  /**
   * A reversal has no event, window or time of its own: it takes back one write that is on record, to what the HRIS held before. That may
   * be nothing, which no other request can ask for.
   */
  private reversalReason({ value }: RequestedChange, indexed: IndexedField, narrowed: Narrowed): Reason {
    const { reversal, requestId, event, source, changes } = this.request;
    const isOne = changes.length === 1 && event === REVERSAL_EVENT && source === REVERSAL_SOURCE;
    if (reversal === undefined || !isReversalId(requestId) || !isOne) return "EventNotAuthorized";
    if (value !== null && indexed.problemOf(value) !== undefined) return "InvalidValue";
    return narrowed.notify ? "SegmentNotifyOnly" : "ApprovalRequired";
  }

  private narrowed(indexed: IndexedField): Narrowed {
    let strict = SAFE;
    let notify = false;
    for (const narrowing of indexed.narrowings) {
      if (narrowing.strictness <= strict || !this.isMatch(narrowing.segment)) continue;
      strict = Math.max(strict, this.liftOf(indexed, narrowing.segment) ?? narrowing.strictness);
    }
    // Every one counts: what an exception allows instead of a notice holds beside what other segments say.
    for (const segment of this.index.notifying) {
      if (!this.isMatch(segment)) continue;
      const lifted = this.liftOf(indexed, segment);
      if (lifted === undefined) notify = true;
      else strict = Math.max(strict, lifted);
    }
    return { strictness: strict, notify };
  }

  /** What exceptions in force allow for this field in this segment. The field's own class holds beside it. */
  private liftOf(indexed: IndexedField, segment: number): number | undefined {
    let loosest: number | undefined;
    for (const lift of indexed.lifts.get(segment) ?? []) {
      if (this.nowMs < lift.fromMs || this.nowMs > lift.untilMs) continue;
      loosest = Math.min(loosest ?? lift.strictness, lift.strictness);
    }
    return loosest;
  }

  private isMatch(segment: number): boolean {
    const known = this.matches[segment];
    if (known !== undefined) return known;
    const attributes = this.request.worker.attributes;
    const match = (this.index.segments[segment] ?? []).every(([attribute, values]) => {
      const value: AttributeValue | undefined = Object.hasOwn(attributes, attribute)
        ? attributes[attribute]
        : undefined;
      if (value === undefined || value === null) return true;
      // A system that answers with nothing but blanks has not answered.
      const text = String(value).trim();
      return text === "" || values.has(text);
    });
    this.matches[segment] = match;
    return match;
  }

  private isInWindow(event: IndexedEvent): boolean {
    if (this.inWindow === undefined) {
      const ageMs = this.judgedAtMs - (parseInstant(this.request.occurredAt) ?? NaN);
      this.inWindow = ageMs >= 0 && ageMs <= event.windowMs;
    }
    return this.inWindow;
  }

  private isFinalized(finalizedAt: string | null | undefined): boolean {
    const ms = typeof finalizedAt === "string" ? parseInstant(finalizedAt) : undefined;
    return ms !== undefined && ms <= this.judgedAtMs;
  }
}

interface Narrowed {
  readonly strictness: number;
  readonly notify: boolean;
}

const NONE: ReadonlySet<string> = new Set();

function repeatedFields(changes: readonly RequestedChange[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { field } of changes) (seen.has(field) ? repeated : seen).add(field);
  return repeated;
}

/**
 * The strictest of the rules that apply to a request's initiator: that of the publisher's kind, that of the kind which the
 * event's body claims, and the agent's for whatever is undeclared, unknown, or a human nobody can name.
 */
function combinedRule(
  index: PolicyIndex,
  request: WriteBackRequest,
): { readonly minimum: number; readonly requireIntent: boolean } {
  const { kind, issuer, subject } = request.initiator;
  const bound = request.reversal === undefined ? (index.publishers.get(request.source) ?? "agent") : "human";
  const claimed = kind === undefined ? bound : (INITIATOR_KINDS.find((each) => each === kind) ?? "agent");
  const unnamed = (bound === "human" || claimed === "human") && (isBlank(issuer) || isBlank(subject));
  let minimum = SAFE;
  let requireIntent = false;
  for (const each of unnamed ? [bound, claimed, "agent" as const] : [bound, claimed]) {
    const rule = index.rules.get(each);
    if (rule === undefined) continue;
    if (rule.minimumClass !== undefined) minimum = Math.max(minimum, strictness(rule.minimumClass));
    requireIntent ||= rule.requireIntent;
  }
  return { minimum, requireIntent };
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text.trim() === "";
}

/** An approval that nobody could give is a denial. */
function verdictOf(reason: Reason, approval: Approval | undefined): VerdictKind {
  switch (reason) {
    case "SafeField":
      return "write";
    case "SegmentNotifyOnly":
      return "notify";
    case "ApprovalRequired":
      return approval === undefined ? "deny" : "approve";
    default:
      return "deny";
  }
}
