import csv
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from digits.data.corruptions import CORRUPTIONS, TRAINED
from digits.evaluation.flops import CostAccuracy
from digits.report import figures
from digits.report.figures import data, images, search
from digits.report.figures.data import Results
from digits.report.figures.style import styled, zoom

SEEDS = (1, 2)
KINDS = ["articulated lorry with trailer", "pickup truck", "$5 bill", *(f"kind {number}" for number in range(27))]
DIGITS = list("0123456789")


def history(lift: float, epochs: int = 3) -> list[dict]:
    return [
        {
            "epoch": epoch,
            "accuracy": 0.9 + 0.01 * epoch + lift,
            "loss": 1 / epoch,
            "validation_accuracy": 0.88 + 0.01 * epoch + lift,
            "validation_loss": 1.5 / epoch,
        }
        for epoch in range(1, epochs + 1)
    ]


def trial(number: int, accuracy: float | None, epochs: int = 2, **hyperparameters: object) -> dict:
    status = "failed" if accuracy is None else "completed" if epochs == 2 else "pruned"
    measured = {f"validation_{name}": accuracy for name in ("accuracy", "corrupted_accuracy")} | {
        "validation_loss": 0.1
    }
    curve = [{"epoch": epoch} | measured for epoch in range(1, epochs + 1)] if accuracy else []
    told = {"status": status, "epochs": curve, "objective": accuracy}
    return {"trial": number, "hyperparameters": hyperparameters} | told


POINTS = [
    CostAccuracy("mlp", "baseline", 1, (0.97, 0.98), 400_000, 12 * 10**11, 0),
    CostAccuracy("mlp", "baseline", 2, (0.985,), 800_000, 24 * 10**11, 0),
    CostAccuracy("mlp", "tuned", 1, (0.98, 0.985), 600_000, 18 * 10**11, 9 * 10**12),
    CostAccuracy("mlp", "tuned", 2, (0.99,), 1_200_000, 36 * 10**11, 9 * 10**12),
]


def corrupted(images: int, missed: int) -> np.ndarray:
    """So many images are wrong at severity 1, twice as many at 2, and so on; unseen kinds cost one image more."""
    wrong = np.outer([missed if name in TRAINED else missed + 1 for name in CORRUPTIONS], [1, 2, 3, 4])
    return np.arange(images) >= wrong[..., np.newaxis]


TRIALS = [
    trial(0, 0.96, rate=0.001, filters=32, norm=False, optimizer="adam"),
    trial(1, None, rate=0.1, filters=64, norm=True, optimizer="adam"),
    trial(2, 0.98, rate=0.003, filters=64, norm=True, optimizer="sgd"),
    trial(3, 0.11, 1, rate=0.05, filters=32, norm=False, optimizer="sgd"),
]


def results(
    classes: list[str] = DIGITS,
    images: int = 60,
    shape: tuple[int, int, int] = (28, 28, 1),
    wrong: int = 9,
    trials: list[dict] = TRIALS,
    epochs: int = 3,
    searches: tuple[int, ...] = (1,),
) -> Results:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, len(classes), images)

    def predictions(mistakes: int) -> np.ndarray:
        said = labels.copy()
        said[:mistakes] = (said[:mistakes] + 1) % len(classes)
        raw = rng.random((images, len(classes))) + 5 * np.eye(len(classes))[said]
        return (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)

    return Results(
        family="cnn",
        histories={"baseline": [history(0, epochs), history(0.01, epochs)], "tuned": [history(0.02, epochs)] * 2},
        trials=[
            each | {"search": search, "chosen": each["trial"] == (2 if len(trials) > 2 else 0)}
            for search in searches
            for each in trials
        ],
        objective="accuracy",
        probabilities={
            "baseline": [predictions(wrong + 2) for _ in SEEDS],
            "tuned": [predictions(wrong) for _ in SEEDS],
        },
        labels=labels,
        images=rng.integers(0, 256, (images, *shape), dtype=np.uint8),
        classes=classes,
        corrupted={"baseline": [corrupted(images, 3), corrupted(images, 6)], "tuned": [corrupted(images, 1)] * 2},
    )


def draw_all(folder: Path) -> list[Path]:
    return [*figures.write(results(images=20), folder), figures.write_cost_accuracy(POINTS, folder)]


