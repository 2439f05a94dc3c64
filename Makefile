# SPDX-License-Identifier: GPL-3.0-or-later
#
# The front door. Meson does the work; what is missing on the machine, tools/install-deps installs.
#
#     make                build/denet
#     make run            a first look: denet watches a build of itself, or make run CMD='your command'
#     make test           the tests, in a plain build and in one with sanitizers, and of the Python package
#     make check          layout, habits, layers, spelling and the like; each is a target of its own, check-…
#     make format         lays the sources out
#     make inject         lets every allocation and every system call fail once; some minutes
#     make fuzz           all parsers, SECONDS=600 each
#     make bench          figures; make bench QUICK=1 takes minutes, and is noisier
#     make install        to PREFIX (/usr/local), below DESTDIR
#     make deb            Debian packages, in build-deb/; lintian judges them. CHROOT=1: installed in a new Debian too
#     make dist-python   a source distribution and a wheel for PyPI, in dist/
#     make static         build-static/denet: one file that needs no other, by musl
#     make clean

BUILD = build
ASAN = build-asan
FUZZ = build-fuzz
SECONDS = 600
WHEEL = build-python
NINJA = ninja
MESON = $(shell test -x build-tools/bin/meson && echo build-tools/bin/meson || echo meson)
PYTHON = $(shell for p in python3 /usr/bin/python3; do $$p -c 'import pytest, fastjsonschema, cffi' 2>/dev/null && echo $$p && break; done)
# The package is tested where pandas, polars and Jupyter are, if there were wheels of them for this machine.
PACKAGE_PYTHON = $(shell test -x build-tools/data/bin/jupyter && echo build-tools/data/bin/python || echo $(PYTHON))
CMD = sh -c 'rm -rf $(BUILD)/scratch && $(MESON) setup $(BUILD)/scratch . && $(NINJA) -C $(BUILD)/scratch -j2'

SANITIZE = -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized
SANITIZERS = ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 DENET_SANITIZED=1
MYPY = env MYPYPATH=python:tests/cli build-tools/bin/mypy --strict --no-error-summary --python-executable "$$(command -v $(PYTHON))"
PYTEST = PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m pytest -q -p no:cacheprovider

# Each prints the names of files, for xargs.
PRUNED = -path tests/fixtures -prune -o
C_SOURCES = find include src bpf python tests tests/fixtures/record tools examples $(PRUNED) -name '*.[ch]' -print 2>/dev/null
SCRIPTS = find .ci tools tests tests/fixtures/record packaging $(PRUNED) -type f -print 2>/dev/null | xargs awk
SHELL_SCRIPTS = $(SCRIPTS) 'FNR == 1 { if (/^\#!.*sh *$$/) print FILENAME; nextfile }'
PYTHON_SCRIPTS = $(SCRIPTS) 'FNR == 1 { if (/^\#!.*python/) print FILENAME; nextfile }'
PYTHON_SOURCES = { $(PYTHON_SCRIPTS); find tests python -name '*.py' -print 2>/dev/null; } | sort -u
COMPILED = sed -n 's|^ *"file": "\(\.\./.*\.c\)".*|\1|p' compile_commands.json | sort -u

CHECKS = check-layers check-format check-header check-tidy check-shell check-python check-spelling check-fields \
	check-instructions

.NOTPARALLEL:
.PHONY: all run inject fuzz test test-fuzz with-tests test-plain test-sanitized test-python wheel dist-python check $(CHECKS) format bench install deb static clean
.PHONY: deps-build deps-test deps-check deps-package

all: deps-build
	@test -e $(BUILD)/build.ninja || $(MESON) setup $(BUILD)
	@$(if $(PREFIX),$(MESON) configure $(BUILD) --prefix '$(PREFIX)')
	@$(NINJA) -C $(BUILD)

deps-build deps-test deps-check deps-package: deps-%:
	@tools/install-deps $*

run: all
	$(BUILD)/denet -o $(BUILD)/run.jsonl run $(CMD)
	@echo 'The records: $(BUILD)/run.jsonl. Their summary: $(BUILD)/denet stats $(BUILD)/run.jsonl'

test: test-plain test-sanitized test-python test-fuzz

# A build made before cmocka was here has no tests, so it is configured anew.
with-tests: deps-test all
	@grep -q cmocka $(BUILD)/build.ninja || { $(MESON) setup --reconfigure $(BUILD) && $(NINJA) -C $(BUILD); }

test-plain: with-tests
	$(MESON) test -C $(BUILD) --no-rebuild --print-errorlogs
	DENET=$(CURDIR)/$(BUILD)/denet $(PYTEST) tests/cli tests/chaos tests/inject $(if $(DENET_QEMU_KERNEL),tests/qemu)

