import { witnessesOf, type PolicyDocument, type Statement } from "../iam";
import type { Caller } from "./asking";
import type { System } from "./system";

/**
 * Roles of the account that the stack does not know, as far as a document can tell them apart: one of a name that nothing mentions, and
 * one for each way to match the wildcards that it compares `aws:PrincipalArn` with.
 */
export function strangersTo({ stack, principals }: System, document: PolicyDocument): Caller[] {
  const own = new Set(principals.map(({ arn }) => arn));
  const role = `arn:${stack.partition}:iam::${stack.accountId}:role/`;
  const compared = document.Statement.flatMap(valuesOfPrincipalArn);
  const literals = new Set(compared.filter(({ isPattern }) => !isPattern).map(({ text }) => text));
  const wild = compared.filter(({ isPattern }) => isPattern).map(({ text }) => text);
  const matching = wild.length === 0 ? [] : witnessesOf([...wild, ...literals, ...own]).texts;
  const arns = [`${role}nobody-that-the-stack-knows`, ...matching.filter((arn) => arn.startsWith(role))];
  return [...new Set(arns)]
    .filter((arn) => !own.has(arn) && !literals.has(arn))
    .map((arn, index) => ({ label: index === 0 ? "any other role of the account" : `the role ${arn}`, arn }));
}

/** The ARNs that a document compares the caller with, in full. */
export function principalsCompared(document: PolicyDocument): string[] {
  return document.Statement.flatMap(valuesOfPrincipalArn).flatMap(({ isPattern, text }) => (isPattern ? [] : [text]));
}

function valuesOfPrincipalArn({
  Condition: condition,
}: Statement): { readonly text: string; readonly isPattern: boolean }[] {
  return Object.entries(condition ?? {}).flatMap(([operator, keys]) => {
    const knowsWildcards = /Like|Arn/.test(operator);
    return Object.entries(keys).flatMap(([key, value]) =>
      key.toLowerCase() === "aws:principalarn"
        ? [value].flat().map((text) => ({ text, isPattern: knowsWildcards && /[*?]/.test(text) }))
        : [],
    );
  });
}
