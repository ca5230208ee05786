# The commands people need; `make` alone lists them. Everything runs in .venv, which the first of them makes.
BIN := .venv/bin
INSTALLED := .venv/installed
# DVC's stages call `python`: theirs is the one in .venv, activated or not.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help repro test quick ui demo review record bench check readme lock
.DELETE_ON_ERROR:

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

repro: $(INSTALLED) ## the main job: data, training, search, comparison, figures
	@$(BIN)/python -m stages.check
	@$(BIN)/dvc repro
	@$(BIN)/python -m digits.report.readme

test: $(INSTALLED) check ## every test
	@$(BIN)/python -m pytest

quick: $(INSTALLED) ## the whole flow in three minutes on a twentieth of the data; the results here stay as they are
	@$(BIN)/dvc exp remove --quiet quick 2>/dev/null || true
	@$(BIN)/dvc exp run --temp --name quick -S prepare.share=0.05 -S 'seeds=[1,2]' -S train.epochs=3 \
	  -S 'tune.seeds=[1]' -S tune.mlp.trials=5 -S 'tune.mlp.rungs=[3]' -S tune.cnn.trials=4 -S 'tune.cnn.rungs=[3]'
	@git show "$$(git for-each-ref --format='%(refname)' 'refs/exps/**/quick'):reports/comparison.md"

ui: $(INSTALLED) ## MLflow's pages, to look at runs and compare them
	@$(BIN)/python -m digits.tracking.ui

demo: $(INSTALLED) ## a page to draw on, and to see what baseline and tuned models make of it
	@$(BIN)/python -m demo

review: $(INSTALLED) ## what a change does, as a page for its pull request; BASE=main HEAD=branch, commit or experiment
	@$(BIN)/python -m digits.review "$${BASE:-main}" "$$HEAD"

record: $(INSTALLED) ## more epochs and larger networks, in an hour or so: reports/record/
	@$(BIN)/python -m benchmarks.record

bench: $(INSTALLED) ## how fast it is, in twenty-five minutes on a quiet machine: reports/benchmarks.md
	@$(BIN)/python -m benchmarks.throughput
	@$(BIN)/python -m benchmarks.time_to_99
	@$(BIN)/python -m benchmarks.workers

check: $(INSTALLED) ## style, format, layers, and that README shows the results there are
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/python -m digits.report.readme --check

readme: $(INSTALLED) ## README's results, from reports/comparison.md; `make repro` ends with it
	@$(BIN)/python -m digits.report.readme

lock: $(INSTALLED) ## requirements.txt from pyproject.toml, with the newest versions it allows
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --fork-strategy fewest --group dev \
	  --custom-compile-command "make lock" pyproject.toml --output-file requirements.txt

$(INSTALLED): requirements.txt
	@for python in python3.11 python3.12 python3.13 python3; do \
	  $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && found=$$python && break; \
	done; \
	test -n "$$found" || { echo "Python 3.11, 3.12 or 3.13 is needed, and none is on the PATH" >&2; exit 1; }; \
	$$found -m venv --clear .venv
	@# uv installs faster than pip, which fetches it, its hash checked like every other.
	@awk '/^[^ #]/ { own = /^uv==/ } own' requirements.txt > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
	@# Where uv cannot install (a proxy or an index that only pip is set up for), pip does.
	@index=$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null)}}; \
	$(BIN)/uv pip install --python $(BIN)/python --compile-bytecode --require-hashes \
	  $${index:+--default-index "$$index"} -r requirements.txt \
	|| $(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@
