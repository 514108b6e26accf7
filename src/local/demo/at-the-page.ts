import { serveApprovals } from "../approvals-http";
import { everyMinute, renderSignIns, showMessages, showNew, untilInterrupted } from "../by-hand";
import { realClock } from "../clock";
import { loadStack } from "../stack";
import { assemble, madeFor, MANAGER_ID, startSignIns, WORKERS, type Cast } from "./cast";
import { synthesizeExample, type DemoExample } from "./synthesize";
import { heldOf, joinerEvent, lineOf, show, toldChanges, type StoryField } from "./telling";

export interface AtThePageOptions {
  readonly example: DemoExample;
  /** A folder for the synthesized stack. */
  readonly outDir: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Until when it stays up. */
  readonly until?: Promise<void>;
}

/** What has happened when people come to the page: something waits for two groups, and a fact for an inbox. */
const REQUESTS = {
  joiner: "00000000-0000-4000-8000-000000000001",
  contractor: "00000000-0000-4000-8000-000000000002",
  assisted: "00000000-0000-4000-8000-000000000003",
} as const;

/**
 * An example in this process with its approvals page on loopback, to be tried by hand: changes wait there, people sign in at a provider beside it,
 * and what becomes of the changes is told. In real time, until it is interrupted.
 */
export async function demoAtThePage({
  example,
  outDir,
  out,
  err,
  until = untilInterrupted(),
}: AtThePageOptions): Promise<void> {
  const identity = await startSignIns();
  err(`synthesizing examples/${example} …\n`);
  await synthesizeExample(outDir, example, { APPROVALS_ISSUER: identity.issuer });
  const cast = await assemble(loadStack(outDir), { identity, clock: realClock() });
  const { cloud } = cast;
  const server = await serveApprovals(cloud.approvalsHttp);
  const pageUrl = `${server.url}/`;
  const { clientId } = await cloud.signInSettings();
  identity.register({ clientId, redirectUri: pageUrl });
  await happen(cast);
  out(`
Approvals page  ${pageUrl}

Open it in a browser and sign in as one of these; nobody asks for a password:

${renderSignIns("  ")}

A joiner's manager waits for hr-ops-approvers: it is Robin Example's, who may not approve it. What an AI agent proposed waits for
iam-approvers, whose inbox has a notice besides. What becomes of them is told here. It ends with Ctrl-C.

`);
  const ends = [
    showNew(
      () => cloud.outcomes(),
      (outcome) => {
        out(tell(cast, outcome));
      },
    ),
    showMessages(() => cloud.notices, server.url, out),
    everyMinute(async () => {
      await cloud.notify();
      await cloud.sweep();
    }, err),
  ];
  try {
    await until;
  } finally {
    for (const end of ends) end();
    await Promise.all([server.stop(), cast.stop()]);
  }
}

async function happen({ cloud }: Cast): Promise<void> {
  const nowMs = cloud.clock.now();
  const email = (worker: keyof typeof REQUESTS) => ({ field: "work_email", value: madeFor(worker).workEmail }) as const;
  await cloud.publish(
    joinerEvent("joiner", [email("joiner"), { field: "manager", value: MANAGER_ID }], {
      requestId: REQUESTS.joiner,
      nowMs,
    }),
  );
  await cloud.publish(joinerEvent("contractor", [email("contractor")], { requestId: REQUESTS.contractor, nowMs }));
  await cloud.publish(
    joinerEvent("assisted", [email("assisted")], {
      requestId: REQUESTS.assisted,
      nowMs,
      source: "agents.onboarding",
      intent: "Complete the onboarding checklist of a new starter",
    }),
  );
}

/** An outcome in a line, with what HR holds by now. */
function tell({ hris }: Cast, outcome: Readonly<Record<string, unknown>>): string {
  const worker = (Object.keys(REQUESTS) as (keyof typeof REQUESTS)[]).find(
    (each) => REQUESTS[each] === outcome["requestId"],
  );
  const lines = toldChanges([outcome], new Map()).map((change) => {
    if (worker === undefined) return lineOf(change);
    const { id, name } = WORKERS[worker];
    return `${name.padEnd(14)} ${lineOf(change).padEnd(66)}  HR holds ${show(heldOf(hris, id, change.field as StoryField))}`;
  });
  return `${lines.join("\n")}\n`;
}
