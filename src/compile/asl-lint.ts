import validateGrammar from "asl-validator";

import {
  canonicalJson,
  LAMBDA_DEATHS,
  LAMBDA_SERVICE_ERRORS,
  RETRYABLE_ERRORS,
  sortFindings,
  type Finding,
} from "../core";
import { absentReads } from "./asl-dataflow";
import {
  asList,
  asObject,
  asText,
  edgesOf,
  isObject,
  isTerminal,
  join,
  parseReference,
  pathOfState,
  scopesOf,
  templateReads,
  type Loose,
  type Scope,
} from "./asl-graph";

export { writeReachableWithoutApproval } from "./asl-own-way";

export type AslFindingCode =
  | "AslGrammar"
  | "CatchAllMisplaced"
  | "ChoiceWithoutDefault"
  | "DanglingTarget"
  | "InvalidDelay"
  | "MapItemMisplaced"
  | "NoWayToEnd"
  | "PathMayBeAbsent"
  | "PathUnreadable"
  | "TaskTokenMisplaced"
  | "TaskTokenNotPassed"
  | "UnknownContextPath"
  | "UnknownErrorName"
  | "UnknownIntegration"
  | "UnreachableState"
  | "WaitEndUncaught"
  | "WaitWithoutTimeout";

export type AslFinding = Finding<AslFindingCode>;

export interface LintOptions {
  /**
   * Members that the input of every execution has.
   * @default - `version` and `requestId`, the input of the compiled workflow
   */
  readonly input?: readonly string[];
  /**
   * Whether asl-validator is asked too. It compiles its schemas anew for every definition, which dwarfs all the rest: leave it out
   * to try many variants of a definition whose grammar is known to be fine.
   * @default true
   */
  readonly grammar?: boolean;
}

const WORKFLOW_INPUT = ["version", "requestId"] as const;

/** What our workflow may call: Lambda, synchronously or with a task token. */
const INTEGRATION = /^arn:aws[a-z-]*:states:::lambda:invoke(\.waitForTaskToken)?$/;
const WITH_TOKEN = /\.waitForTaskToken$/;

/** Paths of the context object that exist in every execution. @see https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html (read 2026-11-23) */
const CONTEXT_PATHS: ReadonlySet<string> = new Set([
  "",
  "Execution",
  "Execution.Id",
  "Execution.Name",
  "Execution.RedriveCount",
  "Execution.RoleArn",
  "Execution.StartTime",
  "State",
  "State.EnteredTime",
  "State.Name",
  "State.RetryCount",
  "StateMachine",
  "StateMachine.Id",
  "StateMachine.Name",
]);
const CONTEXT_INPUT = "Execution.Input";
const MAP_ITEM = "Map.Item";
const TASK_TOKEN = "Task.Token";

/** Error names that the service raises. @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html (read 2026-11-23) */
const RESERVED_ERRORS: ReadonlySet<string> = new Set([
  "States.ALL",
  "States.BranchFailed",
  "States.DataLimitExceeded",
  "States.HeartbeatTimeout",
  "States.IntrinsicFailure",
  "States.NoChoiceMatched",
  "States.ParameterPathFailure",
  "States.Permissions",
  "States.ResultPathMatchFailure",
  "States.Runtime",
  "States.TaskFailed",
  "States.Timeout",
]);
const OWN_ERRORS: ReadonlySet<string> = new Set([
  ...Object.values(RETRYABLE_ERRORS),
  ...LAMBDA_SERVICE_ERRORS,
  ...LAMBDA_DEATHS,
]);

/**
 * Everything that is wrong with a state machine: its grammar by asl-validator, and what that and the service itself let
 * through until an execution fails on it. Takes any value; never throws. An empty list is a machine whose every state can be
 * reached and left, whose every read exists on every way, and that calls nothing but Lambda functions.
 */
