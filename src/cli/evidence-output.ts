import { plain } from "../core";
import type { LedgerDifference, LedgerDifferenceCode } from "../runtime/evidence/compare";
import type { ChainReport } from "../runtime/evidence/verify";
import { escapeMarkdown, renderJson, renderMarkdownTable, renderTextTable } from "./render";

/** What `verify-evidence` found. */
export interface VerifiedEvidence {
  readonly place: string;
  readonly evidence: ChainReport;
  /** Heads that the end was held against. */
  readonly heads: number;
  /** Whether the ledger was read. */
  readonly isCompared: boolean;
  readonly differences: { readonly count: number; readonly shown: readonly LedgerDifference[] };
}

const MEANINGS: Readonly<Record<LedgerDifferenceCode, string>> = {
  RecordReplaced: "somebody replaced it in the ledger",
  RecordRemoved: "somebody removed it from the ledger",
  NotInEvidence: "only the ledger has it: from before there was evidence, on its way, or lost",
  NotInLedger: "the ledger does not hold it any more",
  DiffersFromEvidence: "the ledger holds something else",
};

const HEADER = ["Code", "What", "Record of the ledger", "Number"];

export function renderEvidenceText(verified: VerifiedEvidence): string {
  return `${linesOf(verified).map(plain).join("\n")}\n${tableOf(verified, renderTextTable)}`;
}

export function renderEvidenceMarkdown(verified: VerifiedEvidence): string {
  const [title = "", ...lines] = linesOf(verified).map((line) => escapeMarkdown(line));
  const table = tableOf(verified, renderMarkdownTable);
  return `# ${title}\n${lines.map((line) => `\n${line}\n`).join("")}${table === "" ? "" : `\n${table}`}`;
}

export function renderEvidenceJson({ evidence, differences }: VerifiedEvidence): string {
  return renderJson({ evidence, differences });
}

function linesOf({ place, evidence, heads, isCompared, differences }: VerifiedEvidence): string[] {
  const { records, segments, head, break: broken } = evidence;
  const counted = `${String(records)} records in ${String(segments)} segments`;
  if (broken !== undefined) {
    const where = broken.segment === undefined ? "" : ` (\`${broken.segment}\`${lineOf(broken.line)})`;
    return [
      `Evidence BROKEN in ${place}: ${broken.code} at record ${String(broken.sequence)}`,
      `${broken.message}${where}`,
      `What is before it holds: ${counted}, up to ${String(head.sequence)}:${head.link}`,
    ];
  }
  return [
    `Evidence holds in ${place}: ${counted}`,
    `Head, to note down for the next time: ${String(head.sequence)}:${head.link}`,
    heads === 0
      ? "The end was held against nothing: whole records cut off there would not be seen. Give `--head` or `--control`"
      : `The end was held against ${String(heads)} known head${heads === 1 ? "" : "s"}`,
    ...(isCompared || differences.count > 0
      ? [
          differences.count === 0
            ? "The ledger says the same"
            : `${String(differences.count)} records differ between evidence and ledger, or were changed in it`,
        ]
      : []),
  ];
}

function lineOf(line: number | undefined): string {
  return line === undefined ? "" : `, line ${String(line)}`;
}

function tableOf({ differences: { shown } }: VerifiedEvidence, render: typeof renderTextTable): string {
  if (shown.length === 0) return "";
  return render(
    HEADER,
    shown.map(({ code, pk, sk, sequence }) => [
      code,
      MEANINGS[code],
      `${pk} / ${sk}`,
      sequence === undefined ? "" : String(sequence),
    ]),
  );
}
