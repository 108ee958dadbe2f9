import { mkdtemp, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { rootCertificates } from "node:tls";
import { AppError, type ProcessRunner } from "@repo2singularity/base";
import { expect, test } from "vitest";
import type { HostReader } from "./host-reader.ts";
import { type HostSettings, readHostSettings } from "./host-settings.ts";
import { writeStepSurroundings } from "./step-surroundings.ts";

const homeDir = "/home/ann";
const debian13 = 'ID=debian\nVERSION_CODENAME=trixie\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n';
const [rootA = "", rootB = "", rootC = ""] = rootCertificates;

function machine(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  aptConfig?: string,
): HostReader {
  const runner: ProcessRunner = (command) =>
    command === "apt-config" && aptConfig !== undefined
      ? Promise.resolve({ exitCode: 0, stdout: aptConfig, stderr: "" })
      : Promise.reject(new AppError("E_PROCESS_NOT_FOUND", command));
  return {
    env,
    homeDir,
    runner,
    readFile: (path) => Promise.resolve(files[path]),
    listFolder: (path) =>
      Promise.resolve(
        Object.keys(files).flatMap((file) => (dirname(file) === path ? [file.slice(path.length + 1)] : [])),
      ),
  };
}

async function surroundings(
  settings: HostSettings,
  aptSources: readonly { path: string; text: string }[] = [],
): Promise<{
  env: Readonly<Record<string, string>>;
  text: (target: string) => Promise<string>;
  notices: readonly string[];
}> {
  const directory = await mkdtemp(join(tmpdir(), "surroundings-"));
  const written = await writeStepSurroundings(settings, {
    directory,
    aptSources,
    hasSuite: (_uri, suite) => Promise.resolve(suite !== "sid"),
  });
  return {
    env: written.env,
    notices: written.notices,
    text: async (path) => {
      const mount = written.mounts.find(({ target }) => path === target || path.startsWith(`${target}/`));
      return readFile(`${mount?.source ?? "missing"}${path.slice(mount?.target.length)}`, "utf8");
    },
  };
}

test("a machine without any setting gives steps only certificates and quiet clients", async () => {
  const settings = await readHostSettings(machine({}));
  const step = await surroundings(settings);

  expect(settings.notices).toEqual([]);
  expect(Object.keys(step.env).filter((name) => /^UV_|proxy/i.test(name))).toEqual([]);
  expect(await step.text("/run/repo2singularity/pip.conf")).not.toContain("index-url");
  expect(await step.text("/run/repo2singularity/ca.crt")).toContain(rootA.trim());
});

test.each<[string, Record<string, string>, Record<string, string>, string]>([
  ["the global pip.conf", { "/etc/pip.conf": "[global]\nindex-url = https://a.example/simple\n" }, {}, "a"],
  [
    "the user's pip.conf over the global one",
    {
      "/etc/pip.conf": "[global]\nindex-url = https://a.example/simple\n",
      [`${homeDir}/.config/pip/pip.conf`]: "[install]\nindex_url: https://b.example/simple\n",
    },
    {},
    "b",
  ],
  [
    "PIP_CONFIG_FILE over the user's",
    {
      [`${homeDir}/.pip/pip.conf`]: "[global]\nindex-url = https://b.example/simple\n",
      "/site/pip.conf": "[global]\nindex-url = https://c.example/simple\n",
    },
    { PIP_CONFIG_FILE: "/site/pip.conf" },
    "c",
  ],
  ["PIP_INDEX_URL", {}, { PIP_INDEX_URL: "https://d.example/simple" }, "d"],
  [
    "a default index of uv.toml",
    { [`${homeDir}/.config/uv/uv.toml`]: '[[index]]\nurl = "https://e.example/simple"\ndefault = true\n' },
    {},
    "e",
  ],
  [
    "UV_DEFAULT_INDEX over pip's",
    {},
    { UV_DEFAULT_INDEX: "own=https://f.example/simple", PIP_INDEX_URL: "https://d.example/simple" },
    "f",
  ],
  ["the system's uv.toml", { "/etc/uv/uv.toml": '[pip]\nindex-url = "https://g.example/simple"\n' }, {}, "g"],
])("the Python index comes from %s and reaches pip and uv", async (_name, files, env, letter) => {
  const step = await surroundings(await readHostSettings(machine(files, env)));

  const url = `https://${letter}.example/simple`;
  expect(step.env["UV_DEFAULT_INDEX"]).toBe(url);
  expect(await step.text("/run/repo2singularity/pip.conf")).toContain(`index-url = ${url}\n`);
});

test("the mirrors table wins over what the machine's clients say", async () => {
  const host = {
    ...machine({}, { PIP_INDEX_URL: "https://d.example/simple", PIP_NO_INDEX: "1" }),
    mirrors: { python: "https://m.example/simple" },
  };
  const { python } = await readHostSettings(host);

  expect(python.indexUrl).toBe("https://m.example/simple");
  expect(python.noIndex).toBe(false);
});

test("a setting of one client is not mixed with an index of the other", async () => {
  const { python } = await readHostSettings(
    machine({}, { UV_INDEX: "https://extra.example/simple", PIP_INDEX_URL: "https://d.example/simple" }),
  );

  expect(python.indexUrl).toBeUndefined();
  expect(python.extraIndexUrls).toEqual(["https://extra.example/simple"]);
});

test("PIP_CONFIG_FILE=/dev/null means no pip configuration file at all", async () => {
  const host = machine(
    { "/etc/pip.conf": "[global]\nindex-url = https://a.example/simple\n" },
    { PIP_CONFIG_FILE: "/dev/null" },
  );

  expect((await readHostSettings(host)).python.indexUrl).toBeUndefined();
});

test("credentials in an index URL reach the clients and no message", async () => {
  const url = "https://ann:s3cret@pypi.example/simple";
  const settings = await readHostSettings(machine({}, { PIP_INDEX_URL: url }));
  const step = await surroundings(settings);

  expect(step.env["UV_DEFAULT_INDEX"]).toBe(url);
  expect(settings.notices).toEqual(["Python packages come from https://pypi.example/simple"]);
});

test("folders with packages are mounted, and one that is not there is told", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wheels-"));
  const step = await surroundings(
    await readHostSettings(machine({}, { PIP_FIND_LINKS: `${folder} /nowhere https://files.example/w/` })),
  );

  expect(step.env["UV_FIND_LINKS"]).toBe("/run/repo2singularity/find-links/0,https://files.example/w/");
  expect(step.notices).toEqual([expect.stringContaining("/nowhere")]);
});

