"""MLflow's pages on this machine alone: `make ui`."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from http.client import HTTPException
from urllib.request import urlopen

from digits.core.cli import one_line_errors
from digits.core.errors import UserError
from digits.tracking.store import VIEW, connect, home, without_password

HOST = "127.0.0.1"
PORTS = range(5000, 5020)
QUIET = {
    "PYTHONWARNINGS": "ignore",  # of the age of its own libraries
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # eight processes more, for jobs that nobody here has
}


def main() -> None:
    with one_line_errors("ui"), suppress(KeyboardInterrupt):
        serve()


def serve() -> None:
    if uri := os.environ.get("MLFLOW_TRACKING_URI"):
        raise UserError(
            f"runs are at {without_password(uri)}, which MLFLOW_TRACKING_URI names: look there, or unset it"
        )
    port = next(filter(free, PORTS), None)
    if port is None:
        raise UserError(f"ports {PORTS[0]} to {PORTS[-1]} are all taken; end one of the servers there")
    store = connect()
    options = {
        "--host": HOST,
        "--port": str(port),
        "--workers": "1",  # its own four take a gigabyte of memory
        "--backend-store-uri": store.uri,
        "--registry-store-uri": store.uri,
        "--artifacts-destination": (home() / "artifacts").as_uri(),
        "--uvicorn-opts": "--log-level=warning",
    }
    command = [sys.executable, "-m", "mlflow", "server", *(word for option in options.items() for word in option)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server = subprocess.Popen(command, env=os.environ | QUIET)
    try:
        while free(port):
            if server.poll() is not None:
                raise UserError("MLflow's server did not start; what it says stands above")
            time.sleep(0.1)
        view = f"http://{HOST}:{port}/#/experiments/{store.experiment}/runs?viewStateShareKey={VIEW}"
        print(f"MLflow: {view} (Ctrl-C ends it)", flush=True)
        server.wait()
    finally:
        server.terminate()
        server.wait()


def address(here: bool) -> str | None:
    """Where the pages are served now, if they are: on this machine, for browsers on it alone."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    if uri.startswith("http"):
        return without_password(uri)
    pages = (f"http://{HOST}:{port}" for port in PORTS if not free(port)) if here else ()
    return next(filter(is_mlflow, pages), None)


def is_mlflow(page: str) -> bool:
    try:
        with urlopen(f"{page}/health", timeout=1) as answer:
            return answer.read(10) == b"OK"
    except (OSError, HTTPException):
        return False


def free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0


if __name__ == "__main__":
    main()
