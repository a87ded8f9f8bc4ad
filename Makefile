# Ballast: every target does its own set-up. `make help` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help install packages test check types lint format-check format demo demo-failover bench bench-kernel package

arch := $(patsubst x86_64,x64,$(patsubst amd64,x64,$(patsubst aarch64,arm64,$(shell uname -m))))
# The pinned Node: everything below runs on it, whatever "node" is on the PATH.
node := node_modules/node-linux-$(arch)/bin/node

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

install: ## install the pinned Node and the packages of package-lock.json
	@test/setup/install.sh

packages: ## install the Debian packages that the tests compare with (root only)
	@test/setup/packages.sh

test: install packages check ## install what the tests need, check the code, run all tests
	@echo "== tests"
	@$(node) --disable-warning=ExperimentalWarning test/setup/run-tests.ts

check: install types lint format-check ## types, lint and format

types: install
	@echo "== types"
	@$(node) node_modules/typescript/bin/tsc -p .

lint: install
	@echo "== lint"
	@$(node) node_modules/oxlint/bin/oxlint --type-aware --deny-warnings \
		--report-unused-disable-directives

format-check: install
	@echo "== format"
	@$(node) node_modules/oxfmt/bin/oxfmt --check

format: install ## rewrite the files in the project's format
	@$(node) node_modules/oxfmt/bin/oxfmt

demo: install ## a balancer and three sample servers on loopback; Ctrl-C ends it
	@exec bin/ballast demo

demo-failover: install ## two balancers, of which the active one dies all the time; Ctrl-C ends it
	@exec bin/ballast lab demo

bench: install ## compare with haproxy, nginx and a C floor; see docs/benchmarks.md
	@exec $(node) --disable-warning=ExperimentalWarning bench/run.ts

bench-kernel: install ## layer 4 in the kernel beside HAProxy, in processor time; root only
	@exec $(node) --disable-warning=ExperimentalWarning bench/kernel.ts

package: install ## build the Debian package into build/; COMPRESS=xz for a smaller one
	@packaging/build-deb.sh
