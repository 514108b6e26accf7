import { INITIATOR_KINDS, type InitiatorKind, type InitiatorRule, type Policy } from "../../policy";
import { changeOf, directed, listed, type Change, type Effect } from "./change";
import { own, type Reviewer } from "./people";
import { durationEffect, minimumOf } from "./policy-fields";
import type { PolicyPair } from "./policy-read";

/** What changes of events, publishers, initiators, owners, systems and the breaker. */
export function ruleChanges(pair: PolicyPair): Change[] {
  return [
    ...eventChanges(pair),
    ...publisherChanges(pair),
    ...initiatorChanges(pair),
    ...ownerChanges(pair),
    ...systemChanges(pair),
    ...breakerChanges(pair),
  ];
}

/** Names of two records, each with both of its values. */
function inBoth<Value>(
  before: Readonly<Record<string, Value>>,
  after: Readonly<Record<string, Value>>,
): { readonly name: string; readonly from: Value | undefined; readonly to: Value | undefined }[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.map((name) => ({ name, from: own(before, name), to: own(after, name) }));
}

/** Owners of the fields that an event authorises, on either side, and identity. */
function concernedBy({ before, after, people }: PolicyPair, isConcerned: (event: string) => boolean): Reviewer[] {
  const fields = [before, after].flatMap((policy) =>
    Object.entries(policy.fields).flatMap(([name, { events }]) => (events.some(isConcerned) ? [name] : [])),
  );
  return [...people.ownersOf(fields.sort()), ...people.identity()];
}

function eventChanges(pair: PolicyPair): Change[] {
  return inBoth(pair.before.events, pair.after.events).flatMap(({ name, from, to }): Change[] => {
    const places = pair.placesOf("event", name);
    const who = concernedBy(pair, (event) => event === name);
    const at = `events.${name}`;
    if (from === undefined || to === undefined) {
      if (to !== undefined) {
        const message = `event \`${name}\` is new, from ${listed(to.source)}: it authorises for ${to.window}`;
        return [changeOf({ code: "EventAdded", effect: "widens", message, who, places, policyPath: at })];
      }
      return [
        changeOf({
          code: "EventRemoved",
          effect: "narrows",
          message: `event \`${name}\` is gone`,
          places,
          policyPath: "events",
        }),
      ];
    }
    const found: Change[] = [];
    const more = to.source.filter((source) => !from.source.includes(source));
    const less = from.source.filter((source) => !to.source.includes(source));
    const policyPath = `${at}.source`;
    if (more.length > 0) {
      const message = `event \`${name}\` may also come from ${listed(more)}`;
      found.push(changeOf({ code: "EventSourceChanged", effect: "widens", message, who, places, policyPath }));
    }
    if (less.length > 0) {
      const message = `event \`${name}\` may no longer come from ${listed(less)}`;
      found.push(changeOf({ code: "EventSourceChanged", effect: "narrows", message, places, policyPath }));
    }
    if (from.window !== to.window) {
      const effect = durationEffect(from.window, to.window);
      const message = `event \`${name}\` authorises for ${to.window}, not for ${from.window}`;
      found.push(changeOf({ code: "EventWindowChanged", effect, message, who, places, policyPath: `${at}.window` }));
    }
    return found;
  });
}

function ruleOf({ initiators }: Policy, kind: InitiatorKind): InitiatorRule | undefined {
  return initiators[kind];
}

/** Whether a rule lets more through than another. */
function isLooser(from: InitiatorRule | undefined, to: InitiatorRule | undefined): boolean {
  return minimumOf(to) < minimumOf(from) || (from?.requireIntent === true && to?.requireIntent !== true);
}

