import fc from "fast-check";

import { MAX_RETRY_SECONDS, parseRetryAfter } from "../../src/hris/retry-after";
import { NOW_MS } from "./support";

describe("parseRetryAfter", () => {
  test.each([
    ["120", 120],
    [" 5 ", 5],
    ["0", 1],
    ["9999999999", MAX_RETRY_SECONDS],
    ["Mon, 23 Nov 2026 10:02:00 GMT", 120],
    ["Mon, 23 Nov 2026 09:00:00 GMT", 1],
    ["Wed, 01 Dec 2027 10:00:00 GMT", MAX_RETRY_SECONDS],
  ])("reads `%s` as %d seconds", (header, seconds) => {
    expect(parseRetryAfter(header, NOW_MS)).toBe(seconds);
  });

  test.each([undefined, "", "soon", "-5", "1.5", "2026-11-23T10:02:00Z", "Mon, 23 Foo 2026 10:02:00 GMT"])(
    "refuses `%s`, which is neither seconds nor an HTTP date",
    (header) => {
      expect(parseRetryAfter(header, NOW_MS)).toBeUndefined();
    },
  );

  test("any date in HTTP's form is read as the seconds until then", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_RETRY_SECONDS }), (seconds) => {
        expect(parseRetryAfter(new Date(NOW_MS + seconds * 1000).toUTCString(), NOW_MS)).toBe(seconds);
      }),
    );
  });
});
