import { ENV } from "../../core";
import { environmentOf } from "../body";
import { isRecord, record, Unreadable, type Body, type Place, type Resource, type Stack } from "../stack";
import type { System } from "../system";
import { changeOf, type Change } from "./change";
import { differencesOf, hasUnread, printed, shownValue } from "./differences";
import type { People } from "./people";

/** What changes of the configuration besides resources: where it goes, providers and state, parts that nobody can read, outputs. */
export function configurationChanges(base: Stack, head: Stack, place: Place, people: People): Change[] {
  return [
    ...placeChanges(base, place, people),
    ...blockChanges(base, head, people),
    ...unreadChanges(base, head, people),
    ...dataChanges(base, head, people),
    ...outputChanges(base, head),
  ];
}

function placeChanges(base: Place, head: Place, people: People): Change[] {
  const parts = [
    ["accountId", "account"],
    ["region", "Region"],
    ["partition", "partition"],
  ] as const;
  return parts.flatMap(([part, word]) =>
    base[part] === head[part]
      ? []
      : [
          changeOf({
            code: "PlaceChanged",
            effect: "look",
            message: `the stack goes to ${word} \`${head[part]}\`, not to \`${base[part]}\` any more`,
            who: people.technical(),
          }),
        ],
  );
}

/** Blocks that tell Terraform of what was there before, and make nothing. */
const HISTORY: ReadonlySet<string> = new Set(["moved"]);

function blockChanges(base: Stack, head: Stack, people: People): Change[] {
  const names = [...new Set([...Object.keys(base.rest), ...Object.keys(head.rest)])].sort();
  return names.flatMap((block): Change[] => {
    const [from, to] = [record(base.rest[block]), record(head.rest[block])];
    if (HISTORY.has(block)) return [];
    if (Array.isArray(base.rest[block]) || Array.isArray(head.rest[block]))
      return printed(base.rest[block]) === printed(head.rest[block]) ? [] : [blockChange(block, "", people, "look")];
    const names = block === "check" ? renamedIn(from, to) : new Map<string, string>();
    const members = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
    return members.flatMap((name): Change[] => {
      if (printed(from[name]) === printed(to[name]) || [...names.values()].includes(name)) return [];
      const other = names.get(name);
      if (other !== undefined) return [checkRenamed(name, other)];
      if (block === "check") return [checkChange(name, to[name] === undefined, from[name] === undefined, people)];
      const isWording = block === "provider" && printed(withoutTags(from[name])) === printed(withoutTags(to[name]));
      return [blockChange(block, name, people, isWording ? "neutral" : "look")];
    });
  });
}

