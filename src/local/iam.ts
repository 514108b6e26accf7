import { PRINCIPAL_TAG } from "../core";
import {
  evaluate,
  evaluateAssumeRole,
  type AccessRequest,
  type AssumeRoleRequest,
  type ContextInput,
  type Evaluation,
  type Layers,
  type PolicyDocument,
} from "../iam";
import type { Stack } from "./stack";

/** A role with its documents, as the synthesized stack declares them. */
export interface LocalRole {
  readonly name: string;
  readonly arn: string;
  /** Value of the tag `writeback:principal`. */
  readonly principal: string;
  readonly trust: PolicyDocument;
  readonly identity: readonly PolicyDocument[];
  readonly boundary?: PolicyDocument;
}

/** IAM refused a call. `by` names the layer and the statement. */
export class AccessDenied extends Error {
  override readonly name = "AccessDenied";

  constructor(
    readonly action: string,
    readonly by: string,
  ) {
    super(`${action} is not allowed: ${by}`);
  }
}

/** What a call is held against besides the caller's own documents. */
export interface CallOptions {
  readonly context?: ContextInput;
  readonly resourcePolicy?: PolicyDocument;
  readonly resourceKind?: "may-allow" | "must-allow";
}

/** A call that IAM was asked about, as CloudTrail would record it: who, what, on what, with which condition keys. */
export interface TrailLine {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly context: ContextInput;
  readonly allowed: boolean;
}

/** The stack's identities: every decision is the evaluator's over the synthesized documents. */
export class LocalIam {
  readonly #roles: Map<string, LocalRole>;
  readonly #managed: ReadonlyMap<string, PolicyDocument>;

