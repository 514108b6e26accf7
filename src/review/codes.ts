/** What one code of `prove` means, for a person who meets it in a pull request. */
export interface ProofCode {
  /** What is wrong, without the particulars. */
  readonly cause: string;
  /** The next step where nothing more particular is known. */
  readonly mend: string;
}

function code(cause: string, mend: string): ProofCode {
  return { cause, mend };
}

/** Every code of a counterexample. Public: tests and documents cite them; wording may improve freely. */
export const COUNTEREXAMPLE_CODES = {
  // Invariant 1
  WriteWithoutApproval: code(
    "a way of a workflow reaches a write of a field that needs an approval without passing one",
    "lead every way of such a field through RequestApproval, with its task token, and InspectAgain",
  ),
  WriteOfAnotherChange: code(
    "a workflow writes another change than the one that it inspected",
    "hand request, index and field of the Map's item on as they are",
  ),
  ClassificationBroken: code(
    "the items of the classification table do not make up the policy that their manifest speaks of",
    "synthesize the table from the policy file; change no item by hand",
  ),
  ManifestNotPinned: code(
    "a function is deployed with another policy than the table holds",
    "synthesize table and functions together",
  ),

  // Invariant 2
  PowerHeldByAnother: code(
    "a principal has a power that belongs to another",
    "take the statement away, or narrow it to what this principal needs",
  ),
  TrustsAnother: code(
    "a role can be assumed by somebody for whom it is not meant",
    "name the one service that runs it; for the connector role the broker's role and nobody else",
  ),
  TrustTooWide: code(
    "the trust of the connector role accepts a session that carries less, or more, than one grant and one field",
    "require both tags and no other, a session name and a source identity of a grant",
  ),
  BrokerNotTrusted: code(
    "the broker cannot assume the connector role, so that nothing can be written",
    "let the trust accept a session with both tags, session name and source identity, and the broker's own policy ask for it",
  ),
  PrincipalNotUnique: code(
    "two roles claim to be the same principal",
    "give each role its own tag `writeback:principal`",
  ),
  RunsAsAnother: code("something else runs as a principal of the trust model", "give it a role of its own"),
  ServiceUnbound: code(
    "a service may act here for somebody else's resource",
    "bind it with `aws:SourceArn` or `aws:SourceAccount`",
  ),
  AllowWithNotAction: code("an Allow of everything but some actions", "name the actions that are meant"),
  AllowWithNotPrincipal: code("an Allow to everybody but some principals", "name the principals that are meant"),
  AllowWithNotResource: code("an Allow on everything but some resources", "name the resources that are meant"),
  WildcardAction: code("a wildcard where an action was to be named", "name the actions that are meant"),
  WildcardResource: code("a wildcard where a resource was to be named", "name the resource that is meant"),
  AllowToEveryone: code(
    "a resource policy allows everybody, past boundary and session policy",
    "name the roles that are meant",
  ),
  AllowToAccount: code(
    "a resource policy allows the whole account",
    "name the roles that are meant; a key's policy binds use with `aws:PrincipalArn`",
  ),
  AllowToSession: code(
    "a resource policy allows a session, past boundary and session policy",
    "name the role, not its session",
  ),
  ConditionHoldsVacuously: code(
    "a condition of an Allow also holds for a request that lacks the key",
    "add a `Null` test, or take `IfExists` away",
  ),
  SourceOpen: code(
    "somebody may put events of a source that is not theirs",
    "deny each source to everybody but its publisher's roles, and every undeclared source to everybody",
  ),
  QueueOpen: code(
    "somebody but the rules of the bus may send to the queue that intake reads",
    "deny sending to everything but those rules",
  ),
  RuleTooWide: code(
    "a rule delivers events that the policy does not declare",
    "match each event's own type and sources",
  ),
  SecretOpen: code(
    "the writer secret's policy does not deny it to all but the gateway",
    "deny reading it to every other principal",
  ),
  AnotherDoor: code(
    "something besides the one way in can start a function or the workflow",
    "remove it, or lead it through the way in",
  ),
  RouteWithoutApprover: code("a route to decisions asks nobody who they are", "put the JWT authorizer on it"),
  DenyMissing: code("a denial that holds whatever else allows is missing", "put the Deny statement back"),

  // Invariant 3
  BoundaryMissing: code("the connector role has no boundary", "give it the boundary as `permissions_boundary`"),
  SessionPolicyMissing: code(
    "the broker has no session policy to give",
    "put the template into the broker's environment",
  ),
  ApiPolicyMissing: code(
    "the field gateway's API has no policy",
    "attach the policy of denials as `aws_api_gateway_rest_api_policy`",
  ),
  LayerTooWide: code(
    "one layer by itself lets a session do more than its one request",
    "narrow the layer: each must hold the session to its one request on its own",
  ),
  RequestAllowed: code("a session may make another request than its own", "narrow the statements that allow it"),
  OwnRequestDenied: code(
    "a session may not make its one request, so that nothing can be written",
    "let every layer allow it",
  ),
  MethodNotIam: code("a method of the field gateway is not authorized by IAM", "set `authorization` to `AWS_IAM`"),
  MethodBesidesTheOne: code(
    "the field gateway's API has another method than the one",
    "remove it: one resource with one method is all there is",
  ),
  StageBesidesTheOne: code(
    "the field gateway's API has another stage than the one",
    "remove it: each stage is a way in of its own, with settings of its own",
  ),
  NotTheGateway: code(
    "the field gateway's method does not lead to the gateway's function as its proxy",
    "integrate it with the gateway's function as `AWS_PROXY`",
  ),

  // Invariants 4 to 7
  DigestKeyUnfit: code(
    "the digest key is no HMAC key",
    "make it with the key spec `HMAC_256` to generate and verify MACs",
  ),
  WorkflowNotStandard: code(
    "the workflow is not of type STANDARD, so that a step may run twice",
    "set `type` to `STANDARD`",
  ),
  WriteRetried: code(
    "the workflow repeats a write after an error that may have come after it",
    "repeat only what Lambda's service raises before the function runs",
  ),
  DeadlinesCrossed: code(
    "an outer deadline ends before an inner one",
    "keep gateway < API < connector < broker < task",
  ),
  WaitWithoutEnd: code(
    "the workflow may wait for people for good, so that an old approval is used one day",
    "give the wait a time-out",
  ),
  SwitchNotAsked: code(
    "a function that must ask the switch may not",
    "allow `dynamodb:ConditionCheckItem` on the switch and the breaker",
  ),
  PartsDiffer: code(
    "functions that must work on one table, key, bus or role are told of several",
    "tell all of them of the same",
  ),
  RecordByTerraform: code(
    "Terraform puts a record, or sets the switch, where handlers and people alone should",
    "remove the item; the switch and the breaker are put once, with `ignore_changes` on `item`",
  ),
  RecordsExpire: code("records of the ledger are deleted after a time", "remove `ttl`: what happened is never deleted"),
  ValuesElsewhere: code(
    "something takes HR's values to where nobody of the stack says who reads them",
    "remove it; if a copy is needed, prove the stack that holds it",
  ),
  NotEncrypted: code("a store or a channel is not encrypted as it should be", "name the data key"),
  PlainTextAllowed: code(
    "a queue with events takes requests without TLS",
    "deny requests with `aws:SecureTransport` false",
  ),
  ProtectedUnlike: code("a table is protected less than the others", "protect all tables alike"),
  ValuesLogged: code("a log would hold what passes through", "log no execution data and no bodies"),
  SecretInStack: code(
    "a secret's value is in the stack, and so in Terraform's state",
    "name secrets by their ARNs and read them at run time",
  ),
} as const satisfies Readonly<Record<string, ProofCode>>;
export type CounterexampleCode = keyof typeof COUNTEREXAMPLE_CODES;

