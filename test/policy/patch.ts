/**
 * A JSON merge patch: members are set at their place, `null` removes one, lists are replaced whole.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7396 (read 2026-11-23)
 */
export function patched(base: unknown, patch: unknown): unknown {
  if (!isMapping(patch)) return patch;
  const result: Record<string, unknown> = isMapping(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = patched(result[key], value);
  }
  return result;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
