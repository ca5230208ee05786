"""The page and its API over HTTP. It keeps nothing of what it is asked."""

import sys
import traceback
from concurrent.futures import TimeoutError as Late
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask, Request, Response, jsonify, request, send_file, send_from_directory
from werkzeug.exceptions import HTTPException

from demo import pixels
from demo.description import describe
from demo.errors import ApiError
from demo.service import Service
from digits.common.errors import UserError
from digits.common.paths import REPORTS
from digits.inference.image_files import FORMATS, MOST_BYTES, decode
from digits.inference.preprocessing import Preprocessing, place

STATIC = Path(__file__).with_name("static")
PICTURES = tuple(f"image/{name.lower()}" for name in FORMATS)
READABLE = {".md": "text/plain", ".csv": "text/plain", ".json": "application/json", ".png": "image/png"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def create(service: Service, hosts: list[str] | None) -> Flask:
    """Asked by another name than these, as a page elsewhere may make a browser do, it does not answer."""
    app = Flask("demo", static_folder=STATIC)
    app.config.update(MAX_CONTENT_LENGTH=MOST_BYTES + 2**16, TRUSTED_HOSTS=hosts)
    app.json.sort_keys, app.json.ensure_ascii = False, False
    app.after_request(guarded)
    app.register_error_handler(Exception, failed)
    placing = service.placing

    @app.get("/")
    def page() -> Response:
        return send_file(STATIC / "index.html")

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/api/openapi.json")
    def description() -> dict[str, Any]:
        return describe(list(service.offered), service.families, pixels.shape(placing))

    @app.get("/api/models")
    def models() -> dict[str, Any]:
        return service.models()

    @app.post("/api/predict")
    def predict() -> dict[str, Any]:
        names = service.named(request.args.get("models"))
        with service.batches.one_more():
            image = image_of(request, placing)
        return service.predict(image, names)

    @app.get("/api/disagreements")
    def disagreements() -> dict[str, Any]:
        return service.disagreements(request.args.get("family"))

    @app.get("/reports/<path:name>")
    def report(name: str) -> Response:
        if Path(name).suffix not in READABLE:
            raise ApiError(404, "there is no such report")
        return send_from_directory(REPORTS.resolve(), name, mimetype=READABLE[Path(name).suffix])

    return app


def image_of(asked: Request, placing: Preprocessing) -> np.ndarray:
    """Pixels are what the network sees, to the last; a picture is laid as the training images lie."""
    if asked.mimetype == "application/json":
        return pixels.read(asked.get_data(), placing)
    if asked.mimetype == "multipart/form-data":
        if "image" not in asked.files:
            raise ApiError(422, "the form has no file named image")
        return place(decode(asked.files["image"].read()), placing)
    if asked.mimetype in PICTURES:
        return place(decode(asked.get_data()), placing)
    raise ApiError(415, f"the body must be {', '.join(PICTURES)}, a form with a file named image, or JSON with pixels")


def guarded(response: Response) -> Response:
    response.headers.extend(HEADERS)
    response.headers["Cache-Control"] = "no-store" if request.path.startswith("/api/") else "no-cache"
    return response


def failed(error: Exception) -> Response:
    if isinstance(error, HTTPException):
        response = error.get_response()
        response.data, response.content_type = jsonify(error=error.description).data, "application/json"
        return response
    if isinstance(error, ApiError):
        return said(error.status, str(error))
    if isinstance(error, UserError):
        return said(422, f"this picture cannot be used: {error}")
    if isinstance(error, Late):
        return said(503, "too many ask at once; try again in a moment")
    traceback.print_exception(error, file=sys.stderr)
    return said(500, "something went wrong; the terminal of `make demo` says what")


def said(status: int, why: str) -> Response:
    response = jsonify(error=why)
    response.status_code = status
    return response
