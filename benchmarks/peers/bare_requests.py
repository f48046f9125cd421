"""What `requests` costs without a client around it: the least that a pooled session can do, nothing checked."""

import json
import sys

import requests
from work import work

URL = f"{sys.argv[1]}/v1/chat/completions"
HEADERS = {"Authorization": "Bearer sk-benchmark"}
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}], "stream": False}

session = requests.Session()
# As most programs leave it: the session looks for proxies and a .netrc in the environment at each call.
as_it_comes = requests.Session()
session.trust_env = False


def call(session: requests.Session) -> int:
    answer = session.post(URL, json=BODY, headers=HEADERS, timeout=(5, 120)).json()
    assert answer["choices"][0]["message"]["content"]
    return 1


def stream() -> int:
    """`read1` and `json.loads` on each line with data."""
    texts, rest = 0, b""
    with session.post(URL, json=BODY | {"stream": True}, headers=HEADERS, timeout=(5, 120), stream=True) as response:
        while chunk := response.raw.read1(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.startswith(b"data: {"):
                    document = json.loads(line[6:])
                    texts += bool(document["choices"] and document["choices"][0]["delta"].get("content"))
    return texts


work(call=lambda: call(session), call_as_it_comes=lambda: call(as_it_comes), stream=stream)
