import { formatInstantSeconds } from "../../core";
import type { Policy } from "../../policy";
import type { Proof } from "../prove";
import type { Stack } from "../stack";
import { readSystem } from "../system";
import { auditSection } from "./audit";
import { classificationSection } from "./classification";
import { controlsSection } from "./controls";
import { code, type Block, type Content, type Section, type Text } from "./content";
import { documentsSection } from "./documents";
import { exceptionsSection, isOver } from "./exceptions";
import { lexiconOf } from "./lexicon";
import { outsideSection } from "./outside";
import { readPolicy, type PolicyRead } from "./policy";
import { proofSection, verdictInline } from "./proof";
import { trustSection } from "./trust";
import { workflowSection } from "./workflow";

/** What a report is made of. */
export interface ReportInput {
  readonly stack: Stack;
  /** What `prove` says of that stack. */
  readonly proof: Proof;
  /** SHA-256 of the file that the stack was read from, in hexadecimal: says which stack the report is of. */
  readonly sha256: string;
  /** The moment that days left are counted from. @default - end dates are shown, days left are not */
  readonly atMs?: number;
}

/** The report on a stack as plain data. Pure: the same stack and time, the same report. */
export function reportContent(input: ReportInput): Content {
  const { stack, proof, atMs } = input;
  const system = readSystem(stack);
  const lexicon = lexiconOf(system);
  const read = readPolicy(system);
  return {
    title: `HRIS write-back in account ${stack.accountId}, ${stack.region}: what it may do, and what holds it`,
    sections: [
      summarySection(input, read),
      proofSection(proof),
      classificationSection(read, system),
      exceptionsSection(read, atMs),
      workflowSection(system, lexicon),
      trustSection(system, proof),
      documentsSection(system, proof, lexicon),
      auditSection(system),
      controlsSection(system, proof),
      outsideSection(system, proof),
    ],
  };
}

function summarySection({ stack, proof, sha256, atMs }: ReportInput, read: PolicyRead): Section {
  const { fields } = proof;
  const facts: [string, Text][] = [
    ["Result", [verdictInline(proof.verdict), ...numbersOf(proof)]],
    ["Account and region", [code(stack.accountId), ", ", code(stack.region)]],
    [
      "Fields",
      [
        `${fields.safe.length} safe, ${fields.conditional.length} conditional, ${fields.never.length} never; whatever is not listed is never written`,
      ],
    ],
    ["Exceptions", "problem" in read ? ["not known"] : exceptionsInShort(read.policy.exceptions, atMs)],
    ["Policy digest", "problem" in read ? ["not known"] : [code(read.digest)]],
    ["Resources", [String(stack.all.length)]],
    ["Stack file, SHA-256", [code(sha256)]],
    ...(atMs === undefined ? [] : [["Days left counted from", [formatInstantSeconds(atMs)]] as [string, Text]]),
  ];
  const blocks: Block[] = [
    {
      kind: "paragraph",
      text: [
        "Made from the synthesized Terraform alone, for people who never run it: which facts identity may write back into the HR system, who may do what on the way, what is proved of it, and what is not.",
      ],
    },
    { kind: "facts", rows: facts },
  ];
  return { id: "summary", title: "In short", blocks };
}

function numbersOf({ invariants, verdict }: Proof): Text {
  if (verdict === "proved") return [` all ${invariants.length} invariants, 4 to 7 as far as Terraform carries them`];
  const wrong = invariants.filter((each) => each.verdict !== "proved").map(({ number }) => number);
  return [` see ${wrong.length === 1 ? "invariant" : "invariants"} ${wrong.join(", ")}`];
}

function exceptionsInShort(exceptions: Policy["exceptions"], atMs: number | undefined): Text {
  if (exceptions.length === 0) return ["none"];
  const ends = exceptions.map(({ expires }) => expires).sort();
  const last = ends.at(-1) ?? "";
  const over = atMs === undefined ? 0 : ends.filter((end) => isOver(end, atMs)).length;
  return [
    exceptions.length === 1 ? `1, until ${last}` : `${exceptions.length}, the last until ${last}`,
    ...(over === 0 ? [] : [" ", { badge: `${over} expired`, tone: "bad" as const }]),
  ];
}
