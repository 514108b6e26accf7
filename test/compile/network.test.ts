import fc from "fast-check";

import { checkNetwork, defaultZones, zoneSubnets } from "../../src/compile/network";
import { isInRange, parseAddressRange } from "../../src/iam/ip-address";

const check = (cidr: string, zones: readonly string[] = defaultZones("eu-west-1")): string[] =>
  checkNetwork({ cidr, zones }, "eu-west-1", "perimeter").map(({ path }) => path);

describe("the range of a network", () => {
  test.each(["10.0.0.0/16", "10.0.0.0/24", "192.168.7.128/25", "100.64.0.0/20"])("may be %s", (cidr) => {
    expect(check(cidr)).toEqual([]);
  });

  test.each([
    "",
    "10.0.0.0",
    "10.0.0.0/15",
    "10.0.0.0/26",
    "10.0.0.0/33",
    "10.0.0.1/24",
    "fd00::/24",
    "10.0.0.0/x",
    "ten",
  ])("fails as %j", (cidr) => {
    expect(check(cidr)).toEqual(["perimeter.cidr"]);
  });

  test("says what to write for a range that does not begin where it says", () => {
    expect(checkNetwork({ cidr: "10.0.0.9/24", zones: defaultZones("eu-west-1") }, "eu-west-1", "perimeter")).toEqual([
      expect.objectContaining({ code: "PerimeterInvalid", hint: "write `10.0.0.0/24`" }),
    ]);
  });
});

describe("the zones of a network", () => {
  test.each([
    [[]],
    [["eu-west-1a"]],
    [["eu-west-1a", "eu-west-1a"]],
    [["eu-west-1a", "eu-west-2b"]],
    [["eu-west-1a", "eu-west-1"]],
    [["eu-west-1a", "eu-west-1-lon-1a"]],
    [["eu-west-1a", "eu-west-1A"]],
  ])("fail as %j", (zones) => {
    expect(new Set(check("10.0.0.0/24", zones))).toEqual(new Set(["perimeter.availabilityZones"]));
  });

  test("may be any two or more of the Region", () => {
    expect(check("10.0.0.0/24", ["eu-west-1c", "eu-west-1a", "eu-west-1b"])).toEqual([]);
  });
});

describe("the subnets of a network", () => {
  const zones = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"), { minLength: 2 });
  const networks = fc
    .tuple(fc.integer({ min: 16, max: 25 }), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }))
    .map(([prefix, second, third]) => {
      const range = parseAddressRange(`10.${String(second)}.${String(third)}.0/${String(prefix)}`)!;
      const [b, c] = [Number((range.network >> 16n) & 255n), Number((range.network >> 8n) & 255n)];
      return `10.${String(b)}.${String(c)}.0/${String(prefix)}`;
    });

  test("lie in it, apart from each other, and are no smaller than AWS takes", () => {
    fc.assert(
      fc.property(networks, zones, (cidr, letters) => {
        const subnets = zoneSubnets(
          cidr,
          letters.map((letter) => `eu-west-1${letter}`),
        );
        const whole = parseAddressRange(cidr)!;
        const ranges = subnets.map((subnet) => parseAddressRange(subnet.cidr)!);
        return (
          subnets.every(({ cidr: own }) => isInRange(own.split("/")[0]!, whole) && Number(own.split("/")[1]) <= 28) &&
          ranges.every((range, index) =>
            subnets.every((other, place) => place === index || !isInRange(other.cidr.split("/")[0]!, range)),
          )
        );
      }),
    );
  });

  test("of a zone are the same, whichever other zones there are and in whatever order", () => {
    fc.assert(
      fc.property(networks, zones, fc.nat(), (cidr, letters, seed) => {
        const all = letters.map((letter) => `eu-west-1${letter}`);
        const some = all.filter((_, index) => (seed >> index) % 2 === 0).reverse();
        const of = (list: readonly string[]) => new Map(zoneSubnets(cidr, list).map((part) => [part.zone, part.cidr]));
        return some.every((zone) => of(some).get(zone) === of(all).get(zone));
      }),
    );
  });
});
