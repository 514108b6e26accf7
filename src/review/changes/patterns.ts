import { isRecord } from "../stack";

/** Whether one event pattern matches all that another does, as far as their forms show it: fewer keys, or more alternatives. */
function matchesAllOf(wide: unknown, narrow: unknown): boolean {
  if (Array.isArray(wide) && Array.isArray(narrow)) {
    const alternatives = new Set(wide.map((each) => JSON.stringify(each)));
    return narrow.every((each) => alternatives.has(JSON.stringify(each)));
  }
  if (!isRecord(wide) || !isRecord(narrow)) return false;
  if ("$or" in wide || "$or" in narrow) return JSON.stringify(wide) === JSON.stringify(narrow);
  return Object.entries(wide).every(([key, member]) => key in narrow && matchesAllOf(member, narrow[key]));
}

/** How what a pattern matches has changed; `undefined` where forms alone do not show it. */
export function comparePatterns(from: unknown, to: unknown): "same" | "broader" | "narrower" | undefined {
  const [wider, narrower] = [matchesAllOf(to, from), matchesAllOf(from, to)];
  if (wider && narrower) return "same";
  return wider ? "broader" : narrower ? "narrower" : undefined;
}
