import { AppError, Secret } from "@repo2singularity/base";
import { parseIni, type IniSection } from "./ini.ts";

/** Who asks; without one, requests are not signed. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
}

/** How object storage is reached. */
export interface S3Settings {
  /** `http` or `https` URL without a path of its own, or with one for a storage behind a prefix. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials?: S3Credentials;
  /** `path`: the bucket is the first part of the path; `virtual`: it is the first part of the host. */
  readonly addressing: "path" | "virtual";
}

/** Where settings are found. */
export interface S3SettingsSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  /** The text of a file; undefined when there is none. */
  readonly readFile: (path: string) => Promise<string | undefined>;
  /** As `--endpoint-url` of the AWS CLI: wins over variables and files. */
  readonly endpointUrl?: string | undefined;
}

/**
 * The settings that the AWS CLI would use: variables first, then the profile that `AWS_PROFILE` names (or `default`)
 * in the files `credentials` and `config` of `~/.aws`. A bucket is addressed by path at an endpoint of one's own, by
 * host at Amazon's, if `addressing_style` does not say otherwise.
 * @throws E_CONFIG_INVALID for a profile that is not there, that logs in by other means than keys, or a bad endpoint
 */
export async function readS3Settings(sources: S3SettingsSources): Promise<S3Settings> {
  const { env } = sources;
  const profile = await readProfile(sources);
  const credentials = credentialsOf(env) ?? profile.credentials;
  const region = env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"] ?? profile.region ?? "us-east-1";
  const ignoresFiles = env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] === "true";
  const configured = ignoresFiles
    ? undefined
    : (env["AWS_ENDPOINT_URL_S3"] ?? env["AWS_ENDPOINT_URL"] ?? profile.endpoint);
  const own = nonEmpty(sources.endpointUrl) ?? nonEmpty(configured);
  return {
    endpoint: own === undefined ? amazonEndpoint(region) : checkedEndpoint(own),
    region,
    addressing: profile.addressing ?? (own === undefined ? "virtual" : "path"),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

interface Profile {
  readonly credentials?: S3Credentials | undefined;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly addressing?: S3Settings["addressing"] | undefined;
}

async function readProfile({ env, homeDir, readFile }: S3SettingsSources): Promise<Profile> {
  const read = async (variable: string, name: string): Promise<ReadonlyMap<string, IniSection>> =>
    parseIni((await readFile(nonEmpty(env[variable]) ?? `${homeDir}/.aws/${name}`)) ?? "");
  const secrets = await read("AWS_SHARED_CREDENTIALS_FILE", "credentials");
  const config = await read("AWS_CONFIG_FILE", "config");
  const asked = nonEmpty(env["AWS_PROFILE"]);
  const name = asked ?? "default";
  const section = config.get(`profile ${name}`) ?? (name === "default" ? config.get("default") : undefined);
  if (asked !== undefined && section === undefined && !secrets.has(name)) {
    throw new AppError("E_CONFIG_INVALID", `AWS_PROFILE names ${name}, and the files of AWS have no such profile`, {
      hint: "run `aws configure list-profiles`, or unset AWS_PROFILE",
    });
  }
  const credentials = keysOf(secrets.get(name)) ?? keysOf(section);
  if (credentials === undefined && credentialsOf(env) === undefined) refuseOtherLogins(name, section);
  const services = config.get(`services ${section?.values.get("services") ?? ""}`);
  const style = section?.nested.get("s3")?.get("addressing_style");
  return {
    credentials,
    region: section?.values.get("region"),
    endpoint: services?.nested.get("s3")?.get("endpoint_url") ?? section?.values.get("endpoint_url"),
    addressing: style === "path" || style === "virtual" ? style : undefined,
  };
}

/** What the CLI can do and this program cannot: better said than asked without a name. */
function refuseOtherLogins(name: string, section: IniSection | undefined): void {
  const other = ["sso_session", "sso_start_url", "role_arn", "credential_process", "login_session"].find((key) =>
    section?.values.has(key),
  );
  if (other === undefined) return;
  throw new AppError("E_CONFIG_INVALID", `the AWS profile ${name} logs in by ${other}, which is not done here`, {
    hint: `run \`eval "$(aws configure export-credentials --profile ${name} --format env)"\` first`,
  });
}

function credentialsOf(env: S3SettingsSources["env"]): S3Credentials | undefined {
  return credentialsFrom((name) => env[name.toUpperCase()]);
}

function keysOf(section: IniSection | undefined): S3Credentials | undefined {
  return credentialsFrom((name) => section?.values.get(name));
}

function credentialsFrom(value: (name: string) => string | undefined): S3Credentials | undefined {
  const accessKeyId = nonEmpty(value("aws_access_key_id"));
  const secret = nonEmpty(value("aws_secret_access_key"));
  const token = nonEmpty(value("aws_session_token"));
  if (accessKeyId === undefined || secret === undefined) return undefined;
  return {
    accessKeyId,
    secretAccessKey: new Secret(secret),
    ...(token === undefined ? {} : { sessionToken: new Secret(token) }),
  };
}

function amazonEndpoint(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

function checkedEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== "" || url.username !== "") {
    throw new AppError("E_CONFIG_INVALID", "the endpoint of the object storage is no plain http or https URL", {
      hint: "write it as https://s3.example.org",
    });
  }
  return url.toString().replace(/\/+$/, "");
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}
