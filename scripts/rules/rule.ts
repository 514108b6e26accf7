/** What a code means to whoever meets it. */
export interface Rule {
  /** What is wrong, or what happened. */
  readonly cause: string;
  /** A case of it, as short as it can be told. */
  readonly example: string;
  /** What to do next. */
  readonly mend: string;
}

/** A table of the catalogue: codes of one family, as whoever meets them does. */
export interface Family {
  readonly title: string;
  /** Where one meets them. */
  readonly where: string;
  readonly rules: Readonly<Record<string, Rule>>;
  /** A further column, as a severity. @default - none */
  readonly extra?: { readonly head: string; readonly of: Readonly<Record<string, string>> };
}

export function rule(cause: string, example: string, mend: string): Rule {
  return { cause, example, mend };
}

/** Rules whose cause and mend the code has already, with an example each. */
export function withExamples<Code extends string>(
  known: Readonly<Record<Code, { readonly cause: string; readonly mend: string }>>,
  examples: Readonly<Record<Code, string>>,
): Readonly<Record<Code, Rule>> {
  return Object.fromEntries(
    Object.entries<{ readonly cause: string; readonly mend: string }>(known).map(([code, { cause, mend }]) => [
      code,
      { cause, example: examples[code as Code], mend },
    ]),
  ) as Record<Code, Rule>;
}
