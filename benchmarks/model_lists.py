"""What a list of models costs as the registry grows: `python -m benchmarks.model_lists [requests]`.

The same user asks for a page of models, once where there are 100 and once where there are 10,000 of 1,000 users, in one
process and in turns. Promise: at most 6 queries whatever the size, and at 10,000 at most 3 times the time at the 95th
percentile. `DATABASE_URL` picks PostgreSQL; by default it is SQLite in a folder of its own.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import cycle
from statistics import median

os.environ |= {
    "DATA_DIR": os.environ.get("DATA_DIR") or tempfile.mkdtemp(prefix="benchmark-"),
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "ENV_FILE": "no.env",
    "SECRET_KEY": "only-for-benchmarks-" + "x" * 40,
    "ENCRYPTION_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "ALLOWED_HOSTS": "testserver",
}

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext, get_runner  # noqa: E402

from registry.models import Connection, LLMModel  # noqa: E402

SIZES = {"small": (100, 10), "large": (10_000, 1_000)}  # models, users
GLOBAL_SHARE = 5  # one model in so many is everybody's
REQUESTS = 40  # in each of
BATCHES = 9  # of which the median counts, so that one disturbed batch does not
WARM_UP = 20
MOST_QUERIES = 6
MOST_TIMES = 3.0
# The same number of rows at both sizes: what is compared is finding them.
PAGES = (
    "/api/models?page_size=20",
    "/api/models?page_size=20&owner=global&ordering=-created_at",
    "/api/models?page_size=5&owner=mine",
    "/api/models?page_size=5&search=model+1",
)


def fill(models: int, users: int) -> Client:
    """Rows of this size and nothing else; a client of one of the users."""
    LLMModel.objects.all().delete()
    Connection.objects.all().delete()
    User.objects.all().delete()
    people = User.objects.bulk_create(User(username=f"user-{n}") for n in range(users))
    owners = cycle(people)
    connections = Connection.objects.bulk_create(
        Connection(name=f"connection {n}", provider="vllm", owner=None if n % GLOBAL_SHARE == 0 else next(owners))
        for n in range(models)
    )
    LLMModel.objects.bulk_create(
        LLMModel(connection=each, name=f"model {n}", model_id=f"model-{n}") for n, each in enumerate(connections)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = Client()
    client.force_login(people[-1])
    return client


def seconds(client: Client, path: str) -> float:
    # SQLite works in this thread, whose own time does not count what else the machine does.
    clock = time.thread_time if connection.vendor == "sqlite" else time.perf_counter
    began = clock()
    response = client.get(path)
    took = clock() - began
    assert response.status_code == 200, response.content
    return took


@dataclass
class Times:
    queries: int
    batches: list[list[float]]
    """Sorted seconds of each."""

    def percentile(self, percent: int) -> float:
        return median(batch[len(batch) * percent // 100] for batch in self.batches)


def measured(client: Client, requests: int) -> Times:
    with CaptureQueriesContext(connection) as queries:
        client.get(PAGES[0])
    asked = len(queries)  # the next request empties the log
    pages = cycle(PAGES)
    for _ in range(WARM_UP):
        client.get(next(pages))
    return Times(asked, [sorted(seconds(client, next(pages)) for _ in range(requests)) for _ in range(BATCHES)])


def main(requests: int = REQUESTS) -> int:
    settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] |= {"user": "1000000/s"}
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        return report(requests)
    finally:
        runner.teardown_databases(databases)


def report(requests: int) -> int:
    print(f"{connection.vendor:12} {'models':>8} {'queries':>8} {'p50 ms':>8} {'p95 ms':>8}")
    found = {}
    for name, (models, users) in SIZES.items():
        found[name] = times = measured(fill(models, users), requests)
        p50, p95 = times.percentile(50) * 1000, times.percentile(95) * 1000
        print(f"{name:12} {models:8,} {times.queries:8} {p50:8.1f} {p95:8.1f}")
    times_more = found["large"].percentile(95) / found["small"].percentile(95)
    most = max(times.queries for times in found.values())
    kept = times_more <= MOST_TIMES and most <= MOST_QUERIES
    print(f"{'kept' if kept else 'BROKEN'}: {times_more:.2f} of {MOST_TIMES} times, {most} of {MOST_QUERIES} queries")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
