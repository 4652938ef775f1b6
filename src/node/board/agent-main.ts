// The program that a supervisor starts where no image was put into a slot, and in safe mode.
import { runAgent } from "./run-agent.ts";

await runAgent();
