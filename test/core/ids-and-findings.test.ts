import {
  FIELD_NAME,
  GRANT_ID_PATTERN,
  grantIdOf,
  hasErrors,
  isGrantId,
  isRequestId,
  NAME,
  PolicyError,
  renderFinding,
  sortFindings,
  type Finding,
} from "../../src/core";

const ULID = "01JDBX3V6Y8QZ5T0M4N7R2K9WC";

describe("ids", () => {
  it("makes a grant id of a ULID, in the form that policies expect", () => {
    const id = grantIdOf(ULID);
    expect(isGrantId(id)).toBe(true);
    expect(id).toMatch(new RegExp(`^${GRANT_ID_PATTERN}$`));
  });

  it.each(["", ULID.toLowerCase(), `${ULID}0`, "81JDBX3V6Y8QZ5T0M4N7R2K9WC", "01JDBX3V6Y8QZ5T0M4N7R2K9W/"])(
    "refuses to make a grant id of `%s`",
    (text) => {
      expect(() => grantIdOf(text)).toThrow(TypeError);
      expect(isGrantId(`g-${text}`)).toBe(false);
    },
  );

  it("takes UUIDs as request ids, and nothing with a path or a blank in it", () => {
    expect(isRequestId("4b1d2c3e-0000-4000-8000-0123456789ab")).toBe(true);
    for (const text of ["", "-a", "a/b", "a b", "a#b", "a".repeat(65)]) expect(isRequestId(text)).toBe(false);
  });

  it("keeps names to their forms", () => {
    expect(FIELD_NAME.test("work_email")).toBe(true);
    expect(NAME.test("joiner.provisioned")).toBe(true);
    for (const text of ["Work", "1st", "a-b", "a.b", "__proto__", "a".repeat(64), "a\n"])
      expect(FIELD_NAME.test(text)).toBe(false);
  });
});

describe("findings", () => {
  const finding = (over: Partial<Finding>): Finding => ({
    code: "A",
    severity: "error",
    path: "a",
    message: "m",
    ...over,
  });

  it("are shown by path, then code, then message", () => {
    const [first, second, third, fourth] = [
      finding({ path: "a", code: "A" }),
      finding({ path: "a", code: "B", message: "a" }),
      finding({ path: "a", code: "B", message: "b" }),
      finding({ path: "b", code: "A" }),
    ];
    expect(sortFindings([fourth, third, second, first])).toEqual([first, second, third, fourth]);
  });

  it("render with place, severity, code, path and hint", () => {
    expect(renderFinding(finding({ line: 3, column: 7, hint: "do it" }), "policy.yaml")).toBe(
      "policy.yaml:3:7 error A a: m\n    hint: do it",
    );
    expect(renderFinding(finding({ path: "" }))).toBe("error A m");
  });

  it("never move a terminal's cursor nor turn its text, whatever they quote", () => {
    const quoted = finding({ path: "a\u001b[2J", message: "m\u202e", hint: "h\nx\u0085" });
    expect(renderFinding(quoted, "p\u0007")).toBe("p\\u{7} error A a\\u{1b}[2J: m\\u{202e}\n    hint: h\\u{a}x\\u{85}");
  });

  it("count as errors only where one is", () => {
    expect(hasErrors([finding({ severity: "warning" })])).toBe(false);
    expect(hasErrors([finding({ severity: "warning" }), finding({})])).toBe(true);
  });

  it("are all in the error that a refused policy throws", () => {
    const error = new PolicyError([finding({}), finding({ path: "b" })], "policy.yaml");
    expect(error.name).toBe("PolicyError");
    expect(error.message).toBe("the policy has 2 findings\npolicy.yaml error A a: m\npolicy.yaml error A b: m");
  });
});
