"""Do the verdicts keep their word? False verdicts, coverage and power, in trainings whose truth is known.

`python -m benchmarks.statistics [DRAWS]`: about two minutes on one core; writes docs/pictures/power.png and the tables
in docs/statistics.md. After `make repro` also on the real test images.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from benchmarks import trials
from benchmarks.simulation import Recipe
from benchmarks.trials import DIFFERENT, EQUAL, GAINS, IMAGES, SAME, SEEDS, SPREAD, Found, Setting
from digits.common.files import write_text
from digits.comparison.verdict import POWER
from digits.figures import style

DOCS, PICTURE = Path("docs/statistics.md"), Path("docs/pictures/power.png")
START, END = "<!-- numbers: written by `python -m benchmarks.statistics` -->", "<!-- end of numbers -->"
SMALL = 500


def draw_power(curves: dict[int, list[float]], draws: int) -> Figure:
    figure = style.titled("How often a better model is called better", height=3.4)
    axes = figure.subplots()
    gains = [100 * gain for gain in GAINS]
    colours = dict(zip(SEEDS, ("#c44e00", "#0072b2", "#009e73", "#222222"), strict=True))
    for seeds, shares in curves.items():
        axes.plot(gains, shares, color=colours[seeds], marker="o", label=f"{seeds} seeds each")
    axes.axhline(POWER, color=style.QUIET, linewidth=0.8, linestyle="--")
    axes.annotate(f"{POWER:.0%}", (gains[-1], POWER), xytext=(-2, 3), textcoords="offset points", ha="right")
    axes.set(
        xlabel="true gain in accuracy over 99 %, in points", ylabel='verdicts that say "better"', ylim=(-0.02, 1.03)
    )
    axes.yaxis.set_major_formatter(style.percent)
    axes.legend(loc="lower right")
    figure.supxlabel(
        f"{draws:,} draws a point, {IMAGES:,} test images, seeds ± {100 * SPREAD:.2f} points", size=7, color=style.QUIET
    )
    return figure


def by_seeds(found: Sequence[Found]) -> str:
    """Over all settings: the mean and the worst."""
    lines = [
        "| Seeds each | False verdicts: A/A | other recipe, as good | Covers: interval of a pair | of a variant |",
        "|---:|---:|---:|---:|---:|",
    ]
    for seeds in (1, *SEEDS):
        of = [each for each in found if each.seeds == seeds]
        same_, equal = ([each.verdicts for each in of if each.setting in group] for group in (SAME, EQUAL))
        covers = reach([each.pair_coverage for each in of]), reach([each.coverage for each in of])
        lines.append(f"| {' | '.join((str(seeds), up_to(same_), up_to(equal), *covers))} |")
    return "\n".join(lines)


def up_to(shares: Sequence[float]) -> str:
    return f"{100 * np.mean(shares):.1f} %, at most {100 * max(shares):.1f} %"


def reach(shares: Sequence[float]) -> str:
    return f"{100 * min(shares):.1f} to {100 * max(shares):.1f} %"


def power_table(curves: dict[int, list[float]], promised: dict[int, float]) -> str:
    head = [f"+{100 * gain:.2f}" for gain in GAINS]
    lines = [f"| Seeds each | {' | '.join(head)} | said to be detectable |", "|---:|" + "---:|" * (len(head) + 1)]
    for seeds, shares in curves.items():
        cells = [f"{100 * share:.0f} %" for share in shares]
        lines.append(f"| {seeds} | {' | '.join(cells)} | {100 * promised[seeds]:.2f} |")
    return "\n".join(lines)


def real_table(seeds: int, draws: int) -> str:
    lines = [
        f"| Variant | A/A on its own mistakes, {seeds} seeds | Of its seeds' pairs, said to differ |",
        "|---|---:|---:|",
    ]
    for variant, share, trained in trials.on_real_images(seeds, draws):
        lines.append(f"| {variant} | {100 * share:.1f} % false verdicts | {trained} |")
    return "\n".join(lines)


def shown(setting: Setting, seeds: int, draws: int) -> Found:
    found = trials.measure(setting, seeds, draws)
    print(
        f"{setting}, {seeds} seeds: {found.verdicts:.1%} verdicts; "
        f"covers {found.pair_coverage:.1%} (pair), {found.coverage:.1%} (variant)",
        flush=True,
    )
    return found


def main(draws: str = "1000") -> list[Found]:
    count, started = int(draws), time.process_time()
    settings = (*SAME, *EQUAL, *DIFFERENT)
    found = [shown(each, seeds, count) for each in settings for seeds in SEEDS]
    # One seed makes a statement about two models, of which the truth is known where no seed is luckier than another.
    found += [shown(each, 1, count) for each in (*SAME, *EQUAL) if not each.spreads]
    small = [shown(Setting(Recipe(0.98, 0.001), images=SMALL), seeds, count) for seeds in SEEDS]
    alone = shown(Setting(Recipe(0.98, 0.001)), 1, count)
    curves, promised = trials.power(count // 2)
    style_and_save(curves, count // 2)
    bootstrap = ", ".join(f"{100 * trials.plain_bootstrap(seeds, count // 2):.0f} % with {seeds}" for seeds in SEEDS)
    several, any_false = up_to([each.verdicts for each in small]), trials.any_of_six(3, count)
    remarks = (
        f"- Six pairs of four groups of 3 seeds: any false verdict at all in {100 * any_false:.1f} %.\n"
        f"- {SMALL} test images instead: {several} false verdicts; a pair's interval covers "
        f"{reach([each.pair_coverage for each in small])}.\n"
        f"- One seed each, seeds ± 0.10 points: {100 * alone.verdicts:.0f} % get a verdict that would be false of the "
        "recipes. It is not of recipes, and says so.\n"
        f"- A plain hierarchical bootstrap's interval of a variant, seeds ± 0.25 points, would cover {bootstrap} seeds."
    )
    parts = [
        f"{count:,} draws of each of {len(settings)} settings; {IMAGES:,} test images.",
        by_seeds(found),
        remarks,
        f"Power, {count // 2:,} draws a cell, by true gain in points:",
        power_table(curves, promised),
    ]
    if trials.variants():
        parts += ["The trained models' mistakes, on the real test images:", real_table(3, count)]
    text = "\n\n".join(parts)
    print(text)
    before, _, rest = DOCS.read_text(encoding="utf-8").partition(START)
    write_text(DOCS, f"{before}{START}\n\n{text}\n\n{END}{rest.partition(END)[2]}")
    print(f"{time.process_time() - started:.0f} s of one core")
    return found


def style_and_save(curves: dict[int, list[float]], draws: int) -> None:
    with style.styled():
        style.save(draw_power(curves, draws), PICTURE)


if __name__ == "__main__":
    main(*sys.argv[1:])
