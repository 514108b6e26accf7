import type { Api } from "./api";
import type { System } from "./model";

/** What a view is given. */
export interface Context {
  readonly api: Api;
  /** Says something to screen readers. */
  announce(text: string): void;
  /** Leaves for the provider; the reader comes back to where they are, with what they had written. */
  signInAgain(draft?: string): void;
  /** What the reader had written before they left for the provider, once. */
  takeDraft(): string | undefined;
  /** Counts again what waits, for the number beside that part's name. */
  recount(): void;
  /** Says above every part whether the system is stopped. */
  tellSystem(system: System): void;
  /** Numbers beside the names of the page's parts. */
  setCount(part: "waiting" | "notices", count: number): void;
  /** Whether this view is still the one that is shown. */
  isCurrent(): boolean;
}

/** A part of the page: its title, its heading and what is below it. */
export interface View {
  readonly title: string;
  readonly content: HTMLElement;
}
