import fc from "fast-check";

import {
  daysBetween,
  endOfUtcDay,
  formatInstant,
  formatInstantSeconds,
  parseDate,
  parseDuration,
  parseInstant,
} from "../../src/core";

const moments = fc.date({
  min: new Date("0000-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
  noInvalidDate: true,
});

describe("parseInstant", () => {
  it("reads every instant that it formats", () => {
    fc.assert(fc.property(moments, (date) => parseInstant(formatInstant(date.getTime())) === date.getTime()));
  });

  it("agrees with the engine on any zone and number of decimals", () => {
    const zones = fc.oneof(
      fc.constant("Z"),
      fc
        .tuple(fc.constantFrom("+", "-"), fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
        .map(
          ([sign, hours, minutes]) => `${sign}${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`,
        ),
    );
    const decimals = fc.oneof(fc.constant(""), fc.stringMatching(/^\.[0-9]{1,9}$/));
    fc.assert(
      fc.property(moments, decimals, zones, (date, fraction, zone) => {
        const text = `${formatInstant(date.getTime()).slice(0, 19)}${fraction}${zone}`;
        expect(parseInstant(text)).toBe(Date.parse(text));
      }),
    );
  });

  it.each([
    ["without seconds", "2026-11-23T09:00Z", "2026-11-23T09:00:00.000Z"],
    ["without seconds in another zone", "2026-11-23T09:00+05:30", "2026-11-23T03:30:00.000Z"],
    ["with twelve decimals", "2026-11-23T09:00:00.123999999999Z", "2026-11-23T09:00:00.123Z"],
    ["with forty decimals", `2026-11-23T09:00:00.${"9".repeat(40)}-01:00`, "2026-11-23T10:00:00.999Z"],
    ["with one decimal", "2026-11-23T09:00:00.5Z", "2026-11-23T09:00:00.500Z"],
  ])("reads an instant %s", (_, text, expected) => {
    expect(parseInstant(text)).toBe(Date.parse(expected));
  });

  it.each([
    ["without a zone", "2026-11-23T09:00:00"],
    ["without seconds and zone", "2026-11-23T09:00"],
    ["without a time", "2026-11-23"],
    ["with a day that does not exist", "2026-02-29T09:00:00Z"],
    ["with an hour 24", "2026-11-23T24:00:00Z"],
    ["with a leap second", "2026-11-23T23:59:60Z"],
    ["with an empty fraction", "2026-11-23T09:00:00.Z"],
    ["with a fraction of a minute", "2026-11-23T09:00.5Z"],
    ["with a colon and no seconds", "2026-11-23T09:00:Z"],
    ["with minutes cut short", "2026-11-23T09:0Z"],
    ["with text behind", "2026-11-23T09:00:00Z "],
    ["with a zone out of range", "2026-11-23T09:00:00+24:00"],
    ["with a zone cut short", "2026-11-23T09:00:00+01"],
    ["in lower case", "2026-11-23t09:00:00z"],
    ["with a blank for T", "2026-11-23 09:00:00Z"],
    ["with digits of another script", "２０２６-11-23T09:00:00Z"],
    ["that is empty", ""],
  ])("refuses an instant %s", (_, text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});

describe("parseDate", () => {
  it("reads every day as its first moment", () => {
    fc.assert(
      fc.property(moments, (date) => {
        const text = formatInstant(date.getTime()).slice(0, 10);
        expect(parseDate(text)).toBe(Date.parse(`${text}T00:00:00Z`));
      }),
    );
  });

  it.each([
    "2026-02-29",
    "2026-13-01",
    "2026-00-10",
    "2026-11-31",
    "2026-11-00",
    "2100-02-29",
    "26-11-23",
    "2026-11-23Z",
    "2026/11/23",
  ])("refuses %s", (text) => {
    expect(parseDate(text)).toBeUndefined();
  });

  it("knows leap days of years that have one", () => {
    expect(parseDate("2000-02-29")).toBe(Date.UTC(2000, 1, 29));
  });
});

describe("parseDuration", () => {
  it.each([
    ["PT72H", 72 * 3_600_000],
    ["P1D", 86_400_000],
    ["P2W", 14 * 86_400_000],
    ["P1DT2H3M4S", 93_784_000],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["P1Y", "P1M", "PT0S", "P", "PT", "P1DT", "1D", "PT1.5H", "-P1D", "P1W2D", "pt1h", "PT1H "])(
    "refuses %s",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

describe("days and text", () => {
  it("ends a UTC day one millisecond before the next", () => {
    const day = Date.UTC(2026, 10, 23);
    expect(endOfUtcDay(day) + 1).toBe(Date.UTC(2026, 10, 24));
  });

  it("counts whole days", () => {
    expect(daysBetween(Date.UTC(2026, 0, 1), Date.UTC(2026, 3, 1))).toBe(90);
  });

  it("cuts an instant to the second for IAM", () => {
    expect(formatInstantSeconds(Date.UTC(2026, 10, 23, 9, 0, 0, 999))).toBe("2026-11-23T09:00:00Z");
  });
});
