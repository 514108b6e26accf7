import { APPROVER, joiner, World } from "./world";

export const PAYROLL = {
  issuer: "https://idp.example.com",
  subject: "u-3001",
  workerId: "WD-88",
  groups: ["payroll-approvers"],
};
/** Another person of the approver's group. */
export const SECOND = { ...APPROVER, subject: "u-9", workerId: "WD-9" };

/** A change that waits for its approval. */
export async function waiting(field = "manager", value = "WD-500", detail: object = {}, source?: string) {
  const { world, places, digests } = await allWaiting([{ field, value }], detail, source);
  return { world, place: places[0]!, digest: digests[0]! };
}

/** Changes of one request that wait for their approvals, each under the token `token-<n>`, counted from 1. */
export async function allWaiting(
  changes: readonly { readonly field: string; readonly value: string }[],
  detail: object = {},
  source?: string,
  policy?: string,
) {
  const world = new World(policy);
  await world.take(joiner(changes, detail, source));
  const places = changes.map(({ field }, index) => ({ version: 1, requestId: "r-1", index, field }));
  const digests: string[] = [];
  for (const [index, place] of places.entries()) {
    const inspection = await world.inspect({ ...place, phase: "first" });
    expect(inspection.route).toBe("approve");
    await world.requestApproval({
      ...place,
      digest: inspection.digest,
      approvalTimeoutSeconds: inspection.approvalTimeoutSeconds,
      taskToken: `token-${String(index + 1)}`,
    });
    digests.push(inspection.digest);
  }
  return { world, places, digests };
}
