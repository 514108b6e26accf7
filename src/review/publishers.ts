import { EventPatternError, matchesPattern } from "../compile/event-pattern";
import { OUTCOME_DETAIL_TYPE, OUTCOME_SOURCE, WAITING_DETAIL_TYPE } from "../core";
import type { PolicyDocument } from "../iam";
import { findAllowed, type Ask, type Caller } from "./asking";
import { textOf } from "./body";
import { readPublishers } from "./classification";
import { together, type Counterexample, type Evidence, type Findings, type NotRead } from "./finding";
import { findOpen, isHomeless, resourcesOf } from "./guards";
import { namedPrincipals, type Holdings } from "./holdings";
import { arnOf } from "./identity";
import { rulesOf } from "./queues";
import type { ResourcePolicy } from "./resource-policies";
import { isRecord, record, Unreadable, type Resource } from "./stack";
import { strangersTo } from "./strangers";
import { policyOf, sorted, type System } from "./system";

const STRANGE_SOURCE = "a.source.that.nobody.declared";
const STRANGE_TYPE = "a.type.that.nobody.declared";

/** Who may speak for which publisher: the bus's policy and its rules. */
export function provePublishers(system: System, holdings: Holdings): Findings {
  return together([proveBus(system, holdings), proveRules(system), strangeTargets(system)]);
}

function proveBus(system: System, holdings: Holdings): Partial<Findings> {
  const { bus, stack } = system;
  if (bus === undefined) {
    const message = "no function's environment names the lifecycle bus";
    return { unread: [{ code: "PartMissing", invariants: [2], message, resources: [] }] };
  }
  const policy = policyOf(system, "bus", bus);
  if (policy?.document !== undefined) return new BusProof(system, bus, policy, policy.document, holdings).run();
  if (policy !== undefined || isHomeless(system, "aws_cloudwatch_event_bus_policy")) return {};
  const message =
    "the lifecycle bus has no policy: whoever may put events in the account may speak for every publisher";
  const resources = stack
    .resources("aws_cloudwatch_event_bus")
    .filter((resource) => arnOf(stack, resource) === bus)
    .map(({ address }) => address);
  return { counterexamples: [{ code: "SourceOpen", invariants: [2], message, resources }] };
}

/** The policy of the bus: each source is its publisher's alone, whatever identity policies say. */
class BusProof {
  private readonly sources: readonly string[];
  private readonly events: ReadonlyMap<string, readonly string[]>;
  private readonly outsiders: readonly Caller[];
  /** Whom the policy allows a source, with some type that the source has. */
  private readonly owners: ReadonlyMap<string, readonly Caller[]>;

  constructor(
    private readonly system: System,
    private readonly bus: string,
    private readonly policy: ResourcePolicy,
    private readonly document: PolicyDocument,
    private readonly holdings: Holdings,
  ) {
    const { sources, events } = readPublishers(system);
    this.sources = sources;
    this.events = events;
    this.outsiders = sorted(policy.documents.flatMap(namedPrincipals)).map((arn) => ({ label: arn, arn }));
    this.owners = new Map(
      sources.map((source) => [
        source,
        this.outsiders.filter((caller) =>
          this.typesOf(source).some((type) => this.allows(caller, source, type, document)),
        ),
      ]),
    );
  }

