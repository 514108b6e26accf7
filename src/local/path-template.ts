/**
 * Holds a path against a template such as `/grants/{grantId}/fields/{field}`, as API Gateway does: part by part, a parameter is one
 * part that is not empty. The parameters, decoded; `undefined` where the path does not fit.
 */
export function matchPath(template: string, path: string): Readonly<Record<string, string>> | undefined {
  const parts = template.split("/");
  const segments = path.split("/");
  if (parts.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [position, part] of parts.entries()) {
    const segment = segments[position] ?? "";
    if (!part.startsWith("{")) {
      if (part !== segment) return undefined;
      continue;
    }
    const value = decoded(segment);
    if (value === "") return undefined;
    parameters[part.slice(1, -1)] = value;
  }
  return parameters;
}

/** A part of a path without its escapes; empty where they are broken. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return "";
  }
}
