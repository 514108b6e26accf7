import type { Statement } from "../../src/iam";

/** Any JSON object that may be changed. */
export type Tree = Record<string, unknown>;

/** A statement that may be changed. */
export type Editable = { -readonly [Key in keyof Statement]: Statement[Key] };

interface EditableDocument {
  Version: string;
  Statement: Editable[];
}

/**
 * A synthesized stack in somebody's hands: a copy to be changed as one would in an editor. Parts are found as the design promises that they
 * can be found: by type, by role tag, by logical names that contain the principal.
 */
export class Hand {
  readonly json: Tree;

  constructor(json: unknown) {
    this.json = structuredClone(json) as Tree;
  }

  /** Arguments of the only resource of a type whose logical name holds `part`, or of the only one that ends with it, and its address. */
  find(type: string, part = ""): { readonly address: string; readonly name: string; readonly body: Tree } {
    const found = Object.entries(this.ofType(type)).filter(([name]) => name.includes(part));
    const ending = found.filter(([name]) => name.endsWith(part));
    const [only, ...others] = ending.length === 1 ? ending : found;
    if (only === undefined || others.length > 0) throw new Error(`found ${found.length} of ${type} *${part}*`);
    return { address: `${type}.${only[0]}`, name: only[0], body: only[1] };
  }

  ofType(type: string): Record<string, Tree> {
    const resources = this.json["resource"] as Record<string, Record<string, Tree>>;
    return resources[type] ?? {};
  }

  add(type: string, name: string, body: Tree): string {
    const resources = this.json["resource"] as Record<string, Record<string, Tree>>;
    resources[type] = { ...resources[type], [name]: body };
    return `${type}.${name}`;
  }

  remove(type: string, part: string): void {
    const resources = this.json["resource"] as Record<string, Record<string, Tree>>;
    const { name } = this.find(type, part);
    resources[type] = Object.fromEntries(Object.entries(resources[type] ?? {}).filter(([each]) => each !== name));
  }

  /** The role of a principal, by its tag. */
  role(principal: string): { readonly address: string; readonly name: string; readonly body: Tree } {
    const found = Object.entries(this.ofType("aws_iam_role")).find(
      ([, body]) => (body["tags"] as Tree | undefined)?.["writeback:principal"] === principal,
    );
    if (found === undefined) throw new Error(`no role is tagged ${principal}`);
    return { address: `aws_iam_role.${found[0]}`, name: found[0], body: found[1] };
  }

  /** The inline policy of a principal's role. */
  policy(principal: string): { readonly address: string; readonly body: Tree } {
    const role = this.role(principal);
    const found = Object.entries(this.ofType("aws_iam_role_policy")).find(([, body]) =>
      String(body["role"]).includes(`aws_iam_role.${role.name}.`),
    );
    if (found === undefined) throw new Error(`${principal} has no policy`);
    return { address: `aws_iam_role_policy.${found[0]}`, body: found[1] };
  }

  /** The function that runs as a principal. */
  fn(principal: string): { readonly address: string; readonly name: string; readonly body: Tree } {
    const role = this.role(principal);
    const found = Object.entries(this.ofType("aws_lambda_function")).find(([, body]) =>
      String(body["role"]).includes(`aws_iam_role.${role.name}.`),
    );
    if (found === undefined) throw new Error(`nothing runs as ${principal}`);
    return { address: `aws_lambda_function.${found[0]}`, name: found[0], body: found[1] };
  }

  /** The ARN that a role will have. */
  roleArn(principal: string): string {
    return `arn:aws:iam::111122223333:role/${String(this.role(principal).body["name"])}`;
  }

  functionArn(principal: string): string {
    return `arn:aws:lambda:eu-west-1:111122223333:function:${String(this.fn(principal).body["function_name"])}`;
  }

  /** Changes the JSON document in an argument. */
  document(at: { readonly body: Tree }, attribute: string, change: (document: EditableDocument) => void): void {
    const document = JSON.parse(String(at.body[attribute])) as EditableDocument;
    change(document);
    at.body[attribute] = JSON.stringify(document);
  }

  /** Changes the identity policy of a principal; the address of what was changed. */
  identity(principal: string, change: (document: EditableDocument) => void): string {
    const policy = this.policy(principal);
    this.document(policy, "policy", change);
    return policy.address;
  }

