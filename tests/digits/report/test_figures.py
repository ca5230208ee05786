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
from digits.report.figures.data import FamilyResults
from digits.report.figures.style import upper_limits, use_style

SEEDS = (1, 2)
OBJECTS = ["articulated lorry with trailer", "pickup truck", "$5 bill", *(f"kind {number}" for number in range(27))]
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
    values = {f"validation_{name}": accuracy for name in ("accuracy", "corrupted_accuracy")} | {"validation_loss": 0.1}
    curve = [{"epoch": epoch} | values for epoch in range(1, epochs + 1)] if accuracy else []
    outcome = {"status": status, "epochs": curve, "objective": accuracy}
    return {"trial": number, "hyperparameters": hyperparameters} | outcome


POINTS = [
    CostAccuracy("mlp", "baseline", 1, (0.97, 0.98), 400_000, 12 * 10**11, 0),
    CostAccuracy("mlp", "baseline", 2, (0.985,), 800_000, 24 * 10**11, 0),
    CostAccuracy("mlp", "tuned", 1, (0.98, 0.985), 600_000, 18 * 10**11, 9 * 10**12),
    CostAccuracy("mlp", "tuned", 2, (0.99,), 1_200_000, 36 * 10**11, 9 * 10**12),
]


def corrupted(n_images: int, n_wrong: int) -> np.ndarray:
    """Return predictions with `n_wrong` errors at severity 1, twice as many at 2, …; held-out: one more each time."""
    wrong = np.outer([n_wrong if name in TRAINED else n_wrong + 1 for name in CORRUPTIONS], [1, 2, 3, 4])
    return np.arange(n_images) >= wrong[..., np.newaxis]


TRIALS = [
    trial(0, 0.96, rate=0.001, filters=32, norm=False, optimizer="adam"),
    trial(1, None, rate=0.1, filters=64, norm=True, optimizer="adam"),
    trial(2, 0.98, rate=0.003, filters=64, norm=True, optimizer="sgd"),
    trial(3, 0.11, 1, rate=0.05, filters=32, norm=False, optimizer="sgd"),
]


def results(
    classes: list[str] = DIGITS,
    n_images: int = 60,
    shape: tuple[int, int, int] = (28, 28, 1),
    n_wrong: int = 9,
    trials: list[dict] = TRIALS,
    epochs: int = 3,
    searches: tuple[int, ...] = (1,),
) -> FamilyResults:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, len(classes), n_images)

    def probabilities(n_wrong: int) -> np.ndarray:
        predicted = labels.copy()
        predicted[:n_wrong] = (predicted[:n_wrong] + 1) % len(classes)
        scores = rng.random((n_images, len(classes))) + 5 * np.eye(len(classes))[predicted]
        return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)

    return FamilyResults(
        family="cnn",
        histories={"baseline": [history(0, epochs), history(0.01, epochs)], "tuned": [history(0.02, epochs)] * 2},
        trials=[
            trial | {"search": search, "chosen": trial["trial"] == (2 if len(trials) > 2 else 0)}
            for search in searches
            for trial in trials
        ],
        objective_name="accuracy",
        probabilities={
            "baseline": [probabilities(n_wrong + 2) for _ in SEEDS],
            "tuned": [probabilities(n_wrong) for _ in SEEDS],
        },
        labels=labels,
        images=rng.integers(0, 256, (n_images, *shape), dtype=np.uint8),
        classes=classes,
        corrupted_correct={
            "baseline": [corrupted(n_images, 3), corrupted(n_images, 6)],
            "tuned": [corrupted(n_images, 1)] * 2,
        },
    )


def draw_all(folder: Path) -> list[Path]:
    return [*figures.write(results(n_images=20), folder), figures.write_cost_accuracy(POINTS, folder)]


def test_figures_have_the_same_bytes_whatever_the_settings_of_matplotlib(tmp_path, monkeypatch):
    first = [path.read_bytes() for path in draw_all(tmp_path)]
    monkeypatch.setitem(rcParams, "font.size", 20)
    monkeypatch.setitem(rcParams, "axes.grid", True)
    second = [path.read_bytes() for path in draw_all(tmp_path)]
    assert first == second
    assert rcParams["font.size"] == 20
    assert all(b"Software" not in picture and b"matplotlib" not in picture for picture in first)


@pytest.mark.parametrize(
    "unusual",
    [
        results(["no", "yes"], n_images=3, n_wrong=0, trials=TRIALS[:1], epochs=1),
        results(OBJECTS, n_images=200, shape=(96, 60, 3), searches=(1, 2, 3)),
    ],
    ids=["3 images, no mistakes, 1 trial, 1 epoch", "30 classes, long names, colour, 3 searches"],
)
def test_unusual_results_are_drawn_in_small_files(unusual, tmp_path):
    for path in figures.write(unusual, tmp_path):
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
    ids=["one point", "lowest and highest accuracy, lowest cost", "8 families, 8 powers of ten"],
)
def test_unusual_costs_are_drawn(points, tmp_path):
    picture = image.imread(figures.write_cost_accuracy(points, tmp_path))
    assert picture.shape[1] == 1008


def unreadable_texts(figure: Figure) -> list[tuple[str, ...]]:
    """Return the texts that overlap or extend beyond the figure, except tick labels, which may be slanted."""
    figure.draw_without_rendering()
    ticks = {label for ax in figure.findobj(Axes) for label in (*ax.get_xticklabels(), *ax.get_yticklabels())}
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text() and text not in ticks]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    outside = [(text,) for text, box in boxes if not figure.bbox.containsx(box.x1) or not figure.bbox.containsy(box.y0)]
    return outside + [
        (first, second) for (first, box), (second, other_box) in combinations(boxes, 2) if box.overlaps(other_box)
    ]


