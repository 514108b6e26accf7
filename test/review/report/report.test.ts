import { createHash } from "node:crypto";

import { synthExample } from "../../helpers/examples";
import { policiesOf, unescaped, type SynthJson } from "../../helpers/synth";
import { Hand } from "../hand";
import { exampleWithMarkup, reportOf, withMarkupEverywhere, type Reported } from "./subjects";

let example: SynthJson;
let report: Reported;
/** The same after somebody gave decide what is not its own, and switched a rule of the audit off. */
let tampered: Reported;

beforeAll(() => {
  example = synthExample("acme").json;
  report = reportOf(example, "2026-12-30T10:00:00Z");
  const hand = new Hand(example);
  hand.identity("decide", (document) => {
    document.Statement.push(
      { Sid: "Curious", Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: "*" },
      { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: "*" },
    );
  });
  hand.find("aws_cloudwatch_event_rule", "writer-secret-read").body["state"] = "DISABLED";
  tampered = reportOf(hand.json);
});

/** The text that a browser shows of a piece of HTML. */
function shown(html: string): string {
  return html
    .replace(/<[^>]*>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&#96;", "`")
    .replaceAll("&amp;", "&");
}

/** Names of all elements in a piece of HTML. */
function elementsOf(html: string): string[] {
  return [...new Set([...html.matchAll(/<([a-z][a-z0-9]*)/gi)].map((match) => match[1] ?? ""))].sort();
}

/** Names of all attributes in a piece of HTML. */
function attributesOf(html: string): string[] {
  const tags = [...html.matchAll(/<[a-z][^>]*>/gi)].map(([tag]) => tag.replace(/="[^"]*"/g, ""));
  return [...new Set(tags.flatMap((tag) => tag.replace(/^<\S+|>$/g, "").match(/\S+/g) ?? []))].sort();
}

/** Markdown without its blocks and spans of code, as CommonMark finds them. */
function withoutCode(markdown: string): string {
  return markdown.replace(/^(`{3,})json\n[\s\S]*?\n\1$/gm, "").replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, "");
}

const IDS = /\$\{(aws_[a-z0-9_]+)\.([A-Za-z0-9_-]+)\.[a-z_]+\}/g;

/** A statement as the stack will have it: ids that AWS assigns stand for themselves. */
function statementsOf(text: string): string[] {
  const { Statement: statements } = JSON.parse(unescaped(text.replace(IDS, "REFERENCE"))) as { Statement: unknown[] };
  return [statements].flat().map((statement) => JSON.stringify(statement, undefined, 2));
}

describe("the report on a stack", () => {
  test("shows every document of IAM in full, as HTML and as Markdown", () => {
    // A reference to the stack's own resources stands as its ARN or as the address in brackets.
    const plain = (text: string): string =>
      text.replace(/(?:arn:aws:[a-z-]+:[a-z0-9-]*:\d*:(?:[a-z-]+[:/])?)?\[aws_[^\]]+\]/g, "REFERENCE");
    const [html, markdown] = [plain(shown(report.html)), plain(report.markdown)];
    const policies = policiesOf(example).filter(({ text }) => text !== "undefined");
    const template = String(
      (
        Object.values(example.resource["aws_lambda_function"] ?? {}).find((fn) =>
          JSON.stringify(fn).includes("SESSION_POLICY"),
        )?.["environment"] as { variables: Record<string, string> }
      ).variables["SESSION_POLICY_TEMPLATE"],
    );
    const statements = [...policies.map(({ text }) => text), template].flatMap(statementsOf);
    expect(statements.length).toBeGreaterThan(150);
    const reference = (statement: string): string =>
      statement.replace(/arn:aws:execute-api:[a-z0-9-]*:\d{12}:REFERENCE/g, "REFERENCE");
    expect(statements.filter((statement) => !html.includes(reference(statement)))).toEqual([]);
    const flat = markdown.replace(/^ {4}/gm, "");
    expect(statements.filter((statement) => !flat.includes(reference(statement)))).toEqual([]);
  });

  test("answers the four questions of every field from the stack's own table", () => {
    expect(shown(report.html)).toContain("manager, in the HRIS reportsTo");
    const row = report.markdown.split("\n").find((line) => line.startsWith("| `manager`")) ?? "";
    expect(row).toContain("HR Operations `hr-operations`");
    expect(row).toContain("`joiner.provisioned` from `agents.onboarding` or `identity.joiner` within 3 days");
    expect(row).toContain("By 1 of `hr-ops-approvers` within 1 day.");
    expect(row).toContain("every day, recorded in `ledger`");
    const never = report.markdown.split("\n").find((line) => line.startsWith("| `base_salary`")) ?? "";
    expect(never).toContain("| none | nobody can |");
  });

  test.each([
    ["2026-12-01T23:00:00Z", "30 days"],
    ["2026-12-30", "1 day"],
    ["2026-12-31T23:59:59Z", "the last day"],
    ["2027-01-01T00:00:00Z", "expired"],
    ["2026-10-31T00:00:00Z", "not yet in force"],
  ])("counts the days that an exception has left from %s: %s", (at, left) => {
    const row =
      reportOf(example, at)
        .markdown.split("\n")
        .find((line) => line.startsWith("| `EX-2026-004`")) ?? "";
    expect(row).toMatch(new RegExp(`\\*\\*${left}\\*\\* \\|$`));
  });

  test("shows end dates without a moment, and no days left", () => {
    const { markdown } = reportOf(example);
    expect(markdown).toContain("| 2026-12-31 |");
    expect(markdown).not.toContain("Left |");
    expect(markdown).not.toContain("Days left counted from");
  });

  test("gives each rule of the audit with its reason and what to do first", () => {
    const row = report.markdown.split("\n").find((line) => line.startsWith("| `writer-secret-read`")) ?? "";
    expect(row).toContain("Who holds it writes to the HRIS past every check, grant and record");
    expect(row).toContain("Rotate the secret in the HRIS");
    const rules = Object.keys(example.resource["aws_cloudwatch_event_rule"] ?? {}).filter((name) =>
      name.includes("audit"),
    );
    const rows = report.markdown.split("### What must never happen")[1]?.split("### Alarms")[0]?.match(/^\| `/gm) ?? [];
    expect(rows).toHaveLength(rules.length);
  });

  test("says which rule of the audit is switched off", () => {
    const row = tampered.markdown.split("\n").find((line) => line.startsWith("| `writer-secret-read`")) ?? "";
    expect(row).toContain("**switched off**");
  });

  test("draws every state of every machine, and tells each way", () => {
    const machines = Object.values(example.resource["aws_sfn_state_machine"] ?? {}).map(({ definition }) =>
      unescaped(definition),
    );
    const drawings = [...report.html.matchAll(/<svg[\s\S]*?<\/svg>/g)].map(([svg]) => svg).join("");
    const names = machines.flatMap((machine) =>
      [...machine.matchAll(/"([A-Za-z]+)":\{"Type"/g)].map((match) => match[1] ?? ""),
    );
    expect(names.length).toBeGreaterThan(25);
    expect(names.filter((name) => !drawings.includes(`class="name">${name}</text>`))).toEqual([]);
    const row = (state: string): string =>
      report.markdown.split("\n").find((line) => line.startsWith(`| \`${state}\``)) ?? "";
    expect(row("RequestApproval")).toContain("then waits until somebody sends the result");
    expect(row("Route")).toContain("where `$.inspection.route` is `approve`: `RequestApproval`");
    expect(row("Route")).toContain("`$.field` is one of 8 values: ");
    expect(row("Write")).toContain("after the error `States.ALL`: `Announce`");
  });

  test("draws who may act on whom as policies allow it", () => {
    const ways = (markdown: string, who: string): string =>
      (markdown.split("## Who may act on whom")[1] ?? "").split("\n").find((line) => line.startsWith(`| \`${who}\``)) ??
      "";
    expect(ways(report.markdown, "broker")).toContain("opens sessions of `connector` and runs `connector-execution`");
    expect(ways(report.markdown, "gateway")).toContain("reads `writer's credential`");
    expect(ways(report.markdown, "decide")).not.toContain("writer's credential");
    const { markdown } = tampered;
    expect(ways(markdown, "decide")).toContain("reads `writer's credential`");
    expect(ways(markdown, "decide")).toContain("runs `gateway`");
  });

  test("says what remains outside: the HRIS's own permissions, what was not run, what handlers hold", () => {
    const outside = report.markdown.split("## What remains outside")[1] ?? "";
    expect(outside).toContain("hris/bamboohr-writer-d4E5f6");
    expect(outside).toContain("bamboohr https://acme.bamboohr.com");
    expect(outside).toContain("`test/runtime/gateway.test.ts`");
  });

  test("shows what breaks an invariant, with the statements, the request and what to do", () => {
    const { markdown } = tampered;
    expect(markdown).toContain("**counterexample**");
    expect(markdown).toMatch(/The request: `decide` asks for `secretsmanager:GetSecretValue` on/);
    expect(markdown).toMatch(/decide_identity_policy statement \d+ Curious/);
    expect(markdown).toContain("Allows to read the value (Secrets Manager) on everything.");
  });

  test("says that a policy of items that do not fit is none", () => {
    const hand = new Hand(example);
    const { body } = hand.find("aws_dynamodb_table_item", "classification_field_manager");
    body["item"] = String(body["item"]).replace("conditional", "safe");
    const { markdown } = reportOf(hand.json);
    expect(markdown).toContain("the hash of `field#manager` does not fit its content");
    expect(markdown).not.toContain("Safe: ");
  });
});

describe("the report is the same", () => {
  test("for the same stack, whatever the order of its resources", () => {
    const reversed = {
      ...example,
      resource: Object.fromEntries(
        Object.entries(example.resource)
          .reverse()
          .map(([type, named]) => [type, Object.fromEntries(Object.entries(named).reverse())]),
      ),
    };
    expect(reportOf(reversed, "2026-12-30T10:00:00Z")).toEqual(report);
    expect(reportOf(structuredClone(example), "2026-12-30T10:00:00Z")).toEqual(report);
  });
});

describe("nothing that a stack says becomes markup", () => {
  /** Elements that the report is made of. */
  const OURS =
    "a article body caption code dd defs desc div dl dt figcaption figure h1 h2 h3 h4 head header html li main marker meta nav ol p path pre rect section span strong style svg table tbody td text th thead title tr ul".split(
      " ",
    );

  const OUR_ATTRIBUTES =
    "aria-label aria-labelledby charset class content d data-label height href http-equiv id lang marker-end markerHeight markerWidth name orient refX refY role rx scope tabindex text-anchor viewBox width x xmlns y".split(
      " ",
    );

  test.each([
    ["in words of people", () => reportOf(exampleWithMarkup(), "2026-12-30")],
    ["in every text and name", () => reportOf(withMarkupEverywhere(example), "2026-12-30", example)],
  ])("%s", (where, made) => {
    const { html, markdown } = made();
    if (where === "in words of people")
      expect(markdown).toMatch(/\| `DL-2026-001` .* 2026-12-01 to 2026-12-31 \| \*\*1 day\*\* \|/);
    expect(shown(html)).toContain("<script>alert(1)</script>");
    expect(elementsOf(html).filter((name) => !OURS.includes(name))).toEqual([]);
    expect(attributesOf(html).filter((name) => !OUR_ATTRIBUTES.includes(name))).toEqual([]);
    expect(withoutCode(markdown).match(/(?<!\\)<.{0,40}/g)).toBeNull();
  });

  test("and the page lets nothing load, run or be sent", () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(report.html)?.[1] ?? "";
    const style = /<style>([\s\S]*?)<\/style>/.exec(report.html)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(shown(policy)).toBe(`default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`);
    expect(report.html.match(/url\([^)]*\)/g)?.filter((url) => !url.startsWith("url(#"))).toEqual([]);
    expect(style).not.toMatch(/url\(|@import|@font-face/);
    expect(
      [...report.html.matchAll(/ (?:src|href)="([^"]*)"/g)]
        .map((match) => match[1])
        .filter((to) => !to?.startsWith("#")),
    ).toEqual([]);
    expect(report.html).not.toMatch(/ style="/);
  });

  test("and every link leads to a place in the page", () => {
    const ids = [...report.html.matchAll(/ id="([^"]*)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...report.html.matchAll(/ href="#([^"]*)"/g)].map((match) => match[1]);
    expect(links.filter((link) => !ids.includes(link))).toEqual([]);
  });
});
