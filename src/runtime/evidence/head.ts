import * as z from "zod";

import { CONTROL } from "../../core";
import type { Item, Key } from "../ports";
import { CHAIN_START, isLink, type ChainHead } from "./chain";

/** Key of the control table's item that says where the chain stands. It follows the bucket, where the chain itself is. */
export const evidenceHeadKey: Key = { pk: CONTROL.evidenceHead };

const headSchema = z.looseObject({
  sequence: z.number().int().min(0),
  link: z.string().refine(isLink, "expected 64 hexadecimal digits"),
  recent: z.array(z.string()),
});

/** The head, and ids of the last changes that are in the chain, by which one that is delivered twice is known. */
export interface KnownHead extends ChainHead {
  readonly recent: readonly string[];
}

/** What the item says. No item means that nothing was kept yet, or that it was lost: then the bucket tells, segment by segment. */
export function headOf(item: Item | undefined): KnownHead {
  return item === undefined ? { ...CHAIN_START, recent: [] } : headSchema.parse(item);
}
