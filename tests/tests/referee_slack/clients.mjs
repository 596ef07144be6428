// Slack's official clients, asked by a test: one question a line comes in, one line goes out for each answer, and one for
// each thing that Slack sends.
//
//   node clients.mjs <folder of Slack's clients> <address of the Web API> <role> <token> <signing secret or ->
//
//   web     in:  {"call": "chat.postMessage", "args": {…}, "retries": 0}
//           out: {"said": …} or {"refused": <the client's code>, "error": <Slack's>, "retryAfter": …, "messages": …}
//   socket  out: {"is": "connected"} and the like, {"got": "slash_commands", "body": …, "retry": …}; each is acknowledged
//   http    out: {"listens": <port>}, {"got": "command", "body": …}; each is acknowledged
//
// What a command is answered with says whose text it was, so that the test can tell the answers apart.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, slackApiUrl, role, token, signingSecret] = process.argv.slice(2);
const load = (name) => createRequire(`${folder}/${name}/package.json`)(`${folder}/${name}`);
const tell = (line) => console.log(JSON.stringify(line));
const silent = { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, getLevel: () => "error", setName() {} };

function web() {
  const { WebClient } = load("web-api");
  return async ({ call, args, retries }) => {
    const retryConfig = { retries, minTimeout: 50, maxTimeout: 50 };
    // Without retries the client hands a 429 on, with them it waits as it is told.
    const rejectRateLimitedCalls = retries === 0;
    const client = new WebClient(token, { slackApiUrl, retryConfig, rejectRateLimitedCalls, logger: silent });
    // The client's own function, not a name it would pass on unseen.
    const method = call.split(".").reduce((owner, name) => owner[name], client);
    try {
      tell({ said: await method.call(client, args) });
    } catch (error) {
      const { code, data, retryAfter, statusCode } = error;
      tell({ refused: code ?? String(error), error: data?.error, retryAfter, status: statusCode, data });
    }
  };
}

async function socket() {
  const { SocketModeClient } = load("socket-mode");
  // It waits this long for a pong, and as long before it connects again.
  const clientPingTimeout = 1000;
  const clientOptions = { slackApiUrl };
  const client = new SocketModeClient({ appToken: token, clientOptions, clientPingTimeout, logger: silent });
  for (const state of ["connected", "reconnecting", "disconnected"]) client.on(state, () => tell({ is: state }));
  client.on("slack_event", async ({ ack, type, body, retry_num: retry, accepts_response_payload: takes }) => {
    tell({ got: type, body, retry });
    if (body.text === "say nothing") return;
    await ack(takes && body.command ? { text: `heard ${body.text}` } : undefined);
  });
  await client.start();
  return async () => client.disconnect();
}

async function http() {
  const { App, HTTPReceiver } = load("bolt");
  const endpoints = ["/slack/commands", "/slack/interactions", "/slack/events"];
  const receiver = new HTTPReceiver({ signingSecret, endpoints, logger: silent });
  const app = new App({ token, receiver, clientOptions: { slackApiUrl }, logger: silent });
  const all = /.*/;
  const heard = (got, answer) => async ({ ack, body }) => {
    await ack?.(answer?.(body));
    tell({ got, body });
  };
  app.command(all, heard("command", ({ text }) => ({ text: `heard ${text}` })));
  app.action(all, heard("action"));
  app.view(all, heard("view", ({ view }) => (view.callback_id === "again" ? refill(view) : undefined)));
  app.shortcut(all, heard("shortcut"));
  for (const kind of ["message", "pin_added", "reaction_added", "app_home_opened"]) app.event(kind, heard(kind));
  app.error(async (error) => tell({ failed: String(error) }));
  const server = await app.start({ port: 0, host: "127.0.0.1" });
  tell({ listens: server.address().port });
  return async () => app.stop();
}

function refill({ blocks }) {
  return { response_action: "errors", errors: { [blocks[0].block_id]: "too short" } };
}

const answer = await { web, socket, http }[role]();
for await (const line of createInterface({ input: process.stdin })) await answer(JSON.parse(line));
