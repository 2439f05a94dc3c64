# SPDX-License-Identifier: GPL-3.0-or-later
#
# The front door. Meson does the work; what is missing on the machine, tools/install-deps installs.
#
#     make                build/denet
#     make run            a first look: denet watches a build of itself, or make run CMD='your command'
#     make test           the tests, also of the Python package, in a plain build and in one with sanitizers
#     make check          layout, habits, layers, spelling and the like; each is a target of its own, check-…
#     make format         lays the sources out
#     make test-kernels   eBPF under Debian's 6.1, 6.12 and 7.0, emulated; SERIES='6.16' TESTS='tests/cli/test_ebpf.py' for others
#     make inject         lets every allocation and every system call fail once; some minutes
#     make fuzz           all parsers, SECONDS=600 each
#     make coverage       which lines the tests run: build-coverage/coverage.txt
#     make test-tsan      what has threads, under ThreadSanitizer; make test-valgrind: the unit tests under valgrind;
#                         make test-valgrind-program VALGRIND=valgrind: denet itself, by 3.24 or newer
#     make bench          figures; make bench QUICK=1 takes minutes, and is noisier
#     make install        to PREFIX (/usr/local), below DESTDIR
#     make deb            Debian packages, in build-deb/; lintian judges them. CHROOT=1: installed in a new Debian too
#     make dist-python   a source distribution and a wheel for PyPI, in dist/
#     make notebook       runs examples/tour.ipynb, plots and all
#     make static         build-static/denet: one file that needs no other, by musl
#     make clean

BUILD = build
ASAN = build-asan
FUZZ = build-fuzz
TSAN = build-tsan
COVERAGE = build-coverage
SECONDS = 600
WHEEL = build-python
NINJA = ninja
MESON = $(shell test -x build-tools/bin/meson && echo build-tools/bin/meson || echo meson)
PYTHON = $(shell for p in python3 /usr/bin/python3; do $$p -c 'import pytest, fastjsonschema, cffi' 2>/dev/null && echo $$p && break; done)
# The package is tested where pandas, polars and Jupyter are, if there were wheels of them for this machine.
PACKAGE_PYTHON = $(shell test -x build-tools/data/bin/jupyter && echo build-tools/data/bin/python || echo $(PYTHON))
CMD = sh -c 'rm -rf $(BUILD)/scratch && $(MESON) setup $(BUILD)/scratch . && $(NINJA) -C $(BUILD)/scratch -j2'

SANITIZE = -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized \
	-Dpython=enabled -Dpython.platlibdir=$(CURDIR)/$(ASAN)/site --native-file=build-tools/wheel/python.ini
SANITIZERS = DENET_SANITIZED=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=abort_on_error=1
MYPY = env MYPYPATH=python:tests/cli build-tools/bin/mypy --strict --no-error-summary --python-executable "$$(command -v $(PYTHON))"
PYTEST_OPTIONS = -q -p no:cacheprovider
PYTEST = PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m pytest $(PYTEST_OPTIONS)
PACKAGE_PYTEST = PYTHONDONTWRITEBYTECODE=1 $(PACKAGE_PYTHON) -m pytest $(PYTEST_OPTIONS) tests/python

# Each prints the names of files, for xargs.
PRUNED = -path tests/fixtures -prune -o
C_SOURCES = find include src bpf python tests tests/fixtures/record tools examples $(PRUNED) -name '*.[ch]' -print 2>/dev/null
SCRIPTS = find .ci tools tests tests/fixtures/record packaging $(PRUNED) -type f -print 2>/dev/null | xargs awk
SHELL_SCRIPTS = $(SCRIPTS) 'FNR == 1 { if (/^\#!.*sh *$$/) print FILENAME; nextfile }'
PYTHON_SCRIPTS = $(SCRIPTS) 'FNR == 1 { if (/^\#!.*python/) print FILENAME; nextfile }'
PYTHON_SOURCES = { $(PYTHON_SCRIPTS); find tests python -name '*.py' -print 2>/dev/null; } | sort -u
COMPILED = sed -n 's|^ *"file": "\(\.\./.*\.c\)".*|\1|p' compile_commands.json | sort -u

# In CI, where half an hour must do, the longest of them goes beside the tests.
CHECKS = check-layers check-format check-header $(if $(CI),,check-tidy) check-shell check-python check-spelling check-fields \
	check-instructions

