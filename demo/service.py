"""What the page can ask, whatever the way it asks."""

from pathlib import Path
from typing import Any

import numpy as np

from demo import offers
from demo.batches import Batches
from demo.errors import ApiError
from demo.offers import ServedModel
from digits.common.paths import REPORTS
from digits.tracking import ui

PATIENCE = 20  # seconds
REPORTED = {"Comparison": "comparison.md", "Model card": "model_card.md", "Metrics": "metrics.json"}


class Service:
    def __init__(self, offered: list[ServedModel]) -> None:
        self.offered = {each.name: each for each in offered}
        self.families = sorted({each.card["family"] for each in offered})
        self.default = offers.first_shown(offered)
        self.classes, self.placing = offered[0].about.classes, offered[0].about.placing
        self.batches = Batches({each.name: each.ask for each in offered})

    def models(self) -> dict[str, Any]:
        reports = {title: name for title, name in REPORTED.items() if Path(REPORTS, name).exists()}
        return {
            "classes": self.classes,
            "shape": self.placing.shape,
            "models": [each.card for each in self.offered.values()],
            "default": self.default,
            "reports": [{"title": title, "href": f"/reports/{name}"} for title, name in reports.items()],
            "mlflow": ui.address(),
        }

    def named(self, names: str | None) -> list[str]:
        """Those that a request asks for, with commas between them."""
        if names is None:
            return self.default
        if unknown := [name for name in names.split(",") if name not in self.offered]:
            raise ApiError(422, f"models holds {unknown[0]!r:.40}; there are {', '.join(self.offered)}")
        return list(dict.fromkeys(names.split(",")))

    def predict(self, image: np.ndarray, names: list[str]) -> dict[str, Any]:
        found = self.batches.ask(image, names, PATIENCE)
        answers = [self.answer(name, found[name]) for name in names]
        agree = len({each["class"] for each in answers}) == 1
        return {"input": offers.plain(image), "agree": agree, "answers": answers}

    def answer(self, name: str, probabilities: np.ndarray) -> dict[str, Any]:
        first = int(probabilities.argmax())
        chances = [round(float(chance), 6) for chance in probabilities]
        return {"model": name, "class": self.classes[first], "probability": chances[first], "probabilities": chances}

    def disagreements(self, family: str | None) -> dict[str, Any]:
        if family is None:
            family = self.offered[self.default[0]].card["family"]
        if family not in self.families:
            raise ApiError(422, f"family is {family!r:.40}; there are {', '.join(self.families)}")
        return offers.disagreements(list(self.offered.values()), family)
