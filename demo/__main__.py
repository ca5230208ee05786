"""A page to draw on, where the baseline and the tuned model classify the drawing: `make demo`."""

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

HOST, PORT, PORTS = "127.0.0.1", 8000, 20
LOCAL = ("127.0.0.1", "localhost", "::1")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__.partition(": `")[0])
    parser.add_argument(
        "--host",
        default=HOST,
        help=f"where to listen; default: {HOST}, for this machine alone; 0.0.0.0: for the whole network",
    )
    parser.add_argument("--port", type=port, help=f"default: the first free one from {PORT} to {PORT + PORTS - 1}")
    given = parser.parse_args()
    with one_line_errors("demo"), suppress(KeyboardInterrupt):
        serve(given.host, given.port)


def port(given: str) -> int:
    if (number := int(given)) not in range(2**16):
        raise ValueError
    return number


def serve(host: str, port: int | None) -> None:
    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    train_what_is_missing(families, seeds)
    # The models load for seconds; another process could take the port meanwhile.
    sock = listening(host, port)
    print("Loading the models …", flush=True)
    serving = server(app.create(Service(families), hosts(host)), sock)
    address = f"[{host}]" if ":" in host else host
    print(f"Demo: http://{address}:{sock.getsockname()[1]} (Ctrl-C ends it)", flush=True)
    serving.run()


def server(application: Flask, sock: socket.socket) -> BaseWSGIServer:
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of every request that waits
    return create_server(
        application,
        sockets=[sock],
        threads=16,  # most of them wait: the app predicts as many pictures at once as there are cores
        connection_limit=500,
        channel_timeout=30,
        max_request_body_size=2 * MAX_BYTES,  # the app refuses less than this, with a sentence
        ident=None,  # no need to name the server's software
    )


def hosts(host: str) -> list[str] | None:
    """The host names that a request may have; None for any, where the network may use the demo."""
    return [*LOCAL, "[::1]"] if host in LOCAL else None


def train_what_is_missing(families: tuple[str, ...], seeds: tuple[int, ...]) -> None:
    wanted = [path for name in model_names(families, seeds) for path in (model_file(name), history_file(name))]
    missing = [path for path in wanted if not path.exists()]
    if not missing:
        return
    what = f"{len(missing)} of {len(wanted)} files of models are missing, {missing[0]} first"
    if not sys.stdin.isatty():
        raise UserError(f"{what}; `make repro` trains them, `dvc pull` gets them if they are shared")
    print(f"{what}. `dvc pull` gets them if they are shared.")
    if not agreed("Train them now? It takes about 20 minutes on 2 cores. [y/N] "):
        raise UserError("there is nothing to show without models")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # DVC's stages call `python`
    if subprocess.run([sys.executable, "-m", "dvc", "repro"], env=os.environ | {"PATH": path}, check=False).returncode:
        raise UserError("the training failed; its messages stand above")


def agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:  # Ctrl-D
        return False


def listening(host: str, port: int | None) -> socket.socket:
    """At port 0, any that is free."""
    ports = [port] if port is not None else range(PORT, PORT + PORTS)
    for each in ports:
        try:
            return socket.create_server((host, each), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError as error:
            if error.errno != EADDRINUSE:
                raise
    taken = f"port {ports[0]} is" if len(ports) == 1 else f"ports {ports[0]} to {ports[-1]} are all"
    raise UserError(f"{taken} taken; --port names another")


if __name__ == "__main__":
    main()
