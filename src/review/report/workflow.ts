import {
  asList,
  asObject,
  asText,
  edgesOf,
  isTerminal,
  scopesOf,
  type Edge,
  type Loose,
  type Scope,
} from "../../compile/asl-graph";
import { Unreadable } from "../stack";
import type { StackMachine, System } from "../system";
import { choiceInShort, choiceInWords } from "./choice";
import {
  code,
  counted,
  drawingBlock,
  listed,
  paragraph,
  said,
  type Block,
  type DrawnEdge,
  type DrawnNode,
  type Section,
  type Text,
} from "./content";
import type { Lexicon } from "./lexicon";
import { durationOfSeconds } from "./numbers";

/** Every state machine of the stack, drawn from its definition, with its ways in a table. */
export function workflowSection(system: System, lexicon: Lexicon): Section {
  const { workflow, machines } = system;
  const ordered = [...machines].sort((a, b) => Number(b === workflow) - Number(a === workflow));
  return {
    id: "workflow",
    title: "The way of a change",
    blocks: [
      paragraph(
        "Drawn from the definitions that Step Functions runs. A solid line is the ordinary way, a broken one the way of an error that no repetition mended.",
      ),
      ...(ordered.length === 0 ? [paragraph("The stack has no state machine.")] : []),
      ...ordered.flatMap((machine, index) => machineBlocks(machine, index, machine === workflow, lexicon)),
    ],
  };
}

function machineBlocks(machine: StackMachine, index: number, isWorkflow: boolean, lexicon: Lexicon): Block[] {
  const { resource, definition } = machine;
  const name = asText(resource.body["name"]) ?? resource.address;
  const heading: Block = {
    kind: "heading",
    text: isWorkflow ? ["The workflow ", code(name)] : ["The state machine ", code(name)],
    id: `machine-${index + 1}`,
  };
  if (definition instanceof Unreadable)
    return [heading, paragraph("Its definition cannot be read: ", ...said(definition.reason), ".")];
  const comment = asText(asObject(definition)["Comment"]);
  return [
    heading,
    paragraph(...(comment === undefined ? [] : [`${comment} `]), "Declared as ", code(resource.address), "."),
    ...scopesOf(definition).flatMap((scope, at) => scopeBlocks(scope, name, `machine-${index + 1}-${at + 1}`, lexicon)),
  ];
}

function scopeBlocks(scope: Scope, machine: string, id: string, lexicon: Lexicon): Block[] {
  const within = scope.within.at(-1);
  const of = within === undefined ? machine : `each ${within} of ${machine}`;
  const states = [...scope.states];
  return [
    drawingBlock(id, {
      title: within === undefined ? `States of ${machine}` : `States within ${within} of ${machine}`,
      description: `${counted(states.length, "state")}, beginning with ${scope.startAt ?? "none"}${
        within === undefined ? "" : `; run once for each item of ${within}`
      }. The table that follows has every state and way.`,
      nodes: states.map(([name, state]) => nodeOf(name, state, scope, lexicon)),
      edges: states.flatMap(([name, state]) => drawnEdges(name, state)),
    }),
    {
      kind: "table",
      caption: `Every state of ${of}, and where it leads`,
      head: ["State", "Does", "Then"],
      rows: states.map(([name, state]): Text[] => [
        [code(name), ...(name === scope.startAt ? [" (begins here)"] : [])],
        doesInWords(state, scope.inner.has(name) && (scope.inner.get(name)?.length ?? 0) > 0, lexicon),
        waysInWords(state),
      ]),
    },
  ];
}

function nodeOf(name: string, state: Loose, scope: Scope, lexicon: Lexicon): DrawnNode {
  const type = asText(state["Type"]) ?? "";
  const note = noteOf(state, type, lexicon);
  const shape = type === "Choice" ? "choice" : isTerminal(state) ? "end" : name === scope.startAt ? "start" : "box";
  return { id: name, label: name, ...(note === "" ? {} : { note }), shape };
}

/** What a state is, in a few words. */
function noteOf(state: Loose, type: string, lexicon: Lexicon): string {
  if (type === "Task") {
    const called = calledFunction(state);
    const text = called === undefined ? (asText(state["Resource"]) ?? "") : plainText(lexicon.resource(called));
    const short = text.replace(/^the function of /, "");
    return waitsForToken(state) ? `${short}, then waits` : short;
  }
  if (type === "Choice") return "";
  return type === "Map" ? "for each, see below" : type.toLowerCase();
}

function plainText(text: Text): string {
  return text.map((part) => (typeof part === "string" ? part : "code" in part ? part.code : "")).join("");
}

/** The function that a task runs, by its ARN or name. */
function calledFunction(state: Loose): string | undefined {
  const parameters = asObject(state["Parameters"] ?? state["Arguments"]);
  const resource = asText(state["Resource"]) ?? "";
  return asText(parameters["FunctionName"]) ?? (resource.includes(":function:") ? resource : undefined);
}

