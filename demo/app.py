"""The demo page and its API over HTTP. Requests are not stored."""

import os
import sys
import traceback
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import numpy as np
from flask import Flask, Request, Response, jsonify, request, send_file, send_from_directory
from werkzeug.exceptions import (
    HTTPException,
    NotFound,
    RequestEntityTooLarge,
    ServiceUnavailable,
    UnprocessableEntity,
    UnsupportedMediaType,
)

from demo import pixels
from demo.service import Service
from digits.core.errors import UserError
from digits.core.files import read_json
from digits.core.paths import REPORTS
from digits.data.image_files import FORMATS, MAX_BYTES, decode
from digits.data.preprocessing import Preprocessing, preprocess

MAX_WAIT = 20  # seconds for a free core
LOOPBACK = ("127.0.0.1", "::1")
STATIC = Path(__file__).with_name("static")
OPENAPI = Path(__file__).with_name("openapi.json")
IMAGE_TYPES = tuple(f"image/{name.lower()}" for name in FORMATS)
REPORT_TYPES = {".md": "text/plain", ".csv": "text/plain", ".json": "application/json", ".png": "image/png"}
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


def create_app(service: Service, hosts: list[str] | None) -> Flask:
    """Create the app, which rejects requests to other host names: another site can make a browser send them."""
    app = Flask("demo", static_folder=STATIC)
    cores = BoundedSemaphore(os.cpu_count() or 1)  # decoding an image takes up to 90 MB
    app.config.update(MAX_CONTENT_LENGTH=MAX_BYTES + 2**16, TRUSTED_HOSTS=hosts)
    app.json.sort_keys, app.json.ensure_ascii = False, False
    app.after_request(add_headers)
    app.register_error_handler(Exception, error_response)

    @app.get("/")
    def page() -> Response:
        return send_file(STATIC / "index.html")

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/api/openapi.json")
    def openapi() -> dict[str, Any]:
        return openapi_description(service)

    @app.get("/api/models")
    def models() -> dict[str, Any]:
        return service.describe_models(is_local=request.remote_addr in LOOPBACK)

    @app.post("/api/predict")
    def predict() -> dict[str, Any]:
        names = service.parse_names(request.args.get("models"))
        if not cores.acquire(timeout=MAX_WAIT):
            raise ServiceUnavailable("Too many requests at the same time. Try again in a moment.")
        try:
            return service.predict(parse_image(request, service.preprocessing), names)
        finally:
            cores.release()

    @app.get("/api/disagreements")
    def disagreements() -> dict[str, Any]:
        return service.disagreements(request.args.get("family"))

    @app.get("/reports/<path:name>")
    def report(name: str) -> Response:
        if Path(name).suffix not in REPORT_TYPES:
            raise NotFound("There is no such report.")
        return send_from_directory(REPORTS.resolve(), name, mimetype=REPORT_TYPES[Path(name).suffix])

    return app


def openapi_description(service: Service) -> dict[str, Any]:
    """Return openapi.json with the names of the served models and the shape of their images filled in."""
    api = read_json(OPENAPI)
    image: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 255}
    for length in reversed(pixels.json_shape(service.preprocessing.shape)):
        image = {"type": "array", "items": image, "minItems": length, "maxItems": length}
    schemas, name = api["components"]["schemas"], f"({'|'.join(service.models)})"
    schemas["Image"] |= image
    schemas["ModelNames"]["pattern"] = f"^{name}(,{name})*$"
    schemas["Family"]["enum"] = service.families
    return api


def parse_image(request: Request, preprocessing: Preprocessing) -> np.ndarray:
    """Return the image of the request: pixels unchanged, a file preprocessed like the training images."""
    data = read_body(request)
    if request.mimetype == "application/json":
        return pixels.parse(data, preprocessing.shape)
    return preprocess_file(data, preprocessing)


def read_body(request: Request) -> bytes:
    if request.mimetype not in ("application/json", "multipart/form-data", *IMAGE_TYPES):
        raise UnsupportedMediaType(
            f"The body must be {', '.join(IMAGE_TYPES)}, a form with a file named image, or JSON with pixels."
        )
    try:
        if request.mimetype != "multipart/form-data":
            data = request.get_data()
        elif "image" in request.files:
            data = request.files["image"].read()
        else:
            raise UnprocessableEntity("The form has no file named image.")
    except RequestEntityTooLarge:
        raise too_large() from None
    if len(data) > MAX_BYTES:
        raise too_large()
    return data


def too_large() -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"The image is too large: at most {MAX_BYTES // 2**20} MB are allowed.")


def preprocess_file(data: bytes, preprocessing: Preprocessing) -> np.ndarray:
    try:
        return preprocess(decode(data), preprocessing)
    except UserError as error:
        raise UnprocessableEntity(f"The image cannot be used: {error}.") from None


def add_headers(response: Response) -> Response:
    response.headers.extend(HEADERS)
    response.headers["Cache-Control"] = "no-store" if request.path.startswith("/api/") else "no-cache"
    return response


def error_response(error: Exception) -> Response:
    if isinstance(error, HTTPException):
        response = error.get_response()  # includes headers of the status, such as Allow
        response.data, response.content_type = jsonify(error=error.description).data, "application/json"
        return response
    if isinstance(error, UserError):
        status, message = 503, str(error)
    else:
        traceback.print_exception(error, file=sys.stderr)
        status, message = 500, "Internal server error. The terminal of `make demo` shows the details."
    response = jsonify(error=message)
    response.status_code = status
    return response
