const { isNativeError } = require("node:util").types;
const { runInThisContext } = require("node:vm");

// CDKTF takes the whole stack of every token that it makes, and Jest maps every frame of it to its source: near half the time of
// a test that synthesizes, for text that no test reads. A real error keeps its mapped stack. Jest's own formatter lives in the
// process's realm, not in the test's.
const outer = runInThisContext("Error");
Error.prepareStackTrace = (holder, frames) => {
  if (!isNativeError(holder)) return "";
  return outer.prepareStackTrace?.(holder, frames) ?? [String(holder), ...frames].join("\n    at ");
};
