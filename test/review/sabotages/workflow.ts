import type { Hand, Tree } from "../hand";
import type { Sabotage } from "./sabotage";

const ROUTE_ANY_WRITE = { Variable: "$.inspection.route", StringEquals: "write", Next: "Write" };

function unapproved(
  name: string,
  change: (scope: Record<string, Tree>, machine: Tree, hand: Hand) => void,
  more: Partial<Sabotage> = {},
): Sabotage {
  return {
    name,
    invariant: 1,
    code: "WriteWithoutApproval",
    change: (hand) =>
      hand.workflow((scope, machine) => {
        change(scope, machine, hand);
      }),
    ...more,
  };
}

const choices = (scope: Record<string, Tree>, state: string): Tree[] => scope[state]!["Choices"] as Tree[];
const payload = (scope: Record<string, Tree>, state: string): Tree =>
  (scope[state]!["Parameters"] as Tree)["Payload"] as Tree;

/** Changes of the workflow. */
export const WORKFLOW_SABOTAGES: readonly Sabotage[] = [
  unapproved("an edge from Inspect to Write", (scope) => (scope["Inspect"]!["Next"] = "Write")),
  unapproved("reversals of safe fields go where other requests go", (scope) => {
    const rules = choices(scope, "Route");
    rules.splice(
      rules.findIndex(({ Variable }) => Variable === "$.requestId"),
      1,
    );
  }),
  unapproved("a rule for reversals that comes after the safe fields", (scope) => {
    const rules = choices(scope, "Route");
    const at = rules.findIndex(({ Variable }) => Variable === "$.requestId");
    rules.push(...rules.splice(at, 1));
  }),
  unapproved("a default of Route that writes", (scope) => (scope["Route"]!["Default"] = "Write")),
  unapproved("the rule for approvals leads to Write", (scope) => (choices(scope, "Route")[0]!["Next"] = "Write")),
  unapproved("a rule of Route without the names of fields", (scope) => choices(scope, "Route").push(ROUTE_ANY_WRITE)),
  unapproved("a conditional field among the safe ones of Route", (scope) =>
    choices(scope, "Route").push({
      And: [
        { Variable: "$.inspection.route", StringEquals: "write" },
        { Variable: "$.field", StringEquals: "manager" },
      ],
      Next: "Write",
    }),
  ),
  unapproved("a rule over all fields but one", (scope) =>
    choices(scope, "Route").push({ Not: { Variable: "$.field", StringEquals: "nobody" }, Next: "Write" }),
  ),
  unapproved("a rule with a pattern over fields", (scope) =>
    choices(scope, "Route").push({ Variable: "$.field", StringMatches: "man*", Next: "Write" }),
  ),
  unapproved("a rule that compares fields by order", (scope) =>
    choices(scope, "Route").push({ Variable: "$.field", StringGreaterThan: "a", Next: "Write" }),
  ),
  unapproved("RequestApproval goes straight to Write", (scope) => (scope["RequestApproval"]!["Next"] = "Write")),
  unapproved(
    "RequestApproval's time-out goes to Write",
    (scope) => ((scope["RequestApproval"]!["Catch"] as Tree[])[0]!["Next"] = "Write"),
  ),
  unapproved(
    "any failure of RequestApproval goes to Write",
    (scope) => ((scope["RequestApproval"]!["Catch"] as Tree[])[1]!["Next"] = "Write"),
  ),
  unapproved(
    "a failure of the second inspection goes to Write",
    (scope) => ((scope["InspectAgain"]!["Catch"] as Tree[])[0]!["Next"] = "Write"),
  ),
  unapproved("RouteAgain writes by default", (scope) => (scope["RouteAgain"]!["Default"] = "Write")),
  unapproved(
    "RouteAgain writes what still waits",
    (scope) => (choices(scope, "RouteAgain")[0]!["StringEquals"] = "approve"),
  ),
  unapproved(
    "RequestApproval does not wait",
    (scope) => (scope["RequestApproval"]!["Resource"] = "arn:aws:states:::lambda:invoke"),
  ),
  unapproved("RequestApproval is a mere pass", (scope) => {
    scope["RequestApproval"] = { Type: "Pass", Next: "InspectAgain" };
  }),
  unapproved("RequestApproval passes no task token", (scope) => {
    delete payload(scope, "RequestApproval")["taskToken.$"];
  }),
  unapproved("RequestApproval asks another function", (scope, _machine, hand) => {
    (scope["RequestApproval"]!["Parameters"] as Tree)["FunctionName"] = hand.functionArn("announce");
  }),
  unapproved("RequestApproval asks about another change", (scope) => {
    delete payload(scope, "RequestApproval")["index.$"];
    payload(scope, "RequestApproval")["index"] = 0;
  }),
  unapproved("the second inspection is a first one", (scope) => (payload(scope, "InspectAgain")["phase"] = "first")),
  unapproved("the second inspection is of another change", (scope) => {
    delete payload(scope, "InspectAgain")["index.$"];
    payload(scope, "InspectAgain")["index"] = 0;
  }),
  unapproved(
    "the second inspection's answer is not read",
    (scope) => (scope["InspectAgain"]!["ResultPath"] = "$.again"),
  ),
  unapproved("Write under another name", (scope) => {
    scope["Publish"] = { ...scope["Write"] };
    scope["Route"]!["Default"] = "Publish";
  }),
  unapproved("the broker under the name Announce", (scope, _machine, hand) => {
    (scope["Announce"]!["Parameters"] as Tree)["FunctionName"] = hand.functionArn("broker");
  }),
  unapproved("a version of the broker's function", (scope, _machine, hand) => {
    (scope["Announce"]!["Parameters"] as Tree)["FunctionName"] = `${hand.functionArn("broker")}:7`;
  }),
  unapproved("the broker by its name alone", (scope) => {
    (scope["Announce"]!["Parameters"] as Tree)["FunctionName"] = "acme-writeback-broker";
  }),
  unapproved("the broker as the state's own resource", (scope, _machine, hand) => {
    scope["Announce"] = { Type: "Task", Resource: hand.functionArn("broker"), End: true };
  }),
  unapproved("the connector, invoked past the broker", (scope, _machine, hand) => {
    (scope["Announce"]!["Parameters"] as Tree)["FunctionName"] = hand.functionArn("connector-execution");
  }),
  unapproved("the gateway's function, invoked past its API", (scope, _machine, hand) => {
    (scope["Announce"]!["Parameters"] as Tree)["FunctionName"] = hand.functionArn("gateway");
  }),
  unapproved("a call of the API by the workflow", (scope) => {
    scope["Announce"] = {
      Type: "Task",
      Resource: "arn:aws:states:::apigateway:invoke",
      Parameters: { ApiEndpoint: "x.execute-api.eu-west-1.amazonaws.com", Method: "PATCH" },
      End: true,
    };
  }),
  unapproved("an HTTP call by the workflow", (scope) => {
    scope["Announce"] = { Type: "Task", Resource: "arn:aws:states:::http:invoke", Parameters: {}, End: true };
  }),
  unapproved("a write in a branch beside the approval", (scope) => {
    const write = { ...scope["Write"] };
    delete write["Next"];
    delete write["Catch"];
    scope["Both"] = {
      Type: "Parallel",
      Branches: [
        { StartAt: "Aside", States: { Aside: { ...write, End: true } } },
        { StartAt: "Wait", States: { Wait: { Type: "Wait", Seconds: 1, End: true } } },
      ],
      Next: "Announce",
    };
    scope["Inspect"]!["Next"] = "Both";
  }),
  unapproved("a write in a Map inside of the change", (scope) => {
    const write = { ...scope["Write"] };
    delete write["Next"];
    delete write["Catch"];
    scope["Each"] = {
      Type: "Map",
      ItemsPath: "$.inspection.items",
      ItemProcessor: { StartAt: "Deep", States: { Deep: { ...write, End: true } } },
      Next: "Announce",
    };
    scope["Inspect"]!["Next"] = "Each";
  }),
  unapproved("a write before the changes", (scope, machine) => {
    const states = machine["States"] as Record<string, Tree>;
    states["First"] = { ...scope["Write"], Next: "Decide", Catch: undefined };
    machine["StartAt"] = "First";
  }),
  unapproved("a pass that renames the field to a safe one", (scope) => {
    scope["Rename"] = { Type: "Pass", Result: "work_email", ResultPath: "$.field", Next: "Route" };
    scope["Inspect"]!["Next"] = "Rename";
  }),
  unapproved("an inspection whose result replaces the field", (scope) => (scope["Inspect"]!["ResultPath"] = "$.field")),
  unapproved("a pass that takes the field from elsewhere", (scope) => {
    scope["Rename"] = {
      Type: "Pass",
      Parameters: { "field.$": "$.inspection.reason", "requestId.$": "$.requestId", "index.$": "$.index" },
      Next: "Route",
    };
    scope["Inspect"]!["Next"] = "Rename";
  }),
  unapproved("Route looks at another part of the scope", (scope) => (scope["Route"]!["InputPath"] = "$.inspection")),
  unapproved("the Map gives every change a safe name", (_scope, machine) => {
    const map = (machine["States"] as Record<string, Tree>)["Changes"]!;
    const selector = map["ItemSelector"] as Tree;
    delete selector["field.$"];
    selector["field"] = "work_email";
  }),
  unapproved(
    "Write of a literal field",
    (scope) => {
      delete payload(scope, "Write")["field.$"];
      payload(scope, "Write")["field"] = "base_salary";
    },
    { code: "WriteOfAnotherChange" },
  ),
  unapproved(
    "Write of another change of the request",
    (scope) => {
      delete payload(scope, "Write")["index.$"];
      payload(scope, "Write")["index"] = 0;
    },
    { code: "WriteOfAnotherChange" },
  ),
  unapproved(
    "a function whose name is chosen at run time",
    (scope) => {
      const parameters = scope["Announce"]!["Parameters"] as Tree;
      delete parameters["FunctionName"];
      parameters["FunctionName.$"] = "$.field";
    },
    { code: "UnreadWorkflow", verdict: "not-proved" },
  ),
  unapproved(
    "a task that acts as another role",
    (scope) => (scope["Announce"]!["Credentials"] = { RoleArn: "arn:aws:iam::111122223333:role/any" }),
    { code: "UnreadWorkflow", verdict: "not-proved" },
  ),
  unapproved(
    "a function that is not in the stack",
    (scope) =>
      ((scope["Announce"]!["Parameters"] as Tree)["FunctionName"] =
        "arn:aws:lambda:eu-west-1:111122223333:function:other"),
    { code: "UnreadWorkflow", verdict: "not-proved" },
  ),
  {
    name: "a definition that Terraform computes",
    invariant: 1,
    code: "UnreadWorkflow",
    verdict: "not-proved",
    change: (hand) => {
      const machine = hand.find("aws_sfn_state_machine", "_workflow_state-machine");
      machine.body["definition"] = '${file("workflow.json")}';
      return machine.address;
    },
  },
  {
    name: "a second state machine that invokes the broker",
    invariant: 1,
    code: "WriteWithoutApproval",
    change: (hand) => {
      const machine = hand.find("aws_sfn_state_machine", "_workflow_state-machine");
      const definition = {
        StartAt: "Go",
        States: {
          Go: {
            Type: "Task",
            Resource: "arn:aws:states:::lambda:invoke",
            Parameters: { FunctionName: hand.functionArn("broker"), "Payload.$": "$" },
            End: true,
          },
        },
      };
      const { role_arn: role } = machine.body;
      return hand.add("aws_sfn_state_machine", "shortcut", {
        name: "shortcut",
        role_arn: role,
        definition: JSON.stringify(definition),
      });
    },
  },
  {
    name: "a class changed in its item alone",
    invariant: 1,
    code: "ClassificationBroken",
    change: (hand) => {
      const item = hand.find("aws_dynamodb_table_item", "field_manager");
      item.body["item"] = String(item.body["item"]).replace('"conditional"', '"safe"');
      return item.address;
    },
  },
  {
    name: "an item less than the manifest speaks of",
    invariant: 1,
    code: "ClassificationBroken",
    change: (hand) => {
      hand.remove("aws_dynamodb_table_item", "field_base_salary");
      return "manifest";
    },
  },
  {
    name: "a function deployed with another policy",
    invariant: 1,
    code: "ManifestNotPinned",
    change: (hand) => {
      const gateway = hand.fn("gateway");
      ((gateway.body["environment"] as Tree)["variables"] as Tree)["MANIFEST_HASH"] = "0".repeat(64);
      return gateway.address;
    },
  },
];
