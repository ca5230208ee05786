"""Serve MLflow's pages on this machine only: `make ui`."""

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
from digits.tracking.store import VIEW, connect, mlflow_folder, without_password

HOST = "127.0.0.1"
PORTS = range(5000, 5020)
SERVER_ENVIRONMENT = {
    "PYTHONWARNINGS": "ignore",  # deprecation warnings of its libraries
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # eight more processes, for jobs that this project does not use
}


def main() -> None:
    with one_line_errors("ui"), suppress(KeyboardInterrupt):
        serve()


def serve() -> None:
    if uri := os.environ.get("MLFLOW_TRACKING_URI"):
        raise UserError(
            f"MLFLOW_TRACKING_URI is set: the runs are at {without_password(uri)}; open that address, or unset it"
        )
    port = next(filter(is_free, PORTS), None)
    if port is None:
        raise UserError(f"ports {PORTS[0]} to {PORTS[-1]} are all in use; stop one of the servers there")
    store = connect()
    options = {
        "--host": HOST,
        "--port": str(port),
        "--workers": "1",  # the default of four takes a gigabyte of memory
        "--backend-store-uri": store.uri,
        "--registry-store-uri": store.uri,
        "--artifacts-destination": (mlflow_folder() / "artifacts").as_uri(),
        "--uvicorn-opts": "--log-level=warning",
    }
    command = [sys.executable, "-m", "mlflow", "server", *(word for option in options.items() for word in option)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server = subprocess.Popen(command, env=os.environ | SERVER_ENVIRONMENT)
    try:
        while is_free(port):
            if server.poll() is not None:
                raise UserError("MLflow's server did not start; its output is above")
            time.sleep(0.1)
        view = f"http://{HOST}:{port}/#/experiments/{store.mlflow_experiment}/runs?viewStateShareKey={VIEW}"
        print(f"MLflow: {view} (Ctrl-C stops it)", flush=True)
        server.wait()
    finally:
        server.terminate()
        server.wait()


def address(is_local: bool) -> str | None:
    """Return the address of the pages if they are served. A server on this machine is only for browsers on it."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    if uri.startswith("http"):
        return without_password(uri)
    addresses = (f"http://{HOST}:{port}" for port in PORTS if not is_free(port)) if is_local else ()
    return next(filter(is_mlflow, addresses), None)


def is_mlflow(address: str) -> bool:
    try:
        with urlopen(f"{address}/health", timeout=1) as response:
            return response.read(10) == b"OK"
    except (OSError, HTTPException):
        return False


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0


if __name__ == "__main__":
    main()
