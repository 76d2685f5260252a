// Package lean is an HTTP/1.1 client for sending known requests over and over: a
// goroutine with connections of its own writes the request and reads the answer
// itself, nothing is allocated for an answer that resembles the one before, and
// the answer is looked at where it was read.
//
// It takes and refuses what net/http's Transport does (RFC 9110 and RFC 9112), as
// its tests hold. It speaks neither HTTP/2 nor to proxies, follows no redirect,
// decompresses nothing and keeps no cookies.
package lean
