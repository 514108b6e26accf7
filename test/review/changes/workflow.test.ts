import type { Tree } from "../hand";
import { smallExample } from "../stacks";
import { edited, noticed, reviewOf, reviewOfEdit } from "./stacks";

type States = Record<string, Tree>;

interface Case {
  readonly name: string;
  readonly edit: (states: States, machine: Tree) => void;
  /** Among what is said. */
  readonly said: readonly string[];
  readonly words: string;
}

function state(states: States, name: string): Tree {
  const found = states[name];
  if (found === undefined) throw new Error(`there is no state ${name}`);
  return found;
}

const CASES: readonly Case[] = [
  {
    name: "a way goes around the approval",
    edit: (states) => {
      const [ask] = state(states, "Route")["Choices"] as Tree[];
      if (ask !== undefined) ask["Next"] = "Write";
    },
    said: ["widens ApprovalBypassed"],
    words: "`Write` is reached by",
  },
  {
    name: "a field that needs an approval is named among those that do not",
    edit: (states) => {
      const route = state(states, "Route");
      route["Choices"] = JSON.parse(
        JSON.stringify(route["Choices"]).replaceAll('"work_email"', '"manager"'),
      ) as unknown;
    },
    said: ["widens ApprovalBypassed"],
    words: "`manager` (conditional)",
  },
  {
    name: "the inspection after the approval is gone",
    edit: (states) => {
      state(states, "RequestApproval")["Next"] = "Write";
    },
    said: ["widens ApprovalBypassed"],
    words: "without passing an approval and an inspection after it",
  },
  {
    name: "a state is gone",
    edit: (states) => {
      const announce = state(states, "Announce");
      delete announce["Catch"];
      delete states["Unannounced"];
    },
    said: ["look WorkflowChanged"],
    words: "state `Changes.Unannounced` is gone",
  },
  {
    name: "a step may take longer",
    edit: (states) => {
      state(states, "Write")["TimeoutSeconds"] = 300;
    },
    said: ["widens WorkflowTimeChanged"],
    words: "state `Changes.Write` may take 300 s, not 75 s",
  },
  {
    name: "a write is tried again",
    edit: (states) => {
      state(states, "Write")["Retry"] = [{ ErrorEquals: ["States.ALL"] }];
    },
    said: ["look WorkflowChanged"],
    words: "state `Changes.Write` is tried again otherwise",
  },
  {
    name: "a step calls something else",
    edit: (states) => {
      const parameters = state(states, "Announce")["Parameters"] as Tree;
      parameters["FunctionName"] = "arn:aws:lambda:eu-west-1:111122223333:function:other";
    },
    said: ["look WorkflowChanged"],
    words: "state `Changes.Announce` is given something else",
  },
  {
    name: "a step is new",
    edit: (states) => {
      states["Extra"] = { Type: "Pass", Next: "Announce" };
    },
    said: ["look WorkflowChanged"],
    words: "state `Changes.Extra` is new",
  },
];

describe("a change of the workflow", () => {
  test.each(CASES)("is told where $name", ({ edit, said, words }) => {
    const review = reviewOfEdit((hand) => hand.workflow(edit));
    expect(noticed(review)).toEqual(expect.arrayContaining([...said]));
    expect(review.changes.map(({ message }) => message).join("\n")).toContain(words);
    expect(review.who.map(({ id }) => id)).toEqual(["identity", "security"]);
  });

  test.each(CASES.slice(0, 5))("is no widening the other way round where $name", ({ edit }) => {
    const review = reviewOf(
      edited((hand) => hand.workflow(edit)),
      smallExample(),
    );
    expect(review.counts.widens).toBe(0);
  });

  test("of another type is told", () => {
    const review = reviewOfEdit((hand) => {
      hand.find("aws_sfn_state_machine", "_workflow_state-machine").body["type"] = "EXPRESS";
    });
    expect(noticed(review)).toEqual(["widens WorkflowChanged"]);
  });

  test("that logs what passes through is told", () => {
    const review = reviewOfEdit((hand) => {
      const { body } = hand.find("aws_sfn_state_machine", "_workflow_state-machine");
      body["logging_configuration"] = { ...(body["logging_configuration"] as Tree), include_execution_data: true };
    });
    expect(noticed(review)).toEqual(["widens GuardWeakened"]);
  });

  test("of the kill switch is told as one of the kill switch", () => {
    const review = reviewOfEdit((hand) => {
      const machine = hand.find("aws_sfn_state_machine", "kill-switch");
      const definition = JSON.parse(String(machine.body["definition"])) as { States: States };
      const [name] = Object.entries(definition.States).find(([, { Type }]) => Type === "Task") ?? ["none"];
      definition.States = Object.fromEntries(Object.entries(definition.States).filter(([each]) => each !== name));
      machine.body["definition"] = JSON.stringify(definition);
    });
    expect(noticed(review)).toContain("widens KillSwitchWeakened");
  });

  test("that cannot be read is for a human", () => {
    const review = reviewOfEdit((hand) => {
      hand.find("aws_sfn_state_machine", "_workflow_state-machine").body["definition"] = '${file("other.json")}';
    });
    expect(noticed(review)).toContain("look WorkflowChanged");
  });
});

describe("a workflow that goes the same ways", () => {
  test("is silent where only comments and the order of keys differ", () => {
    const review = reviewOfEdit((hand) =>
      hand.workflow((states, machine) => {
        machine["Comment"] = "Another comment";
        for (const [name, body] of Object.entries(states))
          states[name] = Object.fromEntries(Object.entries(body).reverse());
      }),
    );
    expect(review.changes).toEqual([]);
  });

  test("is neutral where states are called otherwise", () => {
    const review = reviewOfEdit((hand) => {
      const machine = hand.find("aws_sfn_state_machine", "_workflow_state-machine");
      machine.body["definition"] = String(machine.body["definition"]).replaceAll('"Announce"', '"Tell"');
    });
    expect(review.changes.map(({ code, effect }) => `${effect} ${code}`)).toEqual(["neutral WorkflowRenamed"]);
  });
});
