# Two commands for a newcomer: `make demo` and `make test`. Python 3.11 or newer and make are all that must be there.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test format lock

demo: .venv/ready
	$(BIN)/verify demo

test: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=")'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

# The lock covers every system and Python from 3.11 on; uv is needed only here. It leaves out the extra `matcher`: torch
# is some gigabytes, and the full build of OpenCV that comes with it fails where libGL is missing.
lock:
	uv pip compile --universal --generate-hashes --extra notebooks --extra heif --extra credentials --extra learned \
		--extra places --group dev --no-emit-index-url \
		--custom-compile-command 'make lock' --python-version 3.11 --upgrade pyproject.toml -o requirements.lock
