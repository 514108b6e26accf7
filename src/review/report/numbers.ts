import { parseDuration } from "../../core";
import { counted } from "./content";

const UNITS = [
  ["week", 7 * 86_400],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

/** Seconds in the largest unit that leaves nothing over. */
export function durationOfSeconds(seconds: number): string {
  const [unit, length] = UNITS.find(([, each]) => seconds >= each && seconds % each === 0) ?? ["second", 1];
  return counted(seconds / length, unit);
}

/** An ISO 8601 duration in words. What is none, as it is written. */
export function durationInWords(text: string): string {
  const ms = parseDuration(text);
  return ms === undefined ? text : durationOfSeconds(ms / 1000);
}
