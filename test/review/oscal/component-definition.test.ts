import { prove, stackOfConfiguration } from "../../../src/review";
import { componentDefinition, FRAMEWORKS } from "../../../src/review/oscal";
import { componentDefinitionSchema, type ComponentDefinition } from "../../../src/review/oscal/model";
import { uuidOfName } from "../../../src/review/oscal/uuid";
import { smallExample } from "../stacks";

let text: string;
let document: ComponentDefinition;

function definitionOf(json: object, atMs?: number): string {
  const stack = stackOfConfiguration(json);
  return componentDefinition({
    stack,
    proof: prove(stack),
    sha256: "ab".repeat(32),
    ...(atMs === undefined ? {} : { atMs }),
  });
}

beforeAll(() => {
  text = definitionOf(smallExample(), Date.parse("2026-12-01T00:00:00Z"));
  document = JSON.parse(text) as ComponentDefinition;
});

describe("the component definition", () => {
  test("keeps the model's rules", () => {
    expect(componentDefinitionSchema.parse(document)).toEqual(document);
    const { metadata } = document["component-definition"];
    expect(metadata).toMatchObject({
      "oscal-version": "1.2.2",
      "last-modified": "2026-12-01T00:00:00Z",
      version: "ab".repeat(32),
    });
  });

  test("gives each claim with its control, its framework and links to resources of the stack", () => {
    const { components = [], "back-matter": back } = document["component-definition"];
    const gateway = components.find(({ title }) => title === "Field gateway")!;
    const nhi = gateway["control-implementations"]!.find(
      ({ source }) => source === FRAMEWORKS["owasp-nhi-2025"].source,
    )!;
    const requirement = nhi["implemented-requirements"].find((each) => each["control-id"] === "nhi5-2025")!;
    expect(requirement.props?.map(({ name, value }) => `${name} ${value}`)).toEqual([
      "label NHI5:2025",
      "claim writer-credential-one-reader",
    ]);
    const targets = requirement.links!.map(
      ({ href }) => back!.resources!.find(({ uuid }) => `#${uuid}` === href)!.title,
    );
    expect(targets).toEqual(["aws_iam_role_policy.write-back_field-gateway_gateway_identity_policy"]);
    const all = components.flatMap((each) => each["control-implementations"] ?? []);
    expect([...new Set(all.map(({ source }) => source))]).toHaveLength(4);
    const ids = all.flatMap((each) => each["implemented-requirements"].map((one) => one["control-id"]));
    expect(ids).toEqual(
      expect.arrayContaining(["ac-6", "sc-7", "sc-7.5", "PR.AA-05", "ID.RA-07", "tenet-3", "nhi1-2025"]),
    );
    expect(ids).not.toContain("PR.AC-04");
  });

  test("is the same for the same stack, and keeps the ids of its parts for another", () => {
    const json = smallExample() as { resource: Record<string, Record<string, object>> };
    const reversed = {
      ...json,
      resource: Object.fromEntries(
        Object.entries(json.resource)
          .reverse()
          .map(([type, named]) => [type, Object.fromEntries(Object.entries(named).reverse())]),
      ),
    };
    expect(definitionOf(reversed, Date.parse("2026-12-01T00:00:00Z"))).toBe(text);
    const others = Object.fromEntries(Object.entries(json.resource).filter(([type]) => type !== "aws_cloudtrail"));
    const other = JSON.parse(definitionOf({ ...json, resource: others })) as ComponentDefinition;
    const [one, two] = [document, other].map((each) => each["component-definition"]);
    expect(two!.uuid).not.toBe(one!.uuid);
    expect(two!.metadata["last-modified"]).toBe("1970-01-01T00:00:00Z");
    expect(two!.components!.map(({ uuid }) => uuid)).toEqual(one!.components!.map(({ uuid }) => uuid));
  });

  test("has ids as version 5 makes them", () => {
    // RFC 9562, appendix A.4.
    expect(uuidOfName("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com")).toBe(
      "2ed6657d-e927-568b-95e1-2665a8aea6a2",
    );
  });
});

describe("the model refuses", () => {
  const FIRST = "components.0.control-implementations.0.implemented-requirements.0";
  const firstId = (): string => document["component-definition"].components![0]!.uuid;

  test.each<[what: string, path: string, value: () => unknown]>([
    ["an empty list", "components", () => []],
    ["a component without an id", "components.0.uuid", () => undefined],
    ["an id of version 1", "uuid", () => "6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
    ["a control that is no token", `${FIRST}.control-id`, () => "NHI5:2025"],
    ["a requirement without a description", `${FIRST}.description`, () => undefined],
    ["a member that is not known", `${FIRST}.controls`, () => []],
    ["a link to nothing", `${FIRST}.links.0.href`, () => `#${firstId()}`],
    ["two parts with one id", "components.1.uuid", firstId],
    ["a time without a zone", "metadata.last-modified", () => "2026-12-01T00:00:00"],
    ["a title of two lines", "components.0.title", () => "Field\ngateway"],
    ["a version with blanks around it", "metadata.version", () => " 1"],
    ["another version of the model", "metadata.oscal-version", () => "1.1.2"],
  ])("%s", (_what, path, value) => {
    const changed = structuredClone(document);
    const keys = path.split(".");
    let at = changed["component-definition"] as unknown as Record<string, unknown>;
    for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
    at[keys.at(-1)!] = value();
    expect(componentDefinitionSchema.safeParse(JSON.parse(JSON.stringify(changed))).success).toBe(false);
  });
});
