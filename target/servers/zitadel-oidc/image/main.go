// Command zitadel-oidc is the example OpenID provider of github.com/zitadel/oidc, with clients and users
// of our own. Every decision about scopes, and every page, is the library's or its example's.
//
//	ISSUER   the one URL that clients, browser and container know this server by
//	ADDRESS  the address listened on (:9998)
package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "zitadel-oidc:", err)
		os.Exit(1)
	}
}

func serve() error {
	register()
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	handler := exampleop.SetupServer(os.Getenv("ISSUER"), store{storage.NewStorage(users{})}, logger, false)
	server := http.Server{Addr: cmp.Or(os.Getenv("ADDRESS"), ":9998"), Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}