def test_the_same_input_gives_the_same_bytes_whatever_a_person_set_in_matplotlib(tmp_path, monkeypatch):
    first = [path.read_bytes() for path in draw_all(tmp_path)]
    monkeypatch.setitem(rcParams, "font.size", 20)
    monkeypatch.setitem(rcParams, "axes.grid", True)
    second = [path.read_bytes() for path in draw_all(tmp_path)]
    assert first == second
    assert rcParams["font.size"] == 20
    assert all(b"Software" not in picture and b"matplotlib" not in picture for picture in first)


@pytest.mark.parametrize(
    "given",
    [
        results(["no", "yes"], images=3, wrong=0, trials=TRIALS[:1], epochs=1),
        results(KINDS, images=200, shape=(96, 60, 3), searches=(1, 2, 3)),
    ],
    ids=["3 images, no mistakes, 1 trial, 1 epoch", "30 classes, long names, colour, 3 searches"],
)
def test_unusual_results_are_drawn_too_in_small_files(given, tmp_path):
    for path in figures.write(given, tmp_path):
        assert path.stat().st_size < 600_000
        picture = image.imread(path)
        assert picture.shape[1] == 1008
        assert (picture[-1, -1] == 1).all(), "drawn on white"


@pytest.mark.parametrize(
    "points",
    [
        POINTS[:1],
        [CostAccuracy("mlp", "tuned", 1, (1.0,), 1, 6, 0), CostAccuracy("cnn", "tuned", 1, (0.1,), 1, 6, 0)],
        [CostAccuracy(f"family {n}", "tuned", 1, (0.9, 0.91), 10**n, 10 ** (2 * n), 10**12) for n in range(1, 9)],
    ],
    ids=["one", "nothing to speak of", "8 families, 8 powers of ten"],
)
def test_unusual_costs_are_drawn_too(points, tmp_path):
    picture = image.imread(figures.write_cost_accuracy(points, tmp_path))
    assert picture.shape[1] == 1008


def hidden(figure: Figure) -> list[tuple[str, ...]]:
    """Texts that overlap, or that leave the figure; ticks' labels may be slanted, and are left out."""
    figure.draw_without_rendering()
    ticks = {label for ax in figure.findobj(Axes) for label in (*ax.get_xticklabels(), *ax.get_yticklabels())}
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text() and text not in ticks]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    outside = [(text,) for text, box in boxes if not figure.bbox.containsx(box.x1) or not figure.bbox.containsy(box.y0)]
    return outside + [(a, b) for (a, box), (b, other) in combinations(boxes, 2) if box.overlaps(other)]


@pytest.mark.parametrize("name", figures.FIGURES)
@pytest.mark.parametrize(
    ("classes", "shape"),
    [(["no", "yes"], (28, 28, 1)), (DIGITS, (28, 28, 1)), (KINDS[:12], (60, 96, 3)), (KINDS, (96, 60, 3))],
)
def test_every_text_can_be_read(name, classes, shape):
    with styled():
        assert hidden(figures.FIGURES[name](results(classes, shape=shape))) == []


def test_training_is_averaged_over_the_seeds():
    first, *others = data.training(results())
    assert len(others) == 2 * 2 * 2 * 3 - 1
    assert first == {
        "variant": "baseline",
        "split": "training",
        "measure": "accuracy",
        "epoch": 1,
        "mean": pytest.approx(0.915),
        "lowest": pytest.approx(0.91),
        "highest": pytest.approx(0.92),
    }


def test_a_failed_trial_is_kept_without_an_objective_and_has_no_curve_whatever_it_trained(tmp_path):
    diverged = TRIALS[1] | {"epochs": TRIALS[3]["epochs"]}
    given = results(trials=[TRIALS[0], diverged, *TRIALS[2:]])
    data.write(given, tmp_path)
    rows = list(csv.DictReader((tmp_path / "search/cnn.csv").read_text().splitlines()))
    assert [row["status"] for row in rows] == ["completed", "failed", "completed", "pruned"]
    assert [row["objective"] for row in rows] == ["0.96", "", "0.98", "0.11"]
    assert [row["epochs"] for row in rows] == ["2", "1", "2", "1"]
    assert [row["recipe"] for row in rows] == ["baseline", "searched", "searched", "searched"]
    assert rows[2]["optimizer"] == "sgd"
    [ax] = search.draw(given).axes
    assert [line.get_label() for line in ax.lines] == ["stopped early", "the baseline's recipe", "chosen"]
    assert ax.get_xlabel() == "epoch (1 trial failed; 1 trial below this scale)"


