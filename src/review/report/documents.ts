import { nameOfStatement, type StackDocument, type StatementRef, type UnreadDocument } from "../documents";
import type { Statement } from "../../iam";
import { textsIn } from "../body";
import type { PowerRow, Proof } from "../prove";
import type { Principal } from "../principals";
import { TARGET_NOUNS, type ResourcePolicy } from "../resource-policies";
import { isRecord } from "../stack";
import type { System } from "../system";
import { code, listed, paragraph, said, type Block, type Section, type Text } from "./content";
import type { Lexicon } from "./lexicon";
import { explainStatement } from "./words";

/** Every document of IAM in full, beside what it says. */
export function documentsSection(system: System, proof: Proof, lexicon: Lexicon): Section {
  const shown = new Set<string>();
  const show = (document: StackDocument | UnreadDocument, title: Text): Block[] => {
    shown.add(`${document.resource} ${document.attribute}`);
    return documentBlocks(document, title, lexicon);
  };
  const principals = system.principals.flatMap((principal) => principalBlocks(principal, proof.powers, show));
  const resources = system.policies.flatMap((policy) => resourceBlocks(policy, lexicon, show));
  const homeless = system.homeless
    .filter(({ resource, attribute }) => !shown.has(`${resource} ${attribute}`))
    .flatMap((document) => show(document, ["Of whom or what it is the policy, cannot be read"]));
  const others = otherDocuments(system, shown, lexicon);
  return {
    id: "documents",
    title: "Who may do what: every policy document",
    blocks: [
      paragraph(
        "Each document stands here in full, as AWS gets it, with every statement beside what it says. The words are made from the document, whatever made it. Ids that AWS assigns stand as ",
        code("[address]"),
        ".",
      ),
      ...principals,
      ...(resources.length === 0
        ? []
        : [{ kind: "heading" as const, text: ["Policies of resources"], id: "resource-policies" }]),
      ...resources,
      ...(homeless.length + others.length === 0
        ? []
        : [{ kind: "heading" as const, text: ["Other documents"], id: "other-documents" }]),
      ...homeless,
      ...others,
    ],
  };
}

type Show = (document: StackDocument | UnreadDocument, title: Text) => Block[];

function principalBlocks(principal: Principal, powers: readonly PowerRow[], show: Show): Block[] {
  const { label, kind, name, trust, identity, boundary, unread, address, tag } = principal;
  const held = powers.filter((row) => row.held.some((holding) => holding.holder === label)).map(({ power }) => power);
  return [
    {
      kind: "heading",
      text: tag === undefined ? [`The ${kind} `, code(name)] : [code(label)],
      id: principalId(principal),
    },
    paragraph(
      ...(kind === "policy" ? ["Attached to nobody here; whoever gets it, may do what it allows. "] : []),
      held.length === 0
        ? "Of the powers that the trust model speaks of, it has none."
        : `May ${held.map(({ title }) => title).join("; ")}.`,
      " Declared as ",
      code(address),
      ".",
    ),
    ...(trust === undefined ? [] : show(trust, ["Trust: who may act as this role"])),
    ...identity.flatMap((document) => show(document, ["Identity policy: what it may do"])),
    ...(boundary === undefined ? [] : show(boundary, ["Boundary: the most that it may ever do"])),
    ...unread.flatMap((document) => show(document, ["A document that cannot be judged"])),
  ];
}

/** Where a principal stands in the report. */
export function principalId({ address, label }: Principal): string {
  return `principal-${`${label}-${address}`.replace(/[^A-Za-z0-9]+/g, "-")}`;
}

function resourceBlocks({ kind, target, documents, unread }: ResourcePolicy, lexicon: Lexicon, show: Show): Block[] {
  const title: Text = [`Policy of ${kind === "api" ? "an" : "a"} ${TARGET_NOUNS[kind]}: `, ...lexicon.resource(target)];
  // Of two policies that are at odds, each is among both.
  const both = [...documents, ...unread.filter((each) => !documents.some((document) => isSame(each, document)))];
  return both.flatMap((document) => show(document, title));
}

function isSame(a: Pick<StackDocument, "resource" | "attribute">, b: typeof a): boolean {
  return a.resource === b.resource && a.attribute === b.attribute;
}

function documentBlocks(document: StackDocument | UnreadDocument, title: Text, lexicon: Lexicon): Block[] {
  const { resource, attribute, statements } = document;
  const from: Text = [...title, " (", code(`${resource} ${attribute}`), ")"];
  const unread = "document" in document ? [] : [paragraph("It cannot be judged: ", ...said(document.reason), ".")];
  if (statements.length === 0 && unread.length > 0)
    return [{ kind: "document", title: from, opening: "", closing: "", statements: [] }, ...unread];
  const head = "document" in document ? withoutStatements(document.document) : {};
  return [
    ...documentOf(
      from,
      head,
      statements.map(({ statement }) => statement),
      lexicon,
    ),
    ...unread,
  ];
}

function withoutStatements(document: object): object {
  return Object.fromEntries(Object.entries(document).filter(([key]) => key !== "Statement"));
}

function documentOf(title: Text, head: object, statements: readonly Statement[], lexicon: Lexicon): Block[] {
  const [opening = "", closing = ""] = JSON.stringify({ ...head, Statement: [] }, undefined, 2).split("[]");
  return [
    {
      kind: "document",
      title,
      opening: `${opening}[`,
      closing: `]${closing}`,
      statements: statements.map((statement) => explainStatement(statement, lexicon)),
    },
  ];
}

/** Documents that stand where the trust model does not look: the session's template, an endpoint's policy and whatever else has statements. */
function otherDocuments({ stack }: System, shown: ReadonlySet<string>, lexicon: Lexicon): Block[] {
  return stack.all.flatMap(({ address, body }) =>
    textsIn(body).flatMap(({ at, text }): Block[] => {
      if (shown.has(`${address} ${at}`) || !text.includes('"Statement"')) return [];
      const json = parsed(text);
      if (!isRecord(json)) return [];
      const statements = [json["Statement"]].flat().filter((each) => isRecord(each)) as unknown as Statement[];
      if (statements.length === 0) return [];
      const isTemplate = at.includes("environment");
      const title: Text = isTemplate
        ? ["A template that a function fills in (", code(`${address} ${at}`), ")"]
        : ["A policy (", code(`${address} ${at}`), ")"];
      return documentOf(title, withoutStatements(json), statements, lexicon);
    }),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Statements as a table cites them, each with its resource. */
export function citations(refs: readonly StatementRef[]): Text {
  const cited = [...new Set(refs.map((ref) => `${ref.resource} ${nameOfStatement(ref).replaceAll("`", "")}`))];
  return listed(cited.map((text) => [code(text)]));
}
