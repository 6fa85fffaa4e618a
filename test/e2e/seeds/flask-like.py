"""As much of Flask and FastAPI as the documents' examples use.

`python3 flask-like.py <file with the example> <secret>` prints its port, and
ends when its input does. What the examples take from elsewhere is given to
them: the secret under each name that they have for it, `request`, and what is
to be done with an event.
"""

import asyncio
import inspect
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer


class Request:
    def __init__(self, headers, body):
        self.headers = headers
        self.body = body

    def get_json(self):
        return json.loads(self.body)

    json = get_json


class AsyncRequest(Request):
    async def json(self):
        return self.get_json()


class App:
    def __init__(self):
        self.handlers = {}

    def route(self, path, methods):
        return lambda handler: self.handlers.setdefault(path, handler)

    def post(self, path):
        return self.route(path, ["POST"])


def run(handler, headers, body):
    if not inspect.signature(handler).parameters:
        names["request"] = Request(headers, body)
        return handler()
    if inspect.iscoroutinefunction(handler):
        return asyncio.run(handler(AsyncRequest(headers, body)))
    return handler(Request(headers, body))


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            answer = run(app.handlers[self.path], self.headers, body)
        except Exception as error:
            answer = (repr(error), 500)
        said, status = answer if isinstance(answer, tuple) else (answer, 200)
        text = (said if isinstance(said, str) else json.dumps(said)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def end_with_input():
    sys.stdin.read()
    os._exit(0)


file, secret = sys.argv[1:]
app = App()
names = {
    "app": app,
    "Request": Request,
    "SECRET": secret,
    "secret_token": secret,
    "process_completed_job": lambda job: None,
    # What the example prints must not be taken for the port.
    "print": lambda *_: None,
}
with open(file, encoding="utf-8") as example:
    exec(example.read(), names)
# TaskFlow's document defines it by one name and calls it by another.
names.setdefault("verify_signature", names.get("verify_webhook"))

server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=end_with_input, daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
