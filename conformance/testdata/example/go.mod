// A module as a user has it. go test ./conformance runs a copy of it.
module example.com/orders

go 1.26.0

require github.com/scopeproof/scopeproof v0.0.0

replace github.com/scopeproof/scopeproof => ../../..
