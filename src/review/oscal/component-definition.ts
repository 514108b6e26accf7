import { formatInstantSeconds, plain } from "../../core";
import type { Proof } from "../prove";
import type { Stack } from "../stack";
import { readSystem, sorted } from "../system";
import { PARTS, type MadeClaim, type Part } from "./claim";
import { claimsOf } from "./claims";
import { Facts } from "./facts";
import { controlTitle, controlToken, FRAMEWORK_IDS, FRAMEWORKS, type FrameworkId } from "./frameworks";
import { componentDefinitionSchema, OSCAL_VERSION, type Component, type ControlImplementation } from "./model";
import { uuidOf } from "./uuid";

/** Namespace of our own properties. */
const OURS = "urn:cdktf-hris-writeback:oscal";

export interface OscalInput {
  readonly stack: Stack;
  readonly proof: Proof;
  /** SHA-256 of the stack's file, in hexadecimal. */
  readonly sha256: string;
  /** The moment that the document says it was changed. @default - the beginning of 1970, since no clock is read */
  readonly atMs?: number;
}

/**
 * What a stack does for controls of NIST and OWASP, as an OSCAL component definition: a component for each part, a claim for each control that
 * resources of the stack really carry, each with links to those resources. Pure: the same input, the same bytes, ids included. Throws
 * `ZodError` where the document would break the model's rules.
 */
export function componentDefinition(input: OscalInput): string {
  const { stack, proof, sha256, atMs } = input;
  const claims = claimsOf(new Facts(readSystem(stack), proof));
  const resources = sorted(claims.flatMap((claim) => claim.resources));
  const parts = (Object.keys(PARTS) as Part[]).filter((part) => claims.some((claim) => claim.part === part));
  const content = {
    metadata: {
      title: "HRIS write-back",
      "last-modified": formatInstantSeconds(atMs ?? 0),
      version: sha256,
      "oscal-version": OSCAL_VERSION,
      props: [
        { name: "account", ns: OURS, value: stack.accountId },
        { name: "region", ns: OURS, value: stack.region },
        { name: "proof", ns: OURS, value: proof.verdict },
      ],
      remarks:
        "Made from the synthesized Terraform alone. Each claim links the resources that carry it, and is absent where they are. The version is the SHA-256 of the stack's file.",
    },
    ...(parts.length === 0 ? {} : { components: parts.map((part) => componentOf(part, claims)) }),
    ...(resources.length === 0
      ? {}
      : {
          "back-matter": {
            resources: resources.map((address) => ({
              uuid: uuidOf("resource", address),
              title: address,
              description: "A resource of the stack, by its address in Terraform",
              props: [{ name: "terraform-address", ns: OURS, value: lineOf(address) }],
              rlinks: [
                {
                  href: "cdk.tf.json",
                  "media-type": "application/json",
                  hashes: [{ algorithm: "SHA-256" as const, value: sha256 }],
                },
              ],
            })),
          },
        }),
  };
  const definition = { "component-definition": { uuid: uuidOf("document", JSON.stringify(content)), ...content } };
  return `${JSON.stringify(componentDefinitionSchema.parse(definition), undefined, 2)}\n`;
}

/** A text as one line without blanks around it, which the model asks of values. */
function lineOf(text: string): string {
  return plain(text).trim() || "-";
}

function componentOf(part: Part, claims: readonly MadeClaim[]): Component {
  const { title, type, description } = PARTS[part];
  const own = claims.filter((claim) => claim.part === part);
  const implementations = FRAMEWORK_IDS.flatMap((framework) => implementationOf(part, framework, own));
  return {
    uuid: uuidOf("component", part),
    type,
    title,
    description,
    ...(implementations.length === 0 ? {} : { "control-implementations": implementations }),
  };
}

function implementationOf(part: Part, framework: FrameworkId, claims: readonly MadeClaim[]): ControlImplementation[] {
  const { title, source } = FRAMEWORKS[framework];
  const controls = sorted(claims.flatMap((claim) => controlsOf(claim, framework)));
  if (controls.length === 0) return [];
  return [
    {
      uuid: uuidOf("implementation", part, framework),
      source,
      description: `What the stack does for ${title}`,
      "implemented-requirements": controls.map((control) => {
        const behind = claims.filter((claim) => controlsOf(claim, framework).includes(control));
        return {
          uuid: uuidOf("requirement", part, framework, control),
          "control-id": controlToken(framework, control),
          description: behind.map(({ says }) => says).join("\n\n"),
          props: [
            { name: "label", ns: OURS, value: control, remarks: controlTitle(framework, control) },
            ...behind.map(({ id }) => ({ name: "claim", ns: OURS, value: id })),
          ],
          links: sorted(behind.flatMap(({ resources }) => resources)).map((address) => ({
            href: `#${uuidOf("resource", address)}`,
            rel: "reference",
            text: address,
          })),
        };
      }),
    },
  ];
}

/** The controls of one framework that a claim names. */
export function controlsOf({ controls }: Pick<MadeClaim, "controls">, framework: FrameworkId): readonly string[] {
  return controls[framework] ?? [];
}
