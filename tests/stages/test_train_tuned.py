from digits.common.files import write_json
from digits.common.paths import search_file


def test_searches_that_are_neither_one_nor_one_for_each_seed_are_refused(project, change, stage):
    change({"seeds": [1, 2, 3]})
    write_json(search_file("mlp"), {"searches": [{"seed": seed, "best": {}} for seed in (4, 5)]})
    done = stage("train_tuned", "mlp")
    assert (done.returncode, done.stdout) == (1, "")
    said = "tune.seeds = [4, 5]: must be a list of 1, or of as many as seeds = [1, 2, 3]"
    assert done.stderr == f"train_tuned: error: params.yaml: {said}\n"
