import {
  evaluate,
  IamRequestError,
  type ContextInput,
  type Evaluation,
  type Layers,
  type PolicyDocument,
} from "../iam";
import { ALLOW_ALL } from "./asking";
import { tagContext, type SessionLayers } from "./session-layers";
import type { SessionRequest } from "./session-requests";

export type LayerName = "identity" | "boundary" | "session" | "api";

/** What each of the role's and the session's own layers says by itself; `undefined` where there is no such layer. */
export type Alone = Readonly<Record<Exclude<LayerName, "api">, Evaluation | undefined>>;

/** Answers to requests of sessions for one field: what each layer says by itself, and what they say together. */
export class SessionAnswers {
  private readonly session: PolicyDocument;
  private readonly ownSession: LayerAlone | undefined;

  constructor(
    private readonly layers: SessionLayers,
    field: string,
    /** Answers of the layers that are the same for all fields. */
    private readonly shared: SharedAnswers,
  ) {
    this.session = layers.session(field);
    this.ownSession = layers.hasSession ? new LayerAlone({ identity: [this.session] }, [this.session]) : undefined;
  }

  alone(request: SessionRequest, extra: ContextInput): Alone {
    const { roleArn } = this.layers;
    return {
      identity: this.shared.identity.ask(roleArn, request, extra),
      boundary: this.shared.boundary?.ask(roleArn, request, extra),
      session: this.ownSession?.ask(roleArn, request, extra),
    };
  }

  /** What the API's policy says to somebody who has every right. */
  api(request: SessionRequest, extra: ContextInput): Evaluation | undefined {
    return this.shared.api?.ask(this.layers.roleArn, request, extra);
  }

  /** All layers together, or all but one: an own policy that is lost allows everything, the API's is gone. */
  together(request: SessionRequest, extra: ContextInput, lost?: LayerName): Evaluation {
    const { identity, boundary, api, hasSession } = this.layers;
    const kept = (layer: LayerName, document: PolicyDocument | undefined): PolicyDocument | undefined =>
      lost === layer ? ALLOW_ALL : document;
    return askWith(this.layers.roleArn, request, extra, {
      identity: lost === "identity" ? [ALLOW_ALL] : identity,
      boundary: kept("boundary", boundary),
      session: kept("session", hasSession ? this.session : undefined),
      ...(lost === "api" || api === undefined ? {} : { resource: api }),
    });
  }
}

/** The layers that do not depend on a session's field. */
export class SharedAnswers {
  readonly identity: LayerAlone;
  readonly boundary: LayerAlone | undefined;
  readonly api: LayerAlone | undefined;

  constructor({ identity, boundary, api }: SessionLayers) {
    this.identity = new LayerAlone({ identity }, identity);
    this.boundary = boundary === undefined ? undefined : new LayerAlone({ identity: [boundary] }, [boundary]);
    this.api = api === undefined ? undefined : new LayerAlone({ identity: [ALLOW_ALL], resource: api }, [api]);
  }
}

/** One layer, asked by itself. */
class LayerAlone {
  private readonly asksTags: boolean;
  /** What it said to the last request: requests that differ in their tags follow each other. */
  private last:
    { readonly request: SessionRequest; readonly extra: ContextInput; readonly answer: Evaluation } | undefined;

  constructor(
    private readonly layers: Layers,
    documents: readonly PolicyDocument[],
  ) {
    const text = JSON.stringify(documents).toLowerCase();
    this.asksTags = text.includes("aws:principaltag/");
  }

  ask(roleArn: string, request: SessionRequest, extra: ContextInput): Evaluation {
    const { last } = this;
    if (last !== undefined && last.extra === extra && !this.asksTags && isAlikeButForTags(last.request, request))
      return last.answer;
    const answer = askWith(roleArn, request, extra, this.layers);
    this.last = { request, extra, answer };
    return answer;
  }
}

function isAlikeButForTags(a: SessionRequest, b: SessionRequest): boolean {
  return a.resource === b.resource && a.at === b.at && a.action === b.action;
}

/** A condition that has no certain meaning for a request of a session. */
export class UnclearConditionError extends Error {
  override readonly name = "UnclearConditionError";
}

function askWith(roleArn: string, request: SessionRequest, extra: ContextInput, layers: Layers): Evaluation {
  const { action, resource, tags, at } = request;
  try {
    return evaluate({ principalArn: roleArn, action, resource, context: tagContext(tags, at, extra) }, layers);
  } catch (error) {
    if (error instanceof IamRequestError) throw new UnclearConditionError(error.message, { cause: error });
    throw error;
  }
}
