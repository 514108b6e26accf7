import * as z from "zod";

import { ItemError, LEDGER, unmarshallItem, type AttributeMap } from "../../core";

/** What the evidence says of one change of the ledger. Public: auditors read it, and tools of theirs. */
export interface EvidenceRecord {
  /** `INSERT` always, but where somebody tampered: no role of the stack updates or deletes in the ledger. */
  readonly event: "INSERT" | "MODIFY" | "REMOVE";
  /** Id that the stream gave this change: the same record delivered twice has it twice. */
  readonly eventId: string;
  /** When DynamoDB took it, to the second, ISO 8601 UTC. */
  readonly at: string;
  readonly pk: string;
  readonly sk: string;
  /** The item after the change, without what is left out; absent after a removal. */
  readonly item?: Readonly<Record<string, unknown>>;
  /** The item before it; absent for an insert. */
  readonly was?: Readonly<Record<string, unknown>>;
  /** What was left out of both, as paths in order. */
  readonly omitted?: readonly string[];
}

const imageSchema = z.record(z.string(), z.unknown());

/** A DynamoDB stream's batch, as Lambda hands it over. */
export const streamEventSchema = z.looseObject({
  Records: z.array(
    z.looseObject({
      eventID: z.string().min(1),
      eventName: z.enum(["INSERT", "MODIFY", "REMOVE"]),
      dynamodb: z.looseObject({
        // Seconds since the epoch.
        ApproximateCreationDateTime: z.number(),
        Keys: z.looseObject({ pk: z.looseObject({ S: z.string() }), sk: z.looseObject({ S: z.string() }) }),
        NewImage: imageSchema.optional(),
        OldImage: imageSchema.optional(),
      }),
    }),
  ),
});

type StreamRecord = z.infer<typeof streamEventSchema>["Records"][number];

/** A shape of what is kept: `true` for all of an attribute, a shape for some of its members, `[shape]` for those of each element. */
type Kept = true | { readonly [name: string]: Kept } | readonly [Kept];

/** Of the two kinds that hold values of HR records, what does not: written out, so that an attribute that is added stays out of the locked bucket. */
const KEPT: readonly (readonly [kind: string, kept: Readonly<Record<string, Kept>>])[] = [
  [
    LEDGER.requestPrefix,
    {
      receivedAt: true,
      request: {
        requestId: true,
        event: true,
        source: true,
        occurredAt: true,
        receivedAt: true,
        dryRun: true,
        initiator: { kind: true, id: true, issuer: true, subject: true },
        changes: [{ field: true, finalizedAt: true }],
        reversal: { requestId: true, index: true, grantId: true },
      },
    },
  ],
  [
    LEDGER.inspectionPrefix,
    {
      field: true,
      workerRef: true,
      digest: true,
      policyDigest: true,
      checked: true,
      class: true,
      effectiveClass: true,
      approval: true,
      inspectedAt: true,
    },
  ],
];

/** Of every other kind, what is a person's id in the HR system: that somebody decided is told by their account. */
const LEFT_OUT: ReadonlySet<string> = new Set(["workerId"]);

const KINDS: readonly string[] = Object.values(LEDGER);

/**
 * The record of one change of the ledger. Values of HR records and ids of workers are left out, since what is locked for years cannot be
 * taken back: `omitted` says which attributes, and the inspection's own digest, which is keyed, still binds the change's values.
 */
export function recordOf({ eventID, eventName, dynamodb }: StreamRecord): EvidenceRecord {
  const pk = dynamodb.Keys.pk.S;
  const item = imageOf(pk, dynamodb.NewImage);
  const was = imageOf(pk, dynamodb.OldImage);
  const omitted = [...new Set([...(item?.omitted ?? []), ...(was?.omitted ?? [])])].sort();
  return {
    event: eventName,
    eventId: eventID,
    at: new Date(dynamodb.ApproximateCreationDateTime * 1000).toISOString().replace(/\.\d+Z$/, "Z"),
    pk,
    sk: dynamodb.Keys.sk.S,
    ...(item === undefined ? {} : { item: item.shown }),
    ...(was === undefined ? {} : { was: was.shown }),
    ...(omitted.length === 0 ? {} : { omitted }),
  };
}

/** An item of the ledger as the evidence shows it, and the paths of what it does not show. */
export function shownOf(item: Readonly<Record<string, unknown>>): {
  readonly shown: Readonly<Record<string, unknown>>;
  readonly omitted: readonly string[];
} {
  const { pk, sk, ...members } = item;
  const omitted: string[] = [];
  const shown = narrow(members, keptOf(String(pk), members), "", omitted) as Readonly<Record<string, unknown>>;
  return { shown: { pk, sk, ...shown }, omitted: omitted.sort() };
}

function imageOf(pk: string, image: Readonly<Record<string, unknown>> | undefined) {
  if (image === undefined) return undefined;
  try {
    return shownOf(unmarshallItem(image as AttributeMap));
  } catch (error) {
    if (!(error instanceof ItemError)) throw error;
    // Of a type that nobody here writes. That it was put is told; what it is, the ledger shows.
    return { shown: { pk }, omitted: Object.keys(image).sort() };
  }
}

function keptOf(pk: string, members: Readonly<Record<string, unknown>>): Readonly<Record<string, Kept>> {
  const listed = KEPT.find(([kind]) => pk.startsWith(kind))?.[1];
  if (listed !== undefined) return listed;
  const isKnown = KINDS.some((kind) => (kind.endsWith("#") ? pk.startsWith(kind) : pk === kind));
  const names = isKnown ? Object.keys(members).filter((name) => !LEFT_OUT.has(name)) : [];
  return Object.fromEntries(names.map((name) => [name, true]));
}

/** The part of a value that is kept. Notes the path of each part that is not. */
function narrow(value: unknown, kept: Kept, path: string, omitted: string[]): unknown {
  if (kept === true || typeof value !== "object" || value === null) return value;
  if (isElements(kept)) {
    return Array.isArray(value) ? value.map((element) => narrow(element, kept[0], `${path}[]`, omitted)) : undefined;
  }
  const pairs = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    const at = path === "" ? name : `${path}.${name}`;
    const inside = Object.hasOwn(kept, name) ? kept[name] : undefined;
    if (inside !== undefined) return [[name, narrow(member, inside, at, omitted)]];
    if (!omitted.includes(at)) omitted.push(at);
    return [];
  });
  return Object.fromEntries(pairs);
}

function isElements(kept: Kept): kept is readonly [Kept] {
  return Array.isArray(kept);
}
