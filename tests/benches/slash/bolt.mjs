// The same app with Bolt for JavaScript: it checks the signature, routes the command, makes one line durable, answers.
//
// Arguments: the folder of Slack's clients, the Web API's address, the file to write to.
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';

const [clients, slackApiUrl, file] = process.argv.slice(2);
const { App, HTTPReceiver, LogLevel } = createRequire(`${clients}/bolt/`)('@slack/bolt');

const journal = await open(file, 'a');
const receiver = new HTTPReceiver({
  signingSecret: process.env.SLACK_SIGNING_SECRET,
  endpoints: ['/slack/commands'],
  logLevel: LogLevel.ERROR,
});
const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  receiver,
  clientOptions: { slackApiUrl: `${slackApiUrl}/` },
  logLevel: LogLevel.ERROR,
});

app.command('/incident', async ({ command, ack }) => {
  await journal.write(`${JSON.stringify({ by: command.user_id, says: command.text })}\n`);
  await journal.datasync();
  await ack({ response_type: 'ephemeral', text: 'Everyone is told.' });
});

await app.start(Number(process.env.PORT));