export function lintStateMachine(machine: unknown, options: LintOptions = {}): AslFinding[] {
  const scopes = scopesOf(machine);
  return sortFindings([
    ...((options.grammar ?? true) ? grammarFindings(machine) : []),
    ...scopes.flatMap(graphFindings),
    ...scopes.flatMap(stateFindings),
    ...absentReads(machine, options.input ?? WORKFLOW_INPUT).map(({ path, read, reason }) =>
      reason === "absent"
        ? finding("PathMayBeAbsent", path, `\`${read}\` does not exist on every way to this state`)
        : finding(
            "PathUnreadable",
            path,
            `\`${read}\` is not a plain reference path, so nobody can say whether it exists`,
          ),
    ),
  ]);
}

function finding(code: AslFindingCode, path: string, message: string, hint?: string): AslFinding {
  return { code, severity: "error", path, message, ...(hint === undefined ? {} : { hint }) };
}

/** Results by canonical text: asl-validator compiles its schemas anew at every call, 84 ms each. */
const grammarResults = new Map<string, readonly AslFinding[]>();
const GRAMMAR_RESULTS_KEPT = 32;

function grammarFindings(machine: unknown): readonly AslFinding[] {
  let text: string;
  try {
    text = canonicalJson(machine);
  } catch {
    return [finding("AslGrammar", "", "the state machine is not JSON")];
  }
  const known = grammarResults.get(text);
  if (known !== undefined) return known;
  const findings = checkGrammar(JSON.parse(text));
  const [oldest] = grammarResults.keys();
  if (grammarResults.size >= GRAMMAR_RESULTS_KEPT && oldest !== undefined) grammarResults.delete(oldest);
  grammarResults.set(text, findings);
  return findings;
}

/** `machine` is a copy: asl-validator writes into it. */
function checkGrammar(machine: unknown): AslFinding[] {
  if (!isObject(machine)) return [finding("AslGrammar", "", "the state machine is not an object")];
  try {
    return validateGrammar(machine).errors.map((error) =>
      finding(
        "AslGrammar",
        (error.schemaError?.instancePath ?? "").split("/").filter(Boolean).join("."),
        `${error["Error code"]}: ${error.Message}`,
      ),
    );
  } catch {
    // It dereferences states before it has checked that they are objects.
    return [finding("AslGrammar", "", "the state machine is so malformed that its grammar cannot be checked")];
  }
}

/** Targets, reachability and ends of one scope. */
function graphFindings(scope: Scope): AslFinding[] {
  const dangling = [...scope.states].flatMap(([name, state]) =>
    edgesOf(state)
      .filter(({ to }) => !scope.states.has(to))
      .map(({ to, at }) =>
        finding("DanglingTarget", join(pathOfState(scope, name), at), `\`${to}\` is not a state of this scope`),
      ),
  );
  if (scope.startAt === undefined || !scope.states.has(scope.startAt)) {
    const start =
      scope.startAt === undefined ? "there is no start" : `\`${scope.startAt}\` is not a state of this scope`;
    return [...dangling, finding("DanglingTarget", join(scope.path, "StartAt"), start)];
  }
  const reached = closure([scope.startAt], (name) => edgesOf(scope.states.get(name) ?? {}).map(({ to }) => to));
  const ends = [...scope.states].filter(([, state]) => isTerminal(state)).map(([name]) => name);
  const ending = closure(ends, (name) =>
    [...scope.states].filter(([, state]) => edgesOf(state).some(({ to }) => to === name)).map(([from]) => from),
  );
  return [
    ...dangling,
    ...[...scope.states.keys()].flatMap((name) => {
      if (!reached.has(name)) {
        return [finding("UnreachableState", pathOfState(scope, name), `no way leads to \`${name}\``)];
      }
      if (!ending.has(name)) {
        return [finding("NoWayToEnd", pathOfState(scope, name), `no way leads from \`${name}\` to an end`)];
      }
      return [];
    }),
  ];
}

