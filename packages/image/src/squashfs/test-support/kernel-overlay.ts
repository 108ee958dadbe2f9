import { execFileSync } from "node:child_process";
import { fileBytes, LINKED_FILE, type LayerDirectory, type LayerNode } from "./layer-stacks.ts";

/** Makes the layers as folders on a tmpfs, mounts the kernel's overlay of them and prints what it shows. */
const SCRIPT = String.raw`
import hashlib, json, os, stat, subprocess, sys

def make_layer(folder, entries):
    os.mkdir(folder)
    for entry in entries:
        path = os.path.join(folder, entry["path"])
        kind = entry["kind"]
        if kind == "directory":
            if entry["path"]: os.mkdir(path)
            if entry["opaque"]: os.setxattr(path, "user.overlay.opaque", b"y")
        elif kind == "file":
            with open(path, "wb") as file: file.write(bytes.fromhex(entry["content"]))
        elif kind == "hardlink": os.link(os.path.join(folder, entry["target"]), path)
        elif kind == "symlink": os.symlink(entry["target"], path)
        elif kind == "fifo": os.mkfifo(path)
        else: os.mknod(path, stat.S_IFCHR | 0o644, 0)
    for entry in reversed(entries):
        path = os.path.join(folder, entry["path"])
        if "mode" in entry: os.chmod(path, entry["mode"])
        if "mtime" in entry: os.utime(path, (entry["mtime"], entry["mtime"]), follow_symlinks=False)

def show(path, lines, links):
    full = os.path.join("merged", path) if path else "merged"
    try: info = os.lstat(full)
    except FileNotFoundError: return  # a whiteout in an unmerged folder is listed, but is not there
    mode = "%o" % (info.st_mode & 0o7777)
    mtime = str(int(info.st_mtime))
    if stat.S_ISDIR(info.st_mode):
        lines.append(f"{path} directory {mode} {mtime} - -")
        for name in sorted(os.listdir(full), key=os.fsencode): show(os.path.join(path, name), lines, links)
    elif stat.S_ISREG(info.st_mode):
        if info.st_ino in links: lines.append(f"{path} hardlink - - {links[info.st_ino]} -")
        else:
            links[info.st_ino] = path
            digest = hashlib.sha256(open(full, "rb").read()).hexdigest()
            lines.append(f"{path} file {mode} {mtime} - {digest}")
    elif stat.S_ISLNK(info.st_mode): lines.append(f"{path} symlink {mode} {mtime} {os.readlink(full)} -")
    elif stat.S_ISFIFO(info.st_mode): lines.append(f"{path} fifo {mode} {mtime} - -")
    else: lines.append(f"{path} unexpected")

def merge(number, stack):
    os.mkdir(f"/mnt/{number}")
    os.chdir(f"/mnt/{number}")
    for index, entries in enumerate(stack): make_layer(f"layer{index}", entries)
    os.mkdir("merged")
    lower = ":".join(f"layer{index}" for index in reversed(range(len(stack))))
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={lower},userxattr", "merged"], check=True)
    lines = []
    show("", lines, {})
    return lines

os.umask(0)
json.dump([merge(number, stack) for number, stack in enumerate(json.load(sys.stdin))], sys.stdout)
`;

const IN_NAMESPACE = ["-Urm", "sh", "-c", 'mount -t tmpfs none /mnt && exec python3 -c "$1"', "sh"];

/** Whether this machine lets us mount an overlay. */
export function hasKernelOverlay(): boolean {
  const probe =
    "mount -t tmpfs none /mnt && cd /mnt && mkdir a b m && mknod b/x c 0 0 && " +
    "mount -t overlay overlay -o lowerdir=b:a,userxattr m && command -v python3";
  try {
    execFileSync("unshare", ["-Urm", "sh", "-c", probe], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** What the kernel's overlay of each stack of layers shows, in the lines of `layer-stacks.ts`. */
export function kernelLines(stacks: readonly (readonly LayerDirectory[])[]): string[][] {
  const input = JSON.stringify(stacks.map((layers) => layers.map((layer) => flatten(layer, "", { first: undefined }))));
  const output = execFileSync("unshare", [...IN_NAMESPACE, SCRIPT], { input, encoding: "utf8" });
  // the script prints a list of lines for each stack
  return JSON.parse(output) as string[][];
}

function flatten(node: LayerNode, path: string, links: { first: string | undefined }): object[] {
  if (node.kind === "directory") {
    const own = { path, kind: "directory", mode: node.mode, mtime: node.mtime, opaque: node.isOpaque };
    const names = Object.keys(node.children).sort();
    return [
      own,
      ...names.flatMap((name) => {
        const child = node.children[name];
        return child === undefined ? [] : flatten(child, path === "" ? name : `${path}/${name}`, links);
      }),
    ];
  }
  if (node.kind === "file") return [flatFile(path, node)];
  if (node.kind === "link") {
    if (links.first !== undefined) return [{ path, kind: "hardlink", target: links.first }];
    links.first = path;
    return [flatFile(path, LINKED_FILE)];
  }
  return [{ ...node, path }];
}

function flatFile(path: string, file: { sizeBytes: number; seed: number; mode: number; mtime: number }): object {
  const content = fileBytes(file.sizeBytes, file.seed).toString("hex");
  return { path, kind: "file", mode: file.mode, mtime: file.mtime, content };
}
