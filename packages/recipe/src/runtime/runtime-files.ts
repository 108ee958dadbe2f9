import { imageLayout, imagePathPrefix } from "../scripts/image-layout.ts";
import { createWriteStep, type WriteStep } from "../scripts/run-step.ts";
import { bundleProgram } from "./bundle-program.ts";
import { entryProgram } from "./entry-program.ts";
import { jupyterProgram } from "./jupyter-program.ts";
import { ipythonWrapper, jupyterWrapper } from "./jupyter-wrapper.ts";
import { sessionProgram } from "./session-program.ts";

/** A login shell of Debian and its kin begins with a PATH of its own; terminals of Jupyter are login shells. */
const profile = `case ":$PATH:" in
*:${imageLayout.bin}:*) ;;
*) PATH=${imagePathPrefix.join(":")}:$PATH; export PATH ;;
esac
`;

/** The steps that write our own programs into the image. */
export function runtimeFileSteps(): WriteStep[] {
  const { bin, programs } = imageLayout;
  return [
    createWriteStep("Write the session program", `${programs}/session.py`, sessionProgram),
    createWriteStep("Write the entry program", `${programs}/run.py`, entryProgram),
    createWriteStep("Write the start-up finder", `${programs}/bundle.py`, bundleProgram),
    createWriteStep("Write the jupyter program", `${programs}/jupyter.py`, jupyterProgram),
    createWriteStep("Write the jupyter wrapper", `${bin}/jupyter-wrapper`, jupyterWrapper, 0o755),
    createWriteStep("Write the ipython command", `${bin}/ipython`, ipythonWrapper, 0o755),
    createWriteStep("Write the login profile", "/etc/profile.d/repo2singularity.sh", profile),
  ];
}
