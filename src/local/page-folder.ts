import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where the build leaves the approvals page: beside the compiled sources in the package, below them in the repository. */
export function builtPageFolder(): string {
  const [inPackage, inRepository] = ["handlers", "dist/handlers"].map((handlers) =>
    join(__dirname, "..", "..", handlers, "approvals", "page"),
  ) as [string, string];
  return existsSync(inPackage) ? inPackage : inRepository;
}
