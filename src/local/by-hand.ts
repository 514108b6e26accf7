import { SIGN_INS } from "./demo/cast";
import type { PublishedNotice } from "./notices";

/** What a cloud of this machine needs that people try by hand, until they have seen enough. */

/** Resolves when somebody asks the process to end: Ctrl-C, or a termination. */
export function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
}

/** Does something every minute, as a schedule does, and tells what it threw; never twice at the same time. Returns what ends it. */
export function everyMinute(work: () => Promise<void>, err: (text: string) => void): () => void {
  let isAtWork = false;
  const timer = setInterval(() => {
    if (isAtWork) return;
    isAtWork = true;
    work()
      .catch((error: unknown) => {
        err(`a schedule's work failed: ${error instanceof Error ? error.message : String(error)}\n`);
      })
      .finally(() => {
        isAtWork = false;
      });
  }, 60_000);
  return () => {
    clearInterval(timer);
  };
}

/** How often is looked for something to show, in milliseconds. */
const LOOK_MS = 500;

/** Shows what is added to a list, soon after. Returns what ends it. */
export function showNew<T>(list: () => readonly T[], show: (item: T) => void): () => void {
  let shown = 0;
  const timer = setInterval(() => {
    const all = list();
    for (const item of all.slice(shown)) show(item);
    shown = all.length;
  }, LOOK_MS);
  return () => {
    clearInterval(timer);
  };
}

/** Shows the messages that people would get, with the page's address on this machine. Returns what ends it. */
export function showMessages(
  notices: () => readonly PublishedNotice[],
  approvalsUrl: string,
  out: (text: string) => void,
): () => void {
  return showNew(notices, ({ topicArn, subject, text }) => {
    const here = text.trim().replace(/^https:\/\/[^/\s]+(?=\/#\/)/m, approvalsUrl);
    const lines = [`To ${topicArn.slice(topicArn.lastIndexOf(":") + 1)}: ${subject}`, ...here.split("\n")];
    out(`\n${lines.join("\n  ").replaceAll(/^ +$/gm, "")}\n`);
  });
}

/** Whom one can sign in as, a line each. */
export function renderSignIns(indent: string): string {
  return SIGN_INS.map(
    ({ subject, name = subject, groups }) => `${indent}${name.padEnd(16)} ${subject.padEnd(18)} ${groups.join(", ")}`,
  ).join("\n");
}