  run(): Partial<Findings> {
    const { system, sources } = this;
    const holders = (id: string): string[] =>
      this.holdings.held.filter(({ power }) => power.id === id).map(({ holder }) => holder);
    const announcers = holders("put-outcome-events");
    const tellers = holders("put-waiting-events");
    const roles = system.principals.filter(({ kind }) => kind === "role");
    const everybody: readonly Caller[] = [...strangersTo(system, this.document), ...this.outsiders, ...roles];
    const found = together([
      ...sources.map((source) => {
        const own = new Set(this.ownersOf(source).map(({ arn }) => arn));
        return this.anyRight(
          everybody.filter(({ arn }) => !own.has(arn)),
          [source],
          this.typesOf(source)[0] ?? STRANGE_TYPE,
        );
      }),
      // A call may carry several sources: one that is not the caller's suffices for a denial.
      ...sources.flatMap((source) => {
        const other = sources.find((each) => each !== source);
        return [...(other === undefined ? [] : [other]), STRANGE_SOURCE].map((foreign) => {
          const callers = this.ownersOf(source).filter((caller) => !this.ownersOf(foreign).includes(caller));
          return this.anyRight(callers, [source, foreign], STRANGE_TYPE);
        });
      }),
      // The stack's own name: each type is its own roles' alone, and what it never says is nobody's but theirs.
      ...(
        [
          [announcers, OUTCOME_DETAIL_TYPE],
          [tellers, WAITING_DETAIL_TYPE],
          [[...announcers, ...tellers], STRANGE_TYPE],
        ] as const
      ).map(([own, type]) =>
        this.anyRight(
          everybody.filter(({ label }) => !own.includes(label)),
          [OUTCOME_SOURCE],
          type,
        ),
      ),
      this.anyRight(everybody, [STRANGE_SOURCE], STRANGE_TYPE),
      { counterexamples: this.outsiders.flatMap((caller) => this.tooWide(caller)) },
    ]);
    const isClean = found.counterexamples.length + found.unread.length === 0;
    return {
      counterexamples: found.counterexamples.slice(0, 5),
      unread: found.unread.slice(0, 3),
      evidence: isClean ? this.evidence() : [],
    };
  }

  private evidence(): Evidence[] {
    const resources = resourcesOf(this.policy);
    const silent = this.sources.filter((source) => this.ownersOf(source).length === 0);
    const text = `the bus's policy lets each of ${this.sources.length} publishers put its own source and types alone, and denies undeclared sources to everybody`;
    const nobody = `nobody may publish as ${silent.join(", ")}`;
    return [
      { invariant: 2, text, resources },
      ...(silent.length === 0 ? [] : [{ invariant: 2 as const, text: nobody, resources }]),
    ];
  }

  private ownersOf(source: string): readonly Caller[] {
    return this.owners.get(source) ?? [];
  }

  private typesOf(source: string): string[] {
    return [...this.events].flatMap(([type, from]) => (from.includes(source) ? [type] : []));
  }

  private ask(source: readonly string[], type: string): Ask {
    const settled = { "events:source": source, "events:detail-type": [type] };
    return { action: "events:PutEvents", resource: this.bus, settled };
  }

  private allows(
    caller: Caller,
    source: string,
    type: string,
    resource: PolicyDocument,
  ): ReturnType<typeof findAllowed> {
    return findAllowed(this.system.reader, caller, this.ask([source], type), { identity: [], resource });
  }

  private anyRight(callers: readonly Caller[], source: readonly string[], type: string): Partial<Findings> {
    return findOpen(this.system, this.policy, callers, [this.ask(source, type)], (allowed, caller) =>
      this.open(caller, source, " as soon as an identity policy says so", allowed),
    );
  }

  /** What an Allow gives by itself, whatever the denials beside it take away: nothing but the caller's own sources and their types. */
  private tooWide(caller: Caller): Counterexample[] {
    const allows = { ...this.document, Statement: this.document.Statement.filter(({ Effect }) => Effect === "Allow") };
    for (const source of [...this.sources, OUTCOME_SOURCE, STRANGE_SOURCE]) {
      for (const type of [...this.events.keys(), STRANGE_TYPE]) {
        if (this.ownersOf(source).includes(caller) && this.typesOf(source).includes(type)) continue;
        const allowed = this.allows(caller, source, type, allows);
        if (allowed === undefined || allowed === "undecided") continue;
        return [this.open(caller, [source], ` and type \`${type}\`, by an Allow of the bus's policy`, allowed)];
      }
    }
    return [];
  }

  private open(
    { label }: Caller,
    source: readonly string[],
    how: string,
    allowed: Pick<Counterexample, "statements" | "request">,
  ): Counterexample {
    const names = source.map((name) => `\`${name}\``).join(" together with ");
    return {
      code: "SourceOpen",
      invariants: [2],
      message: `${label} may put events of ${names}${how}`,
      resources: resourcesOf(this.policy),
      ...allowed,
    };
  }
}

