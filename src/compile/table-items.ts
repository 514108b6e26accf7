import { CONTROL_START, marshallItem, type AttributeMap } from "../core";

export { ItemError, marshallItem, unmarshallItem, type AttributeMap, type AttributeValue } from "../core";

/** The items of switch and breaker as a stack starts: running, ok. Terraform creates them once and then leaves them alone. */
export function controlStartItems(): Readonly<Record<keyof typeof CONTROL_START, AttributeMap>> {
  return { switch: marshallItem(CONTROL_START.switch), breaker: marshallItem(CONTROL_START.breaker) };
}
