import {
  CHANGE_MEMBERS,
  choiceTargets,
  factsBelow,
  factsOfTemplate,
  factsThroughPath,
  NO_FACTS,
  placeResult,
  type ChangeMember,
  type Fact,
  type Facts,
} from "./asl-facts";
import { asList, asObject, asText, isTerminal, scopeOf, type Loose, type Scope } from "./asl-graph";

/** What a task does, as far as approvals are concerned. */
export type TaskRole =
  /** Cannot lead to a write by itself. */
  | "harmless"
  /** Files a wait for people's decision, and passes them the task token. */
  | "asks"
  /** Reads the record anew, what was approved included. */
  | "inspects"
  /** Leads to a write. */
  | "writes"
  /** Nobody can say: it counts as a write. */
  | "unreadable";

/** One state on a way, and how the way leaves it, as in `Choices[1]`, `Default`, `Catch[0]` or `Next`. */
export interface Step {
  readonly state: string;
  readonly via?: string;
}

/** A way on which a change reaches a write as it must not. */
export interface Way {
  readonly steps: readonly Step[];
  /** `unapproved`: without an approval. `another`: of another change than the one that was inspected. */
  readonly kind: "unapproved" | "another";
  /** What the last state of the way is. */
  readonly role: "writes" | "unreadable";
}

export interface WayOptions {
  /** The change's field by its name, or any field but some. */
  readonly field: string | { readonly notAmong: ReadonlySet<string> };
  /** Whether a write of this field needs an approval. */
  readonly needsApproval: boolean;
  /**
   * How the request's id begins.
   * @default - nothing is known of it
   */
  readonly requestBegins?: string;
  readonly roleOf: (task: Loose) => TaskRole;
}

/** A machine in which some way was followed so long that the search gave up: nothing is known of it. */
export class EndlessWayError extends Error {
  override readonly name = "EndlessWayError";
}

/** Points looked at before the search gives up; a workflow of ours needs some dozens. */
const MAX_POINTS = 20_000;

/**
 * A shortest way on which a change of a field reaches a write as it must not, or `undefined` where there is none. Decided from the
 * definition alone, by what states do and not by what they are called:
 *
 * - An approval is passed by going through a task that asks, with a task token and for this change, *and* through an inspection
 *   of this change after it (phase `again`) that says `write`. The task's own result counts for nothing, and a second write needs a
 *   second such inspection.
 * - A write is about this change if its payload holds the request, the index and the field that the scope was started with.
 * - Choice rules are evaluated for the literal field; whatever else they test may be true or false.
 *
 * What cannot be read counts as possible, so `undefined` can be relied upon; a way that is found may be one that never happens.
 * Throws `EndlessWayError` for a machine with more points than can be looked at.
 */
export function findWrongWrite(machine: unknown, options: WayOptions): Way | undefined {
  const search = new Search(options);
  const start: Facts = new Map([["Execution.Input.requestId", requestFact(options)]]);
  return search.scope(scopeOf(machine), { progress: "unasked", facts: NO_FACTS, context: start, inMap: false }).wrong;
}

/** How far a change is on its way to an approval. */
type Progress = "unasked" | "asked" | "approved";

const PROGRESS: readonly Progress[] = ["unasked", "asked", "approved"];

function least(progresses: Iterable<Progress>): Progress | undefined {
  const found = new Set(progresses);
  return PROGRESS.find((progress) => found.has(progress));
}

function most(a: Progress, b: Progress): Progress {
  return PROGRESS.indexOf(a) >= PROGRESS.indexOf(b) ? a : b;
}

/** What is known where a scope starts. */
interface Entry {
  readonly progress: Progress;
  readonly facts: Facts;
  /** What is known of the context object: the Map's item. */
  readonly context: Facts;
  /** Whether some Map is around: the outermost one is that of the changes. */
  readonly inMap: boolean;
}

interface Point {
  readonly state: string;
  readonly progress: Progress;
  readonly facts: Facts;
  /** How the way came here. */
  readonly via?: string;
}