/** Every code of what could not be read: it is neither proved nor shown to be wrong. */
export const UNREAD_CODES = {
  UnreadDocument: code(
    "a policy document cannot be judged",
    "write it as literal JSON, in the part of the language that the evaluator knows; what only the apply tells, the next plan knows",
  ),
  UnreadValue: code(
    "a value is not known before the apply, or Terraform computes it",
    "write it as a literal or as a plain reference; what only the apply tells, the next plan knows",
  ),
  UnreadPart: code(
    "a part of the stack is not written out as plain resources with names that can be read",
    "write it out, or prove the plan (`prove --plan`), where names are known",
  ),
  UnreadCode: code(
    "something besides its handler runs as a principal, or decides whom it talks to",
    "take layers, file systems and such variables away; bundle what the handler needs",
  ),
  UnreadWorkflow: code("a workflow cannot be followed to its end", "use JSONPath and literal function names"),
  PartMissing: code(
    "a part that the proof speaks of is not in the stack",
    "declare it, with its tag `writeback:principal` where it is a role",
  ),
  TooManyCases: code(
    "there are more cases than can be tried",
    "use fewer condition keys and wildcards in the statements named",
  ),
} as const satisfies Readonly<Record<string, ProofCode>>;
export type UnreadCode = keyof typeof UNREAD_CODES;