test("every authority that any client trusts is in the bundle once", async () => {
  const host = machine(
    {
      "/etc/ssl/certs/ca-certificates.crt": `${rootA}\n`,
      "/corp/node.pem": `${rootB}\n`,
      "/corp/pip.pem": `# corporate\n${rootC}\n${rootA}\n`,
      "/etc/pip.conf": "[global]\ncert = /corp/pip.pem\n",
    },
    { SSL_CERT_FILE: "/etc/ssl/certs/ca-certificates.crt", NODE_EXTRA_CA_CERTS: "/corp/node.pem" },
  );

  const { caBundle } = await readHostSettings(host);

  expect(caBundle).toBe([rootA, rootB, rootC].map((certificate) => `${certificate.trim()}\n`).join(""));
});

test("proxies come from variables first, then from what clients are set to", async () => {
  const files = { "/etc/npmrc": "proxy=http://npm.example:1/\nnoproxy=npm.example\n" };
  const fromVariables = await readHostSettings(machine(files, { HTTPS_PROXY: "http://up.example:3128" }));
  const fromClients = await readHostSettings(machine(files, {}, 'Acquire::http::Proxy "http://apt.example:3142";\n'));

  expect(fromVariables.proxies.https).toBe("http://up.example:3128");
  expect((await surroundings(fromVariables)).env).toMatchObject({
    https_proxy: "http://up.example:3128",
    HTTPS_PROXY: "http://up.example:3128",
  });
  expect(fromClients.proxies).toEqual({
    http: "http://npm.example:1/",
    https: "http://npm.example:1/",
    none: "npm.example",
  });
});

test("apt keeps its network options, and nothing of it that names this machine's files", async () => {
  const dump = [
    'Dir::Etc "etc/apt";',
    'Acquire::http::Proxy "http://apt.example:3142";',
    'Acquire::http::Proxy::deb.example "DIRECT";',
    'Acquire::https::CAInfo "/home/ann/ca.pem";',
    'Acquire::Retries "5";',
    'Acquire::https::Timeout "";',
  ].join("\n");
  const step = await surroundings(await readHostSettings(machine({}, { https_proxy: "http://up.example:1" }, dump)));

  const text = await step.text("/run/repo2singularity/apt.conf");
  expect(text).toContain(
    'Acquire::http::Proxy "http://apt.example:3142";\nAcquire::http::Proxy::deb.example "DIRECT";\nAcquire::Retries "5";\n',
  );
  expect(text).toContain('Acquire::https::Proxy "http://up.example:1";');
  expect(text).not.toContain("/home/ann");
  expect(text).not.toContain('""');
});

test("npm has the registry without the token, and lock files do not name the registry", async () => {
  const files = {
    [`${homeDir}/.npmrc`]:
      "; mine\nregistry = https://npm.example/repo/\n//npm.example/repo/:_authToken=${TOKEN}\n@lab:registry=https://lab.example/\n",
  };
  const settings = await readHostSettings(machine(files, { TOKEN: "t0ken" }));
  const step = await surroundings(settings);

  const text = await step.text("/run/repo2singularity/npmrc");
  expect(text).toContain("registry=https://npm.example/repo/\nomit-lockfile-registry-resolved=true\n");
  expect(text).toContain("@lab:registry=https://lab.example/");
  expect(text).not.toContain("t0ken");
  expect(settings.notices).toContain("tokens of this machine's npmrc are not given to build steps");
});

const mainSources = "/run/repo2singularity/apt/sources/00-sources.list";