CURVES = ["training", "search", "search-hyperparameters"]


@pytest.mark.parametrize("name", CURVES)
def test_texts_beside_curves_do_not_overlap_or_leave_the_figure(name):
    with use_style():
        assert unreadable_texts(figures.FIGURES[name](results())) == []


@pytest.mark.parametrize("name", [name for name in figures.FIGURES if name not in CURVES])
@pytest.mark.parametrize(
    ("classes", "shape"),
    [(["no", "yes"], (28, 28, 1)), (DIGITS, (28, 28, 1)), (OBJECTS[:12], (60, 96, 3)), (OBJECTS, (96, 60, 3))],
)
def test_texts_beside_images_and_classes_do_not_overlap_or_leave_the_figure(name, classes, shape):
    with use_style():
        assert unreadable_texts(figures.FIGURES[name](results(classes, shape=shape))) == []


def test_training_is_averaged_over_the_seeds():
    first, *others = data.training_table(results())
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


def test_a_failed_trial_has_no_objective_and_no_curve(tmp_path):
    diverged = TRIALS[1] | {"epochs": TRIALS[3]["epochs"]}
    with_failed = results(trials=[TRIALS[0], diverged, *TRIALS[2:]])
    data.write_tables(with_failed, tmp_path)
    rows = list(csv.DictReader((tmp_path / "search/cnn.csv").read_text().splitlines()))
    assert [row["status"] for row in rows] == ["completed", "failed", "completed", "pruned"]
    assert [row["objective"] for row in rows] == ["0.96", "", "0.98", "0.11"]
    assert [row["epochs"] for row in rows] == ["2", "1", "2", "1"]
    assert [row["recipe"] for row in rows] == ["baseline", "searched", "searched", "searched"]
    assert rows[2]["optimizer"] == "sgd"
    [ax] = search.draw(with_failed).axes
    assert [line.get_label() for line in ax.lines] == ["stopped early", "baseline recipe", "chosen"]
    assert ax.get_xlabel() == "epoch (1 trial failed; 1 trial below this scale)"


def test_each_search_has_its_own_chosen_trial():
    two_searches = results(searches=(1, 7))
    assert [(row["search"], row["trial"]) for row in data.search_table(two_searches) if row["chosen"]] == [
        (1, 2),
        (7, 2),
    ]
    [ax] = search.draw(two_searches).axes
    assert [line.get_label() for line in ax.lines].count("chosen") == 2
    chosen = [line for line in search.draw_hyperparameters(two_searches).axes[0].lines if line.get_label() == "chosen"]
    assert [len(line.get_xdata()) for line in chosen] == [2]


def test_confusion_counts_every_image_once_per_seed_and_lists_every_class():
    family = results()
    rows = data.confusion_table(family)
    for variant, n_wrong in (("baseline", 11), ("tuned", 9)):
        selected = [row for row in rows if row["variant"] == variant]
        assert sum(row["count"] for row in selected) == len(family.labels) * len(SEEDS)
        errors = sum(row["count"] for row in selected if row["actual"] != row["predicted"])
        assert errors == n_wrong * len(SEEDS)
        assert [row["actual"] for row in selected][: len(DIGITS)] == DIGITS


def test_accuracy_on_corrupted_images_is_averaged_over_the_seeds():
    rows = data.robustness_table(results())
    assert len(rows) == 2 * (2 + len(CORRUPTIONS)) * 5
    uncorrupted, first = [row for row in rows if (row["variant"], row["corruption"]) == ("baseline", "shift")][:2]
    assert [uncorrupted[key] for key in ("lowest", "mean", "highest")] == pytest.approx([49 / 60] * 3)
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


def test_trained_and_held_out_corruptions_have_separate_means():
    rows = [row for row in data.robustness_table(results()) if row["variant"] == "tuned" and row["severity"] == 4]
    means = {row["corruption"]: row["mean"] for row in rows if row["corruption"].startswith("mean")}
    assert means == pytest.approx(
        {"mean of trained corruptions": 1 - 4 / 60, "mean of held-out corruptions": 1 - 8 / 60}
    )
    assert {row["corruption"] for row in rows if row["group"] == "held-out"}.isdisjoint(TRAINED)


def test_one_outlier_does_not_flatten_the_other_curves():
    low, high = upper_limits([0.1, 0.97, 0.98, 0.985, 0.99])
    assert 0.9 < low < 0.97
    assert high > 0.99


def test_mistakes_are_grouped_by_variant_with_the_most_confident_first():
    baseline = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.95, 0.05], [0.3, 0.7], [0.7, 0.3]])
    tuned = np.array([[0.4, 0.6], [0.3, 0.7], [0.6, 0.4], [0.8, 0.2], [0.2, 0.8], [0.99, 0.01]])
    groups = images.group_mistakes(np.ones(6, int), {"baseline": baseline, "tuned": tuned})
    assert {heading: indices.tolist() for heading, indices in groups.items()} == {
        "Baseline wrong, tuned right": [0, 1],
        "Tuned wrong, baseline right": [2],
        "Both wrong": [5, 3],
    }


def test_samples_interleave_the_classes():
    assert images.interleave_classes(np.array([1, 1, 0, 2, 0])).tolist() == [2, 0, 3, 4, 1]


def test_a_hyperparameter_with_one_searched_value_has_no_panel():
    trials = [trial(number, 0.9, noise=min(number, 1), rate=number) for number in range(3)]
    assert search.searched_hyperparameters(results(trials=trials).trials) == ["rate"]
