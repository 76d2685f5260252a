package actor

import (
	"context"

	"github.com/scopeproof/scopeproof/oauth"
)

// observeFormat finds out whether access tokens are JWTs that say what they are good
// for. Where those of another way, or for no API by name, are none, there is no one
// format, and nothing is judged by what a token says. A JWT is what an API reads
// itself; ours does where it knows where the keys are.
func (s *Stage) observeFormat(ctx context.Context, cast *Cast, i *Issue) {
	const name = "token.format"
	claims, ok := decodeJWT(i.Response.AccessToken)
	if !ok {
		s.facts.set(name, "opaque", "observed")
		return
	}
	if claims["scope"] == nil && claims["scp"] == nil { // which a JWT need not name that does not follow RFC 9068
		s.facts.set(name, "opaque", "observed: JWTs that name no scope")
		return
	}
	if where := s.opaque(ctx, cast); where != "" {
		s.facts.set(name, "opaque", "observed: JWTs, but not "+where)
		return
	}
	s.facts.set(name, "jwt", "observed")
	if api := s.Target.API; api != nil && (!api.Ours || metadata(s.Target.Target, "jwks_uri") != "") {
		s.facts.set("rs.token_validation", "jwt", "derived: "+name)
	}
}

// opaque is where an access token is no JWT, though one was seen; "": nowhere that
// was looked at.
func (s *Stage) opaque(ctx context.Context, cast *Cast) string {
	scope := oauth.RawScope("read:appointments")
	if s.can("as.code") && s.can("as.cc") && s.HasClient("Worker") {
		worker, err := cast.Client(ctx, "Worker")
		if err == nil {
			i, err := worker.ClientCredentials(ctx, &scope, nil)
			if err == nil && i.Response != nil && !IsJWT(i.Response.AccessToken) {
				return "on a client's own behalf"
			}
		}
	}
	if s.can("as.code") && s.can("as.resource") {
		_, i, err := cast.obtain(ctx, "Planner", "Ada", Request{Scope: &scope, Way: Way{Unaimed: true}})
		if err == nil && i != nil && i.Response != nil && !IsJWT(i.Response.AccessToken) {
			return "where no API is named"
		}
	}
	return ""
}
