import { prove, stackOfConfiguration, type Proof } from "../../../src/review";
import { CLAIMS, claimsOf, Facts, type MadeClaim } from "../../../src/review/oscal";
import { readSystem } from "../../../src/review/system";
import { EXAMPLES, synthExample, type ExampleName } from "../../helpers/examples";
import type { SynthJson } from "../../helpers/synth";
import { Hand } from "../hand";

interface Subject {
  readonly json: SynthJson;
  readonly proof: Proof;
  readonly claims: readonly MadeClaim[];
}

const subjects = {} as Record<ExampleName, Subject>;

beforeAll(() => {
  for (const example of EXAMPLES) {
    const { json } = synthExample(example);
    const stack = stackOfConfiguration(json);
    const proof = prove(stack);
    subjects[example] = { json, proof, claims: claimsOf(new Facts(readSystem(stack), proof)) };
  }
});

/** The claims of a stack without some resources. With the proof of the whole one: that of the rest could only take more claims away. */
function claimsWithout({ json, proof }: Subject, addresses: readonly string[]): MadeClaim[] {
  const resource = Object.fromEntries(
    Object.entries(json.resource).map(([type, named]) => [
      type,
      Object.fromEntries(Object.entries(named).filter(([name]) => !addresses.includes(`${type}.${name}`))),
    ]),
  );
  return claimsOf(new Facts(readSystem(stackOfConfiguration({ ...json, resource })), proof));
}

/** The claims of a stack that somebody changed, with its own proof. */
function claimsAfter(example: ExampleName, change: (hand: Hand) => void): string[] {
  const hand = new Hand(subjects[example].json);
  change(hand);
  const stack = stackOfConfiguration(hand.json);
  return claimsOf(new Facts(readSystem(stack), prove(stack))).map(({ id }) => id);
}

test("every claim is made of one of the examples, and has an id of its own", () => {
  const made = EXAMPLES.flatMap((example) => subjects[example].claims.map(({ id }) => id));
  expect(CLAIMS.map(({ id }) => id).filter((id) => !made.includes(id))).toEqual([]);
  expect(new Set(CLAIMS.map(({ id }) => id)).size).toBe(CLAIMS.length);
});

test.each(CLAIMS.map(({ id }) => id))("%s is gone with what carries it", (id) => {
  const subject = EXAMPLES.map((example) => subjects[example]).find(({ claims }) =>
    claims.some((each) => each.id === id),
  )!;
  const { groups } = subject.claims.find((each) => each.id === id)!;
  for (const group of groups) {
    expect(claimsWithout(subject, group).map((claim) => claim.id)).not.toContain(id);
  }
});

test("no claim points to a resource that is not there", () => {
  const subject = subjects.acme;
  const carriers = [...new Set(subject.claims.flatMap(({ resources }) => resources))];
  // One of each type: those of a type are found in one manner.
  const types = new Map(carriers.map((address) => [address.split(".")[0], address]));
  expect(types.size).toBeGreaterThan(15);
  for (const address of types.values()) {
    const left = claimsWithout(subject, [address]).flatMap(({ resources }) => resources);
    expect(left).not.toContain(address);
  }
});

describe("a claim is gone where its resource is there and not as it must be", () => {
  test.each<[gone: readonly string[], change: (hand: Hand) => void]>([
    [
      ["writer-credential-one-reader", "roles-apart", "publishers-bound"],
      (hand) => {
        hand.identity("decide", (document) => {
          document.Statement.push({ Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: "*" });
        });
      },
    ],
    [
      ["gateway-by-iam", "one-request-per-session"],
      (hand) => {
        hand.find("aws_api_gateway_method").body["authorization"] = "NONE";
      },
    ],
    [
      ["ledger-append-only"],
      (hand) => {
        hand.identity("gateway", (document) => {
          document.Statement.push({ Effect: "Allow", Action: "dynamodb:UpdateItem", Resource: "*" });
        });
      },
    ],
    [
      [
        "alarms-ring",
        "calls-recorded",
        "changes-told",
        "keys-rotate",
        "never-unseen",
        "reconciled",
        "records-signed",
        "second-look",
        "tables-recoverable",
      ],
      (hand) => {
        const each = (type: string, change: Record<string, unknown>): void => {
          for (const body of Object.values(hand.ofType(type))) Object.assign(body, change);
        };
        each("aws_cloudwatch_metric_alarm", { alarm_actions: [] });
        each("aws_cloudtrail", { enable_logging: false, enable_log_file_validation: false });
        each("aws_cloudwatch_event_rule", { state: "DISABLED" });
        each("aws_kms_key", { enable_key_rotation: false });
        each("aws_scheduler_schedule", { state: "DISABLED" });
        each("aws_dynamodb_table", { point_in_time_recovery: { enabled: false } });
      },
    ],
  ])("%j", (gone, change) => {
    const before = subjects.acme.claims.map(({ id }) => id);
    expect(gone.filter((id) => !before.includes(id))).toEqual([]);
    const after = claimsAfter("acme", change);
    expect(after.filter((id) => gone.includes(id))).toEqual([]);
  });
});
