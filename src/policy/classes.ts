import { FIELD_CLASSES, type FieldClass } from "./model";

/** How strict a class is: 0 for `safe`, 2 for `never`. */
export function strictness(fieldClass: FieldClass): number {
  return FIELD_CLASSES.indexOf(fieldClass);
}

/** Whether `a` is stricter than `b`. */
export function isStricter(a: FieldClass, b: FieldClass): boolean {
  return strictness(a) > strictness(b);
}

/** The stricter of two classes. */
export function stricterClass(a: FieldClass, b: FieldClass): FieldClass {
  return isStricter(b, a) ? b : a;
}

/** A class, or `undefined` for any other value. */
export function toFieldClass(value: unknown): FieldClass | undefined {
  return FIELD_CLASSES.find((each) => each === value);
}
