import { plain } from "../core";
import type { LayerTaken, StopProgress } from "./follow-stop";
import type { Format } from "./io";
import { escapeMarkdown, renderJson, renderMarkdownTable, renderTextTable } from "./render";

/** What a stop came to while it was watched. */
export interface StopReport extends StopProgress {
  readonly stopId: string;
  readonly kind: "stop" | "drill";
  /** By the word of the credentials; absent where they did not say. */
  readonly stoppedBy?: string;
}

/** A layer as it is taken, for who waits. */
export function progressLine(layer: LayerTaken): string {
  return `  ${layer.layer.padEnd(12)} ${latencyOf(layer).padStart(8)}  ${plain(layer.shown ?? "")}\n`;
}

const HEADER = ["Layer", "Taken", "After", "By the service's own word"];

export const RENDER_STOP: Readonly<Record<Format, (report: StopReport) => string>> = {
  text: (report) => `${titleOf(report)}\n\n${layersOf(report, renderTextTable)}${noteOf(report, "\n")}`,
  markdown: (report) =>
    `# ${escapeMarkdown(titleOf(report))}\n\n${layersOf(report, renderMarkdownTable)}${escapeMarkdown(noteOf(report, "\n"))}`,
  json: (report) => renderJson({ stop: report }),
};

function titleOf({ stopId, holds, stoppedBy }: StopReport): string {
  const by = stoppedBy === undefined ? "" : `, started by ${stoppedBy}`;
  return plain(`${stopId}: ${holds ? "every layer holds" : "NOT EVERY LAYER IS KNOWN TO HOLD"}${by}`);
}

function layersOf({ layers }: StopReport, render: typeof renderTextTable): string {
  return render(
    HEADER,
    layers.map((layer) => [layer.layer, layer.at ?? "not yet", latencyOf(layer), layer.shown ?? ""]),
  );
}

function noteOf({ holds, execution, unread }: StopReport, before: string): string {
  if (unread !== undefined && holds) return `${before}${plain(`The steps could not be read: ${unread}`)}\n`;
  if (unread !== undefined) {
    return `${before}${plain(`It was started, and could not be watched: ${unread}`)}\n`;
  }
  if (holds) return `${before}IAM takes some minutes until a policy of denials holds everywhere.\n`;
  return execution === "RUNNING"
    ? `${before}The kill switch goes on trying for an hour: hris-writeback status.\n`
    : `${before}The kill switch's execution is ${plain(execution)}: look at its history, then hris-writeback status.\n`;
}

function latencyOf({ latencyMs }: LayerTaken): string {
  return latencyMs === undefined || Number.isNaN(latencyMs) ? "" : `${(latencyMs / 1000).toFixed(1)} s`;
}
