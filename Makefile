# The project's commands; `make` alone lists them. Everything runs in .venv, which the first command creates.
BIN := .venv/bin
INSTALLED := .venv/installed
# DVC's stages call `python`, which is then the one in .venv, activated or not.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help repro test quick ui demo review record bench check readme lock
.DELETE_ON_ERROR:

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

repro: $(INSTALLED) ## run the pipeline: data, training, search, comparison, figures
	@$(BIN)/python -m stages.check
	@# DVC does not start if it was killed while it wrote this file.
	@find .dvc/tmp/rwlock -empty -delete 2>/dev/null || true
	@$(BIN)/dvc repro
	@$(BIN)/python -m digits.report.readme

test: $(INSTALLED) check ## run all tests
	@$(BIN)/python -m pytest

quick: $(INSTALLED) ## run the pipeline on a twentieth of the data in three minutes, without changing the results here
	@$(BIN)/dvc exp remove --quiet quick 2>/dev/null || true
	@$(BIN)/dvc exp run --temp --name quick -S prepare.share=0.05 -S 'seeds=[1,2]' -S train.epochs=3 \
	  -S 'tune.seeds=[1]' -S tune.mlp.trials=5 -S 'tune.mlp.rungs=[3]' -S tune.cnn.trials=4 -S 'tune.cnn.rungs=[3]'
	@git show "$$(git for-each-ref --format='%(refname)' 'refs/exps/**/quick'):reports/comparison.md"

ui: $(INSTALLED) ## show and compare all runs in MLflow
	@$(BIN)/python -m digits.tracking.ui

demo: $(INSTALLED) ## draw a digit, and see the predictions of baseline and tuned models
	@$(BIN)/python -m demo

review: $(INSTALLED) ## compare two revisions, for a pull request; BASE=main HEAD=branch, commit or experiment
	@$(BIN)/python -m digits.review "$${BASE:-main}" "$$HEAD"

record: $(INSTALLED) ## train larger networks for more epochs, in about an hour: reports/record/
	@$(BIN)/python -m benchmarks.record

bench: $(INSTALLED) ## measure the speed, in twenty-five minutes on an idle machine: reports/benchmarks.md
	@$(BIN)/python -m benchmarks.throughput
	@$(BIN)/python -m benchmarks.time_to_99
	@$(BIN)/python -m benchmarks.workers

check: $(INSTALLED) ## check style, format, layers, and README's results
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/python -m digits.report.readme --check

readme: $(INSTALLED) ## copy reports/comparison.md into README, as `make repro` does at its end
	@$(BIN)/python -m digits.report.readme

lock: $(INSTALLED) ## write requirements.txt with the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --fork-strategy fewest --group dev --custom-compile-command "make lock" pyproject.toml --output-file requirements.txt

$(INSTALLED): requirements.txt
	@for python in python3.11 python3.12 python3.13 python3; do \
	  $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	    && found=$$python && break; \
	done; \
	test -n "$$found" || { echo "Python 3.11, 3.12 or 3.13 is required, but none is in PATH" >&2; exit 1; }; \
	$$found -m venv --clear .venv
	@# uv installs faster than pip. pip installs uv itself, with its hash verified.
	@awk '/^[^ #]/ { own = /^uv==/ } own' requirements.txt > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
	@# pip replaces uv where only pip is configured for a proxy or a package index.
	@index=$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null)}}; \
	$(BIN)/uv pip install --python $(BIN)/python --compile-bytecode --require-hashes \
	  $${index:+--default-index "$$index"} -r requirements.txt \
	|| $(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@
