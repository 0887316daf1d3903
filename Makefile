# The names a person types. What they do is in scripts/.
.PHONY: run build test check bench compose-check sim-long clean

run: ## Build, then start a show that votes on itself.
	cargo build --release --locked
	$${CARGO_TARGET_DIR:-target}/release/tallylight demo

build:
	cargo build --release --locked --workspace

test: ## Everything, and what everything needs. The last line counts.
	scripts/test

check: ## What to run before a commit: the fast part of `make test` (scripts/needs first, once).
	scripts/test fmt clippy policy tidy rust doc types

bench: build ## What a delivery, a ballot and a viewer cost beside the floor, with their bars: 10 to 15 minutes.
	scripts/bench

compose-check: ## Image and containers for real, with a node killed under load; as root on Debian.
	scripts/compose-check

sim-long: ## The seeded simulation, as many seeds as SEEDS says.
	TALLYLIGHT_SIM_SEEDS=$${SEEDS:-20000} cargo test --release --locked --test it sim -- --nocapture

clean:
	cargo clean
	rm -rf tests/browser/node_modules
