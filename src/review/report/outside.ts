import { ENV } from "../../core";
import { textOf, unreadIn } from "../body";
import { namedPrincipals } from "../holdings";
import type { Proof } from "../prove";
import { isRecord, type Stack } from "../stack";
import { functionsTagged, sorted, type System } from "../system";
import { code, listed, paragraph, said, type Block, type Item, type Section, type Text } from "./content";

/** What no reader of Terraform can know: it is written down so that nobody takes it for shown. */
export function outsideSection(system: System, proof: Proof): Section {
  return {
    id: "outside",
    title: "What remains outside",
    blocks: [
      paragraph(
        "This report reads one synthesized stack and nothing else. What follows is not shown by it, and somebody else must answer for it.",
      ),
      { kind: "heading", text: ["What the HRIS itself permits"], id: "outside-hris" },
      { kind: "list", items: hrisItems(system) },
      { kind: "heading", text: ["What was not run"], id: "outside-run" },
      { kind: "list", items: notRun(system) },
      { kind: "heading", text: ["Who stands outside of the stack"], id: "outside-people" },
      { kind: "list", items: strangers(system) },
      ...unreadBlocks(system.stack),
      { kind: "heading", text: ["What the functions' own code holds"], id: "handlers" },
      paragraph(
        "A stack says which function has which powers, not what its code does with them. Tests of this project's repository hold the following; this report has not run them.",
      ),
      {
        kind: "list",
        items: proof.invariants.flatMap(({ number, heldByHandlers }) =>
          heldByHandlers.map(({ what, tests }): Item => ({
            text: [`Invariant ${number}: `, ...said(what), "."],
            items: tests.map(({ file, test }) => ({ text: [code(file), ": ", test] })),
          })),
        ),
      },
    ],
  };
}

function hrisItems(system: System): Item[] {
  const { writer, reader, other } = system.secrets;
  const credentials = (arns: readonly string[], none: string): Text =>
    arns.length === 0 ? [none] : listed(arns.map((arn) => [code(arn)]));
  return [
    {
      text: [
        "The account of the HRIS behind the writer's credential (",
        ...credentials(writer, "not known"),
        ") may write whatever the HR system gives it. Have its administrator give it no field but the writable ones, and compare.",
      ],
    },
    {
      text: [
        "The accounts behind the readers' credentials (",
        ...credentials(reader, "none is named"),
        ") read whatever their systems give them. They should not be able to write.",
      ],
    },
    ...(other.length === 0
      ? []
      : [
          {
            text: [
              "Other credentials are named, whose use is not part of the trust model: ",
              ...credentials(other, ""),
              ".",
            ],
          },
        ]),
    ...connections(system),
    { text: ["People and other systems with accounts of their own in the HRIS write past all of this."] },
  ];
}

/** Which systems the functions speak to, without a word of how they are let in. */
function connections(system: System): Item[] {
  const found = ["gateway", "inspect", "sweeper"].flatMap((tag) =>
    functionsTagged(system, tag).flatMap(({ environment }) => {
      const json = parsed(textOf(environment, ENV.connections));
      return Object.entries(json).flatMap(([name, connection]): [string, string][] => {
        if (!isRecord(connection)) return [];
        const { kind, baseUrl } = connection;
        return [
          [name, `${typeof kind === "string" ? kind : "unknown"} ${typeof baseUrl === "string" ? baseUrl : ""}`.trim()],
        ];
      });
    }),
  );
  const hris = new Set(
    functionsTagged(system, "gateway").flatMap(({ environment }) => textOf(environment, ENV.hrisSystem) ?? []),
  );
  const systems = new Map(found.map(([name, what]) => [`${name}: ${what}`, hris.has(name)]));
  return [...systems]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([each, isHris]) => ({
      text: [
        "What ",
        code(each),
        isHris
          ? " does with a write is its own: automations of the HR system may change a value again, or write others."
          : " answers is taken for true: the source of truth is not checked by anything here.",
      ],
    }));
}

function notRun({ stack }: System): Item[] {
  return [
    {
      text: [
        "Nothing was deployed or looked up. That what runs is what is read here, holds only after an apply whose next plan is empty.",
      ],
    },
    { text: ["No function was run and no test: the code in the functions' archives was not read."] },
    {
      text: [
        "Policies above the account (service and resource control policies, permission boundaries of deployers) can only take away; what they do, is not read.",
      ],
    },
    {
      text: [
        `Whoever may change the account's IAM, KMS or Terraform state can change all of this. The rules of the audit tell of it where they are on; nothing here prevents it.`,
      ],
    },
    ...stack.data.map(({ address }) => ({
      text: ["What ", code(address), " says, is known only when Terraform runs."],
    })),
  ];
}

function strangers(system: System): Item[] {
  const { stack, principals, policies, functions } = system;
  const own = new Set(principals.map(({ arn }) => arn));
  const named = sorted(policies.flatMap(({ documents }) => documents.flatMap(namedPrincipals))).filter(
    (arn) => !own.has(arn) && arn !== "*",
  );
  const authorizers = stack.resources("aws_apigatewayv2_authorizer").flatMap(({ body }): Text[] => {
    const configuration = [body["jwt_configuration"]].flat()[0];
    const issuer = isRecord(configuration) ? configuration["issuer"] : undefined;
    return typeof issuer === "string" ? [[code(issuer)]] : [];
  });
  const outsiders = functions.filter(({ principal }) => principal === undefined).map(({ name }): Text => [code(name)]);
  return [
    ...named.map((arn) => ({
      text: arn.endsWith(":root")
        ? [
            code(arn),
            " stands for the account: whoever its policies outside of this stack allow, may use what names it.",
          ]
        : [code(arn), " is named by a policy of the stack and declared elsewhere: who may act as it, is not read."],
    })),
    ...(authorizers.length === 0
      ? []
      : [
          {
            text: [
              "Who an approver or operator is and which groups they are in, says the identity provider ",
              ...listed(authorizers),
              ".",
            ],
          },
        ]),
    ...(outsiders.length === 0
      ? []
      : [{ text: ["Functions without a role of this stack: ", ...listed(outsiders), "."] }]),
    {
      text: [
        "Secrets are named by ARN. Their own policies, rotation and other readers are those of their account, unless they stand above.",
      ],
    },
  ];
}

function unreadBlocks(stack: Stack): Block[] {
  const items = [
    ...stack.unread.map(({ address, reason }): Item => ({ text: [code(address), ": ", ...said(reason), "."] })),
    ...stack.all.flatMap(({ address, body }) =>
      unreadIn(body, "").map(({ at, reason }): Item => ({
        text: [code(`${address} ${at}`), ": ", ...said(reason), "."],
      })),
    ),
  ];
  if (items.length === 0) return [];
  return [
    { kind: "heading", text: ["What could not be read"], id: "unread" },
    { kind: "list", items },
  ];
}

function parsed(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text ?? "");
    return isRecord(json) ? json : {};
  } catch {
    return {};
  }
}
