import { COUNTEREXAMPLE_CODES, UNREAD_CODES } from "../codes";
import type { Counterexample } from "../finding";
import type { InvariantProof, Proof, Verdict } from "../prove";
import { citations } from "./documents";
import {
  capitalised,
  code,
  counted,
  listed,
  paragraph,
  said,
  shortened,
  type Block,
  type Inline,
  type Item,
  type Section,
  type Text,
} from "./content";

const VERDICTS: Readonly<Record<Verdict, Inline>> = {
  proved: { badge: "proved", tone: "good" },
  "not-proved": { badge: "not proved", tone: "open" },
  counterexample: { badge: "counterexample", tone: "bad" },
};

/** A verdict as a word that is also coloured. */
export function verdictInline(verdict: Verdict): Inline {
  return VERDICTS[verdict];
}

/** Resources written out before the rest is counted. */
const SHOWN = 6;

/** What `prove` showed of each invariant, with what carries or breaks it. */
export function proofSection({ invariants, powers }: Proof): Section {
  return {
    id: "proof",
    title: "What is proved from the Terraform alone",
    blocks: [
      {
        kind: "table",
        caption: "The invariants",
        head: ["", "Invariant", "Verdict"],
        rows: invariants.map(({ number, title, verdict }): Text[] => [
          [String(number)],
          [title],
          [verdictInline(verdict)],
        ]),
      },
      paragraph(
        "Of the invariants 4 to 7 the Terraform carries a part; what rests on the functions' own code stands under ",
        { link: "what remains outside", to: "outside" },
        ".",
      ),
      ...invariants.flatMap(invariantBlocks),
      { kind: "heading", text: ["Who may, of all that the trust model speaks of"], id: "powers" },
      paragraph(
        `${counted(powers.length, "power")} were asked of every principal of the stack and of everybody whom a policy names, over the policies themselves.`,
      ),
      {
        kind: "table",
        caption: "Powers: whose they are, and who has them",
        head: ["May", "Belongs to", "Held by", "Through"],
        rows: powers.map(({ power: { title, allowed }, held }): Text[] => {
          const holders = [...new Set(held.map(({ holder }) => holder))];
          return [
            [title],
            allowed.length === 0 ? ["nobody of the stack"] : listed(allowed.map((name) => [code(name)])),
            holders.length === 0 ? ["nobody"] : listed(holders.map((name) => [code(name)])),
            held.length === 0 ? ["–"] : citations(held.flatMap(({ statements }) => statements)),
          ];
        }),
      },
    ],
  };
}

function invariantBlocks(invariant: InvariantProof): Block[] {
  const { number, title, verdict, evidence, counterexamples, unread } = invariant;
  const items: Item[] = [
    ...counterexamples.map((each): Item => {
      const { code: name, message } = each;
      return { text: [{ strong: name }, ": ", ...said(message), "."], items: shownBy(each) };
    }),
    ...unread.map(({ code: name, message, resources }): Item => ({
      text: [{ strong: name }, ": ", ...said(message), "."],
      items: [...by("In", resources), { text: [`Next: ${UNREAD_CODES[name].mend}.`] }],
    })),
    ...evidence.map(({ text, resources }): Item => ({
      text: [...capitalised(said(text)), "."],
      items: by("By", resources),
    })),
  ];
  return [
    { kind: "heading", text: [`${number}. ${title} `, verdictInline(verdict)], id: `invariant-${number}` },
    ...(items.length === 0 ? [] : [{ kind: "list" as const, items }]),
  ];
}

function by(word: string, resources: readonly string[]): Item[] {
  if (resources.length === 0) return [];
  return [
    {
      text: [
        `${word} `,
        ...shortened(
          resources.map((address) => [code(address)]),
          SHOWN,
        ),
      ],
    },
  ];
}

function shownBy({ code: name, resources, statements = [], request, path }: Counterexample): Item[] {
  const context = Object.entries(request?.context ?? {}).map(([key, value]): Text => [
    code(`${key} = ${[value].flat().join(", ")}`),
  ]);
  return [
    ...(statements.length === 0 ? by("In", resources) : [{ text: ["In ", ...citations(statements)] }]),
    ...(request === undefined
      ? []
      : [
          {
            text: [
              "The request: ",
              code(request.principal),
              " asks for ",
              code(request.action),
              " on ",
              code(request.resource),
              ...(context.length === 0 ? [] : [" with ", ...listed(context)]),
            ],
          },
        ]),
    ...(path === undefined
      ? []
      : [
          {
            text: [
              "The way: ",
              ...path.flatMap(({ state, via }, index): Text => [
                ...(index === 0 ? [] : [" → "]),
                code(state),
                ...(via === undefined || via === "Next" ? [] : [` (${via})`]),
              ]),
            ],
          },
        ]),
    { text: [`Next: ${COUNTEREXAMPLE_CODES[name].mend}.`] },
  ];
}
