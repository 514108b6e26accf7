import { findAllowed } from "../asking";
import { layersOf } from "../holdings";
import type { PowerRow, Proof } from "../prove";
import { functionArn } from "../resource-policies";
import { sorted, type System } from "../system";
import {
  code,
  counted,
  drawingBlock,
  listed,
  paragraph,
  type DrawnEdge,
  type DrawnNode,
  type Section,
  type Text,
} from "./content";

const ELSEWHERE = "not of this stack";
const RECEIVES = "takes from";

/** Somebody or something that stands in the drawing. */
interface Place {
  readonly id: string;
  readonly label: string;
  readonly note?: string;
  readonly shape: DrawnNode["shape"];
}

/** That one may act on another, and how. */
interface Act {
  readonly from: Place;
  readonly to: Place;
  readonly verb: string;
  /** Whether it stops the other instead of using it. */
  readonly isStop: boolean;
}

/** Who may act on whom, and what each may do with the records: from evaluated policies, as `prove` asks them. */
export function trustSection(system: System, proof: Proof): Section {
  const acts = actsOf(system, proof.powers);
  const seen = withOutsidersTogether(acts);
  const places = new Map(seen.flatMap(({ from, to }) => [[from.id, from] as const, [to.id, to] as const]));
  const drawing = drawingBlock("trust-drawing", {
    title: "Who may act on whom",
    description: `${counted(places.size, "principal")} and things of the stack, and ${counted(seen.length, "way")} in which one may act on another. A broken line stops the other or takes it away. The table that follows has every way.`,
    nodes: [...places.values()].map(({ id, label, note, shape }) => ({
      id,
      label,
      shape,
      ...(note === undefined ? {} : { note }),
    })),
    // Drawn as events go: who takes them from a queue, stands below it.
    edges: seen.map(({ from, to, verb, isStop }): DrawnEdge => {
      const ends = verb === RECEIVES ? { from: to.id, to: from.id } : { from: from.id, to: to.id };
      return { ...ends, label: verb === RECEIVES ? "read by" : verb, style: isStop ? "dashed" : "plain" };
    }),
  });
  return {
    id: "trust",
    title: "Who may act on whom",
    blocks: [
      paragraph(
        "Each principal is a role of its own. A line is there where IAM's rules, applied to all of a principal's documents, allow a request; what no policy allows, is not drawn.",
      ),
      ...(acts.length === 0 ? [paragraph("Nobody may act on anybody.")] : [drawing]),
      {
        kind: "table",
        caption: "What each principal may do",
        head: ["Principal", "May act on", "May do with records, keys and the rest"],
        rows: rowsOf(proof.powers, acts),
      },
    ],
  };
}

function rowsOf(powers: readonly PowerRow[], acts: readonly Act[]): Text[][] {
  const holders = sorted([
    ...powers.flatMap(({ held }) => held.map(({ holder }) => holder)),
    ...acts.flatMap(({ from }) => (from.shape === "box" ? [from.id] : [])),
  ]);
  return holders.map((holder): Text[] => {
    const own = acts.filter(({ from }) => from.id === holder);
    const titles = powers
      .filter(({ held }) => held.some((each) => each.holder === holder))
      .map(({ power }) => power.title);
    return [
      [code(holder)],
      own.length === 0 ? ["–"] : listed(own.map(({ to, verb }): Text => [`${verb} `, code(to.label)])),
      titles.length === 0 ? ["–"] : [titles.join("; ")],
    ];
  });
}

/** Strangers of whom the drawing says the same, as one: there may be a publisher for every event. */
function withOutsidersTogether(acts: readonly Act[]): Act[] {
  const saying = (id: string): string =>
    acts.flatMap(({ from, to, verb }) => (from.id === id ? [`${to.id} ${verb}`] : [])).join("\n");
  const alike = new Map<string, string[]>();
  for (const { from } of acts) {
    if (from.shape !== "start" || from.note !== ELSEWHERE) continue;
    const said = saying(from.id);
    alike.set(said, sorted([...(alike.get(said) ?? []), from.id]));
  }
  const one = new Map(
    [...alike.values()].flatMap((ids) =>
      ids.length === 1
        ? []
        : ids.map((id): [string, Place] => [
            id,
            { id: ids.join(" "), label: `${ids.length} roles`, note: ELSEWHERE, shape: "start" },
          ]),
    ),
  );
  const joined = acts.map((act) => ({ ...act, from: one.get(act.from.id) ?? act.from }));
  return [...new Map(joined.map((act) => [`${act.from.id} ${act.to.id} ${act.verb}`, act])).values()];
}

/** Every act, those on one place in one manner once. */
function actsOf(system: System, powers: readonly PowerRow[]): Act[] {
  const found = [...ofPowers(system, powers), ...ofFunctions(system), ...ofServices(system)];
  const byKey = new Map<string, Act & { readonly verbs: string[] }>();
  for (const act of found) {
    const key = `${act.from.id} ${act.to.id} ${act.isStop}`;
    const known = byKey.get(key) ?? { ...act, verbs: [] };
    if (!known.verbs.includes(act.verb)) known.verbs.push(act.verb);
    byKey.set(key, known);
  }
  return [...byKey.values()].map(({ verbs, ...act }) => ({ ...act, verb: verbs.join(", ") }));
}