  constructor(
    stack: Stack,
    private readonly now: () => number,
    /** Every call so far. */
    readonly trail: TrailLine[] = [],
  ) {
    const policies = stack.resources("aws_iam_policy").map(({ body }) => ({
      arn: `arn:aws:iam::${stack.accountId}:policy/${text(body["name"])}`,
      document: documentOf(body["policy"]),
    }));
    const managed = (arn: unknown): PolicyDocument | undefined =>
      policies.find((policy) => policy.arn === arn)?.document;
    this.#managed = new Map(policies.map(({ arn, document }) => [arn, document]));
    const inline = stack.resources("aws_iam_role_policy");
    const attached = stack.resources("aws_iam_role_policy_attachment");
    this.#roles = new Map(
      stack.resources("aws_iam_role").map(({ body }) => {
        const name = text(body["name"]);
        const boundary = managed(body["permissions_boundary"]);
        if (body["permissions_boundary"] !== undefined && boundary === undefined) {
          throw new Error(`the boundary of role ${name} is not in the stack`);
        }
        const role: LocalRole = {
          name,
          arn: `arn:aws:iam::${stack.accountId}:role/${name}`,
          principal: (body["tags"] as Record<string, string> | undefined)?.[PRINCIPAL_TAG] ?? "",
          trust: documentOf(body["assume_role_policy"]),
          identity: [
            ...inline
              .filter((policy) => policy.body["role"] === name)
              .map((policy) => documentOf(policy.body["policy"])),
            ...attached
              .filter((attachment) => attachment.body["role"] === name)
              .flatMap((attachment) => managed(attachment.body["policy_arn"]) ?? []),
          ],
          ...(boundary === undefined ? {} : { boundary }),
        };
        return [role.arn, role];
      }),
    );
  }

  /** The role of this ARN. Throws where the stack has none. */
  role(arn: string): LocalRole {
    const role = this.#roles.get(arn);
    if (role === undefined) throw new Error(`the stack declares no role ${arn}`);
    return role;
  }

  /** Attaches a managed policy of the stack to a role, for whoever may. A second time it changes nothing. */
  attach(roleArn: string, policyArn: string): void {
    const role = this.role(roleArn);
    const document = this.#managed.get(policyArn);
    if (document === undefined) throw new Error(`the stack declares no policy ${policyArn}`);
    if (role.identity.includes(document)) return;
    this.#roles.set(roleArn, { ...role, identity: [...role.identity, document] });
  }

  /** Takes it away again. */
  detach(roleArn: string, policyArn: string): void {
    const role = this.role(roleArn);
    const document = this.#managed.get(policyArn);
    this.#roles.set(roleArn, { ...role, identity: role.identity.filter((each) => each !== document) });
  }

  isAttached(roleArn: string, policyArn: string): boolean {
    const document = this.#managed.get(policyArn);
    return document !== undefined && this.role(roleArn).identity.includes(document);
  }

  /** The one role of a principal. */
  principal(principal: string): LocalRole {
    const [role, ...others] = [...this.#roles.values()].filter((candidate) => candidate.principal === principal);
    if (role === undefined || others.length > 0) throw new Error(`expected one role of the principal ${principal}`);
    return role;
  }

  /** Throws `AccessDenied` unless IAM allows the call of a role of the stack. */
  authorize(role: LocalRole, action: string, resource: string, options: CallOptions = {}): void {
    const request = { principalArn: role.arn, action, resource, context: this.#context(options.context) };
    const { resourcePolicy, resourceKind } = options;
    this.#demand(
      request,
      evaluate(request, { identity: role.identity, boundary: role.boundary, resource: resourcePolicy, resourceKind }),
    );
  }

  /** The same for a principal that is not the stack's: it has no documents here, so the resource must name it. */
  authorizeOutsider(arn: string, action: string, resource: string, options: CallOptions): void {
    const request = { principalArn: arn, action, resource, context: this.#context(options.context) };
    const { resourcePolicy, resourceKind } = options;
    this.#demand(request, evaluate(request, { identity: [], resource: resourcePolicy, resourceKind }));
  }

  /** The same for an AWS service that acts for one of its own resources (`aws:SourceArn` in the context). */
  authorizeService(service: string, action: string, resource: string, options: CallOptions): void {
    const request = { principalService: service, action, resource, context: this.#context(options.context) };
    this.#demand(request, evaluate(request, { identity: [], resource: options.resourcePolicy }));
  }

  /**
   * Throws `AccessDenied` unless AWS allows the call **and** both sides name each other, as the trust model demands.
   */
  authorizeAssumeRole(caller: LocalRole, request: Omit<AssumeRoleRequest, "caller">): void {
    const answer = evaluateAssumeRole(
      { ...request, caller: { roleArn: caller.arn }, context: this.#context(request.context) },
      { identity: caller.identity, boundary: caller.boundary, trust: this.role(request.roleArn).trust },
    );
    const allowed = answer.decision === "allow" && answer.trust === "allow" && answer.identity === "allow";
    const { sessionName, tags } = request;
    this.#record("sts:AssumeRole", request.roleArn, caller.arn, { sessionName, ...tags, ...request.context }, allowed);
    if (!allowed) throw new AccessDenied("sts:AssumeRole", answer.by);
  }

  /** Evaluates a request of a session of a role. */
  evaluateSession(
    role: LocalRole,
    session: { readonly arn: string; readonly policy: PolicyDocument; readonly context: ContextInput },
    action: string,
    resource: string,
    others: Pick<Layers, "endpoint" | "resource">,
  ): Evaluation {
    // As the role is now: a policy that was attached since counts for sessions of before.
    const { identity, boundary } = this.role(role.arn);
    return evaluate(
      { principalArn: role.arn, sessionArn: session.arn, action, resource, context: this.#context(session.context) },
      { identity, boundary, session: session.policy, ...others },
    );
  }

  #context(context: ContextInput = {}): ContextInput {
    return { "aws:CurrentTime": new Date(this.now()).toISOString(), "aws:SecureTransport": "true", ...context };
  }

  #demand(request: AccessRequest, { decision, by }: Evaluation): void {
    const allowed = decision === "allow";
    const principal = request.principalArn ?? request.principalService;
    this.#record(request.action, request.resource, principal, request.context, allowed);
    if (!allowed) throw new AccessDenied(request.action, by);
  }

  #record(action: string, resource: string, principal: string, context: ContextInput, allowed: boolean): void {
    this.trail.push({ principal, action, resource, context, allowed });
  }
}

/** A policy document out of a resource's argument. */
export function documentOf(argument: unknown): PolicyDocument {
  return JSON.parse(text(argument)) as PolicyDocument;
}

/** An argument that must be text. */
export function text(argument: unknown): string {
  if (typeof argument !== "string") throw new Error(`expected text in the synthesized stack, found ${typeof argument}`);
  return argument;
}