interface Visit extends Point {
  readonly from: Visit | undefined;
}

/** What a scope can come to. */
interface Result {
  readonly wrong?: Way;
  /** How far a change can be where the scope ends well. */
  readonly ends: ReadonlySet<Progress>;
}

class Search {
  private points = 0;
  private readonly change: Facts;

  constructor(private readonly options: WayOptions) {
    this.change = changeFacts(options.field);
  }

  /** Breadth first, so that the way found is a shortest one. */
  scope(scope: Scope, entry: Entry): Result {
    const ends = new Set<Progress>();
    if (scope.startAt === undefined) return { ends };
    const { progress, facts } = entry;
    const queue: Visit[] = [{ state: scope.startAt, progress, facts, from: undefined }];
    const seen = new Set<string>();
    for (let at = 0; at < queue.length; at += 1) {
      const visit = queue[at];
      const state = visit === undefined ? undefined : scope.states.get(visit.state);
      if (visit === undefined || state === undefined) continue;
      const key = keyOf(visit);
      if (seen.has(key)) continue;
      seen.add(key);
      this.points += 1;
      if (this.points > MAX_POINTS) throw new EndlessWayError("the state machine has more ways than can be followed");
      const { wrong, after, ended } = this.pass(scope, state, visit, entry);
      if (wrong !== undefined) return { wrong: { ...wrong, steps: [...wayTo(visit), ...wrong.steps] }, ends };
      for (const each of ended) ends.add(each);
      for (const point of after) queue.push({ ...point, from: visit });
    }
    return { ends };
  }

  /** Goes through one state: what is wrong with it, and where a way goes from it. */
  private pass(
    scope: Scope,
    state: Loose,
    visit: Visit,
    entry: Entry,
  ): { readonly wrong?: Way; readonly after: readonly Point[]; readonly ended: readonly Progress[] } {
    if (state["Type"] === "Choice") {
      const after = choiceTargets(state, visit.facts).map(({ to, via }) => ({ ...pointOf(visit), state: to, via }));
      return { after, ended: [] };
    }
    if (state["Type"] === "Task") return this.passTask(state, visit, entry);
    if (state["Type"] === "Map" || state["Type"] === "Parallel") return this.passScopes(scope, state, visit, entry);
    const result = resultOf(state, factsThroughPath(visit.facts, state["InputPath"]), entry.context);
    return onward(state, visit.progress, outputOf(state, visit.facts, result));
  }

  private passTask(state: Loose, visit: Visit, { context }: Entry) {
    const role = this.options.roleOf(state);
    const { facts, progress } = visit;
    const isOwn = isAboutThisChange(state, factsThroughPath(facts, state["InputPath"]), context);
    if (role === "writes" || role === "unreadable") {
      const unapproved = this.options.needsApproval && progress !== "approved";
      if (unapproved || !isOwn) {
        const wrong: Way = { steps: [], kind: unapproved ? "unapproved" : "another", role };
        return { wrong, after: [], ended: [] };
      }
    }
    const after = (progress: Progress, raw: Facts): Point[] =>
      onward(state, progress, outputOf(state, facts, selected(state, raw, context))).after;
    const nowAt = progressAfter(role, isOwn, progress);
    const caught = caughtFrom(state, nowAt, facts);
    if (role === "inspects" && isOwn && progress !== "unasked" && phaseOf(state, facts, context) === "again") {
      // Both answers are followed: the one that says `write` is the approval.
      const yes = after("approved", new Map([["Payload.route", { is: "write" }]]));
      const no = after("asked", new Map([["Payload.route", { isNot: NOT_WRITE }]]));
      return { after: [...yes, ...no, ...caught], ended: endsHere(state) ? (["approved", "asked"] as const) : [] };
    }
    return { after: [...after(nowAt, NO_FACTS), ...caught], ended: endsHere(state) ? [nowAt] : [] };
  }

