from stages.evaluate import list_ensembles


def test_the_models_of_several_seeds_make_an_ensemble():
    assert list_ensembles(("cnn",), (1, 3)) == {
        "cnn-baseline-ensemble": ["cnn-baseline-1", "cnn-baseline-3"],
        "cnn-tuned-ensemble": ["cnn-tuned-1", "cnn-tuned-3"],
    }
    assert list_ensembles(("cnn",), (1,)) == {}
