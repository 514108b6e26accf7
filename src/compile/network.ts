import { sortFindings, type Finding } from "../core";
import { parseAddressRange } from "../iam/ip-address";

/**
 * How many parts a network is cut into, of which each zone takes its own. No Region has more zones, so a zone's part never depends
 * on which others are used: using one more replaces no subnet.
 */
const PARTS = 8;
const PARTS_BITS = 3;

/** The widest VPC, and the narrowest one whose parts are still subnets. @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html (read 2026-11-23) */
const PREFIX = { widest: 16, narrowest: 28 - PARTS_BITS } as const;

/** A zone's subnet. */
export interface ZoneSubnet {
  /** Such as `eu-west-1a`. */
  readonly zone: string;
  /** Its range, such as `10.0.0.32/27`. */
  readonly cidr: string;
}

/** The subnets of a network that `checkNetwork` accepts, in the order of its zones. */
export function zoneSubnets(cidr: string, zones: readonly string[]): readonly ZoneSubnet[] {
  const range = parseAddressRange(cidr);
  if (range === undefined) throw new TypeError(`\`${cidr}\` is not a range of addresses`);
  const prefix = range.prefix + PARTS_BITS;
  const size = 1n << BigInt(range.bits - prefix);
  return zones.map((zone) => ({
    zone,
    cidr: `${dotted(range.network + size * BigInt(partOf(zone)))}/${prefix}`,
  }));
}

/** Whether a network can be made in a Region. Paths are `<path>.cidr` and `<path>.availabilityZones`. */
export function checkNetwork(
  network: { readonly cidr: string; readonly zones: readonly string[] },
  region: string,
  path: string,
): Finding<"PerimeterInvalid">[] {
  const { cidr, zones } = network;
  const range = parseAddressRange(cidr);
  const findings: Finding<"PerimeterInvalid">[] = [];
  const wrong = (member: string, message: string, hint?: string): void => {
    findings.push({
      code: "PerimeterInvalid",
      severity: "error",
      path: `${path}.${member}`,
      message,
      ...(hint === undefined ? {} : { hint }),
    });
  };
  if (range?.bits !== 32 || !cidr.includes("/")) {
    wrong("cidr", `found \`${cidr}\`, expected a range of IPv4 addresses such as \`10.0.0.0/24\``);
  } else if (range.prefix < PREFIX.widest || range.prefix > PREFIX.narrowest) {
    wrong(
      "cidr",
      `\`${cidr}\` has a prefix of ${range.prefix}, expected ${PREFIX.widest} to ${PREFIX.narrowest}`,
      `each zone takes an eighth of it, and a subnet has 16 addresses at least`,
    );
  } else if (cidr !== `${dotted(range.network)}/${range.prefix}`) {
    const network_ = `${dotted(range.network)}/${range.prefix}`;
    wrong("cidr", `\`${cidr}\` does not begin its own range`, `write \`${network_}\``);
  }
  const foreign = zones.filter((zone) => !isZoneOf(zone, region));
  for (const zone of foreign) {
    wrong("availabilityZones", `found \`${zone}\`, expected a zone of \`${region}\` such as \`${region}a\``);
  }
  if (new Set(zones).size < Math.max(2, zones.length)) {
    const found = zones.length < 2 ? `${zones.length}` : "one of them twice";
    wrong("availabilityZones", `found ${found}, expected two or more different zones`);
  }
  return sortFindings(findings);
}

/** The zones of a network that names none. */
export function defaultZones(region: string): readonly string[] {
  return [`${region}a`, `${region}b`];
}

function isZoneOf(zone: string, region: string): boolean {
  return zone.startsWith(region) && /^[a-h]$/.test(zone.slice(region.length));
}

function partOf(zone: string): number {
  return (zone.charCodeAt(zone.length - 1) - "a".charCodeAt(0)) % PARTS;
}

function dotted(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join(".");
}
