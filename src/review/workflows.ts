import { EndlessWayError, findWrongWrite, type TaskRole, type Way } from "../compile/asl-approval";
import { asObject, asText, scopesOf, type Loose } from "../compile/asl-graph";
import { REVERSAL_ID_PREFIX } from "../core";
import type { Fields } from "./classification";
import { together, type Counterexample, type Evidence, type Findings, type NotRead } from "./finding";
import type { Holdings } from "./holdings";
import { functionArn } from "./resource-policies";
import { Unreadable } from "./stack";
import { functionsTagged, type StackMachine, type System } from "./system";
import { strangeItems } from "./workflow-items";

/** Powers that lead to a write: a task that runs as somebody who has one is a write, whatever it is called. */
const LEADS_TO_WRITE: ReadonlySet<string> = new Set([
  "assume-connector-role",
  "call-gateway",
  "invoke-broker",
  "invoke-connector",
  "invoke-gateway",
  "read-writer-credential",
]);

/** Every state machine of the stack, for every field that needs an approval and for one that nobody listed. */
export function proveWorkflows(system: System, fields: Fields, holdings: Holdings): Findings {
  const rolesOf = taskRoles(system, holdings);
  const takesBack = system.functions.some(({ principal }) => principal?.tag === "reversal");
  const findings = system.machines.map((machine) => proveMachine(machine, fields, rolesOf, takesBack));
  if (system.workflow !== undefined) findings.push(itemsOf(system, system.workflow, rolesOf));
  if (system.workflow === undefined) {
    const message = "intake's environment names no state machine of the stack: there is no workflow to follow";
    findings.push({
      counterexamples: [],
      unread: [{ code: "PartMissing", invariants: [1], message, resources: [] }],
      evidence: [],
    });
  }
  return together(findings);
}

/** The changes that the workflow goes through are those that decide answered. */
function itemsOf(system: System, { definition, resource }: StackMachine, roleOf: (task: Loose) => TaskRole): Findings {
  if (definition instanceof Unreadable) return together([]);
  const isDecide = (task: Loose): boolean => {
    const called = calledFunction(system, task, asText(task["Resource"]) ?? "");
    return functionsTagged(system, "decide").some(({ arn }) => arn === called);
  };
  const leadsToWrite = (map: Loose): boolean =>
    scopesOf(map["ItemProcessor"] ?? map["Iterator"]).some(({ states }) =>
      [...states.values()].some((state) => state["Type"] === "Task" && roleOf(state) === "writes"),
    );
  const strange = strangeItems(definition, isDecide, leadsToWrite);
  if (strange === undefined) return together([]);
  const message = `\`${resource.address}\`: ${strange}, so a change may go by another field's name`;
  return together([{ unread: [{ code: "UnreadWorkflow", invariants: [1], message, resources: [resource.address] }] }]);
}

function proveMachine(
  machine: StackMachine,
  fields: Fields,
  roleOf: (task: Loose) => TaskRole,
  takesBack: boolean,
): Findings {
  const { definition, resource } = machine;
  const { address } = resource;
  const unread = (message: string): Findings => ({
    counterexamples: [],
    unread: [{ code: "UnreadWorkflow", invariants: [1], message, resources: [address] }],
    evidence: [],
  });
  if (definition instanceof Unreadable)
    return unread(`the definition of \`${address}\` is not read: ${definition.reason}`);
  const states = scopesOf(definition).flatMap((scope) => [...scope.states.values()]);
  const language = [asObject(definition), ...states]
    .map((part) => asText(part["QueryLanguage"]))
    .find((each) => each !== undefined && each !== "JSONPath");
  if (language !== undefined) return unread(`\`${address}\` is written in ${language}, whose expressions are not read`);
  const tasks = states.filter(({ Type }) => Type === "Task");
  const writes = tasks.filter((task) => ["writes", "unreadable"].includes(roleOf(task)));
  if (writes.length === 0) return together([]);
  try {
    return followed(machine, fields, roleOf, takesBack);
  } catch (error) {
    if (error instanceof EndlessWayError) return unread(`\`${address}\`: ${error.message}`);
    throw error;
  }
}

