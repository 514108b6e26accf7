import { plain } from "../core";
import type { DrillItem } from "../runtime/ledger";
import type { Format } from "./io";
import { escapeMarkdown, renderJson, renderMarkdownTable, renderTextTable } from "./render";

/** A drill whose operators have not agreed yet. */
interface WaitingDrill {
  readonly stopId: string;
  readonly people: number;
  readonly needed: number;
  readonly url: string | undefined;
}

interface Render {
  readonly waiting: (drill: WaitingDrill) => string;
  readonly filed: (drill: DrillItem) => string;
}

export const RENDER_DRILL: Readonly<Record<Format, Render>> = {
  text: {
    waiting: (drill) => `${waitingOf(drill)}\n`,
    filed: (drill) => `${titleOf(drill)}\n\n${layersOf(drill, renderTextTable)}\n${factsOf(drill).join("\n")}\n`,
  },
  markdown: {
    waiting: (drill) => `${escapeMarkdown(waitingOf(drill))}\n`,
    filed: (drill) =>
      `# ${escapeMarkdown(titleOf(drill))}\n\n${layersOf(drill, renderMarkdownTable)}\n${factsOf(drill)
        .map((fact) => `- ${escapeMarkdown(fact)}`)
        .join("\n")}\n`,
  },
  json: {
    waiting: (drill) => renderJson({ drill: { ...drill, filed: false } }),
    filed: (drill) => renderJson({ drill: { ...drill, pk: undefined, sk: undefined, filed: true } }),
  },
};

function waitingOf({ stopId, people, needed, url }: WaitingDrill): string {
  const at = url === undefined ? "" : ` at ${url}`;
  return plain(
    `The system is STOPPED: ${String(people)} of ${String(needed)} operators agreed${at}. Go on watching: hris-writeback drill --of ${stopId}`,
  );
}

function titleOf({ stopId, passed }: DrillItem): string {
  return plain(`Drill ${stopId} ${passed ? "passed" : "DID NOT PASS"}`);
}

function layersOf({ layers }: DrillItem, render: typeof renderTextTable): string {
  return render(
    ["Layer", "Held", "By the service's own word"],
    layers.map(({ layer, isStopped, shown }) => [layer, isStopped ? "yes" : "NO", shown]),
  );
}

function factsOf(drill: DrillItem): string[] {
  const { stoppedAt, stoppedBy, reason, resumedAt, agreed, grantsInFlight, usedWhileStopped, filedAt } = drill;
  return [
    `Stopped ${stoppedAt} by ${stoppedBy}: ${reason}`,
    `Runs again since ${resumedAt}, agreed by ${agreed.map(({ subject }) => subject).join(" and ")}`,
    `Grants in flight at the stop: ${String(grantsInFlight)}; used while it was stopped: ${
      usedWhileStopped.length === 0 ? "none" : usedWhileStopped.join(", ")
    }`,
    ...recordsOf(drill),
    `On record since ${filedAt}`,
  ].map(plain);
}

/** HR's records before and after, by the reader's credential. */
function recordsOf({ records }: DrillItem): string[] {
  if (records === undefined) return ["HR's records were not looked at"];
  const { unchanged, unread, changed } = records;
  const count = (how: string): string => String(changed.filter((each) => each.how === how).length);
  const others =
    changed.length === 0 ? "" : `; on their way when it stopped: ${count("settled")}; changed by HR: ${count("by-hr")}`;
  const written = changed.filter(({ how }) => how === "written").map(({ grantId }) => grantId);
  return [
    `HR's records looked at before and after: ${String(unchanged + unread + changed.length)}; unchanged: ${String(unchanged)}; not to be compared: ${String(unread)}${others}`,
    ...(written.length === 0 ? [] : [`WRITTEN WHILE IT WAS STOPPED: ${written.join(", ")}`]),
  ];
}
