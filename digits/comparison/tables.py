"""The comparison in words and tables, for a person in a hurry."""

from collections.abc import Sequence

from digits.comparison.comparison import ENSEMBLE, Comparison, Row, Spread
from digits.comparison.intervals import Accuracy
from digits.comparison.verdict import ALPHA, Verdict, chance, points


def results(found: Comparison) -> str:
    table = (
        "| Model | Test accuracy | 95 % interval | Loss | Calibration error | Parameters | Multiply-adds | Verdict |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
        *map(result, found.rows),
    )
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
    return "\n".join((*table, "", note, ""))


def result(each: Row) -> str:
    cells = (
        each.name,
        f"{percent(each.accuracy)} %",
        f"{100 * each.accuracy.low:.2f} to {100 * each.accuracy.high:.2f} %",
        spread(each.test_loss, 4),
        f"{percent(each.calibration_error, 1)} %",
        f"{each.parameters:,}",
        f"{each.multiply_adds:,}",
        brief(each.verdict) if each.verdict else "–",
    )
    return f"| {' | '.join(cells)} |"


def verdicts(found: Comparison) -> str:
    table = (
        "| Pair | Verdict | Difference | 95 % interval | p | McNemar's p | Would have been found |",
        "|---|---|---:|---:|---:|---:|---:|",
        *(line(f"{' '.join(mine)} over {' '.join(theirs)}", each) for (mine, theirs), each in found.verdicts.items()),
    )
    note = (
        f"Better or worse where p, corrected for {len(found.verdicts)} pairs by Holm, is below {ALPHA}. McNemar's p "
        "is of these very models, not corrected. The last column is the smallest true difference that would have been "
        "found in 80 % of such experiments."
    )
    if not all(each.of_recipes for each in found.verdicts.values()):
        note += " Verdicts with * are of these very models: with one each, nothing is known of other seeds."
    return "\n".join((*table, "", f"{note} How and why: docs/statistics.md.", ""))


def line(pair: str, each: Verdict) -> str:
    cells = (
        pair,
        f"{each.verdict}{'' if each.of_recipes else ' *'}",
        f"{points(each.difference)} points",
        f"{points(each.low)} to {points(each.high)}",
        chance(each.p).removeprefix("p = ").removeprefix("p "),
        chance(each.mcnemar).removeprefix("p = ").removeprefix("p "),
        f"{100 * each.detectable:.2f} points",
    )
    return f"| {' | '.join(cells)} |"


def brief(each: Verdict) -> str:
    return f"{each.verdict}: {points(each.difference)} [{points(each.low)}, {points(each.high)}]"


def spread(each: Spread, digits: int) -> str:
    return f"{each.mean:.{digits}f}" + (f" ± {each.sd:.{digits}f}" if each.sd is not None else "")


def percent(each: Spread | Accuracy, digits: int = 2) -> str:
    return spread(Spread(100 * each.mean, None if each.sd is None else 100 * each.sd), digits)


def summary(rows: Sequence[Row]) -> str:
    return ", ".join(f"{each.name} {brief(each.verdict)}" for each in rows if each.variant == "tuned")
