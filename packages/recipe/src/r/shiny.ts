import type { Step } from "@repo2singularity/contracts";
import type { RepoTree } from "../tree/repo-tree.ts";
import { joinServerStep } from "../scripts/join-server.ts";
import { createWriteStep } from "../scripts/run-step.ts";
import { userPackagesStep } from "../scripts/user-environment.ts";

/** The file of an app: alone, or the one that has its other half beside it. Source: shiny, `?runApp` */
export function findShinyApp(tree: RepoTree): string | undefined {
  if (tree.readText("app.R") !== undefined) return "app.R";
  return ["server.R", "ui.R"].every((name) => tree.readText(name) !== undefined) ? "server.R" : undefined;
}

/**
 * Where the server reads settings of the whole machine, wherever its environment lies. Of files in the folder
 * `jupyter_server_config.d` it takes nothing but which extensions are enabled.
 */
const settingsFile = "/usr/local/etc/jupyter/jupyter_server_config.json";

/** How many seconds an app may take until it answers. */
const startSeconds = 60;

/**
 * The steps that put an app behind the server, at `/shiny/` and in its launcher. The app is run by R itself, in the
 * session's copy of the repository: Posit's Shiny Server, which runs the apps of many people, has nothing to add.
 * Source: jupyter-server-proxy, "Starting and proxying a process"
 */
export function shinySteps(): readonly Step[] {
  // A socket of the user's own: others of the same machine would find a port. Braces are the proxy's, which puts its path
  // there; a text for a port means a socket to Shiny.
  const socket = 'structure("{unix_socket}", mask = strtoi("077", 8L))';
  const shiny = {
    command: ["Rscript", "-e", `shiny::runApp(".", port = ${socket}, launch.browser = FALSE)`],
    unix_socket: true,
    timeout: startSeconds,
    launcher_entry: { title: "Shiny" },
    new_browser_tab: true,
  };
  const settings = { ServerProxy: { servers: { shiny } } };
  return [
    userPackagesStep("Install the proxy of Shiny", { requirements: ["jupyter-server-proxy>=4,<5"] }),
    joinServerStep(),
    createWriteStep("Put the app behind the server", settingsFile, `${JSON.stringify(settings, undefined, 1)}\n`),
  ];
}
