/** What an image runs by itself: as OCI images have it, arguments take the place of `cmd` and follow `entrypoint`. */
export interface OwnCommand {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

/**
 * The words with which an image starts Jupyter, to be followed by options of the server.
 * @param own what the image itself runs; our images, which run Jupyter Lab, have none
 * @returns `undefined` for an image that runs something else
 */
export function jupyterWords(own: OwnCommand | undefined): readonly string[] | undefined {
  if (own === undefined) return ["jupyter", "lab"];
  if (subcommandOf(own.entrypoint) !== undefined) return [];
  const words = own.cmd.length === 3 && own.cmd[1] === "-c" ? (own.cmd[2] ?? "").split(/\s+/) : own.cmd;
  const subcommand = subcommandOf(words);
  return subcommand === undefined ? undefined : ["jupyter", subcommand];
}

/** The server that `jupyter lab …`, `jupyter-notebook …` and the like start. */
function subcommandOf(words: readonly string[]): string | undefined {
  const text = words.map((word) => word.slice(word.lastIndexOf("/") + 1)).join(" ");
  return /(?:^|\s)jupyter[ -](?<name>lab|notebook|server)(?:\s|$)/.exec(text)?.groups?.["name"];
}
