package loadtest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/scopeproof/scopeproof/internal/lean"
)

// reason is why there was no answer, without addresses or parts of the request or
// of the answer.
func reason(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, errTimeout), errors.As(err, &timeout) && timeout.Timeout():
		return "timed out"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection ended in the middle of the answer"
	}
	var long *lean.TooLongError
	var dns *net.DNSError
	var untrusted *tls.CertificateVerificationError
	switch text := err.Error(); {
	case errors.As(err, &long):
		return long.Error()
	case strings.Contains(text, "malformed"):
		// net/http quotes what is malformed.
		text, _, _ = strings.Cut(text[strings.Index(text, "malformed"):], `"`)
		return strings.TrimRight(text, ": ")
	case errors.As(err, &dns):
		return "no address for the host"
	case errors.As(err, &untrusted):
		return "the certificate is not trusted"
	}
	return fmt.Sprintf("the exchange broke off (%T)", errors.Unwrap(err))
}