/** From the old name of each member to its new one: what is gone, and stands there word for word under a name that is new. */
function renamedIn(
  from: Readonly<Record<string, unknown>>,
  to: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, string> {
  const isNew = new Set(Object.keys(to).filter((name) => from[name] === undefined));
  const found = new Map<string, string>();
  for (const name of Object.keys(from).filter((each) => to[each] === undefined)) {
    const other = [...isNew].find((each) => printed(to[each]) === printed(from[name]));
    if (other === undefined) continue;
    isNew.delete(other);
    found.set(name, other);
  }
  return found;
}

function checkRenamed(from: string, to: string): Change {
  return changeOf({
    code: "ResourceRenamed",
    effect: "neutral",
    message: `the check \`${from}\` is called \`${to}\``,
    places: [{ address: `check.${to}`, side: "head" }],
  });
}

function withoutTags(provider: unknown): unknown {
  return [provider]
    .flat()
    .map((block) => Object.fromEntries(Object.entries(record(block)).filter(([name]) => name !== "default_tags")));
}

function blockChange(block: string, name: string, people: People, effect: "look" | "neutral"): Change {
  return changeOf({
    code: "BlockChanged",
    effect,
    message: `the block \`${block}${name === "" ? "" : ` ${name}`}\` changed`,
    who: people.technical(),
    places: [{ address: name === "" ? block : `${block}.${name}`, side: "head" }],
  });
}

function checkChange(name: string, isGone: boolean, isNew: boolean, people: People): Change {
  return changeOf({
    code: isGone ? "GuardRemoved" : isNew ? "GuardAdded" : "GuardWeakened",
    effect: isGone ? "widens" : isNew ? "neutral" : "look",
    message: `the check \`${name}\` of each plan ${isGone ? "is gone" : isNew ? "is new" : "asks something else"}`,
    who: people.technical(),
    places: [{ address: `check.${name}`, side: isGone ? "base" : "head" }],
  });
}

/** Parts that nobody can read are the same only where their text is, and where nothing else can change what they are. */
function unreadChanges(base: Stack, head: Stack, people: People): Change[] {
  const known = new Set(base.unread.map((part) => JSON.stringify(part)));
  return head.unread
    .filter((part) => !known.has(JSON.stringify(part)) || isOpen(part.address, head))
    .map(({ address, reason }) =>
      changeOf({
        code: "NotRead",
        effect: "look",
        message: `\`${address}\`: ${reason}`,
        who: people.technical(),
        places: [{ address, side: "head" }],
      }),
    );
}

/** A module of a folder beside it may have changed without a word here. */
function isOpen(address: string, { rest }: Stack): boolean {
  const name = /^module\.(.+)$/.exec(address)?.[1];
  if (name === undefined) return false;
  const source = record(record(rest["module"])[name])["source"];
  return typeof source !== "string" || /^[./]/.test(source);
}

/** A data source is read when Terraform runs: what it asks for decides what it finds. */
function dataChanges(base: Stack, head: Stack, people: People): Change[] {
  if (base.data.concat(head.data).some(({ raw }) => raw === undefined)) return [];
  const before = new Map(base.data.map((each) => [each.address, each]));
  return head.data.flatMap((now): Change[] => {
    const old = before.get(now.address);
    const differences = old === undefined ? [] : differencesOf(old, now);
    if (old !== undefined && differences.length === 0) return [];
    const what = old === undefined ? "is new" : `asks for something else: \`${differences[0]?.path ?? ""}\``;
    return [
      changeOf({
        code: "NotRead",
        effect: "look",
        message: `\`${now.address}\` ${what}; it is read when Terraform runs`,
        who: people.technical(),
        places: [{ address: now.address, side: "head" }],
      }),
    ];
  });
}

function outputChanges(base: Stack, head: Stack): Change[] {
  const names = [...new Set([...Object.keys(base.outputs), ...Object.keys(head.outputs)])].sort();
  return names.flatMap((name): Change[] => {
    const [from, to] = [base.outputs[name], head.outputs[name]];
    if (printed(from) === printed(to) || hasUnread(from) || hasUnread(to)) return [];
    const what = to === undefined ? "is gone" : from === undefined ? "is new" : "says something else";
    return [
      changeOf({
        code: "OutputChanged",
        effect: "neutral",
        message: `output \`${name}\` ${what}`,
        places: [{ address: `output.${name}`, side: to === undefined ? "base" : "head" }],
      }),
    ];
  });
}

/** What functions are told. The session policy's template is judged as a layer, and the policy's hash follows the policy. */
export function environmentChanges(before: System, after: System, people: People): Change[] {
  const known = new Map(before.functions.map((fn) => [fn.resource.address, fn]));
  const pinned: string[] = [];
  const changes = after.functions.flatMap((now): Change[] => {
    const old = known.get(now.resource.address);
    if (old === undefined) return [];
    const [from, to] = [variablesOf(old.resource), variablesOf(now.resource)];
    const note = (name: string, message: string): Change =>
      changeOf({
        code: "EnvironmentChanged",
        effect: "look",
        message: `function \`${now.name}\`: ${message}`,
        who: people.technical(),
        places: [{ address: now.resource.address, attribute: `environment.variables.${name}`, side: "head" }],
      });
    if (from === undefined || to === undefined) {
      const [a, b] = [old, now].map(({ resource }) => printed(resource.body["environment"]));
      return a === b ? [] : [note("", "what it is told is not known")];
    }
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
    return names.flatMap((name): Change[] => {
      if (name === ENV.sessionPolicyTemplate || printed(from[name]) === printed(to[name])) return [];
      if (name === ENV.manifestHash && Object.hasOwn(to, name)) {
        pinned.push(now.resource.address);
        return [];
      }
      return [note(name, `\`${name}\` ${shownValue(name, from[name])} → ${shownValue(name, to[name])}`)];
    });
  });
  if (pinned.length === 0) return changes;
  const message = `${String(pinned.length)} ${pinned.length === 1 ? "function pins" : "functions pin"} another policy`;
  return [...changes, changeOf({ code: "PolicyPinned", effect: "neutral", message })];
}

function variablesOf(resource: Resource): Body | undefined {
  const environment = environmentOf(resource);
  return environment instanceof Unreadable || !isRecord(environment) ? undefined : environment;
}