const baseSources = {
  path: "/etc/apt/sources.list.d/debian.sources",
  text: "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: trixie trixie-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.pgp\n\nTypes: deb\nURIs: http://deb.debian.org/debian-security\nSuites: trixie-security\nComponents: main\n",
};

test("the machine's apt mirror takes the place of the public archive in the base's own sources", async () => {
  const files = {
    "/etc/os-release": debian13,
    "/etc/apt/sources.list":
      "# mirror\ndeb [arch=amd64 signed-by=/k.gpg] http://third.example/php trixie main\ndeb http://apt.example/debian/ trixie main non-free\ndeb http://apt.example/security trixie-security main\n",
  };
  const step = await surroundings(await readHostSettings(machine(files)), [baseSources]);

  expect(await step.text("/run/repo2singularity/apt/sources/debian.sources")).toBe(
    baseSources.text
      .replace("http://deb.debian.org/debian\n", "http://apt.example/debian\n")
      .replace("http://deb.debian.org/debian-security", "http://apt.example/security"),
  );
});

test("a mirror that lacks the base's suite is left out, and said so", async () => {
  const files = {
    "/etc/os-release": debian13,
    "/etc/apt/sources.list.d/x.sources":
      "Types: deb\nURIs: https://u:pw@apt.example/debian\nSuites: trixie\nComponents: main\n",
  };
  const settings = await readHostSettings(machine(files));
  const sources = { path: "/etc/apt/sources.list", text: "deb http://deb.debian.org/debian sid main\n" };
  const step = await surroundings(settings, [sources]);

  await expect(step.text(mainSources)).rejects.toThrow();
  expect(step.notices).toEqual([expect.stringContaining("has no sid")]);
  expect(settings.notices).toEqual(["apt packages come from https://apt.example/debian"]);
});

test.each([
  [
    "deb http://archive.ubuntu.com/ubuntu noble main universe # x",
    "deb http://u.example/ubuntu noble main universe # x",
  ],
  [
    "deb [arch=amd64] http://de.archive.ubuntu.com/ubuntu/ noble main",
    "deb [arch=amd64] http://u.example/ubuntu noble main",
  ],
  ["deb http://security.ubuntu.com/ubuntu noble-security main", "deb http://u.example/ubuntu noble-security main"],
  ["deb-src http://archive.ubuntu.com/ubuntu noble main", undefined],
  ["deb http://ppa.example/ubuntu noble main", undefined],
])("a configured Ubuntu mirror turns %j into %j", async (line, expected) => {
  const settings = await readHostSettings({ ...machine({}), mirrors: { ubuntu: "http://u.example/ubuntu/" } });
  const file = { path: "/etc/apt/sources.list", text: line };
  const step = await surroundings(settings, [file]);

  if (expected === undefined) await expect(step.text(mainSources)).rejects.toThrow();
  else expect(await step.text(mainSources)).toBe(expected);
});

test("files that are malformed or no text say nothing", async () => {
  const files = {
    "/etc/uv/uv.toml": "= broken",
    "/etc/pip.conf": "index-url\n[global\n  dangling\n",
    "/etc/npmrc": "=\n[section]\nx",
    "/etc/apt/sources.list": "deb\ndeb [\n\0",
    "/etc/apt/sources.list.d/a.sources": "Types\n:\nURIs: http://a.example\n",
  };

  expect(await readHostSettings(machine(files))).toMatchObject({
    archives: {},
    python: { findLinks: [] },
    notices: [],
  });
});

test("the settings files may be read by their user only", async () => {
  const directory = await mkdtemp(join(tmpdir(), "modes-"));
  const { mounts } = await writeStepSurroundings(await readHostSettings(machine({})), {
    directory,
    aptSources: [],
    hasSuite: () => Promise.resolve(true),
  });

  const modes = await Promise.all(
    mounts.filter(({ readOnly }) => readOnly).map(async ({ source }) => (await stat(source)).mode),
  );
  expect(modes.map((mode) => mode & 0o777)).toEqual([0o600, 0o600, 0o600, 0o600]);
});

test("conda channels are asked where the mirrors table or conda's own settings say", async () => {
  const condarc =
    "channels:\n  - conda-forge\nchannel_alias: https://conda.example/api/\ndefault_channels:\n  - https://ana.example/repo/pkgs/main\n  - https://ana.example/repo/pkgs/r\n";
  const host = machine({ [`${homeDir}/.condarc`]: condarc });
  const own = await surroundings(await readHostSettings(host));
  const table = await surroundings(await readHostSettings({ ...host, mirrors: { conda: "https://mirror.example" } }));
  const none = await surroundings(await readHostSettings(machine({})));

  expect(JSON.parse(own.env["R2S_CONDA_MIRRORS"] ?? "")).toEqual({
    "https://conda.anaconda.org/": "https://conda.example/api/",
    "https://repo.anaconda.com/": "https://ana.example/repo/",
  });
  expect(JSON.parse(table.env["R2S_CONDA_MIRRORS"] ?? "")).toMatchObject({
    "https://conda.anaconda.org/": "https://mirror.example/",
  });
  expect(none.env["R2S_CONDA_MIRRORS"]).toBeUndefined();
});
