import type { SessionCredentials } from "../../runtime/ports";
import type { ConnectorCode } from "../cloud";
import { INTERNET, type Origin } from "../network";
import type { StoryCloud } from "./cast";
import type { ToldAttack } from "./story";

/** A VPC endpoint of somebody else's: anybody can have one. */
const THEIR_ENDPOINT: Origin = { kind: "endpoint", endpointId: "vpce-0fedcba9876543210" };

/**
 * What a hostile connector could try against the network around it, with a real session that has not been used: carry its credentials
 * elsewhere, and reach something else from where it is. Nothing where the stack has no perimeter.
 */
export async function attackPerimeter(
  cloud: StoryCloud,
  held: { readonly url: string; readonly value: unknown; readonly credentials: SessionCredentials },
  connect: Parameters<ConnectorCode>[1]["connect"],
): Promise<ToldAttack[]> {
  if (!cloud.network.isPrivate) return [];
  const { url, credentials } = held;
  const from = async (name: string, origin: Origin): Promise<ToldAttack> => {
    const body = JSON.stringify({ value: held.value });
    const { status, by } = await cloud.gateway({ method: "PATCH", url, body, credentials, from: origin });
    return { name, refused: status !== 200, by };
  };
  const reached = connect("attacker.example.com");
  return [
    await from("its session from the internet", INTERNET),
    await from("its session at another endpoint", THEIR_ENDPOINT),
    {
      name: "a connection to the internet",
      refused: "refused" in reached,
      by: "refused" in reached ? reached.refused : "",
    },
  ];
}