  /** A Map or a Parallel: what is inside, then what comes after it. */
  private passScopes(scope: Scope, state: Loose, visit: Visit, entry: Entry) {
    const inner = scope.inner.get(visit.state) ?? [];
    const effective = factsThroughPath(visit.facts, state["InputPath"]);
    const isMap = state["Type"] === "Map";
    let progress = visit.progress;
    for (const { at, scope: within } of inner) {
      const start = isMap
        ? mapEntry(state, effective, visit, entry, this.change, requestFact(this.options))
        : parallelEntry(state, effective, visit, entry);
      const { wrong, ends } = this.scope(within, start);
      if (wrong !== undefined) {
        const [first, ...rest] = wrong.steps;
        // The name of a branch is where it stands; a Map has one processor, which goes without saying.
        const steps =
          first === undefined || isMap ? wrong.steps : [{ ...first, state: `${at}.${first.state}` }, ...rest];
        return { wrong: { ...wrong, steps }, after: [], ended: [] };
      }
      // A Map may have no item. Of the branches of a Parallel all have ended when it has.
      if (!isMap) progress = most(progress, least(ends) ?? progress);
    }
    const { after, ended } = onward(state, progress, outputOf(state, visit.facts, NO_FACTS));
    return { after: [...after, ...caughtFrom(state, visit.progress, visit.facts)], ended };
  }
}

/** An approval is asked for, or used up: before another write the record is read anew. */
function progressAfter(role: TaskRole, isOwn: boolean, progress: Progress): Progress {
  if (role === "asks" && isOwn) return "asked";
  return (role === "writes" || role === "unreadable") && progress === "approved" ? "asked" : progress;
}

const NOT_WRITE: ReadonlySet<string> = new Set(["write"]);

function pointOf({ progress, facts }: Visit): Omit<Point, "state"> {
  return { progress, facts };
}

function endsHere(state: Loose): boolean {
  return isTerminal(state) && state["Type"] !== "Fail";
}

/** Where a way goes from a state that succeeded. */
function onward(state: Loose, progress: Progress, facts: Facts): { after: Point[]; ended: Progress[] } {
  const next = asText(state["Next"]);
  if (next === undefined || isTerminal(state)) return { after: [], ended: endsHere(state) ? [progress] : [] };
  return { after: [{ state: next, progress, facts, via: "Next" }], ended: [] };
}

function caughtFrom(state: Loose, progress: Progress, facts: Facts): Point[] {
  return asList(state["Catch"])
    .map(asObject)
    .flatMap((catcher, index): Point[] => {
      const to = asText(catcher["Next"]);
      const after = placeResult(facts, catcher["ResultPath"], NO_FACTS);
      return to === undefined ? [] : [{ state: to, progress, facts: after, via: `Catch[${index}]` }];
    });
}

/**
 * What is known where a Map's item starts. The items of the outermost Map are the changes: request, index and field are this change's
 * own where the Map takes them from where they come from, and nowhere else.
 */
function mapEntry(state: Loose, input: Facts, visit: Visit, entry: Entry, change: Facts, request: Fact): Entry {
  const outermost = !entry.inMap;
  const item = outermost ? change : NO_FACTS;
  const context = new Map([...outerContext(state, entry.context), ...[...item].map(under("Map.Item.Value"))]);
  const selector = state["ItemSelector"] ?? state["Parameters"];
  let facts = selector === undefined ? item : factsOfTemplate(selector, input, context);
  if (outermost) facts = withRequest(facts, selector, request);
  return { progress: visit.progress, facts, context, inMap: true };
}

/** The members of an item, which is a change. */
function changeFacts(field: WayOptions["field"]): Facts {
  const name: Fact = typeof field === "string" ? { own: "field", is: field } : { own: "field", isNot: field.notAmong };
  return new Map<string, Fact>([
    ["index", { own: "index" }],
    ["field", name],
  ]);
}

function under(prefix: string): ([path, fact]: [string, Fact]) => [string, Fact] {
  return ([path, fact]) => [`${prefix}.${path}`, fact];
}