test-sanitized: deps-test
	@test -e $(ASAN)/build.ninja || $(MESON) setup $(SANITIZE) $(ASAN)
	@$(NINJA) -C $(ASAN)
	$(SANITIZERS) $(MESON) test -C $(ASAN) --no-rebuild --print-errorlogs --timeout-multiplier 4
	$(SANITIZERS) DENET=$(CURDIR)/$(ASAN)/denet $(PYTEST) tests/cli tests/chaos tests/inject

# As pip installs it, but with what makes it at hand, and built anew only where something has changed.
wheel: deps-test
	@mkdir -p $(WHEEL)
	@PATH="$(CURDIR)/build-tools/wheel/bin:$$PATH" build-tools/wheel/bin/pip --disable-pip-version-check install -q \
		--no-build-isolation --no-deps --upgrade --target $(WHEEL)/site -Cbuild-dir=$(WHEEL)/build .

dist-python:
	@packaging/wheel

# Beside the program of this build, whose summaries are to be the package's.
test-python: all wheel
	PYTHONPATH=$(CURDIR)/$(WHEEL)/site DENET=$(CURDIR)/$(BUILD)/denet \
		PYTHONDONTWRITEBYTECODE=1 $(PACKAGE_PYTHON) -m pytest -q -p no:cacheprovider tests/python

# Some seconds of each target; make fuzz goes on for longer.
test-fuzz: SECONDS = 3
test-fuzz fuzz: deps-test
	@test -e $(FUZZ)/build.ninja || CC=clang $(MESON) setup -Dfuzz=enabled -Dtests=disabled \
		-Db_sanitize=address,undefined -Db_lundef=false $(FUZZ)
	@$(NINJA) -C $(FUZZ)
	@$(PYTHON) tests/fuzz/run.py --build $(FUZZ) --seconds $(SECONDS)

inject: with-tests
	@$(PYTHON) tests/inject/run.py

check: $(CHECKS)
	@echo 'make check: all is well'

check-layers: deps-check
	@tools/layers

check-format: deps-check
	@$(C_SOURCES) | xargs -r clang-format --dry-run -Werror || { echo 'make format lays them out'; exit 1; }

check-header: deps-check
	@echo '#include "denet/denet.h"' | clang -xc -std=c17 -Wall -Wextra -pedantic -Werror -Iinclude -fsyntax-only -
	@echo '#include "denet/denet.h"' | clang -xc++ -std=c++17 -Wall -Wextra -pedantic -Werror -Iinclude -fsyntax-only -

check-tidy: deps-check with-tests
	@cd $(BUILD) && $(COMPILED) | xargs -n1 -P"$$(nproc)" sh -c \
		'o=$$(clang-tidy -p . --quiet --extra-arg=-Wno-unknown-warning-option "$$0" 2>&1) || { printf "%s\n" "$$o"; exit 1; }'

check-shell: deps-check
	@$(SHELL_SCRIPTS) | xargs shellcheck

check-python: deps-check
	@$(PYTHON_SOURCES) | xargs build-tools/bin/ruff check -q
	@$(PYTHON_SOURCES) | xargs build-tools/bin/ruff format -q --check
	@$(PYTHON_SCRIPTS) | xargs -n1 $(MYPY)
	@for d in $(sort $(dir $(wildcard tests/chaos/*.py tests/cli/*.py tests/fuzz/*.py tests/inject/*.py tests/python/*.py tests/qemu/*.py python/denet/*.py))); do $(MYPY) "$$d" || exit 1; done

check-spelling: deps-check
	@codespell

check-fields: deps-check all
	@tools/fields-doc --check $(BUILD)/tools/fields-table

check-instructions: deps-check with-tests
	@tests/bench/instructions.py --build $(BUILD) --check

format: deps-check
	@$(C_SOURCES) | xargs clang-format -i
	@$(PYTHON_SOURCES) | xargs build-tools/bin/ruff format -q

bench: all
	@$(PYTHON) tests/bench/run.py $(if $(QUICK),--quick) $(BUILD)/denet

# Under sudo the build is still made by the caller, so that it stays theirs.
install:
	@$(if $(SUDO_USER),sudo -u '$(SUDO_USER)') $(MAKE) --no-print-directory all PREFIX='$(PREFIX)'
	@DESTDIR='$(DESTDIR)' $(MESON) install -C $(BUILD) --no-rebuild --quiet

deb: deps-package
	@packaging/deb $(if $(CHROOT),--chroot)

static: deps-package
	@packaging/static

clean:
	rm -rf $(BUILD) $(ASAN) $(FUZZ) $(WHEEL) build-deb build-static