/** What a request does to what it is about, by its action. Records, keys and logs are told in the table alone. */
const VERBS: Readonly<Partial<Record<string, { readonly verb: string; readonly isStop?: true }>>> = {
  "events:PutEvents": { verb: "puts events on" },
  "execute-api:Invoke": { verb: "calls" },
  "iam:AttachRolePolicy": { verb: "denies", isStop: true },
  "lambda:InvokeFunction": { verb: "runs" },
  "lambda:PutFunctionConcurrency": { verb: "stops", isStop: true },
  "lambda:UpdateEventSourceMapping": { verb: "closes", isStop: true },
  "secretsmanager:GetSecretValue": { verb: "reads" },
  "sns:Publish": { verb: "tells" },
  "sqs:ReceiveMessage": { verb: RECEIVES },
  "states:SendTaskSuccess": { verb: "sends results to" },
  "states:StartExecution": { verb: "starts" },
  "states:StopExecution": { verb: "stops", isStop: true },
  "sts:AssumeRole": { verb: "opens sessions of" },
};

function ofPowers(system: System, powers: readonly PowerRow[]): Act[] {
  return powers.flatMap(({ power, held }) =>
    held.flatMap(({ holder, request, isInsider }): Act[] => {
      const how = VERBS[request.action];
      const isOutcome = request.action === "events:PutEvents" && power.id !== "publish-lifecycle-events";
      const to = isOutcome
        ? { id: "outcomes", label: "events of its own", note: "on the lifecycle bus", shape: "store" as const }
        : how === undefined
          ? undefined
          : placeOf(system, request.action, request.resource);
      if (how === undefined || to === undefined || to.id === holder) return [];
      return [
        {
          from: isInsider ? insider(holder) : outsider(holder),
          to,
          verb: isOutcome ? "puts" : how.verb,
          isStop: how.isStop === true,
        },
      ];
    }),
  );
}

function insider(label: string): Place {
  return { id: label, label, shape: "box" };
}

function outsider(arn: string): Place {
  return { id: arn, label: arn.split("/").at(-1) ?? arn, note: ELSEWHERE, shape: "start" };
}

function placeOf(system: System, action: string, resource: string): Place | undefined {
  const { secrets, bus, intakeQueues, principals, functions, workflow } = system;
  if (secrets.writer.includes(resource)) return { id: "writer", label: "writer's credential", shape: "store" };
  if (secrets.reader.includes(resource)) return { id: "readers", label: "readers' credentials", shape: "store" };
  if (resource === bus) return { id: "bus", label: "lifecycle bus", shape: "store" };
  if (intakeQueues.includes(resource)) return { id: "queue", label: "intake's queue", shape: "store" };
  if (action === "lambda:UpdateEventSourceMapping") return insider("intake");
  if (action === "sns:Publish") return { id: "topics", label: "approvers' topics", shape: "store" };
  // A task's result goes to whoever waits: IAM names no workflow there. An execution's ARN names its machine.
  if (action === "states:SendTaskSuccess" || resource.includes(":execution:"))
    return machinePlace(system, workflow?.arn);
  if (action === "states:StartExecution") return machinePlace(system, resource);
  if (action === "execute-api:Invoke") return insider("gateway");
  const role = principals.find(({ arn }) => arn === resource);
  const fn = functions.find(({ arn }) => arn === resource);
  const label = role?.label ?? fn?.principal?.label;
  return label === undefined ? undefined : insider(label);
}

function machinePlace({ machines, principals }: System, arn: string | undefined): Place | undefined {
  const machine = machines.find((each) => each.arn === arn);
  const role = principals.find((each) => each.arn === machine?.roleArn);
  return role === undefined ? undefined : insider(role.label);
}

/** Which functions each principal may run or stop, and which machine each may start: more than the powers name. */
function ofFunctions(system: System): Act[] {
  const asks = [
    ...["lambda:InvokeFunction", "lambda:PutFunctionConcurrency"].flatMap((action) =>
      system.functions.flatMap(({ arn, principal }) =>
        principal === undefined ? [] : [{ action, resource: arn, to: insider(principal.label) }],
      ),
    ),
    ...system.machines.flatMap(({ arn }) => {
      const to = machinePlace(system, arn);
      return to === undefined ? [] : [{ action: "states:StartExecution", resource: arn, to }];
    }),
  ];
  return system.principals.flatMap((principal) =>
    asks.flatMap(({ action, resource, to }): Act[] => {
      const { label, arn, tags } = principal;
      if (label === to.id) return [];
      const found = findAllowed(system.reader, { label, arn, tags }, { action, resource }, layersOf(principal));
      if (found === undefined || found === "undecided") return [];
      return [
        { from: insider(label), to, verb: VERBS[action]?.verb ?? action, isStop: VERBS[action]?.isStop === true },
      ];
    }),
  );
}

/** What AWS itself leads on: the bus into the queue, people's requests to the approvals function. */
function ofServices(system: System): Act[] {
  const { stack, functions, bus, intakeQueues } = system;
  const targets = stack
    .resources("aws_cloudwatch_event_target")
    .flatMap(({ body }) => (typeof body["arn"] === "string" ? [body["arn"]] : []));
  const delivers =
    bus !== undefined && targets.some((arn) => intakeQueues.includes(arn))
      ? [
          {
            from: placeOf(system, "", bus),
            to: placeOf(system, "", intakeQueues[0] ?? ""),
            verb: "delivers",
            isStop: false,
          },
        ]
      : [];
  const routes = stack.resources("aws_apigatewayv2_integration").flatMap(({ body }) => {
    const uri = body["integration_uri"];
    const name = typeof uri === "string" ? /function:([^/:]+)/.exec(uri)?.[1] : undefined;
    const fn = functions.find(({ arn }) => name !== undefined && arn === functionArn(stack, name));
    if (fn?.principal === undefined) return [];
    const people: Place = { id: "people", label: "approvers, operators", note: "signed in", shape: "start" };
    return [{ from: people, to: insider(fn.principal.label), verb: "decide through", isStop: false }];
  });
  return [...delivers, ...routes].flatMap(({ from, to, ...act }) =>
    from === undefined || to === undefined ? [] : [{ from, to, ...act }],
  );
}
