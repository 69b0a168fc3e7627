# `make help` lists what there is. Everything is done by dotnet and the small scripts in build/; only build/as-root elevates.
SHELL         := /bin/bash
CONFIGURATION ?= Release
PREFIX        ?= /usr/local
CNI_BIN       ?= /opt/cni/bin
OUT           := out/bin
PROGRAMS      := margay margay-server margay-agent margay-cni
SOURCES       := $(shell find src -name obj -prune -o -name bin -prune -o -type f -print) \
                 Directory.Build.props Directory.Packages.props global.json

export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1
export DOTNET_SKIP_FIRST_TIME_EXPERIENCE := 1
export CONFIGURATION

.DEFAULT_GOAL := help
.PHONY: help build demo test lint bench install uninstall clean setup-build setup-lab setup-test

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

build: setup-build out/.built ## the four native programs, into out/bin

out/.built: $(SOURCES)
	@build/publish $(OUT)
	@touch $@

demo: build setup-lab ## a small data centre of namespaces, with policy and a reachability matrix; ONCE=1 takes it down again
	@build/as-root build/demo $(if $(ONCE),--once)

# The solution comes first: its build runs the analyzers, and the native build then takes what it compiled.
test: setup-build setup-lab setup-test ## all tests, unit then interop; closes with "N passed, N failed"
	@echo "building the tests"
	@dotnet build Margay.slnx -c $(CONFIGURATION) -v q --nologo '-clp:ErrorsOnly;NoSummary' -p:UseSharedCompilation=true
	@$(MAKE) --no-print-directory build
	@build/test $(PROJECTS)

lint: ## formatting and analyzers, changing nothing
	dotnet format Margay.slnx --verify-no-changes --severity warn

bench: build setup-lab ## the measurements that bench/ describes
	@build/bench

install: build ## programs, units and examples below DESTDIR
	@build/install "$(DESTDIR)" "$(PREFIX)" "$(CNI_BIN)"

uninstall: ## what install put there, except configuration
	@build/install --remove "$(DESTDIR)" "$(PREFIX)" "$(CNI_BIN)"

clean: ## what was built
	@rm -rf out
	@find src test bench -name obj -prune -exec rm -rf {} + -o -name bin -prune -exec rm -rf {} +

setup-build:
	@build/setup build
setup-lab:
	@build/setup lab
setup-test:
	@build/setup test
