import * as z from "zod";

/**
 * The part of OSCAL's model of component definitions that is written here, with the model's own rules: what is required, which texts are tokens,
 * no list is empty, no member is unknown. Held, member by member, against NIST's published JSON Schema of 1.2.0, which it is stricter than; that of 1.2.2 was
 * not at hand.
 * @see https://pages.nist.gov/OSCAL-Reference/models/v1.2.2/component-definition/json-reference/
 */
export const OSCAL_VERSION = "1.2.2";

const uuid = z
  .string()
  .regex(
    /^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[45][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$/,
    "no UUID of version 4 or 5",
  );
const token = z.string().regex(/^(\p{L}|_)(\p{L}|\p{N}|[.\-_])*$/u, "no token");
const line = z.string().regex(/^\S(.*\S)?$/u, "no line of text without blanks around it");
/** Markup of one line. */
const markupLine = z.string().regex(/^[^\n]+$/, "no line of markup");
/** Markup of one line or several; an empty one says nothing. */
const prose = z.string().min(1);
const uri = z.string().regex(/^[a-zA-Z][a-zA-Z0-9+\-.]+:.+$/, "no URI");
const uriReference = z.string().regex(/^(?:#\S+|[a-zA-Z][a-zA-Z0-9+\-.]+:\S+|[^\s:#][^\s:]*)$/, "no URI reference");
const instant = z.iso.datetime({ offset: true });
const list = <Each extends z.ZodType>(each: Each) => z.array(each).min(1);

const property = z.strictObject({
  name: token,
  uuid: uuid.optional(),
  ns: uri.optional(),
  value: line,
  class: token.optional(),
  group: token.optional(),
  remarks: prose.optional(),
});
const link = z.strictObject({
  href: uriReference,
  rel: token.optional(),
  "media-type": line.optional(),
  "resource-fragment": line.optional(),
  text: markupLine.optional(),
});
const common = { props: list(property).optional(), links: list(link).optional() };

const implementedRequirement = z.strictObject({
  uuid,
  "control-id": token,
  description: prose,
  ...common,
  remarks: prose.optional(),
});
const controlImplementation = z.strictObject({
  uuid,
  source: uriReference,
  description: prose,
  ...common,
  "implemented-requirements": list(implementedRequirement),
});
const component = z.strictObject({
  uuid,
  type: z.enum(["policy", "service", "software"]),
  title: markupLine,
  description: prose,
  purpose: markupLine.optional(),
  ...common,
  "control-implementations": list(controlImplementation).optional(),
  remarks: prose.optional(),
});
const resource = z.strictObject({
  uuid,
  title: markupLine.optional(),
  description: prose.optional(),
  props: list(property).optional(),
  rlinks: list(
    z.strictObject({
      href: uriReference,
      "media-type": line.optional(),
      hashes: list(
        z.strictObject({ algorithm: z.enum(["SHA-256"]), value: z.string().regex(/^[0-9a-f]{64}$/) }),
      ).optional(),
    }),
  ).optional(),
});

/** The document as OSCAL's tools read it. Links that begin with `#` lead to a resource of the back matter. */
export const componentDefinitionSchema = z
  .strictObject({
    "component-definition": z.strictObject({
      uuid,
      metadata: z.strictObject({
        title: markupLine,
        "last-modified": instant,
        version: line,
        "oscal-version": z.literal(OSCAL_VERSION),
        ...common,
        remarks: prose.optional(),
      }),
      components: list(component).optional(),
      "back-matter": z.strictObject({ resources: list(resource).optional() }).optional(),
    }),
  })
  .superRefine(({ "component-definition": definition }, context) => {
    const resources = new Set((definition["back-matter"]?.resources ?? []).map((each) => each.uuid));
    const text = JSON.stringify(definition);
    for (const [, target = ""] of text.matchAll(/"href":"#([^"]*)"/g)) {
      if (!resources.has(target)) context.addIssue({ code: "custom", message: `nothing has the id ${target}` });
    }
    const ids = [...text.matchAll(/"uuid":"([^"]*)"/g)].map((match) => match[1]);
    if (new Set(ids).size !== ids.length) context.addIssue({ code: "custom", message: "two parts have one id" });
  });

export type ComponentDefinition = z.infer<typeof componentDefinitionSchema>;
export type Component = NonNullable<ComponentDefinition["component-definition"]["components"]>[number];
export type ControlImplementation = NonNullable<Component["control-implementations"]>[number];
