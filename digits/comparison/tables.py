"""The comparison as tables and sentences: what was measured, what may be said, what tuning cost and what it chose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digits.comparison.comparison import ACCURACY, ENSEMBLE, OTHERS, Comparison, Row, Spread
from digits.comparison.intervals import Accuracy
from digits.comparison.verdict import ALPHA, Verdict, p_text, points
from digits.evaluation import flops
from digits.evaluation.metrics import Metric


def table(head: Sequence[str], align: str, rows: Sequence[Sequence[str]]) -> str:
    """Markdown; `align` has a letter for each column, l or r."""
    rule = "|".join("---:" if side == "r" else "---" for side in align)
    return "\n".join(f"|{line}|" for line in (f" {' | '.join(head)} ", rule, *(f" {' | '.join(row)} " for row in rows)))


def results(found: Comparison) -> str:
    others = [metric.heading for metric in OTHERS]
    head = ("Model", ACCURACY.heading, "95 % interval", *others, "Parameters", "Multiply-adds", "Verdict")
    first = found.rows[0]
    seeds = ", ".join(map(str, first.seeds))
    several = len(first.seeds) > 1
    spread = "Mean ± standard deviation over" if several else "One model each, of"
    scope = "other seeds and other test images" if several else "other test images"
    note = (
        f"{spread} seed{'s' * several} {seeds}; {found.images:,} test images; {first.epochs} epochs each. Intervals "
        f"are for {scope}. Verdicts are over the same family's baseline, in points (1 % of accuracy) with "
        "their interval."
    )
    if any(each.variant.endswith(ENSEMBLE) for each in found.rows):
        note += f" An ensemble averages what its {len(first.seeds)} models say."
    align = "lrr" + "r" * len(others) + "rrl"
    return f"{table(head, align, list(map(cells, found.rows)))}\n\n{note}\n"


def cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        cell(ACCURACY, row.accuracy),
        f"{100 * row.accuracy.low:.2f} to {100 * row.accuracy.high:.2f} %",
        *(cell(metric, row.metrics[metric.name]) for metric in OTHERS),
        f"{row.parameters:,}",
        f"{row.multiply_adds:,}",
        brief(row.verdict) if row.verdict else "–",
    )


def cell(metric: Metric, value: Spread | Accuracy) -> str:
    return f"{percent(value, metric.digits)} %" if metric.percent else spread(value.mean, value.sd, metric.digits)


def percent(value: Spread | Accuracy, digits: int = 2) -> str:
    return spread(100 * value.mean, None if value.sd is None else 100 * value.sd, digits)


def spread(mean: float, sd: float | None, digits: int) -> str:
    return f"{mean:.{digits}f}" + (f" ± {sd:.{digits}f}" if sd is not None else "")


def verdicts(found: Comparison) -> str:
    rows = [
        (
            f"{' '.join(mine)} over {' '.join(theirs)}",
            f"{each.verdict}{'' if each.of_recipes else ' *'}",
            f"{points(each.difference)} points",
            f"{points(each.low)} to {points(each.high)}",
            p_text(each.p),
            p_text(each.mcnemar),
            f"{100 * each.detectable:.2f} points",
        )
        for (mine, theirs), each in found.verdicts.items()
    ]
    head = ("Pair", "Verdict", "Difference", "95 % interval", "p", "McNemar's p", "Would have been found")
    note = (
        f"Better or worse where p, corrected for {len(found.verdicts)} pairs by Holm, is below {ALPHA}. McNemar's p "
        "is of these very models, not corrected. The last column is the smallest true difference that would have been "
        "found in 80 % of such experiments."
    )
    if not all(each.of_recipes for each in found.verdicts.values()):
        note += " Verdicts with * are of these very models: with one each, nothing is known of other seeds."
    return f"{table(head, 'llrrrrr', rows)}\n\n{note} How and why: docs/statistics.md.\n"


def brief(verdict: Verdict) -> str:
    return f"{verdict.verdict}: {points(verdict.difference)} [{points(verdict.low)}, {points(verdict.high)}]"


def summary(rows: Sequence[Row]) -> str:
    return ", ".join(f"{each.name} {brief(each.verdict)}" for each in rows if each.variant == "tuned")


@dataclass(frozen=True)
class SearchCost:
    """Of a search: what it took, in units that are the same on every machine, and what it chose."""

    family: str
    trials: int
    epochs: int
    tflop: float
    space: Mapping[str, Any]
    baseline: Mapping[str, Any]
    best: Mapping[str, Any]


def search_cost(record: Mapping[str, Any]) -> SearchCost:
    trials = record["trials"]
    return SearchCost(
        family=record["family"],
        trials=len(trials),
        epochs=sum(len(trial["epochs"]) for trial in trials),
        tflop=flops.tera(flops.of_search(record)),
        space=record["space"],
        baseline=trials[0]["hyperparameters"],
        best=record["best"],
    )


def costs(searches: Sequence[SearchCost], rows: Sequence[Row]) -> str:
    by_name = {row.name: row for row in rows}
    lines = []
    for search in searches:
        baseline, tuned = (by_name[f"{search.family} {variant}"] for variant in ("baseline", "tuned"))
        per_tflop = 100 * tuned.verdict.difference / search.tflop if search.tflop else 0.0
        spent = (search.tflop, baseline.training_tflop, tuned.training_tflop)
        overfit = (100 * (row.validation_accuracy.mean - row.accuracy.mean) for row in (baseline, tuned))
        lines.append(
            (
                search.family,
                f"{search.trials}",
                f"{search.epochs}",
                *(f"{tflop:.3g} TFLOP" for tflop in spent),
                f"{per_tflop:+.3f} points",
                *(f"{points:+.2f} points" for points in overfit),
            )
        )
    head = ("Family", "Trials", "Epochs", "The search", "One baseline", "One tuned model")
    head += ("Gain per TFLOP of search", "Validation over test: baseline", "Tuned")
    note = (
        "A TFLOP is 10¹² operations of training: images × epochs × multiply-adds × 6. Validation over test: mean "
        "accuracy on the images that choose, less that on those that judge; more for tuned models than for baselines "
        "would mean that the search has fitted its validation images."
    )
    return f"{table(head, 'lrrrrrrrr', lines)}\n\n{note}\n"


def recipes(search: SearchCost) -> str:
    rows = [
        (name, readable(value), readable_space(search.space.get(name)), readable(search.best[name]))
        for name, value in search.baseline.items()
    ]
    return table((search.family, "Baseline", "Searched", "Tuned"), "llll", rows) + "\n"


def readable_space(values: Mapping[str, Any] | Sequence[Any] | None) -> str:
    if values is None:
        return "–"
    if isinstance(values, Mapping):
        by_exponent = ", by exponent" if values["log"] else ""
        return f"{readable(values['min'])} to {readable(values['max'])}{by_exponent}"
    return ", ".join(map(readable, values))


def readable(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
