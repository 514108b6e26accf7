import { startScimServer, type ScimServer } from "../../src/local/scim-server";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
let server: ScimServer;

beforeEach(async () => {
  server = await startScimServer({
    tokens: { t0ken: "reader" },
    users: [
      {
        id: "u-1",
        externalId: "WD-1",
        userName: "a@example.com",
        active: true,
        emails: [
          { value: "home@example.com", type: "home" },
          { value: "work@example.com", type: "work" },
        ],
        [ENTERPRISE]: { costCenter: "4130" },
      },
      { id: "u-2", externalId: 'WD"2', userName: "b@example.com" },
    ],
  });
});
afterEach(() => server.stop());

const get = async (path: string, token = "t0ken") => {
  const response = await fetch(`${server.baseUrl}${path}`, { headers: { authorization: `Bearer ${token}` } });
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    body: (await response.json()) as Record<string, unknown>,
  };
};
const find = async (filter: string, more = "") => {
  const { body } = await get(`/Users?filter=${encodeURIComponent(filter)}${more}`);
  return (body["Resources"] as { id: string }[]).map((user) => user.id);
};

describe("the local directory", () => {
  test.each([
    ['externalId eq "WD-1"', ["u-1"]],
    ['EXTERNALID EQ "WD-1"', ["u-1"]],
    ['externalId eq "wd-1"', []],
    ['externalId eq "WD\\"2"', ["u-2"]],
    ['emails.value eq "work@example.com"', ["u-1"]],
    ['emails eq "work@example.com"', ["u-1"]],
    ['emails[type eq "work" and value eq "work@example.com"]', ["u-1"]],
    ['emails[type eq "work" and value eq "home@example.com"]', []],
    [`${ENTERPRISE}:costCenter eq "4130"`, ["u-1"]],
    ["active eq true", ["u-1"]],
  ])("finds by %s", async (filter, ids) => {
    expect(await find(filter)).toEqual(ids);
  });

  test("answers a list as RFC 7644 has it, and says how many there are beyond the page", async () => {
    const { body, type } = await get("/Users?count=1");
    expect(type).toBe("application/scim+json");
    expect(body).toMatchObject({
      schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
      totalResults: 2,
      itemsPerPage: 1,
      startIndex: 1,
      Resources: [{ id: "u-1", schemas: ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE] }],
    });
  });

  test("answers one user, and what changed", async () => {
    expect((await get("/Users/u-1")).body).toMatchObject({ userName: "a@example.com" });
    server.putUser({ id: "u-1", externalId: "WD-1", userName: "new@example.com" });
    expect((await get("/Users/u-1")).body).toMatchObject({ userName: "new@example.com" });
    expect((await get("/ServiceProviderConfig")).body).toMatchObject({ filter: { supported: true } });
  });

  test.each([
    ["an unknown token", "/Users/u-1", "other", 401],
    ["nobody", "/Users/u-9", "t0ken", 404],
    ["another path", "/Groups", "t0ken", 404],
    ["a filter that it does not know", `/Users?filter=${encodeURIComponent('userName sw "a"')}`, "t0ken", 400],
    [
      "a filter that goes on after its value",
      `/Users?filter=${encodeURIComponent('userName eq "a" or active eq true')}`,
      "t0ken",
      400,
    ],
  ])("refuses %s with a SCIM error", async (_, path, token, status) => {
    const answer = await get(path, token);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
      status: String(status),
    });
  });

  test("refuses to be written", async () => {
    const response = await fetch(`${server.baseUrl}/Users/u-1`, {
      method: "DELETE",
      headers: { authorization: "Bearer t0ken" },
    });
    expect(response.status).toBe(405);
  });
});
