import type { LedgerDifferenceCode } from "../../src/runtime/evidence/compare";
import type { BreakCode } from "../../src/runtime/evidence/verify";
import { rule, type Family, type Rule } from "./rule";

const BREAKS: Readonly<Record<BreakCode, Rule>> = {
  RecordAltered: rule(
    "a record, or what links it, is not what was written",
    "one byte of a line was changed",
    "read the object's older versions, and CloudTrail's records of who put it",
  ),
  RecordMissing: rule(
    "records are gone from the middle",
    "a line was cut out, or an object hidden",
    "bring the object's version back; see who put the mark that hides it",
  ),
  RecordMoved: rule("a record stands elsewhere", "two lines were swapped", "read the objects' older versions"),
  RecordRepeated: rule("a record stands there twice", "a line was copied in", "read the object's older versions"),
  LinkBroken: rule(
    "a record is linked to another one than stands before it",
    "a record was replaced together with its own link",
    "read the objects before it in their older versions",
  ),
  SegmentMisnamed: rule("an object begins with another record than its name says", "a renamed copy", "copy it anew"),
  SegmentForeign: rule(
    "something that is no segment lies among them",
    "notes in the folder",
    "take it out of the copy",
  ),
  TailCut: rule(
    "the end is missing",
    "the last objects were left out of a copy",
    "copy anew; else bring the hidden versions back",
  ),
  HeadDiffers: rule(
    "another link stands where one was noted",
    "the chain was written anew from some record on",
    "stop the system; the older versions hold the first chain",
  ),
};

const DIFFERENCES: Readonly<Record<LedgerDifferenceCode, Rule>> = {
  RecordReplaced: rule(
    "a record of the ledger was replaced",
    "an administrator put an outcome anew",
    "ask CloudTrail who; the evidence holds what it was",
  ),
  RecordRemoved: rule(
    "a record of the ledger was removed",
    "an administrator's `DeleteItem`",
    "ask CloudTrail who; the evidence holds what it was",
  ),
  NotInEvidence: rule(
    "only the ledger has a record",
    "it is a minute old, or older than the evidence",
    "verify again; look at `evidence-late` and at the queue of what was given up",
  ),
  NotInLedger: rule(
    "only the evidence has a record",
    "a table that was restored to an earlier moment",
    "see what was restored",
  ),
  DiffersFromEvidence: rule(
    "ledger and evidence hold different content",
    "a change that the stream never told of",
    "believe the evidence; ask CloudTrail who",
  ),
};

const FAILURES = {
  EvidenceDiverges: rule(
    "a segment does not go on from where the chain stands",
    "an object that an administrator put",
    "`verify-evidence` names the place; nothing is kept until it is mended",
  ),
} as const;

export const EVIDENCE_FAMILIES: readonly Family[] = [
  {
    title: "Where a chain of evidence breaks",
    where: "`hris-writeback verify-evidence`, exit code 2, with the record's number, segment and line.",
    rules: BREAKS,
  },
  {
    title: "Where ledger and evidence differ",
    where: "`hris-writeback verify-evidence`, exit code 3.",
    rules: DIFFERENCES,
  },
  { title: "Errors of the function that keeps evidence", where: "Its log.", rules: FAILURES },
];