/** What is known of the context object in a Map whatever its item: in a distributed one each item is an execution of its own. */
function outerContext(state: Loose, context: Facts): [string, Fact][] {
  const { ProcessorConfig: config } = asObject(state["ItemProcessor"] ?? state["Iterator"]);
  return asObject(config)["Mode"] === "DISTRIBUTED"
    ? []
    : [...context].filter(([path]) => !path.startsWith("Map.Item."));
}

/** Every item of a Map gets the same request, from a path: which one, the scope's own states then agree on. */
function withRequest(facts: Facts, selector: unknown, request: Fact): Facts {
  const taken = selector === undefined || typeof asObject(selector)["requestId.$"] === "string";
  return taken ? new Map([...facts, ["requestId", request]]) : facts;
}

function requestFact({ requestBegins }: WayOptions): Fact {
  return { own: "requestId", ...(requestBegins === undefined ? {} : { begins: requestBegins }) };
}

function parallelEntry(state: Loose, input: Facts, visit: Visit, entry: Entry): Entry {
  const { Parameters: parameters } = state;
  const facts = parameters === undefined ? input : factsOfTemplate(parameters, input, entry.context);
  return { ...entry, progress: visit.progress, facts };
}

/** What is known after a state that succeeded. */
function outputOf(state: Loose, facts: Facts, result: Facts): Facts {
  if (state["Output"] !== undefined) return NO_FACTS;
  return factsThroughPath(placeResult(facts, state["ResultPath"], result), state["OutputPath"]);
}

function selected(state: Loose, raw: Facts, context: Facts): Facts {
  return state["ResultSelector"] === undefined ? raw : factsOfTemplate(state["ResultSelector"], raw, context);
}

function resultOf(state: Loose, input: Facts, context: Facts): Facts {
  switch (state["Type"]) {
    case "Pass":
      if (state["Result"] !== undefined) return factsOfTemplate(state["Result"], NO_FACTS, NO_FACTS);
      return state["Parameters"] === undefined ? input : factsOfTemplate(state["Parameters"], input, context);
    case "Wait":
    case "Succeed":
      return input;
    default:
      return NO_FACTS;
  }
}

/** What is known of the payload that a task hands to its function. */
function payloadFacts(task: Loose, input: Facts, context: Facts): Facts {
  const { Parameters: parameters, Arguments: jsonata } = task;
  if (jsonata !== undefined) return NO_FACTS;
  if (parameters === undefined) return input;
  const given = factsOfTemplate(parameters, input, context);
  const direct =
    asText(task["Resource"])?.includes(":lambda:") === true && !/:states:::/.test(asText(task["Resource"]) ?? "");
  return direct ? given : factsBelow(given, ["Payload"]);
}

function isAboutThisChange(task: Loose, input: Facts, context: Facts): boolean {
  const payload = payloadFacts(task, input, context);
  return CHANGE_MEMBERS.every((member: ChangeMember) => payload.get(member)?.own === member);
}

function phaseOf(task: Loose, facts: Facts, context: Facts): unknown {
  return payloadFacts(task, factsThroughPath(facts, task["InputPath"]), context).get("phase")?.is;
}

function wayTo(visit: Visit): Step[] {
  const steps: Step[] = [];
  let via: string | undefined;
  for (let at: Visit | undefined = visit; at !== undefined; at = at.from) {
    steps.unshift({ state: at.state, ...(via === undefined ? {} : { via }) });
    via = at.via;
  }
  return steps;
}

const SET_KEYS = new WeakMap<ReadonlySet<unknown>, string>();

function keyOf({ state, progress, facts }: Point): string {
  const known = [...facts].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([state, progress, known.map(([path, fact]) => [path, ...factKey(fact)])]);
}

function factKey({ is, isNot, own, begins }: Fact): unknown[] {
  return [...(is === undefined ? [] : [is]), own ?? 0, setKey(isNot), begins ?? ""];
}

function setKey(set: ReadonlySet<unknown> | undefined): string {
  if (set === undefined) return "";
  const known = SET_KEYS.get(set);
  if (known !== undefined) return known;
  const key = JSON.stringify([...set]);
  SET_KEYS.set(set, key);
  return key;
}
