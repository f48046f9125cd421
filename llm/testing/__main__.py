"""`python -m llm.testing --port 9000`: the scripted provider, until Ctrl-C."""

import argparse
import sys
from threading import Event

from llm.testing.server import ScriptedProvider


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m llm.testing", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    options = parser.parse_args()
    with ScriptedProvider(options.host, options.port) as provider:
        sys.stdout.write(f"{provider.url}\n")
        sys.stdout.flush()
        try:
            Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