/** Each field by its name, and all others at once. In a stack that takes back what was written, a safe field's reversal needs an approval too. */
function followed(
  { definition, resource }: StackMachine,
  fields: Fields,
  roleOf: (task: Loose) => TaskRole,
  takesBack: boolean,
): Findings {
  const { address } = resource;
  const others = { notAmong: new Set(fields.all) };
  const cases = [
    ...[...fields.conditional, ...fields.never, others].map((field) => ({ field, needsApproval: true })),
    ...fields.safe.map((field) => ({ field, needsApproval: false })),
    ...(takesBack ? fields.safe : []).map((field) => ({
      field,
      needsApproval: true,
      requestBegins: REVERSAL_ID_PREFIX,
    })),
  ];
  const wrong = new Map<string, { readonly way: Way; readonly fields: string[] }>();
  for (const each of cases) {
    const way = findWrongWrite(definition, { ...each, roleOf });
    if (way === undefined) continue;
    const name =
      typeof each.field === "string"
        ? `${"requestBegins" in each ? "a reversal of " : ""}\`${each.field}\` (${fields.classes.get(each.field) ?? ""})`
        : "a field that nobody listed";
    const key = JSON.stringify(way);
    wrong.set(key, { way, fields: [...(wrong.get(key)?.fields ?? []), name] });
  }
  const counterexamples: Counterexample[] = [];
  const unread: NotRead[] = [];
  for (const { way, fields: names } of wrong.values()) {
    const end = way.steps.at(-1)?.state ?? "";
    const shown = names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
    if (way.role === "unreadable") {
      const message = `\`${end}\` of \`${address}\` may be a write, reached by ${shown}: what it calls cannot be told`;
      unread.push({ code: "UnreadWorkflow", invariants: [1], message, resources: [address] });
    } else if (way.kind === "unapproved") {
      const message = `\`${end}\` is reached by ${shown} without passing an approval and an inspection after it`;
      counterexamples.push({
        code: "WriteWithoutApproval",
        invariants: [1],
        message,
        resources: [address],
        path: way.steps,
      });
    } else {
      const message = `\`${end}\` writes another change than the one that the scope is about, for ${shown}`;
      counterexamples.push({
        code: "WriteOfAnotherChange",
        invariants: [1],
        message,
        resources: [address],
        path: way.steps,
      });
    }
  }
  const evidence: Evidence = {
    invariant: 1,
    text: `for each of ${fields.conditional.length} conditional and ${fields.never.length} never fields, and for any field that is not listed, every way to a write passes an approval with its task token and an inspection after it that says \`write\`; ${fields.safe.length} safe fields may go directly${takesBack ? ", but for requests that take back a written value" : ""}`,
    resources: [address],
  };
  return { counterexamples, unread, evidence: counterexamples.length + unread.length === 0 ? [evidence] : [] };
}

/** What a task does, by whom it invokes and what that one may do. */
function taskRoles(system: System, { held }: Holdings): (task: Loose) => TaskRole {
  const dangerous = new Set(
    held.filter(({ power, side }) => side === "identity" && LEADS_TO_WRITE.has(power.id)).map(({ holder }) => holder),
  );
  const functions = new Map(system.functions.map((fn) => [fn.arn, fn]));
  return (task) => {
    const resource = asText(task["Resource"]) ?? "";
    const called = calledFunction(system, task, resource);
    if (task["Credentials"] !== undefined) return "unreadable";
    if (called === undefined) return startsStranger(system, task, resource) ? "unreadable" : serviceRole(resource);
    if (called === system.connectorFunction) return "writes";
    const fn = functions.get(called);
    if (fn?.principal === undefined) return "unreadable";
    const { label, tag } = fn.principal;
    if (tag === "gateway" || tag === "broker" || tag === "connector-execution") return "writes";
    if (dangerous.has(label)) return "writes";
    if (tag === "request-approval") return waitsForToken(task, resource) ? "asks" : "harmless";
    return tag === "inspect" && isSynchronous(resource) ? "inspects" : "harmless";
  };
}

/** Calls that reach an HTTP API, the gateway's or the HRIS's, or mint a session. */
const WRITING = /:states:::(?:apigateway:invoke|http:invoke|aws-sdk:(?:apigateway|sts):)/;

/** Calls that run code which is not in the stack, or a function whose name is not written down. */
const RUNNING =
  /:states:::(?:aws-sdk:)?(?:(?:batch|bedrock\w*|codebuild|ecs|eks|elasticmapreduce|emr[\w-]*|glue|sagemaker)[:.]|lambda:invoke|ssm:(?:send|start))|:states:[^:]*:\d*:activity:/;

/** What a task that calls a service by itself can be: the state machine's role limits it, and another machine is judged by itself. */
function serviceRole(resource: string): TaskRole {
  if (WRITING.test(resource)) return "writes";
  return !/^arn:aws[a-z-]*:states:/.test(resource) || RUNNING.test(resource) ? "unreadable" : "harmless";
}

/** Whether a task starts a state machine that is not in the stack, or whose ARN is made at run time: each of the stack is judged by itself. */
function startsStranger({ machines }: System, task: Loose, resource: string): boolean {
  if (!/:states:::(?:aws-sdk:sfn|states):start(?:Sync)?Execution/.test(resource)) return false;
  const started =
    asText(asObject(task["Parameters"])["StateMachineArn"]) ?? asText(asObject(task["Arguments"])["StateMachineArn"]);
  return !machines.some(({ arn }) => arn === started);
}

const INVOKE = /^arn:aws[a-z-]*:states:::(?:lambda:invoke|aws-sdk:lambda:invoke(?:Async)?)/;

/** ARN of the function that a task invokes, without version or alias; `undefined` where it invokes none, or a name made at run time. */
function calledFunction({ stack }: System, task: Loose, resource: string): string | undefined {
  if (/^arn:aws[a-z-]*:lambda:/.test(resource)) return functionArn(stack, resource);
  if (!INVOKE.test(resource)) return undefined;
  const name =
    asText(asObject(task["Parameters"])["FunctionName"]) ?? asText(asObject(task["Arguments"])["FunctionName"]);
  return name === undefined || name.startsWith("{%") ? undefined : functionArn(stack, name);
}

function isSynchronous(resource: string): boolean {
  return !/\.(?:waitForTaskToken|sync(?::\d)?)$/.test(resource) && !/invokeAsync$/.test(resource);
}

/** A wait that ends by the callback alone: the token goes to the function, and the state waits for it. */
function waitsForToken(task: Loose, resource: string): boolean {
  return /\.waitForTaskToken$/.test(resource) && JSON.stringify(task["Parameters"] ?? {}).includes('"$$.Task.Token"');
}
