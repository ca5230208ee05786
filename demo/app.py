"""The page and its API over HTTP. Nothing of a request is kept."""

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

MAX_WAIT = 20  # seconds, for a core
LOOPBACK = ("127.0.0.1", "::1")
STATIC = Path(__file__).with_name("static")
OPENAPI = Path(__file__).with_name("openapi.json")
IMAGES = tuple(f"image/{name.lower()}" for name in FORMATS)
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
    """Requests to other host names than these are refused: a page elsewhere can make a browser send such requests."""
    app = Flask("demo", static_folder=STATIC)
    cores = BoundedSemaphore(os.cpu_count() or 1)  # a picture that is decoded takes up to 90 MB
    app.config.update(MAX_CONTENT_LENGTH=MAX_BYTES + 2**16, TRUSTED_HOSTS=hosts)
    app.json.sort_keys, app.json.ensure_ascii = False, False
    app.after_request(with_headers)
    app.register_error_handler(Exception, error_response)

    @app.get("/")
    def page() -> Response:
        return send_file(STATIC / "index.html")

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/api/openapi.json")
    def openapi() -> dict[str, Any]:
        return description(service)

    @app.get("/api/models")
    def models() -> dict[str, Any]:
        return service.models(here=request.remote_addr in LOOPBACK)

    @app.post("/api/predict")
    def predict() -> dict[str, Any]:
        names = service.names(request.args.get("models"))
        if not cores.acquire(timeout=MAX_WAIT):
            raise ServiceUnavailable("too many requests at once; try again in a moment")
        try:
            return service.predict(image_in(request, service.preprocessing), names)
        finally:
            cores.release()

    @app.get("/api/disagreements")
    def disagreements() -> dict[str, Any]:
        return service.disagreements(request.args.get("family"))

    @app.get("/reports/<path:name>")
    def report(name: str) -> Response:
        if Path(name).suffix not in READABLE:
            raise NotFound("there is no such report")
        return send_from_directory(REPORTS.resolve(), name, mimetype=READABLE[Path(name).suffix])

    return app


def description(service: Service) -> dict[str, Any]:
    """openapi.json, completed by the names of the models served and the shape of the images they take."""
    api = read_json(OPENAPI)
    image: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 255}
    for length in reversed(pixels.shape_of(service.preprocessing.shape)):
        image = {"type": "array", "items": image, "minItems": length, "maxItems": length}
    schemas, name = api["components"]["schemas"], f"({'|'.join(service.served)})"
    schemas["Image"] |= image
    schemas["Names"]["pattern"] = f"^{name}(,{name})*$"
    schemas["Family"]["enum"] = service.families
    return api


def image_in(request: Request, preprocessing: Preprocessing) -> np.ndarray:
    """Pixels are taken as they are; an image file is preprocessed like the training images."""
    data = body(request)
    if request.mimetype == "application/json":
        return pixels.read(data, preprocessing.shape)
    return picture(data, preprocessing)


def body(given: Request) -> bytes:
    if given.mimetype not in ("application/json", "multipart/form-data", *IMAGES):
        kinds = ", ".join(IMAGES)
        raise UnsupportedMediaType(f"the body must be {kinds}, a form with a file named image, or JSON with pixels")
    try:
        if given.mimetype != "multipart/form-data":
            data = given.get_data()
        elif "image" in given.files:
            data = given.files["image"].read()
        else:
            raise UnprocessableEntity("the form has no file named image")
    except RequestEntityTooLarge:
        raise too_large() from None
    if len(data) > MAX_BYTES:
        raise too_large()
    return data


def too_large() -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"a picture may have {MAX_BYTES // 2**20} MB")


def picture(data: bytes, preprocessing: Preprocessing) -> np.ndarray:
    try:
        return preprocess(decode(data), preprocessing)
    except UserError as mistake:
        raise UnprocessableEntity(f"this picture cannot be used: {mistake}") from None


def with_headers(response: Response) -> Response:
    response.headers.extend(HEADERS)
    response.headers["Cache-Control"] = "no-store" if request.path.startswith("/api/") else "no-cache"
    return response


def error_response(error: Exception) -> Response:
    if isinstance(error, HTTPException):
        response = error.get_response()  # with the headers of its status, such as Allow
        response.data, response.content_type = jsonify(error=error.description).data, "application/json"
        return response
    if isinstance(error, UserError):
        status, why = 503, str(error)
    else:
        traceback.print_exception(error, file=sys.stderr)
        status, why = 500, "something went wrong; the terminal of `make demo` says what"
    response = jsonify(error=why)
    response.status_code = status
    return response
