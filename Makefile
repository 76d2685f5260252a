GO ?= go
FUZZTIME ?= 10s
WINDOWS ?= 0s,1ms,5ms,50ms
OUT ?= out
# Where bench-peers keeps the tools that it builds, and how long a run it compares the memory of 10 s with: 10m is
# what a release is measured with, and takes 20 minutes in all.
PEERS ?= $(HOME)/.cache/scopeproof-bench
SOAK ?= $(if $(QUICK),12s,1m)
TIMES ?= 1

# The bundled targets: one folder each.
TARGETS = $(notdir $(patsubst %/,%,$(wildcard target/servers/*/)))

# What oathkeeper-introspection is with its cache: what is revoked ends when that does.
CACHED = --set container.env.AUTHENTICATORS_OAUTH2_INTROSPECTION_CONFIG_CACHE_ENABLED=true \
	--set capabilities.token.revocation_visible=expiry --set judged=50

.DEFAULT_GOAL := help
.PHONY: help build test race vet lint layout features prove calibrate prove-load containers images bench bench-peers schema servers fuzz picture check checks test-kubernetes

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-12s %s\n", $$1, $$2 }'

build: ## the program, as bin/scopeproof
	$(GO) build -o bin/scopeproof ./cmd/scopeproof

test: ## every test; those with containers skip where no engine answers
	$(GO) test ./...

race: ## the short tests with the race detector; not those of containers, of the command and of prove, which run whole programs
	$(GO) test -race -short $$($(GO) list ./... | grep -vE '/(target/(container|bringup|browser)|cmd/scopeproof|internal/(prove|cluster))$$')

vet: ## go vet, and gofmt
	$(GO) vet ./...
	@unformatted=$$(gofmt -l .); \
	  [ -z "$$unformatted" ] || { echo "gofmt -w these:"; echo "$$unformatted"; exit 1; }

lint: ## staticcheck
	$(GO) tool staticcheck ./...

layout: ## who may import whom, and how long files may be
	$(GO) test ./internal/layout

features: ## the feature files: form, steps, and the rules against the reference server
	$(GO) test ./steps ./features

prove: ## the rules against every seeded defect
	$(GO) run ./cmd/scopeproof prove --out $(OUT)/prove

calibrate: ## how often the rules about races notice windows of 0 to 50 ms
	$(GO) test ./internal/prove -count=1 -v -run '^TestSensitivity$$' -calibrate -windows $(WINDOWS)

prove-load: ## load scenarios against the defects that only load shows, TIMES times each
	$(GO) run ./cmd/scopeproof prove --load --times $(TIMES) --out $(OUT)/prove-load

containers: ## the rules against every bundled server; needs an engine
	SCOPEPROOF_REQUIRE_DOCKER=1 $(GO) test ./target/container ./target/bringup
	@mkdir -p $(OUT); printf '%s\n' $(TARGETS) | xargs -P 2 -I{} sh -c 'log=$(OUT)/{}.log; \
	  if SCOPEPROOF_OUT=$(OUT)/{} $(GO) test ./features -count=1 -run "^TestScopes$$" -target {} >$$log 2>&1; \
	  then echo "TestScopes against {}: $$(tail -n 1 $$log)"; else echo "TestScopes against {} failed"; cat $$log; exit 1; fi'
	.ci/reports $(TARGETS:%=$(OUT)/%)
	@echo "oathkeeper-introspection with its cache"
	@mkdir -p $(OUT); $(GO) run ./cmd/scopeproof test oathkeeper-introspection $(CACHED) >$(OUT)/cached.txt || { cat $(OUT)/cached.txt; exit 1; }

test-kubernetes: ## shards in the pods of a whole Kubernetes, which is built from Go modules: some twenty minutes the first time
	.ci/kubernetes/test

images: ## build the container images that cannot be pulled, or are older than their sources
	.ci/images

bench: ## how fast a default run is, load is judged, shards are merged, and the reference server answers
	$(GO) test -run '^$$' -bench . ./conformance ./loadtest ./internal/cluster ./internal/refserver

bench-peers: ## compare load with vegeta, k6, wrk and hey, and write docs/performance.md (QUICK=1: a short look, nothing is written)
	@mkdir -p $(OUT)
	$(GO) build -o $(OUT)/bench ./internal/bench
	$(OUT)/bench build -cache $(PEERS)
	$(OUT)/bench compare -cache $(PEERS) -soak $(SOAK) $(if $(QUICK),-rounds 2 -for 2s,-doc docs/performance.md)

schema: ## write the JSON Schemas, the golden files, the README's table of areas and the references in docs/ anew
	$(GO) test ./target ./report -update
	$(GO) test ./cmd/scopeproof -run '^(TestTheAreasInTheReadmeAreThoseOfTheRules|TestReferenceOfStepsIsCurrent)$$' -update

servers: ## run every bundled server and write docs/servers.md, where they stand side by side; needs an engine
	@mkdir -p $(OUT); $(GO) build -o $(OUT)/scopeproof ./cmd/scopeproof
	@printf '%s\n' $(TARGETS) | xargs -P 2 -I{} sh -c 'echo "servers: {}"; \
	  $(OUT)/scopeproof test {} --out $(OUT)/{} >$(OUT)/{}.txt 2>$(OUT)/{}.log; code=$$?; \
	  echo "servers: {}: $$(head -n 1 $(OUT)/{}.txt)"; sed -n "/^  time /,/^$$/p" $(OUT)/{}.txt; \
	  [ $$code = 0 ] || { tail -n 5 $(OUT)/{}.log; exit 1; }'
	@mkdir -p docs
	@{ printf '# The bundled servers side by side\n\nMade by `make servers`. What is known of a server is in its `expect.yaml`.\n\n'; \
	  $(GO) run ./cmd/scopeproof compare $(TARGETS:%=$(OUT)/%/report.json) --all --format markdown; } >docs/servers.md

fuzz: ## every fuzz test for FUZZTIME
	.ci/fuzz $(FUZZTIME)

picture: ## draw the picture of the README from real output
	.github/picture

CHECKS = vet lint layout race features prove calibrate prove-load containers

check: $(CHECKS) ## what CI runs; needs an engine

checks:
	@echo $(CHECKS)