function closure(from: readonly string[], next: (name: string) => readonly string[]): Set<string> {
  const seen = new Set(from);
  for (const name of seen) for (const to of next(name)) seen.add(to);
  return seen;
}

function stateFindings(scope: Scope): AslFinding[] {
  return [...scope.states].flatMap(([name, state]) => {
    const path = pathOfState(scope, name);
    return [
      ...integrationFindings(state, path),
      ...contextFindings(scope, state, path),
      ...errorFindings(state, path),
      ...delayFindings(state, path),
      ...(state["Type"] === "Choice" && state["Default"] === undefined
        ? [
            finding(
              "ChoiceWithoutDefault",
              path,
              "an input that no rule matches fails the execution",
              "add a `Default`",
            ),
          ]
        : []),
    ];
  });
}

function integrationFindings(state: Loose, path: string): AslFinding[] {
  if (state["Type"] !== "Task") return [];
  const resource = asText(state["Resource"]) ?? "";
  if (!INTEGRATION.test(resource)) {
    return [
      finding(
        "UnknownIntegration",
        `${path}.Resource`,
        `\`${resource}\` is not an integration that this workflow uses`,
      ),
    ];
  }
  if (!WITH_TOKEN.test(resource)) return [];
  const passesToken = templateReads(state["Parameters"], "").some(({ text }) => text === `$$.${TASK_TOKEN}`);
  return [
    ...(state["TimeoutSeconds"] === undefined && state["TimeoutSecondsPath"] === undefined
      ? [finding("WaitWithoutTimeout", path, "a wait for a task token without a time-out can last a year")]
      : []),
    ...WAIT_ENDS.filter((name) => !caughtByName(state).has(name)).map((name) =>
      finding("WaitEndUncaught", `${path}.Catch`, `a wait that ends by \`${name}\` is caught by no clause of its own`),
    ),
    ...(passesToken
      ? []
      : [
          finding(
            "TaskTokenNotPassed",
            `${path}.Parameters`,
            "the task token is not passed on, so nobody can end the wait",
          ),
        ]),
  ];
}

/** Every path that a state writes down: members that hold paths, and payload templates. */
function pathsOf(state: Loose): { readonly text: string; readonly at: string; readonly template: string }[] {
  const templates = ["Parameters", "ResultSelector", "ItemSelector"].flatMap((key) =>
    templateReads(state[key], key).map((read) => ({ ...read, template: key })),
  );
  const members = Object.entries(state).flatMap(([key, value]) =>
    key.endsWith("Path") && typeof value === "string" ? [{ text: value, at: key, template: key }] : [],
  );
  return [
    ...templates,
    ...members,
    ...asList(state["Choices"]).flatMap((rule, index) => pathsOfTest(rule, `Choices[${index}]`)),
  ];
}

function pathsOfTest(rule: unknown, at: string): { text: string; at: string; template: string }[] {
  const test = asObject(rule);
  const inner = [
    ...["And", "Or"].flatMap((key) =>
      asList(test[key]).flatMap((part, index) => pathsOfTest(part, `${at}.${key}[${index}]`)),
    ),
    ...(test["Not"] === undefined ? [] : pathsOfTest(test["Not"], `${at}.Not`)),
  ];
  const own = Object.entries(test).flatMap(([key, value]) =>
    typeof value === "string" && (key === "Variable" || key.endsWith("Path"))
      ? [{ text: value, at: `${at}.${key}`, template: key }]
      : [],
  );
  return [...own, ...inner];
}

