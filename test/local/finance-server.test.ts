import { startFinanceServer } from "../../src/local/finance-server";
import type { LocalServer } from "../../src/local/loopback-server";

let server: LocalServer;

beforeEach(async () => {
  server = await startFinanceServer({
    tokens: { t0ken: "reader" },
    collections: { cost_centre: { "4130": { active: true }, "a/b": { active: false } } },
    workers: { "WD-1": { cost_centre: "4130" } },
  });
});
afterEach(() => server.stop());

const get = async (path: string, token = "t0ken", method = "GET") => {
  const response = await fetch(`${server.url}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
  return [response.status, await response.json()];
};

describe("the local finance system", () => {
  test("answers records and workers", async () => {
    expect(await get("/cost_centre/4130")).toEqual([200, { id: "4130", active: true }]);
    expect(await get("/cost_centre/a%2Fb")).toEqual([200, { id: "a/b", active: false }]);
    expect(await get("/workers/WD-1")).toEqual([200, { id: "WD-1", cost_centre: "4130" }]);
  });

  test.each([
    ["an unknown token", "/cost_centre/4130", "other", "GET", 401],
    ["an unknown record", "/cost_centre/1", "t0ken", "GET", 404],
    ["an unknown collection", "/constructor/name", "t0ken", "GET", 404],
    ["an unknown worker", "/workers/WD-2", "t0ken", "GET", 404],
    ["a broken escape", "/cost_centre/%zz", "t0ken", "GET", 404],
    ["a longer path", "/cost_centre/4130/x", "t0ken", "GET", 404],
    ["a write", "/cost_centre/4130", "t0ken", "DELETE", 405],
  ])("refuses %s", async (_, path, token, method, status) => {
    expect((await get(path, token, method))[0]).toBe(status);
  });
});