def test_the_trials_of_all_searches_are_told_apart_and_each_has_its_winner():
    given = results(searches=(1, 7))
    assert [(row["search"], row["trial"]) for row in data.search(given) if row["chosen"]] == [(1, 2), (7, 2)]
    [ax] = search.draw(given).axes
    assert [line.get_label() for line in ax.lines].count("chosen") == 2
    chosen = [line for line in search.draw_hyperparameters(given).axes[0].lines if line.get_label() == "chosen"]
    assert [len(line.get_xdata()) for line in chosen] == [2]


def test_confusion_counts_every_image_once_a_seed_and_names_every_class():
    given = results()
    rows = data.confusion(given)
    for variant, mistakes in (("baseline", 11), ("tuned", 9)):
        of_variant = [row for row in rows if row["variant"] == variant]
        assert sum(row["count"] for row in of_variant) == len(given.labels) * len(SEEDS)
        wrong = sum(row["count"] for row in of_variant if row["actual"] != row["predicted"])
        assert wrong == mistakes * len(SEEDS)
        assert [row["actual"] for row in of_variant][: len(DIGITS)] == DIGITS


def test_curves_on_corrupted_images_are_averaged_over_the_seeds():
    rows = data.corrupted(results())
    assert len(rows) == 2 * (2 + len(CORRUPTIONS)) * 5
    untouched, first = [row for row in rows if (row["variant"], row["corruption"]) == ("baseline", "shift")][:2]
    assert [untouched[key] for key in ("lowest", "mean", "highest")] == pytest.approx([49 / 60] * 3)
    assert first == {
        "variant": "baseline",
        "group": "trained",
        "corruption": "shift",
        "severity": 1,
        "strength": 4,
        "mean": pytest.approx(1 - 4.5 / 60),
        "lowest": pytest.approx(1 - 6 / 60),
        "highest": pytest.approx(1 - 3 / 60),
    }
    assert [row["strength"] for row in rows if row["corruption"] == "contrast"][:5] == [100, 80, 60, 40, 20]


def test_seen_and_unseen_kinds_each_have_a_mean_of_their_own():
    rows = [row for row in data.corrupted(results()) if row["variant"] == "tuned" and row["severity"] == 4]
    means = {row["corruption"]: row["mean"] for row in rows if row["corruption"].startswith("mean")}
    assert means == pytest.approx(
        {"mean of trained corruptions": 1 - 4 / 60, "mean of held-out corruptions": 1 - 8 / 60}
    )
    assert {row["corruption"] for row in rows if row["group"] == "held-out"}.isdisjoint(TRAINED)


def test_one_lost_run_does_not_flatten_the_others():
    low, high = zoom([0.1, 0.97, 0.98, 0.985, 0.99])
    assert 0.9 < low < 0.97
    assert high > 0.99


def test_mistakes_are_told_apart_by_who_is_wrong_and_come_surest_first():
    baseline = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.95, 0.05], [0.3, 0.7], [0.7, 0.3]])
    tuned = np.array([[0.4, 0.6], [0.3, 0.7], [0.6, 0.4], [0.8, 0.2], [0.2, 0.8], [0.99, 0.01]])
    groups = images.mistaken(np.ones(6, int), {"baseline": baseline, "tuned": tuned})
    assert {who: images.tolist() for who, images in groups.items()} == {
        "Baseline wrong, tuned right": [0, 1],
        "Tuned wrong, baseline right": [2],
        "Both wrong": [5, 3],
    }


def test_samples_go_through_the_classes_in_turn():
    assert images.class_by_class(np.array([1, 1, 0, 2, 0])).tolist() == [2, 0, 3, 4, 1]


def test_a_hyperparameter_that_only_the_baseline_has_otherwise_gets_no_panel():
    trials = [trial(number, 0.9, noise=min(number, 1), rate=number) for number in range(3)]
    assert search.varied(results(trials=trials).trials) == ["rate"]
