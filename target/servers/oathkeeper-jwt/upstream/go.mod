module github.com/scopeproof/scopeproof/target/servers/oathkeeper-jwt/upstream

go 1.26
