import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { execFileSync, spawnSync } from "node:child_process";
import path from "node:path";
import { sha256Hex } from "@repo2singularity/base";
import { hasBusybox } from "@repo2singularity/testkit";
import { describe, expect, test } from "vitest";
import { containerRepository } from "./support/container-repository.ts";
import { type Ended, repo2singularity, type RunOptions } from "./support/program.ts";
import { setMirrors } from "./support/user-config.ts";
import { allUsers, type User } from "./support/users.ts";

const minutes = 60_000;
const canBuild = await hasBusybox();

interface Built extends Ended {
  /** The sandbox. */
  readonly root: string;
  read(name: string): string;
}

async function build(
  user: User,
  files: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  options: RunOptions & { readonly prepare?: (repository: string) => void } = {},
): Promise<Built> {
  const { repository, base } = await containerRepository(user, files);
  options.prepare?.(repository);
  const root = path.join(path.dirname(repository), "sandbox");
  const contexts = ["--build-context", `busybox=${base}`];
  const ended = await repo2singularity(user, ["--sandbox", root, ...contexts, ...args, repository], options);
  return { ...ended, root, read: (name) => readFileSync(path.join(root, name), "utf8") };
}

const full = `# syntax=docker/dockerfile:1
ARG BASE=busybox
FROM \${BASE} AS tools
WORKDIR /work
COPY <<'EOF' tool
#!/bin/sh
echo "tool $*"
EOF
RUN chmod 755 tool && mkdir -p deep/er && touch deep/er/file && ln -s tool link

FROM \${BASE}
ARG WHO=nobody
ENV GREETING="hello $WHO" PATH=/opt/bin:$PATH
COPY --from=tools /work/tool /opt/bin/
COPY --from=tools --chmod=600 /work/link /opt/copied
COPY --from=tools /work/ /opt/work
WORKDIR /srv/app
COPY *.txt sub/ ./
COPY --parents a/b/c.txt ./
ADD archive.tar.gz /unpacked/
RUN --mount=type=cache,target=/root/.cache/x --mount=type=bind,source=sub,target=/mnt/sub <<EOF
set -e
echo once >> /root/.cache/x/count
cat /mnt/sub/s > seen
echo "$GREETING" > greeting
touch /tmp/kept
EOF
RUN ["sh", "-c", "test -f /tmp/kept && echo exec > exec"]
USER somebody
RUN echo "$HOME" > home
RUN --network=none cat /proc/net/dev > net
LABEL org.example.who=$WHO
ENTRYPOINT ["tool"]
CMD ["by", "default"]
`;

const files = {
  Dockerfile: full,
  ".dockerignore": "Dockerfile\nhidden.txt\n",
  "one.txt": "1",
  "hidden.txt": "no",
  "sub/s": "s\n",
  "a/b/c.txt": "c",
  "packed/inner/file": "packed\n",
};

/** The same bytes each time: without the time of the day. */
const archive = (repository: string): void => {
  const options = ["-C", path.join(repository, "packed"), "--mtime=@0", "--owner=0", "--group=0", "-I", "gzip -n"];
  execFileSync("tar", [...options, "-cf", path.join(repository, "archive.tar.gz"), "inner"]);
};

