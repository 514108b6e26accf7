import { canonicalDigest } from "../../core";
import type { Item } from "../ports";
import type { ChainLine } from "./chain";
import { shownOf, type EvidenceRecord } from "./record";

/** Where the ledger and the evidence do not say the same. Public. */
export type LedgerDifferenceCode =
  /** The evidence saw somebody replace a record of the ledger. */
  | "RecordReplaced"
  /** The evidence saw somebody remove one. */
  | "RecordRemoved"
  /** The ledger holds it, the evidence does not: from before there was evidence, on its way, or lost. */
  | "NotInEvidence"
  /** The evidence has it, the ledger does not hold it any more. */
  | "NotInLedger"
  /** Both have it, with another content. */
  | "DiffersFromEvidence";

export interface LedgerDifference {
  readonly code: LedgerDifferenceCode;
  readonly pk: string;
  readonly sk: string;
  /** Number of the evidence's record, where there is one. */
  readonly sequence?: number;
}

interface Known {
  readonly pk: string;
  readonly sk: string;
  readonly digest: string;
  readonly sequence: number;
}

/** The ledger as the evidence tells it: a digest of each record, held against the ledger itself. */
export class LedgerImage {
  /** What the evidence saw happen to records that nobody may change. */
  readonly changes: LedgerDifference[] = [];
  readonly #known = new Map<string, Known>();

  /** @param isKept whether `compare` will be asked: only then every record is kept in mind */
  constructor(private readonly isKept: boolean) {}

  take({ sequence, record }: ChainLine): void {
    const { event, pk, sk, item } = record as EvidenceRecord;
    const id = idOf(pk, sk);
    const digest = item === undefined ? undefined : canonicalDigest(item);
    const before = this.#known.get(id);
    if (event === "REMOVE") this.changes.push({ code: "RecordRemoved", pk, sk, sequence });
    // A stream may deliver an insert twice: the same content is the same record.
    else if (event === "MODIFY" || (before !== undefined && before.digest !== digest)) {
      this.changes.push({ code: "RecordReplaced", pk, sk, sequence });
    }
    if (!this.isKept) return;
    if (digest === undefined) this.#known.delete(id);
    else this.#known.set(id, { pk, sk, digest, sequence });
  }

  /** Every difference from the ledger's items, as they come. */
  async *compare(items: AsyncIterable<Item>): AsyncGenerator<LedgerDifference> {
    const missing = new Map(this.#known);
    for await (const item of items) {
      const [pk, sk] = [String(item["pk"]), String(item["sk"])];
      const known = missing.get(idOf(pk, sk));
      missing.delete(idOf(pk, sk));
      if (known === undefined) yield { code: "NotInEvidence", pk, sk };
      else if (known.digest !== canonicalDigest(shownOf(item).shown)) {
        yield { code: "DiffersFromEvidence", pk, sk, sequence: known.sequence };
      }
    }
    for (const { pk, sk, sequence } of missing.values()) yield { code: "NotInLedger", pk, sk, sequence };
  }
}

function idOf(pk: string, sk: string): string {
  return `${pk}\n${sk}`;
}
