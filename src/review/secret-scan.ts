import { textsIn } from "./body";
import type { Counterexample, Findings } from "./finding";
import { record, Unreadable, type Resource, type Value } from "./stack";
import type { System } from "./system";

/** Forms of credentials that are recognised wherever they stand. */
const FORMS: readonly (readonly [what: string, form: RegExp])[] = [
  ["an AWS access key", /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/],
  ["a private key", /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/],
  ["a JSON web token", /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/],
  [
    "a token of GitHub, GitLab, Slack or Stripe",
    /\b(?:gh[pousr]_[A-Za-z0-9]{30,}|glpat-[\w-]{20,}|xox[abprs]-[\w-]{10,}|sk_(?:live|test)_\w{16,})/,
  ],
  ["a password in a URL", /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"'$]+:[^\s/:@"'$]+@/i],
  ["a bearer token", /\bbearer\s+[A-Za-z0-9._~+/=-]{16,}/i],
  ["a password", /\b(?:password|passwd|pwd|client_secret)=[^\s"'${}<>&]{6,}/i],
  ["basic credentials", /\bbasic\s+[A-Za-z0-9+/]{16,}={0,2}(?![\w])/i],
];

/** Names of what holds a secret. */
const SECRET_NAME =
  /(?:passw(?:or)?d|passphrase|secret(?!s?_?(?:arn|name|id|manager|policy))|token(?!_?(?:validity|url|endpoint|type|path|lifetime|kms))|api_?key(?!_?(?:source|id|name|required))|private_?key|credential(?!s?_?(?:arn|id|provider)))/i;

/** What a value is that is no secret: a reference, a name, a place, a hash of what is public. */
const NO_SECRET = /^(?:arn:|https?:\/\/|\[|\{|\$|true$|false$|\d+$|[a-f0-9]{64}$|[A-F0-9]{32}$)/;

/** Types whose purpose is to hold a secret's value, and the arguments that do. */
const HOLDERS: Readonly<Partial<Record<string, readonly string[]>>> = {
  aws_api_gateway_api_key: ["value"],
  aws_cloudwatch_event_connection: ["auth_parameters"],
  aws_db_instance: ["password"],
  aws_iam_access_key: ["user"],
  aws_iam_user_login_profile: ["user"],
  aws_secretsmanager_secret_version: ["secret_string", "secret_binary"],
  aws_ssm_parameter: ["value", "value_wo"],
  random_password: ["length"],
  tls_private_key: ["algorithm"],
};

/** Data sources that bring a secret's value into the state. */
const READERS: ReadonlySet<string> = new Set([
  "aws_kms_secrets",
  "aws_secretsmanager_random_password",
  "aws_secretsmanager_secret_version",
  "aws_secretsmanager_secret_versions",
  "aws_ssm_parameter",
]);

/** Whatever in the stack is, or looks like, the value of a secret. The finding never shows it. */
export function proveNoSecrets({ stack }: System): Findings {
  const outputs: Resource[] = Object.entries(stack.outputs).map(([name, value]) => ({
    type: "output",
    name,
    address: `output.${name}`,
    body: { value },
  }));
  const everything = [...stack.all, ...outputs, ...wordsOf(stack)];
  const counterexamples = [
    ...everything.flatMap(secretsIn),
    ...stack.data
      .filter(({ type }) => READERS.has(type))
      .map(({ address }) => found(address, "reads a secret's value into Terraform's state", "")),
  ];
  return {
    counterexamples,
    unread: [],
    evidence:
      counterexamples.length > 0
        ? []
        : [
            {
              invariant: 7,
              text: `no text of ${stack.all.length} resources and ${outputs.length} outputs looks like a secret's value; secrets are named by their ARNs`,
              resources: [],
            },
          ],
  };
}

/** Defaults of variables, and locals: what is written there is in the repository, and mostly in the state too. */
function wordsOf({ rest }: System["stack"]): Resource[] {
  const named = (type: "variable" | "local", blocks: unknown): Resource[] =>
    [blocks].flat().flatMap((block) =>
      Object.entries(record(block)).map(([name, value]) => ({
        type,
        name,
        address: `${type === "variable" ? "var" : "local"}.${name}`,
        body: { value: (type === "variable" ? record(value)["default"] : value) as Value },
      })),
    );
  return [...named("variable", rest["variable"]), ...named("local", rest["locals"])];
}

function found(address: string, problem: string, at: string): Counterexample {
  return {
    code: "SecretInStack",
    invariants: [7],
    message: `\`${address}\` ${problem}${at === "" ? "" : ` (\`${at}\`)`}`,
    resources: [address],
  };
}

function secretsIn(resource: Resource): Counterexample[] {
  const { type, address, body } = resource;
  const held = (HOLDERS[type] ?? []).filter((name) => {
    const value = body[name];
    const isParameter = type === "aws_ssm_parameter" && body["type"] !== "SecureString";
    return value !== undefined && value !== null && !(value instanceof Unreadable) && !isParameter;
  });
  const named = held.map((name) => found(address, "holds a secret's value", name));
  const isWord = type === "output" || type === "variable" || type === "local";
  const texts = textsIn(body).flatMap(({ at, text }) => {
    if (isWord && SECRET_NAME.test(resource.name) && /^(?=\D*\d)[^\s/]{8,}$/.test(text) && !NO_SECRET.test(text))
      return [found(address, "holds what looks like a secret's value", at)];
    const form = FORMS.find(([, pattern]) => pattern.test(text));
    if (form !== undefined) return [found(address, `holds ${form[0]}`, at)];
    return [...looksSecret(at, text), ...secretMembers(at, text)].map((where) =>
      found(address, "holds what looks like a secret's value", where),
    );
  });
  return [...named, ...texts];
}

/** A value under the name of a secret, or in an environment with the looks of one. */
function looksSecret(at: string, text: string): string[] {
  const name = at.split(/[.[]/).at(-1) ?? at;
  if (text === "" || NO_SECRET.test(text)) return [];
  if (SECRET_NAME.test(name) && isEnvironment(at)) return [at];
  return isEnvironment(at) && isRandom(text) ? [at] : [];
}

function isEnvironment(at: string): boolean {
  return /(?:^|\.)environment(?:\[\d+\])?\.variables\b/.test(at);
}

/** Members of a JSON text that have the name of a secret. */
function secretMembers(at: string, text: string): string[] {
  if (!/^[[{]/.test(text) || !isEnvironment(at)) return [];
  try {
    return textsIn(JSON.parse(text) as Parameters<typeof textsIn>[0])
      .filter((member) => {
        const name = member.at.split(/[.[]/).at(-1) ?? "";
        return !NO_SECRET.test(member.text) && member.text !== "" && (SECRET_NAME.test(name) || isRandom(member.text));
      })
      .map((member) => `${at}: ${member.at}`);
  } catch {
    return [];
  }
}

/** Long, of one piece, of letters and digits mixed: nobody chose it as a name. */
function isRandom(text: string): boolean {
  if (!/^[A-Za-z0-9+/=_-]{20,}$/.test(text)) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/].filter((kind) => kind.test(text)).length;
  const digits = (text.match(/[0-9]/g) ?? []).length;
  return kinds === 3
    ? entropy(text) > 3.5
    : kinds === 2 && digits >= text.length / 5 && digits <= text.length * 0.8 && entropy(text) > 3.2 && !/-/.test(text);
}

/** Bits for each character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return -[...counts.values()].reduce((sum, count) => sum + (count / text.length) * Math.log2(count / text.length), 0);
}
