// Vercel's official client, asked by a test: one call a line comes in, one verdict a line goes out.
//
//   node judge.mjs <folder of @vercel/sdk> <address of the API> <token>
//
//   in:   {"call": "projectsGetProject", "request": {"idOrName": "…"}}
//   out:  {"understood": <the reply as the client hands it on>, "said": <the reply's JSON>}, or
//         {"refused": <the class of its error>, "status": …, "retryAfter": …, "says": …}
//
// The client is lenient: what a reply lacks it makes up ("" or 0), and what it does not know it drops. So whoever asks
// has to compare both.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [folder, serverURL, bearerToken] = process.argv.slice(2);
const { resolve } = createRequire(`${folder}/package.json`);
const load = (name) => import(pathToFileURL(resolve(name)));
const { VercelCore } = await load("@vercel/sdk/core.js");
const { HTTPClient } = await load("@vercel/sdk/lib/http.js");

let body = "";
const httpClient = new HTTPClient();
httpClient.addHook("response", async (response) => {
  body = await response.clone().text();
});
const vercel = new VercelCore({ serverURL, bearerToken, httpClient });

async function verdict({ call, request }) {
  // One function, one file: the whole client takes a second to load.
  const { [call]: ask } = await load(`@vercel/sdk/funcs/${call}.js`);
  const { ok, value, error } = await ask(vercel, request);
  if (ok) return { understood: value ?? null, said: body ? JSON.parse(body) : null };
  return {
    refused: error.constructor.name,
    status: error.statusCode,
    retryAfter: error.headers?.get("retry-after"),
    says: error.pretty?.() ?? String(error),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await verdict(JSON.parse(line))));
}
