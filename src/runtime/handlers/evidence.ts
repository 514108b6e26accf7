import { keepEvidence, type EvidencePorts } from "../evidence/keep";
import { recordOf, streamEventSchema } from "../evidence/record";

/**
 * Keeps what the ledger's stream tells, in the order in which it comes: each batch becomes a segment of the one chain of evidence, in a bucket
 * where nobody can change or remove it. A batch that fails comes again, until it is kept.
 */
export function createHandler(ports: EvidencePorts): (event: unknown) => Promise<{ readonly records: number }> {
  return async (event) => {
    const { records } = await keepEvidence(ports, streamEventSchema.parse(event).Records.map(recordOf));
    return { records };
  };
}
