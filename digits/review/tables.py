"""What differs, as tables of Markdown; nothing at all where nothing differs."""

from collections.abc import Mapping, Sequence
from typing import Any

from digits.review.changes import COSTS, changed

Tree = Mapping[str, Any]
Costs = Mapping[str, Mapping[str, float]]  # by model


def table(head: Sequence[str], align: str, rows: Sequence[Sequence[Any]]) -> str:
    if not rows:
        return ""
    lines = (head, ["---:" if side == "r" else "---" for side in align], *rows)
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def code(value: Any) -> str:
    """As it is, whatever is in it; a backtick would end it."""
    return f"`{str(value).replace('`', chr(39))}`" if value is not None else "–"


def params(old: Tree, new: Tree) -> str:
    rows = [(code(name), code(was), code(now)) for name, was, now in changed(old, new)]
    return table(("Parameter", "Old", "New"), "lll", rows)


def metrics(old: Tree, new: Tree) -> str:
    rows = [(code(name), number(was), number(now), delta(was, now)) for name, was, now in changed(old, new)]
    return table(("Metric", "Old", "New", "Change"), "lrrr", rows)


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def delta(old: float | None, new: float | None) -> str:
    if old is None or new is None:
        return "–"
    return f"{new - old:+,}" if isinstance(old, int) and isinstance(new, int) else f"{new - old:+.6f}"


def costs(old: Costs, new: Costs) -> str:
    rows = [
        (model, name.replace("_", " ").replace("tflop", "TFLOP"), number(was), number(now), f"{now / was:.2f} ×")
        for model in old
        for name in COSTS
        if (was := old[model].get(name)) and (now := new.get(model, {}).get(name)) and was != now
    ]
    return table(("Model", "Cost", "Old", "New", "New / old"), "llrrr", rows)
