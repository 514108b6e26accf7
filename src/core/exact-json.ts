/** Texts of a JSON document, whole, and its numbers: what is inside a text is no number. */
const TEXT_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

const NUMBER = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Whether every number of a JSON document is one that JavaScript reads as it is written: `12345678901234567890` is read as
 * another number, silently, and so are digits beyond a double's. Texts are whatever they are. Says nothing of a text that is no JSON.
 */
export function hasExactNumbers(json: string): boolean {
  for (const [token] of json.matchAll(TEXT_OR_NUMBER)) if (!token.startsWith('"') && !isExact(token)) return false;
  return true;
}

/**
 * Reads JSON whose numbers may be any system's. One that would be altered is read as an object that stands for it, so that it is
 * nobody's value, and the rest of the document is read as it is. Throws `SyntaxError` for what is no JSON.
 */
export function parseExactJson(json: string): unknown {
  const marked = hasExactNumbers(json)
    ? json
    : json.replaceAll(TEXT_OR_NUMBER, (token) =>
        token.startsWith('"') || !NUMBER.test(token) || isExact(token) ? token : '{"inexactNumber":true}',
      );
  return JSON.parse(marked) as unknown;
}

/** Whether a number is read as it is written. Whole numbers are so only where no two are read as one. */
function isExact(text: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) return false;
  return digitsOf(text) === digitsOf(String(value));
}

/** The significant digits of a number's text and the power of ten they are to be taken by: one text for one number. */
function digitsOf(text: string): string | undefined {
  const [, whole = "", fraction = "", exponent = "0"] = NUMBER.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return whole === "" ? undefined : "0";
  return `${significant}e${String(Number(exponent) - fraction.length + digits.length - significant.length)}`;
}
