import type { PolicyDocument } from "../../../src/iam";

/** The document without one statement, or without one key of one condition. */
export function mutantsOf(document: PolicyDocument): [without: string, document: PolicyDocument][] {
  return document.Statement.flatMap((statement, index): [string, PolicyDocument][] => {
    const replaced = (by: readonly (typeof statement)[]): PolicyDocument => ({
      ...document,
      Statement: [...document.Statement.slice(0, index), ...by, ...document.Statement.slice(index + 1)],
    });
    const conditions = Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
      Object.keys(keys).map((name): [string, PolicyDocument] => {
        const without = <T>(members: Readonly<Record<string, T>>, member: string): Record<string, T> =>
          Object.fromEntries(Object.entries(members).filter(([each]) => each !== member));
        const rest = without(keys, name);
        const others = without(statement.Condition ?? {}, operator);
        const left = { ...others, ...(Object.keys(rest).length === 0 ? {} : { [operator]: rest }) };
        const bare = { ...statement, Condition: undefined };
        return [
          `${statement.Sid ?? ""} ${operator} ${name}`,
          replaced([Object.keys(left).length === 0 ? bare : { ...bare, Condition: left }]),
        ];
      }),
    );
    return [[statement.Sid ?? "", replaced([])], ...conditions];
  });
}
