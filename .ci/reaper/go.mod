module github.com/scopeproof/scopeproof/.ci/reaper

go 1.26
