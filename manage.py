#!/usr/bin/env python
import os
import signal
import sys


def main() -> None:
    try:
        # The quick start holds Ctrl-C back while this process begins anew as the server; here it can be answered.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        run()
    except KeyboardInterrupt:
        # A server that is up ends by itself, in order; this is a start that was cut short.
        sys.stdout.write("Stopped.\n")
        sys.exit(130)


def run() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["quickstart"]:
        # The settings need a data folder and keys; a first start has neither.
        from config.bootstrap import prepare

        prepare(sys.argv[2:])

    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as reason:
        sys.exit(str(reason))


if __name__ == "__main__":
    main()
