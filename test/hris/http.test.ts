import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { fetchHttp, HttpError, MAX_RESPONSE_BYTES } from "../../src/hris";

const servers: Server[] = [];

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }
});

const get = (url: string, timeoutMs = 2000) => fetchHttp({ method: "GET", url, headers: {}, timeoutMs });

async function failure(promise: Promise<unknown>): Promise<HttpError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof HttpError) return error;
    throw error;
  }
  throw new Error("expected the exchange to fail");
}

describe("fetchHttp", () => {
  test("hands back status, headers in lower case and body, on a connection of its own", async () => {
    const seen: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      seen.push(request.headers.connection, request.headers["x-one"] as string);
      response.writeHead(418, { "X-Two": "2" }).end("tëa");
    });
    const response = await fetchHttp({ method: "GET", url, headers: { "x-one": "1" }, timeoutMs: 2000 });
    expect(response).toMatchObject({ status: 418, body: "tëa", headers: { "x-two": "2" } });
    expect(seen).toEqual(["close", "1"]);
  });

  test("refuses to follow a redirect, so a credential never reaches another host", async () => {
    let reached = 0;
    const other = await serve((_, response) => {
      reached += 1;
      response.end();
    });
    const url = await serve((_, response) => response.writeHead(302, { location: other }).end());
    expect((await get(url)).status).toBe(302);
    expect(reached).toBe(0);
  });

  test("fails as not sent where nobody listens or the name does not exist", async () => {
    const url = await serve((_, response) => response.end());
    const server = servers.pop();
    await new Promise((resolve) => server?.close(resolve));
    expect(await failure(get(url))).toMatchObject({ sent: false });
    expect(await failure(get("http://nobody.invalid"))).toMatchObject({ sent: false });
  });

  test("fails as sent where the answer does not come in time, before or within the body", async () => {
    const silent = await serve(() => undefined);
    expect(await failure(get(silent, 100))).toMatchObject({ sent: true, message: "no answer within 100 ms" });
    const slow = await serve((_, response) => {
      response.writeHead(200);
      response.write("begun");
    });
    expect(await failure(get(slow, 200))).toMatchObject({ sent: true });
  });

  test("fails as sent where the connection breaks", async () => {
    const url = await serve((request) => request.socket.destroy());
    expect(await failure(get(url))).toMatchObject({ sent: true });
  });

  test("fails on an answer that is too long, without reading it to its end", async () => {
    const url = await serve((_, response) => {
      const chunk = "x".repeat(65_536);
      const more = (): void => {
        while (response.write(chunk));
      };
      response.on("drain", more);
      more();
    });
    expect((await failure(get(url, 10_000))).message).toContain(String(MAX_RESPONSE_BYTES));
    const fits = await serve((_, response) => response.end("x".repeat(MAX_RESPONSE_BYTES)));
    expect((await get(fits)).body).toHaveLength(MAX_RESPONSE_BYTES);
  });

  test("fails on an answer that is not UTF-8, rather than changing what it says", async () => {
    const url = await serve((_, response) => response.end(Buffer.from([0x61, 0xff])));
    expect((await failure(get(url))).message).toBe("the answer is not UTF-8");
  });
});
