import type { Cast } from "../../src/local/demo/cast";
import type { Story } from "../../src/local/demo/story";
import { toldStory } from "./story";

let cast: Cast;
let story: Story;

beforeAll(async () => {
  ({ cast, story } = await toldStory("perimeter"));
}, 120_000);

afterAll(() => cast.stop());

describe("the demo's story behind a perimeter", () => {
  test("ends as it does without one: the connector inside gets through", () => {
    expect(story.changes.map(({ field, outcome }) => `${field} ${outcome}`)).toEqual([
      "base_salary denied",
      "work_email applied",
      "username applied",
      "account_id applied",
      "manager applied",
      "work_email notified",
      "work_email applied",
      "work_email applied",
      "work_email not-applied",
    ]);
    const applied = story.changes.filter(({ outcome }) => outcome === "applied").length;
    expect(cast.hris.writes()).toBe(applied);
  });

  test("every call of the field gateway that was answered came through the endpoint", () => {
    const answered = cast.cloud.gatewayAccess.filter(({ status }) => status === 200);
    expect(answered.length).toBeGreaterThan(4);
    expect(new Set(answered.map(({ through }) => through))).toEqual(
      new Set([cast.cloud.stack.only("aws_vpc_endpoint").id]),
    );
  });

  test("the same credentials from outside are refused, by the role's policy and by the API's", () => {
    const by = Object.fromEntries(story.attacks.map((attack) => [attack.name, attack]));
    expect(story.attacks.every(({ refused }) => refused)).toBe(true);
    for (const name of ["its session from the internet", "its session at another endpoint"]) {
      expect(by[name]?.by).toBe(
        "IAM: explicit deny in identity (DenyOutsideTheEndpoint), resource (DenyOutsideTheEndpoint)",
      );
    }
    expect(by["a connection to the internet"]?.by).toMatch(/^DNS firewall: /);
  });

  test("the endpoint's policy judges what comes through it", () => {
    const by = Object.fromEntries(story.attacks.map((attack) => [attack.name, attack.by]));
    expect(by["another method"]).toContain("endpoint (DenyAllButTheOneMethod)");
    expect(by["another stage"]).toContain("endpoint (DenyAllButTheOneMethod)");
  });
});
