from pathlib import Path

from stages.evaluate import ensembles, remove_other_families


def test_what_families_no_longer_named_left_is_removed_and_nothing_else(project):
    kept = ["mlp-baseline/1.keras", "mlp-search.json", "own/x.keras", "notes.txt"]
    stale = ["cnn-tuned/1.keras", "cnn-baseline/2.json", "cnn-search.json", ".12-cnn-search.json"]
    for name in kept + stale:
        path = Path("models", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    remove_other_families(("mlp",))
    assert {path for path in Path("models").rglob("*") if path.is_file()} == {Path("models", name) for name in kept}


def test_the_models_of_several_seeds_make_an_ensemble():
    assert ensembles(("cnn",), (1, 3)) == {
        "cnn-baseline-ensemble": ["cnn-baseline-1", "cnn-baseline-3"],
        "cnn-tuned-ensemble": ["cnn-tuned-1", "cnn-tuned-3"],
    }
    assert ensembles(("cnn",), (1,)) == {}