  /** Gives a principal one more statement. */
  allow(principal: string, statement: Partial<Statement>): string {
    return this.identity(principal, (document) =>
      document.Statement.push({ Sid: "Added", Effect: "Allow", ...statement }),
    );
  }

  trust(principal: string, change: (document: EditableDocument) => void): string {
    const role = this.role(principal);
    this.document(role, "assume_role_policy", change);
    return role.address;
  }

  boundary(change: (document: EditableDocument) => void): string {
    const boundary = this.find("aws_iam_policy", "boundary");
    this.document(boundary, "policy", change);
    return boundary.address;
  }

  api(change: (document: EditableDocument) => void): string {
    const policy = this.find("aws_api_gateway_rest_api_policy");
    this.document(policy, "policy", change);
    return policy.address;
  }

  bus(change: (document: EditableDocument) => void): string {
    const policy = this.find("aws_cloudwatch_event_bus_policy");
    this.document(policy, "policy", change);
    return policy.address;
  }

  /** The policy of the queue that intake reads. */
  queue(change: (document: EditableDocument) => void): string {
    const policy = this.find("aws_sqs_queue_policy", "_queue-policy");
    this.document(policy, "policy", change);
    return policy.address;
  }

  /** The policy of the bucket that evidence is kept in. */
  bucket(change: (document: EditableDocument) => void): string {
    const policy = this.find("aws_s3_bucket_policy", "audit_archive");
    this.document(policy, "policy", change);
    return policy.address;
  }

  key(part: "data" | "digest", change: (document: EditableDocument) => void): string {
    const policy = this.find("aws_kms_key_policy", part);
    this.document(policy, "policy", change);
    return policy.address;
  }

  /** Changes the workflow; the scope of one change is handed over too. */
  workflow(change: (scope: Record<string, Tree>, machine: Tree) => void): string {
    const machine = this.find("aws_sfn_state_machine", "_workflow_state-machine");
    const definition = JSON.parse(String(machine.body["definition"])) as Tree;
    const states = definition["States"] as Record<string, Tree>;
    const map = Object.values(states).find(({ Type }) => Type === "Map");
    if (map === undefined) throw new Error("the workflow has no Map");
    change((map["ItemProcessor"] as { States: Record<string, Tree> }).States, definition);
    machine.body["definition"] = JSON.stringify(definition);
    return machine.address;
  }

  /** Session policy in the broker's environment. */
  session(change: (document: EditableDocument) => void): string {
    const broker = this.fn("broker");
    const variables = (broker.body["environment"] as { variables: Tree }).variables;
    this.document({ body: variables }, "SESSION_POLICY_TEMPLATE", change);
    return broker.address;
  }
}

/** The statement of a document that mentions a text. */
export function mentioning(document: { Statement: Editable[] }, text: string, effect?: "Allow" | "Deny"): Editable {
  const found = document.Statement.find(
    (statement) => JSON.stringify(statement).includes(text) && (effect === undefined || statement.Effect === effect),
  );
  if (found === undefined) throw new Error(`no statement mentions ${text}`);
  return found;
}

/** Takes the statements out that mention a text. */
export function without(document: { Statement: Editable[] }, text: string, effect: "Allow" | "Deny" = "Deny"): void {
  const kept = document.Statement.filter(
    (statement) => statement.Effect !== effect || !JSON.stringify(statement).includes(text),
  );
  if (kept.length === document.Statement.length) throw new Error(`no ${effect} mentions ${text}`);
  document.Statement = kept;
}

/** Takes one key, or all keys, of an operator out of a statement's conditions. */
export function withoutTest(statement: Editable, operator: string, key?: string): void {
  const tests = Object.entries(statement.Condition ?? {}).map(([name, keys]): [string, Tree] => [
    name,
    Object.fromEntries(
      Object.entries(keys).filter(([each]) => name !== operator || (key !== undefined && each !== key)),
    ),
  ]);
  const kept = Object.fromEntries(tests.filter(([, keys]) => Object.keys(keys).length > 0));
  if (JSON.stringify(kept) === JSON.stringify(statement.Condition)) throw new Error(`no ${operator} ${key ?? ""}`);
  if (Object.keys(kept).length === 0) delete statement.Condition;
  else statement.Condition = kept as Statement["Condition"];
}