describe.runIf(canBuild).each(allUsers())("a Dockerfile built by $name", (user) => {
  test(
    "has every instruction's effect",
    async () => {
      const built = await build(user, files, ["--build-arg", "WHO=you"], { prepare: archive });

      expect(built.stderr).not.toContain("error");
      expect(built.status).toBe(0);
      expect(built.read("srv/app/greeting")).toBe("hello you\n");
      expect(built.read("srv/app/seen")).toBe("s\n");
      expect(built.read("srv/app/exec")).toBe("exec\n");
      expect(built.read("srv/app/home")).toBe("/home/somebody\n");
      expect(built.read("srv/app/s")).toBe("s\n");
      expect(built.read("srv/app/a/b/c.txt")).toBe("c");
      expect(built.read("unpacked/inner/file")).toBe("packed\n");
      expect(existsSync(path.join(built.root, "srv/app/hidden.txt"))).toBe(false);
      expect(lstatSync(path.join(built.root, "opt/bin/tool")).mode & 0o777).toBe(0o755);
      expect(lstatSync(path.join(built.root, "opt/copied")).mode & 0o777).toBe(0o600);
      expect(built.read("opt/work/deep/er/file")).toBe("");
      expect(readlinkSync(path.join(built.root, "opt/work/link"))).toBe("tool");
      expect(existsSync(path.join(built.root, "tmp/kept"))).toBe(true);
      expect(existsSync(path.join(built.root, "mnt/sub"))).toBe(false);
      expect(existsSync(path.join(built.root, "root/.cache"))).toBe(false);
      expect(built.read(".singularity.d/runscript")).toContain("exec tool");
      expect(built.read(".singularity.d/env/10-docker2singularity.sh")).toContain("export GREETING='hello you'\n");
      expect(JSON.parse(built.read(".singularity.d/labels.json"))).toMatchObject({ "org.example.who": "you" });
    },
    5 * minutes,
  );

  test(
    "an edit of the last line redoes only it, a comment nothing, and a target stops early",
    async () => {
      const first = await build(user, files, [], { prepare: archive });
      const edited = { ...files, Dockerfile: full.replace("cat /proc/net/dev > net", "echo none > net") };
      const second = await build(user, edited, [], { prepare: archive });
      const third = await build(user, { ...files, Dockerfile: `# more\n\n${full}` }, [], { prepare: archive });
      const target = await build(user, { ...files, Dockerfile: full.replaceAll("ENTRYPOINT", "#") }, [
        "--target",
        "tools",
      ]);

      const redone = ({ stderr }: Ended): string[] =>
        stderr.split("\n").filter((line) => /^\s+\S+:\d+ done/.test(line));
      expect(redone(first).length).toBeGreaterThanOrEqual(0);
      expect(redone(second)).toHaveLength(1);
      expect(second.read("srv/app/net")).toBe("none\n");
      expect(redone(third)).toEqual([]);
      expect(redone(target)).toEqual([]);
      expect(target.read("work/tool")).toContain("tool");
    },
    5 * minutes,
  );

  test(
    "a secret is there for its step, and nowhere else",
    async () => {
      const text =
        "FROM busybox\nRUN --mount=type=secret,id=token cat /run/secrets/token | wc -c > /size; cat /run/secrets/token\nRUN --mount=type=secret,id=token,env=TOKEN echo ${#TOKEN} > /length\n";
      const missing = await build(user, { Dockerfile: text });
      const value = "s3cr3t-t0ken-value";
      const built = await build(user, { Dockerfile: text }, ["--debug", "--secret", "id=token,env=MY_TOKEN"], {
        env: { MY_TOKEN: value },
      });

      expect(missing.status).toBe(2);
      expect(missing.stderr).toMatch(/asks for the secret token[\s\S]*--secret id=token,src=FILE/);
      expect(built.status).toBe(0);
      expect(built.read("size").trim()).toBe(String(value.length));
      expect(built.read("length").trim()).toBe(String(value.length));
      expect(built.stderr).toContain("****");
      expect(built.stderr + built.stdout).not.toContain(value);
      expect(spawnSync("grep", ["-rlF", value, built.root, user.cacheHome], { encoding: "utf8" }).stdout).toBe("");
      expect(existsSync(path.join(built.root, "run/secrets"))).toBe(false);
    },
    5 * minutes,
  );

  test(
    "ADD fetches a URL and checks it",
    async () => {
      const server = createServer((_request, answer) => answer.end("fetched\n")).listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/d/file.txt`; // it listens on a port
      setMirrors(user, { gitlab: new URL(url).origin }); // a server of this machine is reached when settings name it
      const text = (sum: string): string => `FROM busybox\nADD --checksum=sha256:${sum} --chmod=644 ${url} /got/\n`;

      const built = await build(user, { Dockerfile: text(sha256Hex("fetched\n")) });
      const wrong = await build(user, { Dockerfile: text("0".repeat(64)) });
      setMirrors(user, {});
      const refused = await build(user, { Dockerfile: `FROM busybox\nADD ${url}?again /got/\n` });
      server.close();

      expect(built.read("got/file.txt")).toBe("fetched\n");
      expect(wrong.status).toBe(1);
      expect(wrong.stderr).toContain("is not what its checksum says");
      expect(refused.status).toBe(1);
      expect(refused.stderr).toContain("steps may not reach it");
    },
    5 * minutes,
  );
});

describe.runIf(canBuild).each(allUsers())("a hostile Dockerfile of $name", (user) => {
  const outside = (repository: string): string => path.join(path.dirname(repository), "outside");
  const make = (repository: string): void => {
    mkdirSync(outside(repository));
    writeFileSync(path.join(outside(repository), "secret"), "secret of the host\n");
  };

  test(
    "cannot copy what a link of the repository leads to outside",
    async () => {
      const built = await build(user, { Dockerfile: "FROM busybox\nCOPY link/secret /x\n" }, [], {
        prepare: (repository) => {
          make(repository);
          symlinkSync("../outside", path.join(repository, "link"));
        },
      });

      expect(built.status).toBe(1);
      expect(built.stderr).toMatch(/link\/secret is not there/);
    },
    5 * minutes,
  );

  test(
    "cannot write through links of its base or of an archive to the host",
    async () => {
      const text =
        "FROM busybox\nRUN ln -s ../../../../../../outside /out && ln -s /outside /abs\nCOPY f /out/f\nADD evil.tar /e/\n";
      const built = await build(user, { Dockerfile: text, f: "1", "evil/x": "" }, [], {
        prepare: (repository) => {
          make(repository);
          execFileSync("tar", [
            "-C",
            path.join(repository, "evil"),
            "--transform=s,x,../../outside/evil,",
            "-Pcf",
            path.join(repository, "evil.tar"),
            "x",
          ]);
        },
      });

      expect(built.status).toBe(1);
      expect(built.stderr).toMatch(/outside its target folder|leads out|E_PATH_ESCAPE|evil/);
      expect(existsSync(path.join(outside(built.root), "evil"))).toBe(false);
      expect(existsSync(path.join(outside(built.root), "f"))).toBe(false);
    },
    5 * minutes,
  );

  test(
    "gets no mount over the system's folders, and none through a link to the host",
    async () => {
      const text = "FROM busybox\nRUN --mount=type=tmpfs,target=/proc/x true\n";
      const linked =
        "FROM busybox\nRUN ln -s /etc /l\nRUN --mount=type=bind,target=/l/mounted ls /etc/mounted > /seen\n";

      const refused = await build(user, { Dockerfile: text });
      const followed = await build(user, { Dockerfile: linked, f: "1" });

      expect(refused.stderr).toContain("that folder is the system's own");
      expect(followed.status).toBe(0);
      expect(followed.read("seen")).toContain("f\n");
      expect(existsSync("/etc/mounted")).toBe(false);
    },
    5 * minutes,
  );

  test.each([
    ["FROM a;touch${IFS}/tmp/x", /is no image's name/],
    ["FROM busybox\nCOPY --from=../x /a /b", /is no image's name/],
    ["FROM busybox\nCOPY ../secret /x", /is not in the repository/],
    ["FROM /etc/passwd", /is no image's name/],
  ])(
    "%j is refused with its place",
    async (text, reason) => {
      const built = await build(user, { Dockerfile: text });

      expect(built.status).toBe(1);
      expect(built.stderr).toMatch(/Dockerfile:\d/);
      expect(built.stderr).toMatch(reason);
    },
    minutes,
  );
});
