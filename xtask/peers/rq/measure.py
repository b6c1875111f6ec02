"""RQ as its documentation starts it, measured by its own records. Prints one line of JSON.

measure.py PORT throughput WORKER_CLASS JOBS
measure.py PORT steady WORKER_CLASS JOBS JOBS_A_SECOND
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from redis import Redis
from rq import Queue, Worker
from rq.job import Job, JobStatus

from trivial import nothing

# Nothing that is waited for takes longer.
PATIENCE_S = 120
# Jobs that are pushed or read in one call.
BATCH = 500


def start(url: str, worker_class: str, *flags: str) -> subprocess.Popen:
    """`rq worker`, quiet: a line of log for each job would be part of its cost."""
    program = Path(sys.executable).with_name("rq")
    command = [program, "worker", "--url", url, "--quiet", "--worker-class", worker_class, *flags]
    return subprocess.Popen(command, cwd=Path(__file__).parent)


def wait(what: str, done) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > deadline:
            sys.exit(f"RQ: {what} took more than {PATIENCE_S} s")
        time.sleep(0.02)


def finished(ids: list[str], connection: Redis) -> list[Job]:
    """The jobs with these ids, all of them carried out once."""
    jobs = []
    for begin in range(0, len(ids), BATCH):
        jobs += Job.fetch_many(ids[begin : begin + BATCH], connection)
    if any(job is None or job.get_status(refresh=False) != JobStatus.FINISHED for job in jobs):
        sys.exit("RQ: a job was not carried out")
    return jobs


def throughput(connection: Redis, url: str, worker_class: str, count: int) -> dict:
    queue = Queue(connection=connection)
    ids = []
    for begin in range(0, count, BATCH):
        some = [Queue.prepare_data(nothing) for _ in range(min(BATCH, count - begin))]
        ids += [job.id for job in queue.enqueue_many(some)]
    worker = start(url, worker_class, "--burst")
    if worker.wait(PATIENCE_S) != 0:
        sys.exit("RQ: the worker failed")
    jobs = finished(ids, connection)
    first = min(job.started_at for job in jobs)
    last = max(job.ended_at for job in jobs)
    return {"per_second": count / (last - first).total_seconds()}


def steady(connection: Redis, url: str, worker_class: str, count: int, rate: float) -> dict:
    queue = Queue(connection=connection)
    worker = start(url, worker_class)
    try:
        wait("the start of a worker", lambda: Worker.count(connection=connection) > 0)
        begin, ids = time.monotonic(), []
        for number in range(count):
            time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            ids.append(queue.enqueue(nothing).id)
        wait("the rest", lambda: queue.finished_job_registry.count >= count)
        jobs = finished(ids, connection)
    finally:
        worker.terminate()
        worker.wait(PATIENCE_S)
    waits = [(job.started_at - job.enqueued_at).total_seconds() * 1000 for job in jobs]
    return {"waits_ms": waits}


def main() -> None:
    port, what, worker_class, *numbers = sys.argv[1:]
    url = f"redis://127.0.0.1:{port}"
    connection = Redis.from_url(url)
    connection.flushdb()
    measure = {"throughput": throughput, "steady": steady}[what]
    print(json.dumps(measure(connection, url, worker_class, *map(int, numbers))))


main()
