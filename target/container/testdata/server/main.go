// Command server is a tiny server for the container tests: it has metadata, a
// log, and faults to order.
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	fmt.Println("arguments:", os.Args[1:], "key:", os.Getenv("KEY"))
	if os.Getenv("DIE") != "" {
		fmt.Println("cannot open the database")
		os.Exit(3)
	}
	if peer := os.Getenv("PEER"); peer != "" {
		answer, err := http.Get(peer)
		fmt.Println("peer:", answer != nil && answer.StatusCode == http.StatusOK, err)
		if err != nil {
			os.Exit(4)
		}
	}
	ready := time.Now().Add(300 * time.Millisecond)
	if os.Getenv("SLOW") != "" {
		ready = ready.Add(time.Hour)
	}
	http.HandleFunc("/ready", func(w http.ResponseWriter, r *http.Request) {
		if time.Now().Before(ready) {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
	})
	http.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "/etc/server.conf") })
	http.HandleFunc("/.well-known/oauth-authorization-server", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":%q}`, os.Getenv("ISSUER"))
	})
	fmt.Println("server is up")
	fmt.Println(http.ListenAndServe(":8080", nil))
}
