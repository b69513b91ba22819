# The commands of this repository. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PROGRAMS := cargo build --locked -p dataset-operator -p pai-emulator -p testbed --bins
TESTBED = "$${CARGO_TARGET_DIR:-target}/debug/testbed"
EMULATOR = "$${CARGO_TARGET_DIR:-target}/debug/pai-emulator"
# A build from nothing takes half of the time without the parts that only the next build would use. Whoever edits sets it to 1.
export CARGO_INCREMENTAL ?= 0
CARGO_DENY := 0.20.2
CARGO_MUTANTS := 27.1.0

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Run the demo on a real Kubernetes and an emulated cloud (CLUSTER=yes: on the cluster of your KUBECONFIG)
	@$(MAKE) --no-print-directory -j2 programs $(if $(filter yes,$(CLUSTER)),,control-plane)
	$(TESTBED) demo --cluster $(or $(CLUSTER),no)

.PHONY: up
up: ## Start control plane, emulator and operator and leave them running; see target/up/env (OPERATOR=no: without the operator)
	@$(MAKE) --no-print-directory -j2 programs control-plane
	$(TESTBED) up --operator $(or $(OPERATOR),yes)

# The two halves of a first build know nothing of each other, so demo, up and test build them beside each other.
.PHONY: programs tests control-plane
programs:
	$(PROGRAMS)
tests:
	cargo test --workspace --locked --no-run
control-plane:
	$(if $(KUBEBUILDER_ASSETS)$(DATASET_OPERATOR_TEST_KUBECONFIG),@:,@tests/controlplane/build >/dev/null)

.PHONY: down
down: ## Stop everything that `make up` started
	@if [ -d target/up ]; then cargo build -q --locked -p testbed && $(TESTBED) down; else echo "nothing is running"; fi

.PHONY: build
build: ## Build the release binaries
	cargo build --release --workspace --bins

# Programs that the tests have built are called by their paths: cargo would build them again with fewer features.
# Stories wait more than they compute, so more of them run at a time than there are cores.
.PHONY: test
test: ## Run all tests: unit tests, stories on a real API server, the conformance of the emulator, manifests, alerts and boards
	@$(MAKE) --no-print-directory -j2 tests control-plane
	rm -rf target/audit && mkdir -p target/audit
	DATASET_OPERATOR_AUDIT_LOGS=$(CURDIR)/target/audit RUST_TEST_THREADS=$${RUST_TEST_THREADS:-6} cargo test --workspace --locked --no-fail-fast
	$(TESTBED) rights target/audit
	rm -rf target/audit
	EMULATOR_BIN=$(EMULATOR) tests/contract/run
	tests/install/run
	@if command -v promtool >/dev/null; then tests/monitoring/run; \
	else echo "promtool is missing (Debian package prometheus): alerts and boards are not checked"; fi

.PHONY: install-check
install-check: ## Judge the chart, the manifests and the samples of Argo CD and Flux, without a cluster (half a minute)
	tests/install/run

.PHONY: monitoring-check
monitoring-check: ## Check alerts and boards: promtool, names of metrics, tests of the alerts, runbooks
	tests/monitoring/run

.PHONY: model
model: ## Explore all decisions under every fault; writes docs/results/model.md (10 minutes)
	cargo run -q --profile simulate --locked -p model -- --page docs/results/model.md

.PHONY: simulate
simulate: ## Run every fault and every pair of faults in simulated time; writes docs/results/simulation.md (40 minutes; PAIRS=5: a fifth of the pairs)
	cargo run -q --profile simulate --locked -p simulation --example simulate -- docs/results/simulation.md

.PHONY: matrix
matrix: control-plane ## Run every call on faulty connections; writes docs/results/crash-matrix.md (8 minutes; MATRIX_CELL=CreateDataset=: some cells, page in target)
	cargo run --locked -p matrix -- all --out $(if $(MATRIX_CELL),target/crash-matrix.md,docs/results/crash-matrix.md)

.PHONY: mutants
mutants: control-plane ## Test the tests with seeded bugs; writes docs/results/mutants.md (MUTANT=ID: some bugs, no page)
	tests/mutants/run.py $(if $(MUTANT),--only $(MUTANT),--page docs/results/mutants.md)

.PHONY: core
core: ## Run cargo-mutants on the pure core; writes docs/results/core.md (an hour and a half; SHARD=0/6: a sixth of it)
	@command -v cargo-mutants >/dev/null || cargo install cargo-mutants --locked --version $(CARGO_MUTANTS)
	rm -rf target/core && mkdir -p target/core
	cargo mutants -p dataset-operator --no-times -o target/core $(if $(SHARD),--shard $(SHARD) --sharding round-robin) || test $$? -lt 4
	tests/mutants/core.py $(if $(SHARD),--shards=$(SHARD)) target/core > docs/results/core.md

.PHONY: bench
bench: ## Measure the operator beside a Go operator; writes docs/results/bench.md (an hour; RESUME=yes: only missing runs)
	programs=$$(benches/build) && "$$programs/bench" run --programs "$$programs" --out docs/results $(if $(filter yes,$(RESUME)),--resume)

.PHONY: bench-quick
bench-quick: ## Run a part of the bench in a quarter of an hour; writes target/bench/quick/bench.md
	programs=$$(benches/build) && "$$programs/bench" run --quick --programs "$$programs" --out "$$programs/quick"

.PHONY: lint
lint: deny ## Check formatting, clippy, generated files, that seeded bugs build, licences, advisories, and shell syntax
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	$(MAKE) generate && git diff --exit-code -- crds deploy docs/reference
	.ci/one-build
	tests/mutants/run.py --check
	for script in .ci/* benches/build tests/*/build tests/*/run; do bash -n "$$script" || exit; done
	sh -n tests/testbed/src/leash.sh
	for module in tests/controlplane tests/install benches/peers/controller-runtime; do (cd $$module && test -z "$$(gofmt -l .)" && go vet ./...) || exit; done

.PHONY: deny
deny:
	@command -v cargo-deny >/dev/null || cargo install cargo-deny --locked --version $(CARGO_DENY)
	cargo deny --locked check bans licenses sources
	@if cargo deny --locked fetch db >/dev/null 2>&1; then cargo deny --locked check advisories; \
	else echo "advisories: the database is out of reach, not checked"; fi

.PHONY: generate
generate: ## Write crds/ and docs/reference from the types, and what is made from crds
	REGENERATE=1 cargo test -q --test api generated::
	tests/install/run write

.PHONY: manifests
manifests: ## Write deploy/install.yaml, the chart's copies of the manifests, and what Argo CD reads
	tests/install/run write

.PHONY: image
image: ## Build the container image with docker, podman or buildah
	$(or $(ENGINE),$(firstword $(notdir $(shell command -v docker podman buildah)))) build -f Containerfile -t dataset-operator:0.1.0 .
