"""What the API answers, without HTTP."""

from typing import Any

import numpy as np
from werkzeug.exceptions import UnprocessableEntity

from demo import models, pixels
from demo.batches import Batches
from demo.models import ServedModel
from digits.common.paths import REPORTS
from digits.inference import predictor
from digits.tracking import ui

TIMEOUT = 20  # seconds
REPORTED = {"Comparison": "comparison.md", "Model card": "model_card.md", "Metrics": "metrics.json"}


class Service:
    def __init__(self, served: list[ServedModel]) -> None:
        self.served = {each.name: each for each in served}
        self.families = sorted({each.family for each in served})
        self.default_family = models.best_family(served)
        self.default = [each.name for each in served if each.family == self.default_family]
        self.classes, self.preprocessing = served[0].metadata.classes, served[0].metadata.preprocessing
        self.batches = Batches({each.name: each.predict for each in served})

    def models(self, here: bool) -> dict[str, Any]:
        """`here`: for a browser on this machine."""
        reports = {title: name for title, name in REPORTED.items() if (REPORTS / name).exists()}
        return {
            "classes": self.classes,
            "shape": self.preprocessing.shape,
            "models": [each.card for each in self.served.values()],
            "default": self.default,
            "reports": [{"title": title, "href": f"/reports/{name}"} for title, name in reports.items()],
            "mlflow": ui.address(here),
        }

    def names(self, wanted: str | None) -> list[str]:
        """Of the models that a request names, with commas between them."""
        if wanted is None:
            return self.default
        if unknown := [name for name in wanted.split(",") if name not in self.served]:
            raise UnprocessableEntity(f"models holds {unknown[0]!r:.40}; there are {', '.join(self.served)}")
        return list(dict.fromkeys(wanted.split(",")))

    def predict(self, image: np.ndarray, names: list[str]) -> dict[str, Any]:
        found = self.batches.predict(image, names, TIMEOUT)
        answers = [self.answer(name, found[name]) for name in names]
        agree = len({each["class"] for each in answers}) == 1
        return {"input": pixels.rows(image), "agree": agree, "answers": answers}

    def answer(self, name: str, probabilities: np.ndarray) -> dict[str, Any]:
        first, rounded = predictor.answer(probabilities)
        return {"model": name, "class": self.classes[first], "probability": rounded[first], "probabilities": rounded}

    def disagreements(self, family: str | None) -> dict[str, Any]:
        family = self.default_family if family is None else family
        if family not in self.families:
            raise UnprocessableEntity(f"family is {family!r:.40}; there are {', '.join(self.families)}")
        return models.disagreements(list(self.served.values()), family)
