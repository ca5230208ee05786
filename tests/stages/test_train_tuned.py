from digits.core.files import write_json
from digits.core.paths import search_file
from stages import train_tuned
from tests.conftest import error_message


def test_the_number_of_searches_must_be_one_or_that_of_seeds(change):
    change({"seeds": [1, 2, 3]})
    write_json(search_file("mlp"), {"searches": [{"seed": seed, "best": {}} for seed in (4, 5)]})
    assert "tune.seeds = [4, 5]: must list one seed" in error_message(train_tuned.main, "mlp")