function contextFindings(scope: Scope, state: Loose, path: string): AslFinding[] {
  const inMap = scope.parent?.["Type"] === "Map" || scope.within.length > 1;
  const waits = WITH_TOKEN.test(asText(state["Resource"]) ?? "");
  return pathsOf(state).flatMap(({ text, at, template }) => {
    if (!text.startsWith("$$")) return [];
    const where = join(path, at);
    const reference = parseReference(text);
    if (reference === undefined) {
      return [finding("UnknownContextPath", where, `\`${text}\` is not a plain path of the context object`)];
    }
    const members = reference.members.join(".");
    if (members === TASK_TOKEN) {
      return waits && template === "Parameters"
        ? []
        : [finding("TaskTokenMisplaced", where, "only the parameters of a task that waits for it have a task token")];
    }
    if (
      [`${MAP_ITEM}.Value`, `${MAP_ITEM}.Index`].some((known) => members === known || members.startsWith(`${known}.`))
    ) {
      return inMap || (state["Type"] === "Map" && template === "ItemSelector")
        ? []
        : [finding("MapItemMisplaced", where, "only the item selector and the states of a Map have an item")];
    }
    if (CONTEXT_PATHS.has(members) || members === CONTEXT_INPUT || members.startsWith(`${CONTEXT_INPUT}.`)) return [];
    return [finding("UnknownContextPath", where, `\`${text}\` is not in the context object`)];
  });
}

/** The errors by which a wait for a task token ends without an answer. */
const WAIT_ENDS = ["States.HeartbeatTimeout", "States.Timeout"] as const;

function caughtByName(state: Loose): ReadonlySet<unknown> {
  return new Set(asList(state["Catch"]).flatMap((clause) => asList(asObject(clause)["ErrorEquals"])));
}

function errorFindings(state: Loose, path: string): AslFinding[] {
  return ["Retry", "Catch"].flatMap((key) => {
    const clauses = asList(state[key]);
    return clauses.flatMap((clause, index) => {
      const at = `${path}.${key}[${index}].ErrorEquals`;
      const names = asList(asObject(clause)["ErrorEquals"]);
      const unknown = names
        .filter((name) => typeof name !== "string" || !(RESERVED_ERRORS.has(name) || OWN_ERRORS.has(name)))
        .map((name) =>
          finding("UnknownErrorName", at, `\`${String(name)}\` is raised neither by the service nor by a handler`),
        );
      const misplaced = names.includes("States.ALL") && (names.length > 1 || index < clauses.length - 1);
      return misplaced
        ? [...unknown, finding("CatchAllMisplaced", at, "`States.ALL` must stand alone and in the last clause")]
        : unknown;
    });
  });
}

function delayFindings(state: Loose, path: string): AslFinding[] {
  const positive = (value: unknown, at: string): AslFinding[] =>
    value === undefined || (Number.isInteger(value) && (value as number) > 0)
      ? []
      : [
          finding(
            "InvalidDelay",
            `${path}.${at}`,
            `\`${JSON.stringify(value)}\` is not a whole number of seconds above 0`,
          ),
        ];
  const waits =
    state["Type"] === "Wait" &&
    ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"].every((key) => state[key] === undefined)
      ? [finding("InvalidDelay", path, "the wait has no length")]
      : [];
  return [
    ...waits,
    ...["Seconds", "TimeoutSeconds", "HeartbeatSeconds"].flatMap((key) => positive(state[key], key)),
    ...asList(state["Retry"]).flatMap((clause, index) => {
      const retrier = asObject(clause);
      const at = `Retry[${index}]`;
      const interval = retrier["IntervalSeconds"] ?? 1;
      const longest = retrier["MaxDelaySeconds"];
      const rate = retrier["BackoffRate"] ?? 2;
      return [
        ...positive(interval, `${at}.IntervalSeconds`),
        ...positive(longest, `${at}.MaxDelaySeconds`),
        ...(typeof longest === "number" && typeof interval === "number" && longest <= interval
          ? [finding("InvalidDelay", `${path}.${at}.MaxDelaySeconds`, "the longest delay must exceed the first")]
          : []),
        ...(typeof rate === "number" && rate >= 1
          ? []
          : [
              finding(
                "InvalidDelay",
                `${path}.${at}.BackoffRate`,
                `\`${JSON.stringify(rate)}\` is not a factor of at least 1`,
              ),
            ]),
      ];
    }),
  ];
}
