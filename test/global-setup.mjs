import { buildHandlers } from "../scripts/build-handlers.mjs";

/** Builds the handler bundles once before any test: constructs ship them as assets. */
export default async function globalSetup() {
  await buildHandlers();
}
