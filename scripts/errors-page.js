// Writes docs/reference/errors.md from the tables of error codes in dist; a test holds the page against them.
import { readdirSync, writeFileSync } from "node:fs";

const dist = new URL("../dist/", import.meta.url);
const rows = [];
for (const room of readdirSync(dist, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  // The command line has no door; its errors are in a file of their own.
  const file = room.name === "cli" ? "errors.js" : "index.js";
  const module = await import(new URL(`${room.name}/${file}`, dist).href);
  for (const [name, value] of Object.entries(module)) {
    if (!name.endsWith("Errors") || typeof value?.table !== "object") continue;
    const meanings = module[`${name.slice(0, -1)}Meanings`] ?? {};
    for (const [code, { fault, meaning = meanings[code] }] of Object.entries(value.table)) {
      rows.push(`| \`${code}\` | ${fault} | ${meaning} |`);
    }
  }
}
writeFileSync(
  new URL("../docs/reference/errors.md", import.meta.url),
  `# Errors

Everything that moteq throws on purpose is a \`MoteqError\` with a \`code\`, a \`fault\` and a message that says what was
received. Codes never change their meaning. \`fault\` says who has to act: the **caller** (a value that cannot work), the
**peer** (a broker or a node said no, or broke the protocol), the **place** (a port in use, no network, no
permission), or **moteq** (a defect of ours: please report it).

\`\`\`ts
import { mqttErrors } from "moteq/mqtt";

try {
  await client.subscribe("secret/#");
} catch (error) {
  if (mqttErrors.is(error, "mqtt/subscribe-refused")) console.log(error.message, error.detail);
  else throw error;
}
\`\`\`

| code | fault | what it means and what to do |
|---|---|---|
${rows.toSorted().join("\n")}
`,
);
