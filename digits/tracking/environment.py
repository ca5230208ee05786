"""MLflow's settings, made before it is imported: no telemetry, little patience, no chatter. A user's own stay."""

import os

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
    # A server that does not answer costs seconds, not MLflow's own ten minutes.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow's chatter, where a champion is scored
}


def start() -> None:
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def off() -> bool:
    return os.environ.get("DIGITS_TRACKING") == "off"
