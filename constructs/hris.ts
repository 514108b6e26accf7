import { UsageError } from "../src/core";
import type { ConnectionConfig, RestOptions } from "../src/hris/contract";

type WithoutSecret<C> = C extends unknown ? Omit<C, "secretArn"> : never;

/** A connection as it will travel to a handler, before it has its secret. */
export type UnsecretConfig = WithoutSecret<ConnectionConfig>;

/** A connection to the HRIS: one way to speak to it, two credentials. */
export interface HrisConnection {
  readonly role: "hris";
  readonly config: UnsecretConfig;
  /** Secret of the account that may only read. Inspect and the sweeper hold it. */
  readonly readerSecretArn: string;
  /** Secret of the account that may write. Only the field gateway can read it. */
  readonly writerSecretArn: string;
  readonly readerSecretKeyArn?: string;
  readonly writerSecretKeyArn?: string;
}

/** A connection to a source of truth: it is only ever read. */
export interface SourceConnection {
  readonly role: "source";
  readonly config: UnsecretConfig;
  /** Secret of the account that may only read. */
  readonly secretArn: string;
  readonly secretKeyArn?: string;
}

/** The two secrets of an HRIS, by their whole ARNs. They must differ: the reader's holders could write otherwise. */
export interface HrisSecrets {
  readonly readerSecretArn: string;
  readonly writerSecretArn: string;
  /**
   * Key that the reader's secret is encrypted with, where it is your own.
   * @default - Secrets Manager's own key
   */
  readonly readerSecretKeyArn?: string;
  /**
   * Key that the writer's secret is encrypted with, where it is your own.
   * @default - Secrets Manager's own key
   */
  readonly writerSecretKeyArn?: string;
}

/** The one secret of a source of truth. */
export interface SourceSecret {
  /** By its whole ARN. */
  readonly secretArn: string;
  /**
   * Key that the secret is encrypted with, where it is your own.
   * @default - Secrets Manager's own key
   */
  readonly secretKeyArn?: string;
}

export interface BambooHrProps extends HrisSecrets {
  /** `acme` for `https://acme.bamboohr.com`, or the whole base URL. */
  readonly company: { readonly domain: string } | { readonly baseUrl: string };
  /**
   * Seconds after a write within which a read may still show the old value.
   * @default - the adapter's
   */
  readonly settleSeconds?: number;
  /**
   * Seconds after an applied write when a second look tells whether BambooHR kept it.
   * @default - the adapter's
   */
  readonly secondLookSeconds?: number;
  /**
   * IANA time zone of the tenant, as `America/Denver`: a job information row begins on the day that it is there.
   * @default - none, which is refused where the policy writes a field of job information
   */
  readonly timeZone?: string;
  /**
   * Country calling code without `+` that phone numbers without one are read with, as in `44`.
   * @default - such numbers equal only themselves
   */
  readonly phoneCountryCode?: string;
}

export interface RestProps {
  readonly baseUrl: string;
  /** Paths, bodies and how answers are read: see `RestOptions`. */
  readonly options: RestOptions;
}

export interface ScimProps extends SourceSecret {
  /** As in `https://directory.example.com/scim/v2`. */
  readonly baseUrl: string;
  /**
   * Names of the policy to SCIM paths, where they are not the well-known ones.
   * @default {}
   */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** The HR systems that a write-back can write to. */
export const Hris = {
  /**
   * BambooHR. The secrets hold API keys of two users with access levels of their own. Where the policy writes job information, both must
   * see its rows and `reportsToId`: a row is written whole, and a row of a day to come shows nowhere else.
   */
  bambooHr({
    company,
    settleSeconds,
    secondLookSeconds,
    timeZone,
    phoneCountryCode,
    ...secrets
  }: BambooHrProps): HrisConnection {
    const baseUrl = "domain" in company ? `https://${companyDomain(company.domain)}.bamboohr.com` : company.baseUrl;
    return hris({ kind: "bamboohr", baseUrl, settleSeconds, secondLookSeconds, timeZone, phoneCountryCode }, secrets);
  },
  /** Any HRIS with a REST API, described by options. */
  rest({ baseUrl, options, ...secrets }: RestProps & HrisSecrets): HrisConnection {
    return hris({ ...options, kind: "rest", baseUrl }, secrets);
  },
} as const;

/** The systems that can be a source of truth or hold a worker's attributes. */
export const Source = {
  /** A directory that speaks SCIM 2.0. */
  scim({ baseUrl, attributes, ...secret }: ScimProps): SourceConnection {
    return source({ kind: "scim", baseUrl, attributes }, secret);
  },
  /** Any system with a REST API, described by options. */
  rest({ baseUrl, options, ...secret }: RestProps & SourceSecret): SourceConnection {
    return source({ ...options, kind: "rest", baseUrl }, secret);
  },
} as const;

/** The connection as its readers hold it. */
export function readerConfig(connection: HrisConnection | SourceConnection): ConnectionConfig {
  const secretArn = connection.role === "hris" ? connection.readerSecretArn : connection.secretArn;
  return { ...connection.config, secretArn };
}

/** The connection as the field gateway holds it. */
export function writerConfig(connection: HrisConnection): ConnectionConfig {
  return { ...connection.config, secretArn: connection.writerSecretArn };
}

/** The keys of your own that a connection's reader secret is encrypted with. */
export function readerKeyArns(connection: HrisConnection | SourceConnection): readonly string[] {
  const arn = connection.role === "hris" ? connection.readerSecretKeyArn : connection.secretKeyArn;
  return arn === undefined ? [] : [arn];
}

function hris(config: UnsecretConfig, secrets: HrisSecrets): HrisConnection {
  return { role: "hris", config, ...secrets };
}

function source(config: UnsecretConfig, secret: SourceSecret): SourceConnection {
  return { role: "source", config, ...secret };
}

function companyDomain(domain: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,62}$/i.test(domain)) return domain;
  throw new UsageError(
    `company.domain is \`${domain}\`: expected the first part of the host name only, as in \`acme\``,
  );
}
