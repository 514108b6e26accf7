import { isStricter, stricterClass, toFieldClass } from "./classes";
import { shown, type Path, type Problem } from "./problem";
import { entriesOf, isMapping, member, textMember, type Mapping } from "./raw";
import { checkTerms, checkTermTimes, signaturesOf, type Terms } from "./terms";
import { unknownReference, type RawView } from "./view";

const EXCEPTIONS: Terms = {
  list: "exceptions",
  first: "approvedOn",
  last: "expires",
  codes: {
    duplicateId: "DuplicateExceptionId",
    endsBeforeStart: "ExceptionEndsBeforeStart",
    tooLong: "ExceptionTooLong",
    expired: "ExceptionExpired",
    notYetInForce: "ExceptionNotYetInForce",
  },
};

/** Exceptions: real, needed, not too wide, signed by the right people, short. */
export function checkExceptions(view: RawView): Problem[] {
  return checkTerms(view, EXCEPTIONS, (exception, path) => [
    ...unknownReference("UnknownField", view.fields, member(exception, "field"), [...path, "field"], "fields"),
    ...unknownReference(
      "UnknownSegment",
      view.segments,
      member(exception, "segment"),
      [...path, "segment"],
      "segments",
    ),
    ...checkLift(view, exception, path),
    ...checkSignatures(view, exception, path),
  ]);
}

/** Exceptions that have ended, or not begun, at a moment. */
export function checkExceptionTimes(view: RawView, nowMs: number): Problem[] {
  return checkTermTimes(view, EXCEPTIONS, nowMs);
}

/** Whether the exception lifts something, and not more than the field's own class. */
function checkLift(view: RawView, exception: Mapping, path: Path): Problem[] {
  const fieldName = textMember(exception, "field");
  const segmentName = textMember(exception, "segment");
  const own = fieldName === undefined ? undefined : toFieldClass(member(member(view.fields, fieldName), "class"));
  if (fieldName === undefined || own === undefined) return [];
  if (own === "never") {
    return [
      {
        code: "ExceptionOnNeverField",
        path: [...path, "field"],
        message: `the class of ${shown(fieldName)} is \`never\`, which is final`,
      },
    ];
  }
  const allow = toFieldClass(member(exception, "allow"));
  if (allow === undefined || allow === "never") return [];
  if (isStricter(own, allow)) {
    return [
      {
        code: "ExceptionTooWide",
        path: [...path, "allow"],
        message: `found ${shown(allow)}, and the class of ${shown(fieldName)} is ${shown(own)}`,
      },
    ];
  }
  const segment = segmentName === undefined ? undefined : member(view.segments, segmentName);
  if (segmentName === undefined || !isMapping(segment) || member(segment, "mode") !== undefined) return [];
  const written = member(member(segment, "fields"), fieldName);
  const narrowed = toFieldClass(written);
  const unreadable = written !== undefined && narrowed === undefined;
  if (unreadable || (narrowed !== undefined && isStricter(narrowed, stricterClass(own, allow)))) return [];
  const message = `the segment ${shown(segmentName)} does not hold ${shown(fieldName)} to more than ${shown(allow)}`;
  return [{ code: "ExceptionLiftsNothing", path, message }];
}

function checkSignatures(view: RawView, exception: Mapping, path: Path): Problem[] {
  const signed = signaturesOf(view, exception, path);
  if (signed === undefined) return [];
  const { signatures, at, unknown } = signed;
  const signers = Object.keys(signatures);
  const problems = [...unknown];
  const fieldName = textMember(exception, "field");
  const owner = fieldName === undefined ? undefined : textMember(member(view.fields, fieldName), "owner");
  // An owner that does not exist is a mistake of the field; asking for its signature would report it again.
  const declared =
    owner !== undefined && owner !== "identity" && view.owners !== undefined && Object.hasOwn(view.owners, owner);
  const required = declared ? ["identity", owner] : ["identity"];
  for (const signer of required.filter((each) => !signers.includes(each))) {
    problems.push({
      code: "ExceptionUnsigned",
      path: at,
      at: "key",
      message: `the signature of ${shown(signer)} is missing`,
    });
  }
  if (owner === "identity" && signers.includes("identity") && signers.length === 1) {
    problems.push({
      code: "ExceptionUnsigned",
      path: at,
      at: "key",
      message: "identity owns the field, and no second owner signed",
    });
  }
  return [...problems, ...signedByOne(signatures, required, at)];
}

/** Whether the signatures that count, the required ones or identity's and any second, are all one person's. */
function signedByOne(signatures: Mapping, required: readonly string[], path: Path): Problem[] {
  const signed = entriesOf(signatures).flatMap(([signer, person]) =>
    typeof person === "string" && person.trim() !== ""
      ? [{ signer, person, key: person.normalize("NFKC").trim().toLowerCase() }]
      : [],
  );
  const counted = required.length > 1 ? signed.filter(({ signer }) => required.includes(signer)) : signed;
  const [first, second] = counted;
  const isOne = new Set(counted.map(({ key }) => key)).size === 1;
  if (!isOne || first === undefined || second === undefined) return [];
  if (!required.every((each) => counted.some(({ signer }) => signer === each))) return [];
  const message = `${shown(second.person)} also signed for ${shown(first.signer)}`;
  return [{ code: "ExceptionSamePerson", path: [...path, second.signer], message }];
}
