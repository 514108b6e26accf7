import { stopsDeployed } from "./stop";
import { tellsTheStoryDeployed } from "./story";

tellsTheStoryDeployed(
  "acme",
  ["another field", "another value", "its grant a second time", "an expired session"],
  stopsDeployed,
);