.NOTPARALLEL:
.PHONY: all run inject fuzz coverage test test-fuzz test-tsan test-valgrind test-valgrind-program with-tests test-plain test-sanitized test-python
.PHONY: test-python-sanitized wheel dist-python notebook check $(CHECKS) format bench install deb static clean
.PHONY: deps-build deps-test deps-check deps-package deps-kernels test-kernels

all: deps-build
	@test -e $(BUILD)/build.ninja || $(MESON) setup $(BUILD)
	@$(if $(PREFIX),$(MESON) configure $(BUILD) --prefix '$(PREFIX)')
	@$(NINJA) -C $(BUILD)

deps-build deps-test deps-check deps-package deps-kernels: deps-%:
	@tools/install-deps $*

run: all
	$(BUILD)/denet -o $(BUILD)/run.jsonl run $(CMD)
	@echo 'The records: $(BUILD)/run.jsonl. Their summary: $(BUILD)/denet stats $(BUILD)/run.jsonl'

# First what must have the machine for itself; then two at a time, for most of it waits.
# What a shell starts in the background ignores INT and QUIT, and so would what is tested.
HEARING = $(PYTHON) -c 'import os, signal, sys; [signal.signal(n, signal.SIG_DFL) for n in (2, 3)]; os.execvp(sys.argv[1], sys.argv[1:])'
BESIDE = $(if $(CI),check-tidy) test-python test-fuzz
test:
	@$(MAKE) --no-print-directory test-plain; plain=$$?; \
		$(HEARING) $(MAKE) --no-print-directory $(BESIDE) >$(BUILD)/beside.log 2>&1 & beside=$$!; \
		$(MAKE) --no-print-directory -k test-sanitized test-python-sanitized; first=$$?; \
		wait $$beside; second=$$?; cat $(BUILD)/beside.log; exit $$((plain | first | second))

# A build made before cmocka was here has no tests, so it is configured anew.
with-tests: deps-test all
	@grep -q cmocka $(BUILD)/build.ninja || { $(MESON) setup --reconfigure $(BUILD) && $(NINJA) -C $(BUILD); }

test-plain: with-tests
	$(MESON) test -C $(BUILD) --no-rebuild --print-errorlogs
	DENET=$(CURDIR)/$(BUILD)/denet $(PYTEST) tests/cli tests/chaos tests/inject $(if $(DENET_QEMU_KERNEL),tests/qemu)

# All of them take a quarter of an hour; CI has these, which read and write most kinds of things, and all of them plain.
SANITIZED_IN_CI = records reading convert stats options errors attach library gpu psi energy counters network ebpf security
test-sanitized: deps-test
	@test -e $(ASAN)/build.ninja || $(MESON) setup $(SANITIZE) $(ASAN)
	@$(NINJA) -C $(ASAN)
	$(SANITIZERS) $(MESON) test -C $(ASAN) --no-rebuild --print-errorlogs --timeout-multiplier 4
	$(SANITIZERS) DENET=$(CURDIR)/$(ASAN)/denet $(PYTEST) \
		$(if $(CI),$(SANITIZED_IN_CI:%=tests/cli/test_%.py),tests/cli tests/chaos tests/inject)

test-kernels: deps-kernels with-tests
	@PYTHON=$(PYTHON) TESTS='$(TESTS)' tests/qemu/run $(BUILD) $(SERIES)

# As pip installs it, but with what makes it at hand, and built anew only where something has changed.
wheel: deps-test
	@mkdir -p $(WHEEL)
	@PATH="$(CURDIR)/build-tools/wheel/bin:$$PATH" build-tools/wheel/bin/python -m pip --disable-pip-version-check install -q \
		--no-build-isolation --no-deps --upgrade --target $(WHEEL)/site -Cbuild-dir=$(WHEEL)/build .

dist-python:
	@packaging/wheel

# Beside the program of this build, whose summaries are to be the package's.
test-python: all wheel
	PYTHONPATH=$(CURDIR)/$(WHEEL)/site DENET=$(CURDIR)/$(BUILD)/denet $(PACKAGE_PYTEST)

