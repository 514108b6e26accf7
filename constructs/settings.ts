import type { Names } from "../src/compile/names";

/** Days that CloudWatch Logs can keep. @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html (read 2026-11-23) */
export const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;
export type LogRetentionDays = (typeof LOG_RETENTION_DAYS)[number];

/**
 * What happens to records when the stack is taken down. `retain`: Terraform refuses to destroy tables and keys, tables refuse
 * deletion themselves, log groups stay behind. `destroy`: everything goes, for trials.
 */
export type Retention = (typeof RETENTIONS)[number];
export const RETENTIONS = ["retain", "destroy"] as const;

/** What every part of a write-back shares. */
export interface PartProps {
  /** Names of a placement, from `compileNames`. */
  readonly names: Names;
  /**
   * Tags of every resource that takes tags.
   * @default {}
   */
  readonly tags?: Readonly<Record<string, string>>;
}

/** What every part with functions shares. */
export interface FunctionPartProps extends PartProps {
  /**
   * How long log groups keep events.
   * @default 365
   */
  readonly logRetentionDays?: LogRetentionDays;
  /**
   * Whether log groups survive the stack.
   * @default "retain"
   */
  readonly retention?: Retention;
  /**
   * Key that encrypts log groups. Its policy must let CloudWatch Logs use it. Logs hold ids, names and codes, never a value.
   * @default - CloudWatch Logs' own key
   */
  readonly logKeyArn?: string;
  /**
   * Folder of handler bundles, one folder each.
   * @default - `dist/handlers` of this package
   */
  readonly handlersDir?: string;
}

const DEFAULT_LOG_RETENTION_DAYS: LogRetentionDays = 365;

/** How long a log group lives, and its events. */
export function logLifetime(props: Pick<FunctionPartProps, "logRetentionDays" | "retention">) {
  return {
    retentionInDays: props.logRetentionDays ?? DEFAULT_LOG_RETENTION_DAYS,
    skipDestroy: (props.retention ?? "retain") === "retain",
  };
}
