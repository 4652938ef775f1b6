import { type ExternalProgram, externalPrograms, findProgram } from "./external.ts";

/**
 * Before the tests: says which tests have to be left out on this machine and what would bring them. Where
 * everything must run (MOTEQ_TEST_ALL=1, as on the build machine) a missing program is a failure.
 */
export default function setup(): () => void {
  const missing = (Object.keys(externalPrograms) as ExternalProgram[]).filter((name) => !findProgram(name));
  const lines = missing.map(
    (name) => `left out: tests that use ${name} (Debian: apt-get install ${externalPrograms[name]})`,
  );
  if (missing.length > 0 && process.env["MOTEQ_TEST_ALL"] === "1") {
    throw new Error(`MOTEQ_TEST_ALL is set, but not every test can run.\n${lines.join("\n")}`);
  }
  return () => {
    for (const line of lines) console.log(line);
  };
}
