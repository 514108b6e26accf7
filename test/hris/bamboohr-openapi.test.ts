import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { fetchHttp, type HttpClient, type HttpRequest, type HttpResponse } from "../../src/hris";
import { createBambooHrAdapter } from "../../src/hris/bamboohr";
import { startBambooHrServer } from "../../src/local/bamboohr-server";
import { NOW_MS, SECRET_ARN, TODAY } from "./support";

/** BambooHR's own description of its API (MIT), beside the project and not part of it. */
const CONTRACT = join(__dirname, "../../../shared/contracts/bamboohr/public-openapi.yaml");

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}
interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Schema;
}
interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
  };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >;
}
interface Contract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly [member: string]: unknown;
}

/** Checks exchanges against the document, and says everything that does not fit. */
class Checker {
  readonly operations = new Set<string>();
  constructor(private readonly contract: Contract) {}

  check(request: HttpRequest, response: HttpResponse): string[] {
    const url = new URL(request.url);
    const found = Object.entries(this.contract.paths).filter(([template]) => matches(template, url.pathname));
    const [template, methods] = found.sort(([a], [b]) => holes(a) - holes(b))[0] ?? ["", {}];
    const operation = methods[request.method.toLowerCase()];
    if (operation === undefined) return [`${request.method} ${url.pathname} is no operation`];
    this.operations.add(`${request.method} ${template}`);
    return [
      ...this.checkParameters(operation, url, request),
      ...this.checkBody(operation, request),
      ...this.checkResponse(operation, response),
    ].map((problem) => `${request.method} ${template}: ${problem}`);
  }

  private checkParameters(operation: Operation, url: URL, request: HttpRequest): string[] {
    const parameters = (operation.parameters ?? []).map((parameter) => this.resolve(parameter));
    const query = parameters.filter((parameter) => parameter.in === "query");
    const accept = parameters.find(
      (parameter) => parameter.in === "header" && parameter.name === "AcceptHeaderParameter",
    );
    return [
      ...[...url.searchParams].flatMap(([name, value]) => {
        const known = query.find((parameter) => parameter.name === name);
        if (known === undefined) return [`unknown parameter ${name}`];
        return known.schema?.type === "boolean" && !["true", "false"].includes(value) ? [`${name} is no boolean`] : [];
      }),
      ...query.flatMap(({ name, required }) =>
        required === true && !url.searchParams.has(name) ? [`missing parameter ${name}`] : [],
      ),
      ...(accept !== undefined && request.headers["accept"] !== "application/json" ? ["accepts another type"] : []),
    ];
  }

  private checkBody(operation: Operation, request: HttpRequest): string[] {
    if (operation.requestBody === undefined) return request.body === undefined ? [] : ["a body that nobody asked for"];
    const content = operation.requestBody.content[request.headers["content-type"] ?? ""];
    if (content === undefined) return [`unknown content type ${String(request.headers["content-type"])}`];
    return this.validate(JSON.parse(request.body ?? "null"), content.schema, "body");
  }

  private checkResponse(operation: Operation, response: HttpResponse): string[] {
    const declared = operation.responses[String(response.status)];
    if (declared === undefined) return [`undeclared status ${String(response.status)}`];
    const schema = declared.content?.["application/json"]?.schema;
    if (schema === undefined) return response.body === "" ? [] : ["a body where none is declared"];
    return this.validate(JSON.parse(response.body), schema, "response");
  }

  private validate(value: unknown, given: Schema, at: string): string[] {
    const schema = this.resolve(given);
    if (schema.anyOf !== undefined) {
      return schema.anyOf.some((option) => this.validate(value, option, at).length === 0) ? [] : [`${at} fits none`];
    }
    const types = schema.type === undefined ? [] : [schema.type].flat();
    if (types.length > 0 && !types.some((type) => isType(value, type))) return [`${at} is no ${types.join(" or ")}`];
    if (schema.format === "date" && !/^\d{4}-\d{2}-\d{2}$/.test(String(value))) return [`${at} is no date`];
    if (Array.isArray(value)) {
      return value.flatMap((element, index) =>
        schema.items === undefined ? [] : this.validate(element, schema.items, `${at}[${String(index)}]`),
      );
    }
    if (typeof value !== "object" || value === null) return [];
    return [
      ...(schema.required ?? [])
        .filter((name) => !Object.hasOwn(value, name))
        .map((name) => `${at}.${name} is missing`),
      ...Object.entries(value).flatMap(([name, member]) => {
        const known = schema.properties?.[name] ?? schema.additionalProperties;
        if (known === undefined || known === false) return [`${at}.${name} is unknown`];
        return known === true ? [] : this.validate(member, known, `${at}.${name}`);
      }),
    ];
  }

  private resolve<T extends { readonly $ref?: string }>(given: T): T {
    if (given.$ref === undefined) return given;
    let here: unknown = this.contract;
    for (const part of given.$ref.slice(2).split("/")) here = (here as Record<string, unknown>)[part];
    return here as T;
  }
}

