PYTHON ?= python3
PY = .venv/bin/python
export PYTHONUNBUFFERED = 1

.DEFAULT_GOAL = help
.PHONY: help run test test-browser check bench eval demo lock format install install-dev

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

run: install ## start everything on this machine; PORT=8001 make run takes another port
	@exec $(PY) manage.py serve

test: install-dev ## the whole test suite, but for the browser tests; needs no service
	@$(PY) -m pytest -n auto -m "not browser"

test-browser: install-dev ## the tests in a real browser (chromium of the system)
	@$(PY) -m pytest -m browser

check: install-dev ## style, imports, types, settings, migrations
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/lint-imports --no-logo
	$(PY) -m mypy .
	$(PY) manage.py check
	$(PY) manage.py makemigrations --check --dry-run

bench: install-dev ## measure each path beside its floor; SIZE=small or SIZE=200000 for a quick run
	@$(PY) -m bench $(if $(SIZE),--size $(SIZE))

eval: install-dev ## the assistant's exam, without a model and with the one that OPENAI_API_KEY names
	@$(PY) -m evals

demo: install ## load the demo's organizations and print their logins
	@$(PY) manage.py migrate --verbosity 0 && $(PY) manage.py demo

format: install-dev ## write the code as `make check` wants it
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

lock: install-dev ## bring the locked requirements up to date
	$(PY) -m uv pip compile --universal --upgrade --python-version 3.11 --quiet requirements.in -o requirements.txt
	$(PY) -m uv pip compile --universal --upgrade --python-version 3.11 --quiet -c requirements.txt requirements-dev.in -o requirements-dev.txt

install:
	@$(PYTHON) scripts/install.py requirements.txt

install-dev:
	@$(PYTHON) scripts/install.py requirements-dev.txt
