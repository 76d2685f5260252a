package target

// Tokens are the access tokens that an API under test takes. The reference server
// is started beside it to issue them: resource owners consent there, its keys and
// its introspection endpoint say what a token is worth, and it also signs what no
// authorization server would issue. The API has to trust it, by whichever of these
// it knows:
//
//	${issuer}     what tokens name as iss
//	${authority}  the URL at which the API reaches that server:
//	              ${authority}/jwks is its key set (RFC 7517), for JWTs,
//	              ${authority}/introspect tells of any token (RFC 7662)
//	${audience}   what tokens name as aud: resource, or ${issuer}/calendar
//
// It introspects as the client calendar-api with the secret calendar-api-secret. One
// that introspects JWTs as well has the capability rs.token_validation=introspection.
type Tokens struct {
	// Format is "jwt" (the default) or "opaque".
	Format string `yaml:"format,omitempty" json:"format,omitempty" jsonschema:"enum=jwt,enum=opaque"`
	// Listen is where that server listens. Left out: a free port beside a container
	// of the API, and [TokensListen] beside an API that runs already.
	Listen string `yaml:"listen,omitempty" json:"listen,omitempty"`
	// Issuer is the issuer identifier, an origin, where it is not http:// and that
	// address.
	Issuer string `yaml:"issuer,omitempty" json:"issuer,omitempty" check:"url"`
}

// TokensListen is where tokens come from for an API that runs already, unless its
// file says otherwise.
const TokensListen = "127.0.0.1:9700"

// OnlyAPI reports whether an API is under test without an authorization server of
// its own.
func (d *Description) OnlyAPI() bool {
	alone := d.Embedded == nil && d.External == nil && d.Container == nil
	return d.API != nil && (d.Tokens != nil || alone)
}