function matches(template: string, path: string): boolean {
  const [wanted, given] = [template.split("/"), path.split("/")];
  return wanted.length === given.length && wanted.every((part, at) => part.startsWith("{") || part === given[at]);
}

function holes(template: string): number {
  return template.split("{").length;
}

function isType(value: unknown, type: string): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

const present = existsSync(CONTRACT);
if (!present)
  console.info("skipped: BambooHR's OpenAPI document is not beside the project, so nothing is held against it");

(present ? describe : describe.skip)("against BambooHR's OpenAPI document", () => {
  const contract = present ? (parse(readFileSync(CONTRACT, "utf8")) as Contract) : { paths: {} };

  const company = () =>
    startBambooHrServer({
      credentials: {
        writer: { name: "writer", view: "*", edit: "*" },
        narrow: { name: "narrow", view: ["status"], edit: [] },
      },
      employees: {
        "101": {
          fields: { status: "Active", hireDate: "2026-11-01", workEmail: null, firstName: "Ann", lastName: "Example" },
          jobInfo: [{ date: "2026-11-01", location: "Leeds", department: "Design", reportsTo: "102" }],
        },
        "102": {
          fields: { status: "Active", workEmail: "lee@example.com", firstName: "Lee", lastName: "Example" },
          jobInfo: [{ date: "2026-12-01", reportsTo: "101" }],
        },
      },
      lists: [
        {
          fieldId: "18",
          name: "Department",
          alias: "department",
          options: [{ id: 1, name: "Design", archived: true }],
        },
      ],
      today: () => TODAY,
    });

  test("every request of the adapter and every answer of the local server fits", async () => {
    const server = await company();
    const checker = new Checker(contract);
    const problems: string[] = [];
    const http: HttpClient = async (request) => {
      const response = await fetchHttp(request);
      problems.push(...checker.check(request, response));
      return response;
    };
    const adapterOf = (key: string) =>
      createBambooHrAdapter(
        { kind: "bamboohr", baseUrl: server.url, secretArn: SECRET_ARN, timeZone: "Europe/London" },
        { http, secret: () => Promise.resolve(key), now: () => NOW_MS },
      );
    const [writer, narrow] = [adapterOf("writer"), adapterOf("narrow")];
    const kinds = [
      await writer.readField("101", "workEmail"),
      await writer.readField("101", "reportsTo"),
      await writer.readField("999", "workEmail"),
      await narrow.readField("101", "workEmail"),
      (await writer.readScheduled?.("102", "reportsTo", "101")) ?? { kind: "not asked" },
      await writer.findRecord("department", "Design"),
      await writer.findRecord("manager", "102"),
      await writer.writeField("101", "workEmail", { from: null, to: "ann@example.com" }),
      await writer.writeField("101", "workEmail", {
        from: "ann@example.com",
        to: "lee@example.com",
      }),
      await writer.writeField("101", "department", { from: "Design", to: "Research" }),
      await writer.writeField("101", "reportsTo", { from: "102", to: "101" }),
      await writer.writeField("101", "reportsTo", { from: "101", to: "Nobody Known" }),
    ].map((result) => result.kind);
    await server.stop();
    expect(problems).toEqual([]);
    expect(kinds).toEqual([
      "value",
      "value",
      "no-such-worker",
      "forbidden",
      "scheduled",
      "inactive",
      "active",
      "accepted",
      "duplicate",
      "accepted",
      "accepted",
      "rejected",
    ]);
    expect([...checker.operations].sort()).toEqual([
      "GET /api/v1/employees/{id}",
      "GET /api/v1/employees/{id}/tables/{table}",
      "GET /api/v1/meta/lists",
      "POST /api/v1/employees/{id}",
      "POST /api/v1/employees/{id}/tables/{table}",
      "POST /api/v1/employees/{id}/tables/{table}/{rowId}",
    ]);
  });

  test("the check itself refuses what does not fit", () => {
    const checker = new Checker(contract);
    const request = (more: Partial<HttpRequest>): HttpRequest => ({
      method: "GET",
      url: "https://acme.bamboohr.com/api/v1/employees/101?fields=workEmail",
      headers: { accept: "application/json", "content-type": "application/json" },
      timeoutMs: 1,
      ...more,
    });
    const answer = (status: number, body: string): HttpResponse => ({ status, headers: {}, body });
    expect(checker.check(request({}), answer(200, '{"id":"101"}'))).toEqual([]);
    expect(checker.check(request({}), answer(200, '{"id":101}'))).toHaveLength(1);
    expect(checker.check(request({}), answer(200, "{}"))).toHaveLength(1);
    expect(checker.check(request({}), answer(418, ""))).toHaveLength(1);
    expect(checker.check(request({ method: "PATCH" }), answer(200, ""))).toHaveLength(1);
    expect(
      checker.check(request({ url: "https://acme.bamboohr.com/api/v1/employees/101?field=x" }), answer(404, "")),
    ).toHaveLength(1);
    expect(
      checker.check(
        request({ method: "POST", body: '{"workEmail":1}', url: "https://acme.bamboohr.com/api/v1/employees/101" }),
        answer(200, ""),
      ),
    ).toHaveLength(1);
  });
});
