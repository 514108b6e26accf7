import type { ContextInput } from "./context";
import type { PolicyDocument } from "./document";
import { evaluate, type Evaluation, type Layers } from "./evaluate";

/** A call of `sts:AssumeRole`, with what it asks for. */
export interface AssumeRoleRequest {
  /** Role of the caller, or a service. */
  readonly caller: { readonly roleArn: string; readonly sessionArn?: string } | { readonly service: string };
  /** The role to assume. */
  readonly roleArn: string;
  readonly sessionName: string;
  readonly sourceIdentity?: string;
  /** Session tags. */
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys?: readonly string[];
  /** Further condition keys, as `aws:SourceArn` and `aws:CurrentTime`. */
  readonly context?: ContextInput;
}

export interface AssumeRoleLayers {
  readonly identity: readonly PolicyDocument[];
  readonly boundary?: PolicyDocument;
  readonly session?: PolicyDocument;
  readonly trust: PolicyDocument;
}

/** The action of STS and what each side says to it. */
export interface AssumeRoleStep {
  readonly action: "sts:AssumeRole" | "sts:TagSession" | "sts:SetSourceIdentity";
  /** What AWS answers. */
  readonly combined: Evaluation;
  /** What the trust policy alone says. */
  readonly trust: Evaluation;
  /** What the caller's own policies say. */
  readonly identity: Evaluation;
}

/**
 * The answer to a call of AssumeRole. Within one account a trust policy that names the caller's role suffices for AWS;
 * the trust model demands that both sides name each other, so both are told apart.
 */
export interface AssumeRoleEvaluation {
  /** What AWS answers: every action that the call needs is allowed. */
  readonly decision: "allow" | "deny";
  /** Whether the trust policy allows every action needed. */
  readonly trust: "allow" | "deny";
  /** Whether the caller's own policies allow every action needed. */
  readonly identity: "allow" | "deny";
  /** Of the first action that is denied, or of AssumeRole itself. */
  readonly by: string;
  readonly steps: readonly AssumeRoleStep[];
}

/**
 * Evaluates AssumeRole, and TagSession and SetSourceIdentity where the call carries tags or a source identity. Each action is
 * judged with the condition keys that the Service Authorization Reference lists for it, and no other: a condition on a
 * key of another action would never hold.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html (read 2026-11-23)
 */
export function evaluateAssumeRole(request: AssumeRoleRequest, layers: AssumeRoleLayers): AssumeRoleEvaluation {
  const steps = actionsOf(request).map(({ action, context }) => evaluateStep(request, layers, action, context));
  const side = (of: (step: AssumeRoleStep) => Evaluation): "allow" | "deny" =>
    steps.every((step) => of(step).decision === "allow") ? "allow" : "deny";
  const deciding = steps.find((step) => step.combined.decision === "deny") ?? steps[0];
  return {
    decision: side((step) => step.combined),
    trust: side((step) => step.trust),
    identity: side((step) => step.identity),
    by: deciding === undefined ? "" : `${deciding.action}: ${deciding.combined.by}`,
    steps,
  };
}

function actionsOf(request: AssumeRoleRequest): { action: AssumeRoleStep["action"]; context: ContextInput }[] {
  const { sessionName, sourceIdentity, tags, transitiveTagKeys, context: shared = {} } = request;
  const keys = Object.keys(tags);
  const tagContext: ContextInput = {
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    ...(keys.length === 0 ? {} : { "aws:TagKeys": keys }),
    ...(transitiveTagKeys === undefined || transitiveTagKeys.length === 0
      ? {}
      : { "sts:TransitiveTagKeys": transitiveTagKeys }),
  };
  const identityContext: ContextInput = sourceIdentity === undefined ? {} : { "sts:SourceIdentity": sourceIdentity };
  return [
    {
      action: "sts:AssumeRole",
      context: { ...shared, ...tagContext, ...identityContext, "sts:RoleSessionName": sessionName },
    },
    ...(keys.length === 0 ? [] : [{ action: "sts:TagSession" as const, context: { ...shared, ...tagContext } }]),
    ...(sourceIdentity === undefined
      ? []
      : [{ action: "sts:SetSourceIdentity" as const, context: { ...shared, ...identityContext } }]),
  ];
}

function evaluateStep(
  { caller, roleArn }: AssumeRoleRequest,
  { trust, ...own }: AssumeRoleLayers,
  action: AssumeRoleStep["action"],
  context: ContextInput,
): AssumeRoleStep {
  const base = { action, resource: roleArn, context };
  const assumed = { resource: trust, resourceKind: "trust" as const };
  const ask = (layers: Layers): Evaluation =>
    "service" in caller
      ? evaluate({ ...base, principalService: caller.service }, layers)
      : evaluate({ ...base, principalArn: caller.roleArn, sessionArn: caller.sessionArn }, layers);
  const combined = ask({ ...own, ...assumed });
  return {
    action,
    combined,
    trust: ask({ identity: [ALLOW_ASSUMING], ...assumed }),
    // A service has no policies of its own: the trust policy speaks for both sides.
    identity: "service" in caller ? combined : ask(own),
  };
}

/** Stands in for a caller whose own policies allow everything, so that only the trust policy speaks. */
const ALLOW_ASSUMING: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [
    {
      Sid: "AnyCaller",
      Effect: "Allow",
      Action: ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
      Resource: "*",
    },
  ],
};
