import { assignedAttribute } from "./attributes";
import type { Place, Resource } from "./stack";

/** ARN of a resource that the stack declares. */
export function arnOf(place: Place, resource: Resource): string {
  return attributeOf(place, resource, "arn");
}

/** Id of a resource that the stack declares, as other resources refer to it. */
export function idOf(place: Place, resource: Resource): string {
  return attributeOf(place, resource, "id");
}

/** What is known, as in the plan of a second apply, or what stands for it. */
export function attributeOf(place: Place, { type, address, body }: Resource, attribute: string): string {
  const own = body[attribute];
  if (typeof own === "string") return own;
  const assigned = assignedAttribute({ type, address, argument: (name) => body[name] }, attribute, place);
  if (typeof assigned === "string") return assigned;
  return attribute === "arn"
    ? `arn:${place.partition}:${type}:${place.region}:${place.accountId}:[${address}]`
    : `[${address}]`;
}
