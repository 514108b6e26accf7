import fc from "fast-check";

import {
  checkBody,
  parsePath,
  parseTemplate,
  renderBody,
  renderHeader,
  renderPath,
  renderQuery,
  TemplateError,
  UnrepresentableError,
} from "../../src/hris/template";

const path = parsePath("/workers/{worker}/fields/{field}", ["worker", "field"]);

/** Ids as they should not be: separators, quotes, dots, escapes, any character at all. */
const nasty = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1 }),
  fc.string({
    unit: fc.constantFrom("/", "'", '"', ".", "%", "2", "f", "?", "#", "\\", " ", "é", "😀", ";", "&", "="),
    minLength: 1,
  }),
);

describe("paths", () => {
  test("whatever an id is, it stays one segment and comes back the same", () => {
    fc.assert(
      fc.property(nasty, (id) => {
        fc.pre(id !== "." && id !== "..");
        const url = new URL(`https://hris.example.com${renderPath(path, { worker: id, field: "f" })}`);
        const segments = url.pathname.split("/");
        expect(segments).toHaveLength(5);
        expect(decodeURIComponent(segments[2] ?? "")).toBe(id);
        expect(url.search).toBe("");
        expect(url.hash).toBe("");
      }),
    );
  });

  test.each([".", "..", "", "\ud800"])("refuses the id `%j`, which no segment can carry", (id) => {
    expect(() => renderPath(path, { worker: id, field: "f" })).toThrow(UnrepresentableError);
  });

  test("an OData literal doubles quotes, so a value cannot end it", () => {
    const odata = parsePath("/PerEmail(personIdExternal='{worker|odata}')", ["worker"]);
    fc.assert(
      fc.property(nasty, (id) => {
        const rendered = decodeURIComponent(renderPath(odata, { worker: id }));
        const literal = /^\/PerEmail\(personIdExternal='((?:[^']|'')*)'\)$/s.exec(rendered)?.[1];
        expect(literal?.replaceAll("''", "'")).toBe(id);
      }),
    );
  });

  test.each(["workers", "/workers/../{worker}", "/workers?x={worker}", "/workers/{unknown}", "/a b/{worker}", "/x{/y"])(
    "refuses the template `%s`",
    (text) => {
      expect(() => parsePath(text, ["worker"])).toThrow(TemplateError);
    },
  );
});

describe("queries, headers and bodies", () => {
  test("a query's parameter carries any value back", () => {
    const query = { filter: parseTemplate("id eq {worker}", ["worker"]), top: parseTemplate("2", []) };
    fc.assert(
      fc.property(nasty, (id) => {
        const parameters = new URLSearchParams(renderQuery(query, { worker: id }).slice(1));
        expect([...parameters]).toEqual([
          ["filter", `id eq ${id}`],
          ["top", "2"],
        ]);
      }),
    );
  });

  test("refuses a header's value with a line break or beyond ASCII", () => {
    const header = parseTemplate("worker={worker}", ["worker"]);
    expect(renderHeader(header, { worker: "WD-10293" })).toBe("worker=WD-10293");
    for (const worker of ["a\r\nx-admin: 1", "é"]) {
      expect(() => renderHeader(header, { worker })).toThrow(UnrepresentableError);
    }
  });

  test("a hole alone keeps its value's type, a hole within text becomes text, and keys may be holes", () => {
    const body = { "{field}": "{value}", note: "to {value}", fixed: [1, null, "{from}"] };
    expect(renderBody(body, { field: "floor", value: 3, from: null })).toEqual({
      floor: 3,
      note: "to 3",
      fixed: [1, null, null],
    });
  });

  test("a value that looks like a template or a key stays a value", () => {
    fc.assert(
      fc.property(fc.oneof(nasty, fc.constant("{worker}")), (value) => {
        const body = JSON.parse(
          JSON.stringify(renderBody({ "{field}": "{value}" }, { field: "f", value, worker: "w" })),
        );
        expect(body).toEqual({ f: value });
      }),
    );
  });

  test("a key `__proto__` is a key like any other", () => {
    expect(JSON.stringify(renderBody({ "{field}": "{value}" }, { field: "__proto__", value: 1 }))).toBe(
      '{"__proto__":1}',
    );
  });

  test("refuses a body with a hole that nothing fills", () => {
    expect(() => {
      checkBody({ a: ["{nothing}"] }, ["value"]);
    }).toThrow(TemplateError);
  });
});