# The sanitizers are loaded into Python before the extension that was built with them. What CPython itself keeps to its
# end is no leak of ours: tests/python/test_leaks.py looks for those. Its allocator is malloc, so that a borrowed buffer
# is seen to be overrun.
test-python-sanitized: deps-test
	@test -e $(ASAN)/build.ninja || $(MESON) setup $(SANITIZE) $(ASAN)
	@grep -q _records $(ASAN)/build.ninja || $(MESON) configure $(ASAN) $(filter -Dpython%,$(SANITIZE))
	@$(NINJA) -C $(ASAN)
	@$(MESON) install -C $(ASAN) --no-rebuild --quiet --tags python-runtime
	@cp $(ASAN)/denet-*.so $(ASAN)/site/denet/
	LD_PRELOAD=$$(ldd $(ASAN)/site/denet/_records.abi3.so | awk '$$1 ~ /^lib(a|ub)san/ { print $$3 }' | paste -s -d :) \
		$(SANITIZERS):detect_leaks=0 PYTHONMALLOC=malloc \
		PYTHONPATH=$(CURDIR)/$(ASAN)/site DENET=$(CURDIR)/$(ASAN)/denet $(PACKAGE_PYTEST)

notebook: wheel
	PYTHONPATH=$(CURDIR)/$(WHEEL)/site $(PACKAGE_PYTHON) tools/render-notebook examples/tour.ipynb

# Some seconds of each target; make fuzz goes on for longer.
test-fuzz: SECONDS = 3
test-fuzz fuzz: deps-test
	@test -e $(FUZZ)/build.ninja || CC=clang $(MESON) setup -Dfuzz=enabled -Dtests=disabled \
		-Db_sanitize=address,undefined -Db_lundef=false $(FUZZ)
	@$(NINJA) -C $(FUZZ)
	@$(PYTHON) tests/fuzz/run.py --build $(FUZZ) --seconds $(SECONDS)

test-tsan: deps-test
	@test -e $(TSAN)/build.ninja || $(MESON) setup -Db_sanitize=thread -Db_lundef=false -Dbuildtype=debugoptimized $(TSAN)
	@$(NINJA) -C $(TSAN)
	TSAN_OPTIONS=halt_on_error=1 $(MESON) test -C $(TSAN) --no-rebuild --print-errorlogs --timeout-multiplier 4 worker nvml drm
	TSAN_OPTIONS=halt_on_error=1 DENET_SANITIZED=1 DENET=$(CURDIR)/$(TSAN)/denet $(PYTEST) tests/cli/test_gpu.py

# valgrind 3.19 does not know pidfd_open and openat2, 3.24 does; none knows pidfd_send_signal and all that capget fills in,
# or goes on where the command could not be executed. The others that it does not run have budgets of time, or look at what
# they start from outside.
VALGRIND = valgrind
VALGRIND_IS_NEW = $(shell printf 'valgrind-3.24\n%s\n' "$$($(VALGRIND) --version)" | sort -CV && echo yes)
NOT_BY_VALGRIND = drm kill library recorded_tree% sampling% spawn% stream% $(if $(VALGRIND_IS_NEW),,symbols_elf symbols_jit)
test-valgrind: with-tests
	$(MESON) test -C $(BUILD) --no-rebuild --print-errorlogs --timeout-multiplier 20 \
		--wrapper '$(VALGRIND) -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite' \
		$(filter-out $(NOT_BY_VALGRIND),$(patsubst tests/unit/test_%.c,%,$(wildcard tests/unit/test_*.c)))

# TESTS='tests/cli/test_records.py -k …': these. It says what valgrind said; many of the tests themselves do not pass.
test-valgrind-program: with-tests
	@$(if $(VALGRIND_IS_NEW),,echo 'VALGRIND=… is to name valgrind 3.24 or newer' >&2; exit 1)
	@VALGRIND=$(VALGRIND) PYTHON=$(PYTHON) tests/valgrind/run $(BUILD) $(or $(TESTS),tests/cli)

coverage: deps-test
	@test -e $(COVERAGE)/build.ninja || CC=clang $(MESON) setup $(COVERAGE) \
		-Dc_args='-fprofile-instr-generate -fcoverage-mapping' -Dc_link_args=-fprofile-instr-generate
	@LLVM_PROFILE_FILE=/dev/null $(NINJA) -C $(COVERAGE)
	@tools/coverage $(COVERAGE) $(PYTHON)

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
	rm -rf $(BUILD) $(ASAN) $(FUZZ) $(TSAN) $(COVERAGE) $(WHEEL) build-deb build-static
