import { DeployedCloud, missingForCloud } from "./aws/deployed-cloud";
import { MANAGER_ID, WORKERS } from "./demo/cast";
import { renderChapter, renderEnd } from "./demo";
import { tellStory } from "./demo/story";
import type { DemoExample } from "./demo/synthesize";
import { everyMinute, renderSignIns, showMessages, untilInterrupted } from "./by-hand";
import type { Stack } from "./stack";

export interface CloudOptions {
  readonly example: DemoExample;
  /** Tells the demo's story on the deployed stack, takes it down and ends, instead of staying up. */
  readonly story: boolean;
  /** With `story`: one JSON object instead of the story. */
  readonly json: boolean;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/**
 * Starts a local AWS, applies an example to it with Terraform, and stays up until it is interrupted; or tells the demo's story there. Then
 * takes everything down. Returns the exit code: 0, 1 where something is missing, 2 where a second plan shows a change or something is left, 3
 * where an attack was not refused.
 */
export async function runCloud(options: CloudOptions): Promise<number> {
  const { example, out, err } = options;
  const missing = missingForCloud();
  if (missing.length > 0) {
    for (const line of missing) err(`${line}\n`);
    return 1;
  }
  const cloud = await DeployedCloud.start({
    example,
    tell: (line) => {
      err(`${line}\n`);
    },
    onProgress: progressTo(err),
  });
  const interrupted = untilInterrupted();
  try {
    await cloud.apply();
    if (options.story) return await story(cloud, options);
    out(nextSteps(cloud));
    const stopTelling = everyMinute(() => cloud.notify(), err);
    const stopShowing = showMessages(() => cloud.front.notices, cloud.approvalsUrl, out);
    await interrupted;
    stopTelling();
    stopShowing();
    err("\ntaking it down …\n");
    return 0;
  } finally {
    await cloud.stop();
  }
}

async function story(cloud: DeployedCloud, { json, out, err }: CloudOptions): Promise<number> {
  const changes = await cloud.plan();
  const told = await tellStory({ cloud, hris: cloud.systems.hris, stop: () => Promise.resolve() }, (chapter) => {
    if (json) err(`${chapter.title}\n`);
    else out(`${renderChapter(chapter)}\n`);
  });
  err("terraform destroy …\n");
  await cloud.destroy();
  const left = await cloud.leftovers();
  if (json) {
    const { changes: ended, attacks, hris } = told;
    out(`${JSON.stringify({ changes: ended, attacks, hris, secondPlan: changes, left }, null, 2)}\n`);
  } else {
    const plan = changes.length === 0 ? "no changes" : changes.map(({ address }) => address).join(", ");
    out(renderEnd(told, "All of it was really applied by Terraform, ran as deployed, and was taken down again."));
    out(
      `A second plan showed: ${plan}. After the destroy ${left.length === 0 ? "nothing is left" : `left: ${left.join(", ")}`}.\n`,
    );
  }
  if (changes.length > 0 || left.length > 0) return 2;
  return told.attacks.length > 0 && told.attacks.every(({ refused }) => refused) ? 0 : 3;
}

/** Shows how far Terraform is: on a terminal in one line that is written over, else a line for every quarter. */
function progressTo(err: (text: string) => void): (done: number, planned: number) => void {
  let quarter = -1;
  return (done, planned) => {
    if (planned === 0) return;
    if (process.stderr.isTTY) {
      err(`\r  ${done} of ${planned} resources${done === planned ? "\n" : ""}`);
      return;
    }
    const now = Math.floor((4 * done) / planned);
    if (now === quarter) return;
    quarter = now;
    err(`  ${done} of ${planned} resources\n`);
  };
}

function nextSteps(cloud: DeployedCloud): string {
  const { front, pageUrl, approvalsUrl, issuer, systems } = cloud;
  const bus = String(cloud.stack.only("aws_cloudwatch_event_bus").body["name"]);
  const env = `AWS_ENDPOINT_URL=${front.url} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local`;
  // The SDK for JavaScript reads AWS_REGION alone, the AWS CLI 1 AWS_DEFAULT_REGION alone.
  const [cli, aws] = [`${env} AWS_REGION=eu-west-1 npm run --silent cli --`, `${env} AWS_DEFAULT_REGION=eu-west-1 aws`];
  const now = new Date().toISOString();
  const { id, login } = WORKERS.joiner;
  const detail = {
    requestId: "4b1d2c3e-0000-4000-8000-000000000001",
    occurredAt: now,
    worker: { id, attributes: { worker_type: "Full-Time", legal_entity: "acme-uk" } },
    initiator: { kind: "automation", id: "identity.joiner" },
    changes: [
      { field: "work_email", value: `${login}@example.com`, finalizedAt: now },
      { field: "manager", value: MANAGER_ID, finalizedAt: now },
    ],
  };
  const entry = JSON.stringify([
    { EventBusName: bus, Source: "identity.joiner", DetailType: "joiner.provisioned", Detail: JSON.stringify(detail) },
  ]);
  return `
The stack is up. It is taken down with Ctrl-C.

AWS          ${front.url}   (any AWS SDK or CLI: AWS_ENDPOINT_URL; whatever is not a function of the stack acts as administrator)
HRIS         ${systems.hris.url}   (BambooHR's API; API keys are in Secrets Manager)
Page         ${pageUrl}   (approvals: open it in a browser and sign in as one of these; nobody asks for a password)
${renderSignIns("             ")}
Approvals    ${approvalsUrl}/approvals   (the page's API; tokens of the issuer ${issuer})

Put a joiner event on the bus; its manager then waits on the page for somebody of hr-ops-approvers:

  ${aws} events put-events --entries '${entry}'

See what became of it:

  ${aws} stepfunctions list-executions --state-machine-arn ${machineArnOf(cloud.stack, "workflow")}
  ${aws} dynamodb scan --table-name ${cloud.tableName("ledger")} --query 'Items[].[pk.S,sk.S,outcome.S]' --output text

Read who asked, who approved and what was written, from the ledger alone, with every digest recomputed:

  ${cli} history ${detail.requestId} ${cloud.historyOptions.join(" ")}

Stop every write now; Ada and Ben Operator let it run again on the page:

  ${aws} stepfunctions start-execution --state-machine-arn ${machineArnOf(cloud.stack, "kill-switch")} --input '{}'
`;
}

function machineArnOf(stack: Stack, name: string): string {
  const machines = stack.resources("aws_sfn_state_machine");
  return machines.find(({ body }) => String(body["name"]).endsWith(`-${name}`))?.id ?? "";
}
