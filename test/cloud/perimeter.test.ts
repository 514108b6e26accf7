import { tellsTheStoryDeployed } from "./story";

tellsTheStoryDeployed("perimeter", ["its session from the internet", "a connection to the internet"]);
