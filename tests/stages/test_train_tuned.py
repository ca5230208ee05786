from digits.core.files import write_json
from digits.core.paths import search_file
from stages import train_tuned
from tests.conftest import error_message


def test_searches_that_are_neither_one_nor_one_for_each_seed_are_refused(change):
    change({"seeds": [1, 2, 3]})
    write_json(search_file("mlp"), {"searches": [{"seed": seed, "best": {}} for seed in (4, 5)]})
    assert "tune.seeds = [4, 5]: must list one seed, or as many as seeds" in error_message(train_tuned.main, "mlp")
