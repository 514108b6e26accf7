/**
 * What DynamoDB takes of an item, beside keys.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (read 2026-11-23)
 */
export const TABLE_LIMITS = {
  /** Lists and maps inside each other, in one attribute. */
  levels: 32,
  /** Magnitude of a number that is not zero. */
  smallestNumber: 1e-130,
  largestNumber: 9.99e125,
  itemBytes: 409_600,
} as const;
