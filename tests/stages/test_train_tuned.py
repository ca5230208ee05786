import pytest

from digits.core.errors import UserError
from digits.core.files import write_json
from digits.core.paths import search_file
from stages import train_tuned


def test_searches_that_are_neither_one_nor_one_for_each_seed_are_refused(change):
    change({"seeds": [1, 2, 3]})
    write_json(search_file("mlp"), {"searches": [{"seed": seed, "best": {}} for seed in (4, 5)]})
    with pytest.raises(
        UserError, match=r"tune\.seeds = \[4, 5\]: must list one seed, or as many as seeds = \[1, 2, 3\]"
    ):
        train_tuned.main("mlp")
