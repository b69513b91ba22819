# The commands of this repository. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# Release speed without the release's link time: for the demo and for local use.
FAST := cargo build --profile fast -p dataset-operator -p pai-emulator -p testbed --bins
TESTBED = "$${CARGO_TARGET_DIR:-target}/fast/testbed"
CARGO_DENY := 0.20.2
CARGO_MUTANTS := 27.1.0

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## See it work on a real Kubernetes and a local cloud (CLUSTER=yes: on the cluster of your KUBECONFIG)
	$(FAST)
	$(TESTBED) demo --cluster $(or $(CLUSTER),no)

.PHONY: up
up: ## Leave control plane, emulator and operator running; see target/up/env (OPERATOR=no: without the operator)
	$(FAST)
	$(TESTBED) up --operator $(or $(OPERATOR),yes)

.PHONY: down
down: ## End what `make up` started
	@if [ -d target/up ]; then cargo build -q --profile fast -p testbed && $(TESTBED) down; else echo "nothing is running"; fi

.PHONY: build
build: ## Build the release binaries
	cargo build --release --workspace --bins

# Stories wait more than they work: more of them at a time than there are cores.
.PHONY: test
test: ## Run every test: unit to stories on a real apiserver, and the conformance of the emulator
	tests/controlplane/build >/dev/null
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-4} cargo test --workspace --locked --no-fail-fast
	tests/contract/run

.PHONY: model
model: ## Explore the decisions exhaustively, under every fault; the page goes to docs/results (10 minutes)
	cargo run -q --profile fast -p model -- --page docs/results/model.md

.PHONY: simulate
simulate: ## Every fault and every pair of faults in simulated time; the page goes to docs/results/simulation.md (40 minutes)
	cargo run -q --profile simulate --locked -p simulation --example simulate -- docs/results/simulation.md

.PHONY: matrix
matrix: ## Every effect under every fault; the page goes to docs/results (10 minutes; MATRIX_CELL=C5.c: some cells, page in target)
	tests/controlplane/build >/dev/null
	cargo run --locked -p matrix -- all --out $(if $(MATRIX_CELL),target/crash-matrix.md,docs/results/crash-matrix.md)

.PHONY: mutants
mutants: ## Tests of the tests: seeded bugs, and which layers notice; the page goes to docs/results (MUTANT=ID: some, no page)
	tests/controlplane/build >/dev/null
	tests/mutants/run.py $(if $(MUTANT),--only $(MUTANT),--page docs/results/mutants.md)

.PHONY: core
core: ## cargo-mutants on the pure core; the page goes to docs/results (an hour and a half; SHARD=0/6: a sixth of it)
	@command -v cargo-mutants >/dev/null || cargo install cargo-mutants --locked --version $(CARGO_MUTANTS)
	rm -rf target/core && mkdir -p target/core
	cargo mutants -p dataset-operator --no-times -o target/core $(if $(SHARD),--shard $(SHARD) --sharding round-robin) || test $$? -lt 4
	tests/mutants/core.py $(if $(SHARD),--shards=$(SHARD)) target/core > docs/results/core.md

.PHONY: bench
bench: ## Measure the operator beside its peers; the page goes to docs/results (45 minutes; RESUME=yes: what is missing)
	programs=$$(benches/build) && "$$programs/bench" run --programs "$$programs" --out docs/results $(if $(filter yes,$(RESUME)),--resume)

.PHONY: bench-quick
bench-quick: ## A selection of it in ten minutes; the page goes to target/bench/quick
	programs=$$(benches/build) && "$$programs/bench" run --quick --programs "$$programs" --out "$$programs/quick"

.PHONY: lint
lint: deny ## Formatting, clippy, generated files, seeded bugs that build, licences and advisories, shell syntax
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	$(MAKE) generate && git diff --exit-code -- crds docs/reference
	tests/mutants/run.py --check
	for script in .ci/run benches/build tests/*/build tests/*/run; do bash -n "$$script" || exit; done
	sh -n tests/testbed/src/leash.sh
	for module in tests/controlplane benches/peers/controller-runtime; do (cd $$module && test -z "$$(gofmt -l .)" && go vet ./...) || exit; done

.PHONY: deny
deny:
	@command -v cargo-deny >/dev/null || cargo install cargo-deny --locked --version $(CARGO_DENY)
	cargo deny --locked check bans licenses sources
	@if cargo deny --locked fetch db >/dev/null 2>&1; then cargo deny --locked check advisories; \
	else echo "advisories: the database is out of reach, not checked"; fi

.PHONY: generate
generate: ## Write crds/ and docs/reference from the types
	REGENERATE=1 cargo test -q --test api generated::

.PHONY: image
image: ## Build the container image with docker, podman or buildah
	$(or $(ENGINE),$(firstword $(notdir $(shell command -v docker podman buildah)))) build -f Containerfile -t dataset-operator:0.1.0 .
