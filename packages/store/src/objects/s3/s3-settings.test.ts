import { isAppError } from "@repo2singularity/base";
import { expect, test } from "vitest";
import { readS3Settings, type S3Settings } from "./s3-settings.ts";

const read = (
  env: Record<string, string>,
  files: Record<string, string> = {},
  endpointUrl?: string,
): Promise<S3Settings> =>
  readS3Settings({ env, homeDir: "/home/u", readFile: async (path) => files[path], endpointUrl });

const keys = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };

test("without anything, Amazon is asked without a name", async () => {
  expect(await read({})).toEqual({
    endpoint: "https://s3.us-east-1.amazonaws.com",
    region: "us-east-1",
    addressing: "virtual",
  });
});

test("variables win over files, and --endpoint-url over variables", async () => {
  const files = {
    "/home/u/.aws/credentials": "[default]\naws_access_key_id = filed\naws_secret_access_key = filed-secret\n",
    "/home/u/.aws/config": "[default]\nregion = eu-west-1\nendpoint_url = https://filed.example\n",
  };

  const fromFiles = await read({}, files);
  const fromVariables = await read({ ...keys, AWS_REGION: "r", AWS_ENDPOINT_URL: "https://env.example/" }, files);
  const fromFlag = await read({ AWS_ENDPOINT_URL: "https://env.example" }, files, "http://127.0.0.1:1");

  expect(fromFiles).toMatchObject({ endpoint: "https://filed.example", region: "eu-west-1", addressing: "path" });
  expect(fromFiles.credentials?.accessKeyId).toBe("filed");
  expect(fromFiles.credentials?.secretAccessKey.reveal()).toBe("filed-secret");
  expect(fromVariables).toMatchObject({ endpoint: "https://env.example", region: "r" });
  expect(fromVariables.credentials?.accessKeyId).toBe("id");
  expect(fromFlag.endpoint).toBe("http://127.0.0.1:1");
});

test("a profile has its own keys, token, addressing and endpoint for S3", async () => {
  const files = {
    "/c": "[lab]\naws_access_key_id = l\naws_secret_access_key = s\naws_session_token = t\n",
    "/f": "[profile lab]\nregion = cn-north-1\nservices = own\ns3 =\n  addressing_style = virtual\n[services own]\ns3 =\n  endpoint_url = https://s3.lab\n",
  };
  const env = { AWS_PROFILE: "lab", AWS_SHARED_CREDENTIALS_FILE: "/c", AWS_CONFIG_FILE: "/f" };

  const settings = await read(env, files);

  expect(settings).toMatchObject({ endpoint: "https://s3.lab", region: "cn-north-1", addressing: "virtual" });
  expect(settings.credentials?.sessionToken?.reveal()).toBe("t");
  expect(JSON.stringify(settings)).not.toContain('"s"');
  expect((await read({ ...env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" }, files)).endpoint).toBe(
    "https://s3.cn-north-1.amazonaws.com.cn",
  );
});

test.each([
  [{ AWS_PROFILE: "none" }, {}, "no such profile"],
  [{}, { "/home/u/.aws/config": "[default]\nsso_session = lab\n" }, "sso_session"],
  [{ AWS_ENDPOINT_URL: "s3.example.org" }, {}, "endpoint"],
  [{ AWS_ENDPOINT_URL: "https://key:secret@s3.example.org" }, {}, "endpoint"],
])("refuses %j with %j", async (env, files, words) => {
  await expect(read(env, files)).rejects.toSatisfy(
    (error) =>
      isAppError(error, "E_CONFIG_INVALID") && error.message.includes(words) && !error.message.includes("secret@"),
  );
});
