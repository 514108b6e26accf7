import { ServiceUnavailable } from "../errors";
import { ConditionFailed, type Clock, type Log, type Store } from "../ports";
import { readLine, segmentAfter } from "./chain";
import { evidenceHeadKey, headOf, type KnownHead } from "./head";
import type { EvidenceRecord } from "./record";

/** The locked place of the segments. */
export interface Archive {
  /** Puts a segment where there is none of this name; whether it did. Nobody can put another there afterwards. */
  putIfAbsent(name: string, body: string): Promise<"kept" | "exists">;
  get(name: string): Promise<string>;
}

export interface EvidencePorts {
  readonly store: Pick<Store, "get" | "write">;
  readonly archive: Archive;
  readonly clock: Clock;
  readonly log: Log;
}

/** What one batch came to. */
export interface Kept {
  /** Records that were new. */
  readonly records: number;
  readonly head: Pick<KnownHead, "sequence" | "link">;
}

/** A segment lies where ours belongs and does not go on from where the chain stands. */
export class EvidenceDiverges extends Error {
  override readonly name = "EvidenceDiverges";
}

/** Ids of changes that are remembered: a stream repeats a batch soon, or not at all. */
const REMEMBERED = 400;

/** Segments of others that one batch follows before it gives others a turn, and after how many it says how far it came. */
const MAX_FOLLOWED = 400;
const SAVE_EVERY = 25;

/**
 * Appends records to the chain, once each.
 *
 * There is one chain for all shards of the stream, and the bucket is what keeps it one: the next segment has one possible name, and only one
 * put of that name succeeds. Whoever comes second reads what is there, goes on from it, and finds that the records were its own where only the answer had
 * been lost. The head in the control table says where to begin; it follows, and may be behind, or lost, without harm.
 */
export async function keepEvidence(ports: EvidencePorts, records: readonly EvidenceRecord[]): Promise<Kept> {
  const { store, archive, log } = ports;
  let head = headOf(await store.get("control", evidenceHeadKey));
  for (let followed = 0; followed < MAX_FOLLOWED; followed += 1) {
    const known = new Set(head.recent);
    const fresh = records.filter(({ eventId }) => !known.has(eventId) && known.add(eventId));
    if (fresh.length === 0) {
      if (followed > 0) await saveHead(ports, head);
      return { records: 0, head };
    }
    const segment = segmentAfter(head, fresh);
    if ((await archive.putIfAbsent(segment.name, segment.body)) === "kept") {
      head = advanced(
        head,
        segment.head,
        fresh.map(({ eventId }) => eventId),
      );
      await saveHead(ports, head);
      const { sequence, link } = segment.head;
      // A head that somebody outside of the bucket and the tables knows, too.
      log.info("evidence-kept", { segment: segment.name, records: fresh.length, sequence, link });
      return { records: fresh.length, head: segment.head };
    }
    head = followedBy(head, segment.name, await archive.get(segment.name), log);
    if (followed % SAVE_EVERY === SAVE_EVERY - 1) await saveHead(ports, head);
  }
  await saveHead(ports, head);
  throw new ServiceUnavailable(`the chain is further than ${String(MAX_FOLLOWED)} segments ahead of the known head`);
}

/** The head after a segment that somebody else kept. Throws where that does not go on from here. */
function followedBy(head: KnownHead, name: string, body: string, log: Log): KnownHead {
  let { sequence, link } = head;
  const ids: string[] = [];
  const lines = body.endsWith("\n") ? body.slice(0, -1).split("\n") : [""];
  for (const text of lines) {
    const line = readLine(Buffer.from(text, "utf8"));
    if (line?.previous !== link || line.sequence !== sequence + 1) {
      log.error("evidence-diverges", { segment: name, sequence: sequence + 1 });
      throw new EvidenceDiverges(`\`${name}\` does not go on from record ${String(sequence)} of the chain`);
    }
    ({ sequence, link } = line);
    ids.push((line.record as EvidenceRecord).eventId);
  }
  return advanced(head, { sequence, link }, ids);
}

function advanced({ recent }: KnownHead, to: Pick<KnownHead, "sequence" | "link">, ids: readonly string[]): KnownHead {
  return { sequence: to.sequence, link: to.link, recent: [...recent, ...ids].slice(-REMEMBERED) };
}

/** Moves the head on; one that is further stays. */
async function saveHead({ store, clock }: EvidencePorts, { sequence, link, recent }: KnownHead): Promise<void> {
  try {
    await store.write([
      {
        kind: "update",
        table: "control",
        key: evidenceHeadKey,
        set: { sequence, link, recent, keptAt: new Date(clock.now()).toISOString() },
        condition: {
          any: [
            { attribute: "sequence", is: "absent" },
            { attribute: "sequence", is: "<", value: sequence },
          ],
        },
      },
    ]);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