/** Each rule matches declared events of their own publishers, and lifecycle events go to intake's queue as they are. */
function proveRules(system: System): Findings {
  const { stack, bus } = system;
  const { sources, events } = readPublishers(system);
  return together(
    rulesOf(stack, bus).map((rule): Partial<Findings> => {
      const matched = matchedBy(rule, [...sources, STRANGE_SOURCE], [...events.keys(), STRANGE_TYPE]);
      if (matched instanceof Unreadable) return { unread: [unreadRule(rule.address, matched.reason)] };
      const undeclared = matched.find(([source, type]) => events.get(type)?.includes(source) !== true);
      const tooWide: Counterexample[] =
        undeclared === undefined
          ? []
          : [
              wrong(
                `\`${rule.address}\` delivers \`${undeclared[1]}\` from \`${undeclared[0]}\`, which the policy does not declare`,
                rule.address,
              ),
            ];
      return { counterexamples: [...tooWide, ...(matched.length === 0 ? [] : targetsOf(system, rule))] };
    }),
  );
}

/** Rules of other buses, and schedules, that send to the queue that intake reads: what arrives there counts as a publisher's event. */
function strangeTargets({ stack, bus, intakeQueues }: System): Partial<Findings> {
  const own = new Set(rulesOf(stack, bus).map(({ body }) => body["name"]));
  const name = bus?.replace(/^.*event-bus\//, "");
  const targets = stack.resources("aws_cloudwatch_event_target").filter(({ body }) => {
    const of = textOf(body, "event_bus_name");
    return intakeQueues.includes(textOf(body, "arn") ?? "") && !((of === name || of === bus) && own.has(body["rule"]));
  });
  return {
    counterexamples: targets.map(({ address }) =>
      wrong(`\`${address}\` sends to the queue that intake reads, past the rules of the lifecycle bus`, address),
    ),
  };
}

function wrong(message: string, ...resources: readonly string[]): Counterexample {
  return { code: "RuleTooWide", invariants: [2], message, resources };
}

/** The pairs of source and type that a rule matches, of those given. */
function matchedBy(
  { body }: Resource,
  sources: readonly string[],
  types: readonly string[],
): (readonly [string, string])[] | Unreadable {
  const whole = parsedPattern(body["event_pattern"]);
  if (whole instanceof Unreadable) return whole;
  if (Object.hasOwn(record(whole), "$or")) return new Unreadable("it knows alternatives (`$or`)");
  // Whatever else it asks of an event, some event has: only source and type are anybody's to declare.
  const pattern = Object.fromEntries(
    Object.entries(record(whole)).filter(([key]) => key === "source" || key === "detail-type"),
  );
  const isAny = Object.keys(pattern).length === 0;
  try {
    return sources.flatMap((source) =>
      types
        .filter((type) => isAny || matchesPattern(pattern, { source, "detail-type": type }))
        .map((type) => [source, type] as const),
    );
  } catch (error) {
    if (error instanceof EventPatternError) return new Unreadable(error.message);
    throw error;
  }
}

/** Arguments with which a rule makes something else of an event. */
const CHANGES = ["input", "input_path", "input_transformer"] as const;

/** Where a rule that matches lifecycle events sends them: to intake's queue, as they are. */
function targetsOf({ stack, intakeQueues }: System, rule: Resource): Counterexample[] {
  const targets = stack
    .resources("aws_cloudwatch_event_target")
    .filter(({ body }) => body["rule"] === rule.body["name"] && body["event_bus_name"] === rule.body["event_bus_name"]);
  return targets.flatMap(({ address, body }): Counterexample[] => {
    const to = textOf(body, "arn") ?? "somewhere";
    if (!intakeQueues.includes(to)) {
      return [
        {
          ...wrong(`\`${address}\` delivers lifecycle events, values included, to ${to}`, address),
          invariants: [2, 7],
        },
      ];
    }
    const isChanged = CHANGES.some((name) => {
      const value = body[name];
      return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
    });
    return isChanged ? [wrong(`\`${address}\` changes what intake gets, the event's source included`, address)] : [];
  });
}

function unreadRule(address: string, reason: string): NotRead {
  const message = `the pattern of \`${address}\` is not read: ${reason}`;
  return { code: "UnreadValue", invariants: [2], message, resources: [address] };
}

function parsedPattern(value: Resource["body"][string]): unknown {
  if (value instanceof Unreadable) return value;
  try {
    const pattern: unknown = JSON.parse(typeof value === "string" ? value : "");
    return isRecord(pattern) ? pattern : new Unreadable("it is no object");
  } catch {
    return new Unreadable("it is not JSON");
  }
}
