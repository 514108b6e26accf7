import { systemClock } from "../aws/clock";
import { fromEnvironment } from "../aws/environment";
import { createLog } from "../aws/log";
import { createObjects } from "../aws/objects";
import { createStore } from "../aws/store";
import { createHandler } from "../handlers/evidence";

const { controlTable, evidenceUrl } = fromEnvironment(process.env, "controlTable", "evidenceUrl");
const { AWS_REGION: region = "", AWS_ENDPOINT_URL_S3: endpointOfS3, AWS_ENDPOINT_URL: endpoint } = process.env;

/** Entry of the `evidence` function, which the ledger's stream invokes. */
export const handler = createHandler({
  store: createStore({ control: controlTable }),
  archive: createObjects({
    url: evidenceUrl,
    region,
    // Lambda keeps its role's credentials there.
    credentials: () => {
      const { AWS_ACCESS_KEY_ID: id = "", AWS_SECRET_ACCESS_KEY: secret = "", AWS_SESSION_TOKEN: token } = process.env;
      return Promise.resolve({
        accessKeyId: id,
        secretAccessKey: secret,
        ...(token === undefined ? {} : { sessionToken: token }),
      });
    },
    endpoint: endpointOfS3 ?? endpoint,
  }),
  clock: systemClock,
  log: createLog("evidence"),
});
