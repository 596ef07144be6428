"""The same app with Bolt for Python: it checks the signature, routes the command, makes one line durable, answers.

Arguments: the Web API's address, the file to write to.
"""

import json
import logging
import os
import sys

from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

api, file = sys.argv[1:]
logging.basicConfig(level=logging.ERROR)
journal = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
app = AsyncApp(
    client=AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=f"{api}/"),
    signing_secret=os.environ["SLACK_SIGNING_SECRET"],
)


@app.command("/incident")
async def incident(ack, command):
    line = json.dumps({"by": command["user_id"], "says": command["text"]}) + "\n"
    os.write(journal, line.encode())
    os.fdatasync(journal)
    await ack(response_type="ephemeral", text="Everyone is told.")


server = app.server(port=int(os.environ["PORT"]), path="/slack/commands")
web.run_app(server.web_app, host="127.0.0.1", port=server.port, access_log=None, print=None)
