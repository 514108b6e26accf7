import type { Field, Scalar } from "./model";
import { compilePattern, MAX_VALUE_LENGTH } from "./pattern";

/** The rules of a field that are about its value. */
export type ValueRules = Pick<Field, "type" | "format" | "pattern" | "enum" | "maxLength">;

/** Says what is wrong with a value, in words that do not contain it; `undefined` where it may be written. */
export type ValueTest = (value: unknown) => string | undefined;

/**
 * Controls, halves of surrogate pairs, line and paragraph separators, and format characters: joiners, soft hyphens, marks that
 * turn the direction of text. Two values that differ in them alone look the same to whoever approves one.
 */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** An address as directories issue them. @see https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address (read 2026-11-23) */
const EMAIL =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])$/;

/** Longest address and longest local part. @see https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1 (read 2026-11-23) */
const MAX_EMAIL = 254;
const MAX_LOCAL_PART = 64;

/** `+`, country code and number, 15 digits at most. @see https://www.itu.int/rec/T-REC-E.164 (read 2026-11-23) */
const PHONE = /^\+[1-9]\d{6,14}$/;

/**
 * The test of one field's values, with its regular expression compiled once. `compile` lets fields with one pattern share
 * one expression, which the engine then optimises once.
 */
export function valueTest(rules: ValueRules, compile: (pattern: string) => RegExp = compilePattern): ValueTest {
  const pattern = rules.pattern === undefined ? undefined : compile(rules.pattern);
  const allowed = rules.enum === undefined ? undefined : new Set<Scalar>(rules.enum);
  const needsText = rules.format !== undefined || pattern !== undefined || rules.maxLength !== undefined;
  const type = rules.type ?? (needsText ? "string" : undefined);
  const maxLength = Math.min(rules.maxLength ?? MAX_VALUE_LENGTH, MAX_VALUE_LENGTH);
  return (value) => {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
      return "it is no text, number, true or false";
    if (type !== undefined && typeof value !== type) return `it is no ${type}`;
    if (typeof value === "number" && !Number.isFinite(value)) return "it is no finite number";
    if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value))
      return "it is a whole number that cannot be told from its neighbours";
    if (typeof value === "string") {
      const problem = textProblem(value, maxLength);
      if (problem !== undefined) return problem;
      if (rules.format === "email" && !isEmail(value)) return "it is no email address";
      if (rules.format === "phone" && !PHONE.test(value)) return "it is no E.164 phone number";
      if (pattern !== undefined && !pattern.test(value)) return "it does not match the field's pattern";
    }
    if (allowed !== undefined && !allowed.has(value)) return "it is none of the field's allowed values";
    return undefined;
  };
}

function textProblem(value: string, maxLength: number): string | undefined {
  if (value.trim() === "") return "it is empty";
  if (value.length > maxLength) return `it is longer than ${String(maxLength)} characters`;
  if (value.trim() !== value) return "it begins or ends with white space";
  if (UNSEEN.test(value)) return "it holds characters that cannot be seen";
  return undefined;
}

function isEmail(value: string): boolean {
  return value.length <= MAX_EMAIL && value.lastIndexOf("@") <= MAX_LOCAL_PART && EMAIL.test(value);
}
