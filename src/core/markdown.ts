import { plain } from "./findings";

/**
 * Text from outside that means nothing to Markdown or HTML: no markup, no code, no cell of a table ends in it. A backtick is written as an
 * entity, since an escaped one beside a fence is read differently by different readers.
 */
export function markdownText(text: string): string {
  return plain(text)
    .replace(/[\\|<>[\]*_~#!&]/g, "\\$&")
    .replaceAll("`", "&#96;");
}

/**
 * Text from outside as a code span: the fence is longer than any run of backticks within, so that nothing gets out of it. A bar is escaped
 * on request, since it ends a table's cell even inside of code.
 */
export function markdownCode(text: string, { inTable = false }: { readonly inTable?: boolean } = {}): string {
  const safe = inTable ? plain(text).replaceAll("|", "\\|") : plain(text);
  if (safe.trim() === "") return safe;
  const longest = Math.max(0, ...[...safe.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `\`${safe}\`` : `${fence} ${safe} ${fence}`;
}

/** Texts and codes in one line of Markdown. Two codes side by side are set apart, or their fences would be one. */
export function markdownLine(
  parts: readonly (string | { readonly code: string })[],
  options: { readonly inTable?: boolean } = {},
): string {
  return parts
    .map((part, index) => {
      if (typeof part === "string") return markdownText(part);
      const isBeside = typeof parts[index - 1] === "object";
      return `${isBeside ? " " : ""}${markdownCode(part.code, options)}`;
    })
    .join("");
}

/** A message that puts names in single backticks, as all of ours do: those become code, and all else is text. */
export function markdownMessage(text: string, options: { readonly inTable?: boolean } = {}): string {
  return markdownLine(messageParts(text), options);
}

/** A message as its texts and the names in single backticks within. A backtick without another is text. */
export function messageParts(text: string): (string | { readonly code: string })[] {
  return text
    .split(/(`[^`]+`)/)
    .flatMap((part) =>
      part === ""
        ? []
        : [part.length > 2 && part.startsWith("`") && part.endsWith("`") ? { code: part.slice(1, -1) } : part],
    );
}
