// Runs one function's bundle: loads it, then answers invocations that the parent sends, one at a time, as Lambda's runtime does.
// Hosts of AWS that exist only there are reached through the parent: requests to them go to its door, with the name they were for.
"use strict";

const [, , bundle, door, functionName] = process.argv;
const AWS_HOST = /\.execute-api\.[a-z0-9-]+\.amazonaws\.com$/;

const realFetch = globalThis.fetch;
globalThis.fetch = (input, init = {}) => {
  const url = new URL(input instanceof Request ? input.url : String(input));
  if (!AWS_HOST.test(url.hostname)) return realFetch(input, init);
  const headers = new Headers(init.headers);
  headers.set("x-local-host", url.host);
  headers.set("x-local-function", functionName);
  return realFetch(`${door}${url.pathname}${url.search}`, { ...init, headers });
};

let handler;
let initError;
try {
  handler = require(bundle).handler;
  if (typeof handler !== "function") throw new TypeError("index.handler is undefined or not exported");
} catch (error) {
  initError = error;
}

const shapeOf = (error) =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split("\n") }
    : { errorType: "Error", errorMessage: String(error), trace: [] };

process.on("message", ({ id, event }) => {
  void (async () => {
    try {
      if (initError !== undefined) throw initError;
      const result = await handler(event, { functionName, awsRequestId: id });
      process.send({ id, result: JSON.stringify(result === undefined ? null : result) });
    } catch (error) {
      process.send({ id, error: shapeOf(error) });
    }
  })();
});
process.on("disconnect", () => process.exit(0));
process.send({ ready: true });
