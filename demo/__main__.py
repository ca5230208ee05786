"""Serve a page on which the baseline and the tuned model classify drawings: `make demo`."""

import argparse
import logging
import os
import socket
import subprocess
import sys
from contextlib import suppress
from errno import EADDRINUSE
from pathlib import Path

from flask import Flask
from waitress.server import BaseWSGIServer, create_server

from demo import app
from demo.service import Service
from digits.config.load import parameter
from digits.config.schema import Families, Seeds
from digits.core.cli import one_line_errors
from digits.core.errors import UserError
from digits.core.paths import history_file, model_file, model_names
from digits.data.image_files import MAX_BYTES

HOST, PORT, N_PORTS = "127.0.0.1", 8000, 20
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__.partition(": `")[0])
    parser.add_argument(
        "--host",
        default=HOST,
        help=f"address to listen on; default: {HOST}, this machine only; 0.0.0.0: the whole network",
    )
    parser.add_argument("--port", type=port, help=f"default: the first free port from {PORT} to {PORT + N_PORTS - 1}")
    options = parser.parse_args()
    with one_line_errors("demo"), suppress(KeyboardInterrupt):
        serve(options.host, options.port)


def port(text: str) -> int:
    if (number := int(text)) not in range(2**16):
        raise ValueError
    return number


def serve(host: str, port: int | None) -> None:
    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    train_missing_models(families, seeds)
    # Loading takes seconds, in which another process could take the port.
    sock = listen(host, port)
    print("Loading the models …", flush=True)
    server = create_waitress(app.create_app(Service(families), allowed_hosts(host)), sock)
    address = f"[{host}]" if ":" in host else host
    print(f"Demo: http://{address}:{sock.getsockname()[1]} (Ctrl-C ends it)", flush=True)
    server.run()


def create_waitress(application: Flask, sock: socket.socket) -> BaseWSGIServer:
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns about every queued request
    return create_server(
        application,
        sockets=[sock],
        threads=16,  # most of them wait: the app predicts only as many images at once as there are cores
        connection_limit=500,
        channel_timeout=30,
        max_request_body_size=2 * MAX_BYTES,  # the app rejects smaller bodies already, with an error message
        ident=None,  # no Server header
    )


def allowed_hosts(host: str) -> list[str] | None:
    """Return the host names that requests may use; None allows any, for a demo open to the network."""
    return [*LOCAL_HOSTS, "[::1]"] if host in LOCAL_HOSTS else None


def train_missing_models(families: tuple[str, ...], seeds: tuple[int, ...]) -> None:
    required = [path for name in model_names(families, seeds) for path in (model_file(name), history_file(name))]
    missing = [path for path in required if not path.exists()]
    if not missing:
        return
    problem = f"{len(missing)} of {len(required)} model files are missing, such as {missing[0]}"
    if not sys.stdin.isatty():
        raise UserError(f"{problem}; run `make repro` to train the models, or `dvc pull` if they are shared")
    print(f"{problem}. If they are shared, `dvc pull` downloads them.")
    if not confirm("Train them now? It takes about 20 minutes on 2 cores. [y/N] "):
        raise UserError("the demo needs trained models")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # DVC's stages call `python`
    if subprocess.run([sys.executable, "-m", "dvc", "repro"], env=os.environ | {"PATH": path}, check=False).returncode:
        raise UserError("the training failed; see the messages above")


def confirm(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:  # Ctrl-D
        return False


def listen(host: str, port: int | None) -> socket.socket:
    """Return a listening socket; port 0 is any free port, None the first free one of the default ports."""
    ports = [port] if port is not None else range(PORT, PORT + N_PORTS)
    for candidate in ports:
        try:
            return socket.create_server((host, candidate), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError as error:
            if error.errno != EADDRINUSE:
                raise
    subject = f"port {ports[0]} is" if len(ports) == 1 else f"ports {ports[0]} to {ports[-1]} are all"
    raise UserError(f"{subject} in use; choose another with --port")


if __name__ == "__main__":
    main()