function waitsForToken(state: Loose): boolean {
  return (asText(state["Resource"]) ?? "").endsWith(".waitForTaskToken");
}

/** Ways as lines: those to one state in one manner are one line. */
function drawnEdges(name: string, state: Loose): DrawnEdge[] {
  const lines = new Map<string, { readonly edge: Edge; readonly labels: string[] }>();
  for (const edge of edgesOf(state)) {
    const style = edge.kind === "catch" ? "dashed" : "plain";
    const key = `${style} ${edge.to}`;
    const line = lines.get(key) ?? { edge, labels: [] };
    lines.set(key, line);
    if (edge.kind === "choice") line.labels.push(choiceInShort(asObject(asList(state["Choices"])[edge.index])));
    if (edge.kind === "default") line.labels.push("else");
  }
  return [...lines].flatMap(([key, { edge, labels }]): DrawnEdge[] => {
    const isError = edge.kind === "catch";
    // Where an error leads on as if nothing had happened, one line says both.
    if (isError && lines.has(key.replace("dashed", "plain"))) return [];
    const all = !isError && lines.has(`dashed ${edge.to}`) ? [...labels, "even after an error"] : labels;
    return [
      {
        from: name,
        to: edge.to,
        ...(all.length === 0 ? {} : { label: all.join(", ") }),
        style: isError ? "dashed" : "plain",
      },
    ];
  });
}

function doesInWords(state: Loose, hasInner: boolean, lexicon: Lexicon): Text {
  const retries = asList(state["Retry"]).map((retry): Text => {
    const { ErrorEquals: errors, MaxAttempts: attempts } = asObject(retry);
    const times = typeof attempts === "number" ? attempts : 3;
    return [
      ...listed(
        asList(errors).map((error) => [code(String(error))]),
        "or",
      ),
      ` up to ${counted(times, "time")}`,
    ];
  });
  return [
    ...mainInWords(state, hasInner, lexicon),
    ...timeInWords(state),
    "." as const,
    ...(retries.length === 0 ? [] : [" Repeated after ", ...listed(retries), "."]),
  ];
}

function mainInWords(state: Loose, hasInner: boolean, lexicon: Lexicon): Text {
  const type = asText(state["Type"]) ?? "nothing that is known";
  switch (type) {
    case "Task": {
      const called = calledFunction(state);
      const what: Text =
        called === undefined
          ? ["Calls ", code(asText(state["Resource"]) ?? "nothing")]
          : ["Runs ", ...lexicon.resource(called)];
      return waitsForToken(state) ? [...what, ", then waits until somebody sends the result"] : what;
    }
    case "Choice":
      return ["Chooses the way"];
    case "Map":
      return [
        hasInner ? "Runs the states below once for each item of " : "Repeats for each item of ",
        code(asText(state["ItemsPath"]) ?? "$"),
      ];
    case "Parallel":
      return ["Runs its branches side by side"];
    case "Wait":
      return ["Waits"];
    case "Pass":
      return ["Hands on what it got"];
    case "Succeed":
      return ["Ends well"];
    case "Fail":
      return ["Ends as failed: ", code(asText(state["Error"]) ?? "no error named")];
    default:
      return ["Is of type ", code(type)];
  }
}

function timeInWords(state: Loose): Text {
  const { Seconds: seconds, SecondsPath: path, TimeoutSeconds: timeout, TimeoutSecondsPath: timeoutPath } = state;
  return [
    ...(typeof seconds === "number" ? [` ${durationOfSeconds(seconds)}`] : []),
    ...(typeof path === "string" ? [" so many seconds as ", code(path), " says"] : []),
    ...(typeof timeout === "number" ? [`, at most ${durationOfSeconds(timeout)}`] : []),
    ...(typeof timeoutPath === "string" ? [", at most so many seconds as ", code(timeoutPath), " says"] : []),
  ];
}

function waysInWords(state: Loose): Text {
  const ways = edgesOf(state).map((edge): Text => {
    switch (edge.kind) {
      case "choice":
        return ["where ", ...choiceInWords(asObject(asList(state["Choices"])[edge.index])), ": ", code(edge.to)];
      case "default":
        return ["else ", code(edge.to)];
      case "catch":
        return [
          "after the error ",
          ...listed(
            asList(asObject(asList(state["Catch"])[edge.index])["ErrorEquals"]).map((error) => [code(String(error))]),
            "or",
          ),
          ": ",
          code(edge.to),
        ];
      case "next":
        return [code(edge.to)];
    }
  });
  if (isTerminal(state)) ways.push(["the end"]);
  return ways.length === 0 ? ["nothing"] : ways.flatMap((way, index) => [...(index === 0 ? [] : ["; "]), ...way]);
}
