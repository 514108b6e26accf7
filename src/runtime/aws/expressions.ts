import type { Condition, WriteAction } from "../ports";

/** An expression's text, and what its placeholders stand for. */
export class Placeholders {
  private readonly names = new Map<string, string>();
  private readonly values: unknown[] = [];

  /** The placeholder of an attribute's name: names may be reserved words. */
  name(attribute: string): string {
    const known = this.names.get(attribute);
    if (known !== undefined) return known;
    const placeholder = `#n${this.names.size}`;
    this.names.set(attribute, placeholder);
    return placeholder;
  }

  value(value: unknown): string {
    return `:v${this.values.push(value) - 1}`;
  }

  /** The members of a request that explain the placeholders; absent where there are none, as DynamoDB demands. */
  get members(): {
    readonly ExpressionAttributeNames?: Record<string, string>;
    readonly ExpressionAttributeValues?: Record<string, unknown>;
  } {
    return {
      ...(this.names.size === 0
        ? {}
        : {
            ExpressionAttributeNames: Object.fromEntries(
              [...this.names].map(([attribute, placeholder]) => [placeholder, attribute]),
            ),
          }),
      ...(this.values.length === 0
        ? {}
        : {
            ExpressionAttributeValues: Object.fromEntries(
              this.values.map((value, position) => [`:v${position}`, value]),
            ),
          }),
    };
  }
}

/** A condition as DynamoDB writes it. An empty `all` holds always and an empty `any` never, which DynamoDB cannot say. */
export function conditionExpression(condition: Condition, placeholders: Placeholders): string {
  if ("all" in condition) return joined(condition.all, " AND ", placeholders);
  if ("any" in condition) return joined(condition.any, " OR ", placeholders);
  const name = placeholders.name(condition.attribute);
  if (!("value" in condition)) {
    return condition.is === "absent" ? `attribute_not_exists(${name})` : `attribute_exists(${name})`;
  }
  return `${name} ${condition.is} ${placeholders.value(condition.value)}`;
}

function joined(parts: readonly Condition[], operator: string, placeholders: Placeholders): string {
  if (parts.length === 0) throw new TypeError("a condition needs at least one part");
  return `(${parts.map((part) => conditionExpression(part, placeholders)).join(operator)})`;
}

/** The update expression of an action. Members that are `undefined` are left as they are. */
export function updateExpression(action: Extract<WriteAction, { kind: "update" }>, placeholders: Placeholders): string {
  const name = (attribute: string): string => placeholders.name(attribute);
  const set = Object.entries(action.set ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([attribute, value]) => `${name(attribute)} = ${placeholders.value(value)}`);
  const add = Object.entries(action.add ?? {}).map(
    ([attribute, amount]) => `${name(attribute)} ${placeholders.value(amount)}`,
  );
  const remove = (action.remove ?? []).map(name);
  const clauses = [
    ["SET", set],
    ["ADD", add],
    ["REMOVE", remove],
  ] as const;
  const text = clauses
    .filter(([, parts]) => parts.length > 0)
    .map(([keyword, parts]) => `${keyword} ${parts.join(", ")}`)
    .join(" ");
  if (text === "") throw new TypeError("an update changes nothing");
  return text;
}
