"""MLflow's pages on this machine alone: `make ui`."""

import os
import socket
import sys

from digits.tracking import environment

HOST = "127.0.0.1"
FIRST_PORT, PORTS = 5000, 20


def main() -> None:
    environment.start()
    from digits.tracking.store import home, local

    if uri := os.environ.get("MLFLOW_TRACKING_URI"):
        sys.exit(f"runs are at {uri}, which MLFLOW_TRACKING_URI names: look there, or unset it")
    port = next((port for port in range(FIRST_PORT, FIRST_PORT + PORTS) if free(port)), None)
    if port is None:
        sys.exit(f"ports {FIRST_PORT} to {FIRST_PORT + PORTS - 1} are all taken; end one of the servers there")
    print(f"MLflow: http://{HOST}:{port} (Ctrl-C ends it)", flush=True)
    options = {
        "--host": HOST,
        "--port": str(port),
        "--workers": "1",  # its own four take a gigabyte of memory
        "--backend-store-uri": local(),
        "--artifacts-destination": (home() / "artifacts").as_uri(),
    }
    given = [word for option in options.items() for word in option]
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", "server", *given])


def free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0


if __name__ == "__main__":
    main()
