"""Pictures of one family's results, for people. The only room for matplotlib."""

from pathlib import Path

from digits.figures import confusion, images, search, training
from digits.figures.style import save, styled
from digits.plotdata import Results

DRAWINGS = {
    "training": training.draw,
    "search": search.draw,
    "search-hyperparameters": search.draw_hyperparameters,
    "confusion": confusion.draw,
    "samples": images.draw_samples,
    "mistakes": images.draw_mistakes,
}


def write(results: Results, folder: Path) -> list[Path]:
    written = []
    with styled():
        for name, draw in DRAWINGS.items():
            path = folder / f"{results.family}-{name}.png"
            save(draw(results), path)
            written.append(path)
    return written
