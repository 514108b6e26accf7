import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { strToU8, zipSync } from "fflate";

import { Functions } from "../../../src/local/aws/functions";
import type { Moto } from "../../../src/local/aws/moto";
import type { AwsCall } from "../../../src/local/aws/wire";

const CODE = `
exports.handler = async (event) => {
  if (event.wait) await new Promise((resolve) => setTimeout(resolve, event.wait));
  if (event.fail) { const error = new Error("as asked"); error.name = "Asked"; throw error; }
  if (event.exit) process.exit(3);
  if (event.say) console.log(event.say);
  return { pid: process.pid, environment: Object.keys(process.env).sort(), role: process.env.AWS_ACCESS_KEY_ID };
};`;

let dir: string;
let functions: Functions;
const lines: string[] = [];

function call(method: string, path: string, body: object = {}): AwsCall {
  return {
    service: "lambda",
    action: "",
    method,
    url: path,
    path,
    headers: {},
    body: Buffer.from(JSON.stringify(body)),
  };
}

function upload(name: string, code: string): void {
  const ZipFile = Buffer.from(zipSync({ "index.js": strToU8(code) })).toString("base64");
  functions.observe(call("POST", "/2015-03-31/functions", { FunctionName: name, Code: { ZipFile } }));
}

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "writeback-functions-"));
  const moto = {
    rest: (_service: string, path: string) =>
      Promise.resolve(
        path.endsWith("/unknown")
          ? undefined
          : {
              Configuration: {
                FunctionArn: "arn:aws:lambda:eu-west-1:123456789012:function:sample",
                Role: "arn:aws:iam::123456789012:role/sample",
                Timeout: 1,
                Environment: { Variables: { OWN: "1" } },
              },
            },
      ),
  } as unknown as Moto;
  functions = new Functions({
    moto,
    dir,
    region: "eu-west-1",
    front: () => "http://127.0.0.1:1",
    credentialsOf: (roleArn) => ({ accessKeyId: `key of ${roleArn}`, secretAccessKey: "s", sessionToken: "t" }),
    onLine: (_name, line) => lines.push(line),
  });
  upload("sample", CODE);
});

afterAll(() => {
  functions.stop();
  rmSync(dir, { recursive: true, force: true });
});

const invoke = async (event: object) => {
  const invocation = await functions.invoke("sample", event);
  return invocation.kind === "returned"
    ? (JSON.parse(invocation.payload) as { pid: number; environment: string[]; role: string })
    : invocation;
};

describe("deployed functions on this machine", () => {
  test("run with their own environment, their role's credentials and nothing of ours", async () => {
    process.env["OF_THE_PARENT"] = "1";
    const { environment, role } = (await invoke({})) as { environment: string[]; role: string };
    delete process.env["OF_THE_PARENT"];
    expect(environment).toContain("OWN");
    expect(environment).not.toContain("OF_THE_PARENT");
    expect(environment).not.toContain("HOME");
    expect(role).toBe("key of arn:aws:iam::123456789012:role/sample");
  });

  test("stay warm, and serve one invocation at a time", async () => {
    const [first, second] = (await Promise.all([invoke({ wait: 100 }), invoke({ wait: 100 })])) as { pid: number }[];
    expect(first!.pid).not.toBe(second!.pid);
    const third = (await invoke({})) as { pid: number };
    expect([first!.pid, second!.pid]).toContain(third.pid);
  });

  test("fail under the name of what they threw", async () => {
    expect(await invoke({ fail: true })).toEqual({ kind: "failed", errorType: "Asked", errorMessage: "as asked" });
  });

  test("are ended at their deadline, and when their process ends", async () => {
    expect(await invoke({ wait: 5_000 })).toMatchObject({ kind: "failed", errorType: "Sandbox.Timedout" });
    expect(await invoke({ exit: true })).toMatchObject({ kind: "failed", errorType: "Runtime.ExitError" });
    expect(await invoke({})).toHaveProperty("pid");
  });

  test("hand on what they print", async () => {
    await invoke({ say: "a line" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lines).toContain("a line");
  });

  test("run the code that was uploaded last", async () => {
    upload("sample", `exports.handler = async () => ({ version: 2 });`);
    expect(await invoke({})).toEqual({ version: 2 });
    upload("sample", CODE);
  });

  test("fail for code that does not load, as a function's start does", async () => {
    upload("broken", `throw new Error("no start");`);
    expect(await functions.invoke("broken", {})).toMatchObject({ kind: "failed", errorMessage: "no start" });
  });

  test("fail where nobody may run: concurrency 0, no such function", async () => {
    functions.observe(call("PUT", "/2017-10-31/functions/sample/concurrency", { ReservedConcurrentExecutions: 0 }));
    await expect(functions.invoke("sample", {})).rejects.toMatchObject({ code: "TooManyRequestsException" });
    functions.observe(call("DELETE", "/2017-10-31/functions/sample/concurrency"));
    expect(await invoke({})).toHaveProperty("pid");
    await expect(functions.invoke("unknown", {})).rejects.toMatchObject({ code: "ResourceNotFoundException" });
  });
});