function publisherChanges(pair: PolicyPair): Change[] {
  const { people } = pair;
  return inBoth(pair.before.publishers, pair.after.publishers).flatMap(({ name, from, to }): Change[] => {
    const places = pair.placesOf("publisher", name);
    const policyPath = `publishers.${name}`;
    if (to === undefined) {
      const message = `publisher \`${name}\` is gone`;
      return [changeOf({ code: "PublisherRemoved", effect: "narrows", message, places, policyPath: "publishers" })];
    }
    if (from === undefined) {
      const message = `publisher \`${name}\` is new, of kind ${to.initiator}`;
      return [
        changeOf({ code: "PublisherAdded", effect: "widens", message, who: people.technical(), places, policyPath }),
      ];
    }
    if (from.initiator === to.initiator) return [];
    const looser = isLooser(ruleOf(pair.after, from.initiator), ruleOf(pair.after, to.initiator));
    const message = `publisher \`${name}\`: ${from.initiator} → ${to.initiator}`;
    return [
      changeOf({
        code: "PublisherKindChanged",
        effect: looser ? "widens" : "look",
        message,
        who: people.technical(),
        places,
        policyPath: `${policyPath}.initiator`,
      }),
    ];
  });
}

function initiatorChanges({ before, after, people, placesOf }: PolicyPair): Change[] {
  return INITIATOR_KINDS.flatMap((kind): Change[] => {
    const [from, to] = [ruleOf(before, kind), ruleOf(after, kind)];
    const words: string[] = [];
    const [was, is] = [from?.minimumClass ?? "none", to?.minimumClass ?? "none"];
    if (was !== is) words.push(`minimum class ${was} → ${is}`);
    const [asked, asks] = [from?.requireIntent === true, to?.requireIntent === true];
    if (asked !== asks) words.push(asks ? "an intent is asked for" : "no intent is asked for any more");
    if (words.length === 0) return [];
    return [
      changeOf({
        code: "InitiatorRuleChanged",
        effect: directed(isLooser(from, to)),
        message: `initiators of kind ${kind}: ${words.join(", ")}`,
        who: people.technical(),
        places: placesOf("initiator", kind),
        policyPath: `initiators.${kind}`,
      }),
    ];
  });
}

function ownerChanges({ before, after, people, placesOf }: PolicyPair): Change[] {
  return inBoth(before.owners, after.owners).flatMap(({ name, from, to }): Change[] => {
    if (from === undefined || to === undefined) return [];
    const places = placesOf("owner", name);
    const [was, is] = [from.approvers?.group, to.approvers?.group];
    const found: Change[] = [];
    if (was !== is) {
      found.push(
        changeOf({
          code: "OwnerGroupChanged",
          effect: is === undefined ? "narrows" : "look",
          message: `owner \`${name}\`: approving group ${was === undefined ? "none" : `\`${was}\``} → ${is === undefined ? "none" : `\`${is}\``}`,
          who: [...people.owner(name), ...people.groups([was, is].filter((group) => group !== undefined))],
          places,
          policyPath: `owners.${name}.approvers`,
        }),
      );
    }
    if (from.name !== to.name || from.contact !== to.contact) {
      const message = `owner \`${name}\` is called otherwise, or reached elsewhere`;
      found.push(changeOf({ code: "OwnerReworded", effect: "neutral", message, places, policyPath: `owners.${name}` }));
    }
    return found;
  });
}

function systemChanges({ before, after, people, placesOf }: PolicyPair): Change[] {
  return inBoth(before.systems, after.systems).flatMap(({ name, from, to }): Change[] => {
    if (from === undefined || to === undefined || from.kind === to.kind) return [];
    const message = `system \`${name}\` is of kind ${to.kind}, not ${from.kind} any more`;
    const places = placesOf("system", name);
    return [
      changeOf({
        code: "SystemChanged",
        effect: "look",
        message,
        who: people.identity(),
        places,
        policyPath: `systems.${name}`,
      }),
    ];
  });
}

function breakerChanges({ before, after, people, placesOf }: PolicyPair): Change[] {
  const limits = [
    ["maxWritesPerHour", "an hour"],
    ["maxWritesPerDay", "a day"],
  ] as const;
  return limits.flatMap(([limit, per]): Change[] => {
    const [from, to] = [before.breaker[limit], after.breaker[limit]];
    if (from === to) return [];
    const effect: Effect = directed(to > from);
    const message = `the breaker trips at ${String(to)} writes ${per}, not at ${String(from)}`;
    const places = placesOf("breaker", "breaker");
    return [
      changeOf({
        code: "BreakerChanged",
        effect,
        message,
        who: people.technical(),
        places,
        policyPath: `breaker.${limit}`,
      }),
    ];
  });
}
