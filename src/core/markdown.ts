import { plain } from "./findings";

/** Text from outside that means nothing to Markdown or HTML: no markup, no code, no cell of a table ends in it. */
export function markdownText(text: string): string {
  return plain(text).replace(/[\\`|<>[\]*_~#!&]/g, "\\$&");
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

/** A message that puts names in single backticks, as all of ours do: those become code, and all else is text. */
export function markdownMessage(text: string, options: { readonly inTable?: boolean } = {}): string {
  return messageParts(text)
    .map((part) => (typeof part === "string" ? markdownText(part) : markdownCode(part.code, options)))
    .join("");
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
