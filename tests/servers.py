"""Run real servers on loopback for a test: MLflow, PostgreSQL and an S3 endpoint."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
POSTGRES = next(iter([*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr/local/pgsql").glob("bin")]), None)
S3 = {"AWS_ACCESS_KEY_ID": "user", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


def eventually(condition: Callable[[], Any], timeout: float = 200) -> Any:
    """Return the condition's value as soon as it is true."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.2)
    raise AssertionError(f"the condition was still false after {timeout} seconds")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@contextmanager
def mlflow_server(database: str, artifacts: str, port: int, **environment: str) -> Iterator[str]:
    """Run a server, and end it by SIGKILL."""
    options = ["--host", HOST, "--port", str(port), "--workers", "1", "--uvicorn-opts", "--log-level=warning"]
    options += ["--backend-store-uri", database, "--artifacts-destination", artifacts]
    command = [sys.executable, "-m", "mlflow", "server", *options]
    # MLflow's runner of jobs, which this project does not use, is eight more processes.
    settings = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    environment = os.environ | settings | environment
    with running(command, signal.SIGKILL, environment):
        eventually(lambda: is_listening(port))
        yield f"http://{HOST}:{port}"


@contextmanager
def running(
    command: Sequence[str], end_signal: signal.Signals, environment: dict[str, str] | None = None, **options: Any
) -> Iterator[subprocess.Popen[Any]]:
    """Run a command in a process group of its own, because `runuser`, MLflow and DVC start other processes."""
    with subprocess.Popen(command, env=environment, start_new_session=True, **({"cwd": "/"} | options)) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):  # it may have ended already
                os.killpg(process.pid, end_signal)
            process.wait(30)


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server with a new database, which is removed afterwards."""
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []  # PostgreSQL does not run as root
    folder = Path(tempfile.mkdtemp(prefix="digits-postgres-", dir="/tmp"))
    port = free_port()
    try:
        if as_user:
            shutil.chown(folder, "postgres")
        initialise = [*as_user, f"{POSTGRES}/initdb", "--username=digits", "--auth=trust", f"--pgdata={folder}/data"]
        subprocess.run(initialise, cwd="/", check=True, capture_output=True)
        serve = [
            *as_user,
            f"{POSTGRES}/postgres",
            "-D",
            f"{folder}/data",
            "-h",
            HOST,
            "-p",
            str(port),
            "-k",
            str(folder),
        ]
        with running(serve, signal.SIGINT):
            eventually(lambda: is_listening(port))
            yield f"postgresql+psycopg://digits@{HOST}:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def s3(bucket: str) -> Iterator[str]:
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(HOST, 0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        endpoint = f"http://{HOST}:{port}"
        keys = dict(zip(("aws_access_key_id", "aws_secret_access_key", "region_name"), S3.values(), strict=True))
        boto3.client("s3", endpoint_url=endpoint, **keys).create_bucket(Bucket=bucket)
        yield endpoint
    finally:
        server.stop()
