import { runAgent } from "moteq/node";
import * as blink from "./blink.mjs";

// By the name that board.yaml uses: it takes the place of that file, and gets its configuration.
await runAgent({ modules: { "./blink.mjs": blink } });
