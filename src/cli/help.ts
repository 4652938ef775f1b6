import type { Command } from "commander";

/** Of more options than this `--help` tells. */
const mostNamed = 8;

/**
 * Has each command say where its help is and which options it takes, also those that it has from the commands above it;
 * `help` names a command that is not there.
 *
 * @param words how the command is called, as `moteq board`
 */
export function completeHelp(command: Command, words: string, shared: readonly string[] = []): void {
  const own = command.options.map(({ long, short }) => long ?? short ?? "");
  // Those of a command that has commands, or very many, are too much for a line.
  const isShort = command.commands.length === 0 && own.length <= mostNamed;
  const known = isShort ? [own.join(", "), ...shared].filter(Boolean) : [];
  const tail = known.length > 0 ? `; it takes ${known.join(", and ")}` : "";
  command.showHelpAfterError(`(${words} --help shows how it is called${tail})`);
  if (shared.length > 0) command.configureHelp({ ...command.configureHelp(), showGlobalOptions: true });
  // What the program itself takes is no matter of its commands.
  const below = command.parent && own.length > 0 ? [...shared, `what all of \`${words}\` take`] : shared;
  for (const one of command.commands) completeHelp(one, `${words} ${one.name()}`, below);
  // Commander's own needs no option that all commands need.
  if (command.commands.length > 0 && !command.options.some(({ mandatory }) => mandatory))
    addHelpCommand(command);
}

/** In place of commander's own, which shows all help when it does not know what is meant. */
function addHelpCommand(parent: Command): void {
  parent
    .helpCommand(false)
    .command("help [command]")
    .description("display help for command")
    .action((name: string | undefined) => {
      const named = parent.commands.find((one) => one.name() === name || one.aliases().includes(name ?? ""));
      if (name !== undefined && !named)
        parent.error(`error: unknown command '${name}'`, { code: "commander.unknownCommand" });
      (named ?? parent).help();
    });
}
