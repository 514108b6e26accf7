/** An address as a number, and how many bits its family has. */
interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** A range of addresses in CIDR form. */
export interface AddressRange {
  readonly bits: 32 | 128;
  readonly network: bigint;
  readonly prefix: number;
}

const OCTET = /^(?:0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9A-Fa-f]{1,4}$/;

/** Reads an address or a CIDR range, IPv4 or IPv6; `undefined` where the text is neither. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [addressText = "", prefixText, ...rest] = text.split("/");
  const address = parseAddress(addressText);
  if (address === undefined || rest.length > 0) return undefined;
  const prefix = prefixText === undefined ? address.bits : /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : -1;
  if (prefix < 0 || prefix > address.bits) return undefined;
  const shift = BigInt(address.bits - prefix);
  return { bits: address.bits, prefix, network: (address.value >> shift) << shift };
}

/** Whether an address lies in a range. What is no address lies in none. */
export function isInRange(text: string, range: AddressRange): boolean {
  const address = parseAddress(text);
  if (address?.bits !== range.bits) return false;
  const shift = BigInt(range.bits - range.prefix);
  return (address.value >> shift) << shift === range.network;
}

function parseAddress(text: string): Address | undefined {
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): Address | undefined {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((octet) => OCTET.test(octet) && Number(octet) <= 255)) return undefined;
  return { bits: 32, value: octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n) };
}

function parseV6(text: string): Address | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const head = groups[0] ?? [];
  const tail = groups[1] ?? [];
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...head, ...Array<string>(missing).fill("0"), ...tail];
  if (!all.every((group) => GROUP.test(group))) return undefined;
  return { bits: 128, value: all.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) };
}
