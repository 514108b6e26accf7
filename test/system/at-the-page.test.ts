import { spawn, type ChildProcess } from "node:child_process";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { PEOPLE } from "../../src/local/demo/cast";
import { createSignIns, type SignInSettings } from "../../src/local/sign-in";

/** `demo --page`, in a process of its own as people start it: what a browser would be answered there, and what it tells. */

const MAIN = join(resolve(__dirname, "../.."), "src/cli/main.ts");

let child: ChildProcess;
let told = "";
let ended: Promise<number | null>;

beforeAll(() => {
  child = spawn(process.execPath, ["--import", pathToFileURL(require.resolve("tsx")).href, MAIN, "demo", "--page"], {
    cwd: "/",
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout?.on("data", (chunk: Buffer) => {
    told += chunk.toString("utf8");
  });
  ended = new Promise((settle) => child.once("close", settle));
});
afterAll(() => child.kill("SIGKILL"));

/** What the process says, once it does. */
async function said(pattern: RegExp): Promise<RegExpExecArray> {
  for (let waited = 0; waited < 60_000; waited += 50) {
    const found = pattern.exec(told);
    if (found !== null) return found;
    await new Promise((settle) => setTimeout(settle, 50));
  }
  throw new Error(`it never said ${String(pattern)}, but: ${told}`);
}

test("people sign in on loopback and approve there, what becomes of it is told, and Ctrl-C ends it", async () => {
  const [, pageUrl = ""] = await said(/(http:\/\/127\.0\.0\.1:\d+\/)/);
  expect(told).toContain("Harper Partner   hr.partner         hr-ops-approvers");
  const page = await fetch(pageUrl);
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  const config = (await (await fetch(`${pageUrl}config.json`)).json()) as Omit<SignInSettings, "redirectUri">;
  expect(config.issuer).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(page.headers.get("content-security-policy")).toContain(`connect-src 'self' ${config.issuer};`);

  const tokenOf = createSignIns(() => Promise.resolve({ ...config, redirectUri: pageUrl }));
  const ask = async (path: string, body?: object) => {
    const headers = { authorization: `Bearer ${await tokenOf(PEOPLE.hr)}`, "content-type": "application/json" };
    const how = body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(`${pageUrl}${path}`, how);
    expect(answer.status).toBe(200);
    return (await answer.json()) as { waiting: { requestId: string; index: number; digest: string }[] };
  };
  const { waiting } = await ask("approvals");
  expect(waiting).toHaveLength(1);
  const [{ requestId, index, digest }] = waiting as [(typeof waiting)[0]];
  await ask(`approvals/${requestId}/${index}`, { decision: "approve", digest });
  await said(/^Robin Example +manager +conditional +approve +ApprovalRequired +-> applied +HR holds `10100`$/m);

  child.kill("SIGINT");
  expect(await ended).toBe(0);
}, 120_000);
