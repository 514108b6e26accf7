import { claimsOf, controlsOf, controlTitle, Facts, FRAMEWORK_IDS, FRAMEWORKS } from "../oscal";
import type { Proof } from "../prove";
import type { System } from "../system";
import { code, paragraph, shortened, type Block, type Section, type Text } from "./content";

/** Resources of a claim that are written out before the rest is counted; OSCAL has all of them. */
const SHOWN = 4;

/** What the stack does for controls of frameworks: the same claims as the OSCAL component definition. */
export function controlsSection(system: System, proof: Proof): Section {
  const claims = claimsOf(new Facts(system, proof));
  const blocks = FRAMEWORK_IDS.flatMap((framework): Block[] => {
    const { title } = FRAMEWORKS[framework];
    // In the order of the framework.
    const claimed = new Set(claims.flatMap((claim) => controlsOf(claim, framework)));
    const controls = Object.keys(FRAMEWORKS[framework].controls).filter((control) => claimed.has(control));
    if (controls.length === 0) return [];
    const rows = controls.flatMap((control) =>
      claims
        .filter((claim) => controlsOf(claim, framework).includes(control))
        .map(({ says, resources }): Text[] => [
          [{ strong: control }, ` ${controlTitle(framework, control)}`],
          [says],
          shortened(
            resources.map((address) => [code(address)]),
            SHOWN,
          ),
        ]),
    );
    return [
      { kind: "heading", text: [title], id: `controls-${framework}` },
      {
        kind: "table",
        caption: `What the stack does for ${title}`,
        head: ["Control", "What the stack does", "Carried by"],
        rows,
      },
    ];
  });
  return {
    id: "controls",
    title: "Which controls it serves",
    blocks: [
      paragraph(
        "Each line is a claim that resources of this stack carry; without them it would not be here. That a control is served does not say that it is met: what people and other systems do, is theirs to show. The same claims are in ",
        code("oscal-component-definition.json"),
        ".",
      ),
      ...blocks,
    ],
  };
}
