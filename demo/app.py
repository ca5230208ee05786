"""The page and its API, which openapi.json describes. It keeps nothing of what it is asked."""

import sys
import traceback
from concurrent.futures import TimeoutError as Late
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask, Response, jsonify, request, send_file, send_from_directory
from werkzeug.exceptions import HTTPException

from demo import offers, pixels
from demo.batches import Batches
from demo.description import describe
from demo.errors import Refused
from demo.offers import Offer
from digits.errors import UserError
from digits.names import REPORTS
from digits.pictures import FORMATS, MOST_BYTES, decode
from digits.placing import place
from digits.tracking import ui

HERE = Path(__file__).parent
PATIENCE = 20  # seconds
PICTURES = tuple(f"image/{name.lower()}" for name in FORMATS)
READABLE = {".md": "text/plain", ".csv": "text/plain", ".json": "application/json", ".png": "image/png"}
REPORTED = {"Comparison": "comparison.md", "Model card": "model_card.md", "Metrics": "metrics.json"}
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


def create(offered: list[Offer], hosts: list[str] | None) -> Flask:
    """Asked for another of its names than these, as a page elsewhere may make a browser do, it does not answer."""
    app = Flask("demo", static_folder=HERE / "static")
    app.config.update(MAX_CONTENT_LENGTH=MOST_BYTES + 2**16, TRUSTED_HOSTS=hosts)
    app.json.sort_keys, app.json.ensure_ascii = False, False
    app.extensions["batches"] = batches = Batches({each.name: each.ask for each in offered})
    by_name, default = {each.name: each for each in offered}, offers.first_shown(offered)
    about = offered[0].about
    families, shape = sorted({each.card["family"] for each in offered}), pixels.shape(about.placing)

    @app.get("/")
    def page() -> Response:
        return send_file(HERE / "static/index.html")

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/api/openapi.json")
    def description() -> dict[str, Any]:
        return describe(list(by_name), families, shape)

    @app.get("/api/models")
    def models() -> dict[str, Any]:
        return {
            "classes": about.classes,
            "shape": about.placing.shape,
            "models": [each.card for each in offered],
            "default": default,
            "reports": [
                {"title": title, "href": f"/reports/{name}"}
                for title, name in REPORTED.items()
                if (REPORTS / name).exists()
            ],
            "mlflow": ui.address(),
        }

    @app.post("/api/predict")
    def predict() -> dict[str, Any]:
        asked = chosen(request.args["models"].split(",")) if "models" in request.args else default
        image = asked_about()
        found = batches.ask(image, asked, PATIENCE)
        answers = [answer(name, found[name]) for name in asked]
        agree = len({each["class"] for each in answers}) == 1
        return {"input": offers.plain(image), "agree": agree, "answers": answers}

    @app.get("/api/disagreements")
    def disagreements() -> dict[str, Any]:
        family = request.args.get("family", by_name[default[0]].card["family"])
        if family not in families:
            raise Refused(422, f"family is {family!r:.40}; there are {', '.join(families)}")
        return offers.disagreements(offered, family)

    @app.get("/reports/<path:name>")
    def report(name: str) -> Response:
        kind = READABLE.get(Path(name).suffix)
        if kind is None:
            raise Refused(404, "there is no such report")
        return send_from_directory(REPORTS.resolve(), name, mimetype=kind)

    def chosen(names: list[str]) -> list[str]:
        if unknown := [name for name in names if name not in by_name]:
            raise Refused(422, f"models holds {unknown[0]!r:.40}; there are {', '.join(by_name)}")
        return list(dict.fromkeys(names))

    def asked_about() -> np.ndarray:
        """Pixels are what the network sees, to the last; a picture is laid as the training images lie."""
        if request.mimetype == "application/json":
            return pixels.read(request.get_data(), shape).reshape(about.placing.shape)
        if request.mimetype == "multipart/form-data":
            if "image" not in request.files:
                raise Refused(422, "the form has no file named image")
            return place(decode(request.files["image"].read()), about.placing)
        if request.mimetype in PICTURES:
            return place(decode(request.get_data()), about.placing)
        raise Refused(
            415, f"the body must be {', '.join(PICTURES)}, a form with a file named image, or JSON with pixels"
        )

    def answer(name: str, probabilities: np.ndarray) -> dict[str, Any]:
        first = int(probabilities.argmax())
        chances = [round(float(chance), 6) for chance in probabilities]
        return {"model": name, "class": about.classes[first], "probability": chances[first], "probabilities": chances}

    @app.after_request
    def guarded(response: Response) -> Response:
        response.headers.extend(HEADERS)
        response.headers["Cache-Control"] = "no-store" if request.path.startswith("/api/") else "no-cache"
        return response

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        if isinstance(error, HTTPException):
            response = error.get_response()
            response.data, response.content_type = app.json.dumps({"error": error.description}), "application/json"
            return response
        if isinstance(error, Refused):
            return said(error.status, str(error))
        if isinstance(error, UserError):
            return said(422, f"this picture cannot be used: {error}")
        if isinstance(error, Late):
            return said(503, "too many ask at once; try again in a moment")
        traceback.print_exception(error, file=sys.stderr)
        return said(500, "something went wrong; the terminal of `make demo` says what")

    return app


def said(status: int, why: str) -> Response:
    response = jsonify(error=why)
    response.status_code = status
    return response
