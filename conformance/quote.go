package conformance

import "slices"

// Quote is what a source says, word for word, and the rules that rest on it. Lines
// are joined; what is left out is whole sentences.
type Quote struct {
	Source string   // a tag without its @: "rfc6749-5.1"
	Of     string   // what it says that of, where that stands before a list: "invalid_scope"
	Text   string   // at most 400 characters
	Rules  []string // by id
}

// QuotesOf are the sentences that a rule rests on, by its id, where they were
// copied; its other sources are cited only.
func QuotesOf(rule string) []Quote {
	var all []Quote
	for _, q := range quotes() {
		if slices.Contains(q.Rules, rule) {
			all = append(all, q)
		}
	}
	return all
}

func quotes() []Quote {
	return slices.Concat(quotesOfOAuth(), quotesOfTokenRequests(), quotesOfAPIs(), quotesOfTokens(), quotesOfRegistration(), quotesOfExtensions(), quotesOfOpenID())
}

// Citation is the source as [Source.String] writes it.
func (q Quote) Citation() string {
	s, err := ParseSource(q.Source)
	if err != nil {
		return q.Source
	}
	return s.String()
}

func quotesOfOAuth() []Quote {
	return []Quote{
		{"rfc6749-3.1", "", `Parameters sent without a value MUST be treated as if they were omitted from the request.`,
			[]string{"SYN-09"}},
		{"rfc6749-3.1", "", `Request and response parameters MUST NOT be included more than once.`,
			[]string{"SYN-10"}},
		{"rfc6749-3.3", "", `The value of the scope parameter is expressed as a list of space-delimited, case-sensitive strings.`,
			[]string{"OIDC-04", "REF-07", "RSM-03", "RSM-04", "RSM-05", "RSM-06", "RSM-07", "RSM-08", "RSM-09", "RSM-15", "SYN-04", "SYN-06", "UNK-08"}},
		{"rfc6749-3.3", "", `If the value contains multiple space-delimited strings, their order does not matter, and each string adds an additional access range to the requested scope.`,
			[]string{"GRANT-06", "RSM-11", "SYN-05", "SYN-07"}},
		{"rfc6749-3.3", "", `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`,
			[]string{"SYN-01", "SYN-03", "SYN-11", "SYN-12"}},
		{"rfc6749-3.3", "", `The authorization server MAY fully or partially ignore the scope requested by the client, based on the authorization server policy or the resource owner's instructions.`,
			[]string{"CONS-02", "CONS-13", "GRANT-01", "ROLE-07", "UNK-01", "UNK-03", "UNK-04", "ROLE-11"}},
		{"rfc6749-3.3", "", `If the issued access token scope is different from the one requested by the client, the authorization server MUST include the "scope" response parameter to inform the client of the actual scope granted.`,
			[]string{"CODE-02", "DEV-04", "EDIT-02", "GRANT-02", "GRANT-04", "OFF-06", "PRMT-03", "REF-02", "UNK-02"}},
		{"rfc6749-3.3", "", `If the client omits the scope parameter when requesting authorization, the authorization server MUST either process the request using a pre-defined default value or fail the request indicating an invalid scope.`,
			[]string{"ASRT-03", "DEF-01", "DEF-02", "DEF-03", "DEF-04", "DEF-05", "DEF-06"}},
		{"rfc6749-4.1.2", "", `If an authorization code is used more than once, the authorization server MUST deny the request and SHOULD revoke (when possible) all tokens previously issued based on that authorization code.`,
			[]string{"CODE-04", "CONC-01"}},
		{"rfc6749-4.1.2.1", "access_denied", `The resource owner or authorization server denied the request.`,
			[]string{"CONS-03", "PRMT-06"}},
		{"rfc6749-4.1.2.1", "invalid_scope", `The requested scope is invalid, unknown, or malformed.`,
			[]string{"ROLE-04", "SYN-03", "UNK-01"}},
		{"rfc6749-4.1.2.1", "", `If the request fails due to a missing, invalid, or mismatching redirection URI, or if the client identifier is missing or invalid, the authorization server SHOULD inform the resource owner of the error and MUST NOT automatically redirect the user-agent to the invalid redirection URI.`,
			[]string{"UNK-05"}},
		{"rfc6749-10.2", "", `The authorization server SHOULD enforce explicit resource owner authentication and provide the resource owner with information about the client and the requested authorization scope and lifetime.`,
			[]string{"CONS-01", "CONS-18", "PAR-03", "CONS-10"}},
		{"rfc6749-10.2", "", `The authorization server SHOULD NOT process repeated authorization requests automatically (without active resource owner interaction) without authenticating the client or relying on other measures to ensure that the repeated request comes from the original client and not an impersonator.`,
			[]string{"CONS-09", "CONS-16"}},
		{"rfc6749-10.3", "", `The authorization server SHOULD take the client identity into account when choosing how to honor the requested scope and MAY issue an access token with less rights than requested.`,
			[]string{"CC-01", "CLI-01", "CLI-02", "CLI-07", "CODE-06", "CONC-10", "GRANT-01", "REF-12", "ROPC-01"}},
		{"rfc6749-4.1.2", "code", `The authorization code is bound to the client identifier and redirection URI.`,
			[]string{"CODE-05", "CONC-07"}},
		{"rfc6749-4.2.2", "scope", `OPTIONAL, if identical to the scope requested by the client; otherwise, REQUIRED. The scope of the access token as described by Section 3.3.`,
			[]string{"IMPL-01"}},
		{"rfc6749-4.2.2", "", `The authorization server MUST NOT issue a refresh token.`,
			[]string{"IMPL-02"}},
		{"rfc6749-10.12", "", `The authorization server MUST implement CSRF protection for its authorization endpoint and ensure that a malicious client cannot obtain authorization without the awareness and explicit consent of the resource owner.`,
			[]string{"CONC-08", "CONS-07", "CONS-08"}},
	}
}

func quotesOfTokenRequests() []Quote {
	return []Quote{
		{"rfc6749-4.2.2.1", "", `If the resource owner denies the access request or if the request fails for reasons other than a missing or invalid redirection URI, the authorization server informs the client by adding the following parameters to the fragment component of the redirection URI using the "application/x-www-form-urlencoded" format, per Appendix B`,
			[]string{"IMPL-04"}},
		{"rfc6749-4.4.3", "", `A refresh token SHOULD NOT be included.`,
			[]string{"CC-02"}},
		{"rfc6749-3.2", "", `The authorization server MUST ignore unrecognized request parameters.`,
			[]string{"CODE-01", "CODE-02", "DEV-02", "REF-09"}},
		{"rfc6749-4.1.3", "The authorization server MUST", `ensure that the authorization code was issued to the authenticated confidential client, or if the client is public, ensure that the code was issued to "client_id" in the request,`,
			[]string{"CODE-03"}},
		{"rfc6749-4.4", "", `The client credentials grant type MUST only be used by confidential clients.`,
			[]string{"CC-04"}},
		{"rfc6749-5.1", "scope", `OPTIONAL, if identical to the scope requested by the client; otherwise, REQUIRED. The scope of the access token as described by Section 3.3.`,
			[]string{"ASRT-03", "CONC-02", "DEF-02", "DEV-04", "EDIT-02", "GRANT-02", "GRANT-03", "GRANT-05", "GRANT-07", "GRANT-08", "OFF-06", "REF-14", "RES-02", "ROPC-02", "UNK-02", "UNK-03"}},
		{"rfc6749-5.2", "invalid_scope", `The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner.`,
			[]string{"DEV-06", "REF-03", "REF-10", "SYN-03", "UNK-01", "UNK-06"}},
		{"rfc6749-5.2", "invalid_grant", `The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.`,
			[]string{"CONC-04", "CONC-09", "DEV-07", "EDIT-06", "EDIT-09"}},
		{"rfc6749-6", "", `The requested scope MUST NOT include any scope not originally granted by the resource owner, and if omitted is treated as equal to the scope originally granted by the resource owner.`,
			[]string{"CONC-06", "DEV-08", "INC-05", "RAR-03", "REF-01", "REF-02", "REF-03", "REF-05", "REF-06", "REF-07", "REF-10", "ROLE-05", "ROPC-02", "CONC-03"}},
		{"rfc6749-6", "", `If a new refresh token is issued, the refresh token scope MUST be identical to that of the refresh token included by the client in the request.`,
			[]string{"REF-04", "REF-14", "INTR-04"}},
		{"rfc6749-6", "", `Because refresh tokens are typically long-lasting credentials used to request additional access tokens, the refresh token is bound to the client to which it was issued.`,
			[]string{"REF-08"}},
		{"rfc6749-10.4", "", `The authorization server MUST verify the binding between the refresh token and client identity whenever the client identity can be authenticated.`,
			[]string{"REF-08"}},
		{"rfc6749-1.5", "", `Unlike access tokens, refresh tokens are intended for use only with authorization servers and are never sent to resource servers.`,
			[]string{"RST-04"}},
	}
}

func quotesOfAPIs() []Quote {
	return []Quote{
		{"rfc9728-3.3", "", `If the protected resource metadata was retrieved from a URL returned by the protected resource via the WWW-Authenticate resource_metadata parameter, then the resource value returned MUST be identical to the URL that the client used to make the request to the resource server.`,
			[]string{"DISC-07"}},
		{"rfc6749-7", "", `The resource server MUST validate the access token and ensure that it has not expired and that its scope covers the requested resource.`,
			[]string{"CONC-11", "INTR-06", "ROLE-08", "RSC-10", "RSC-11", "RSM-01", "RSM-02", "RSM-04", "RSM-05", "RSM-10", "RSM-13", "RSM-14", "RSM-16",
				"RST-07", "RST-08", "RST-10", "RST-11", "RSV-02", "RSV-04", "RSV-06", "RSV-07", "RSV-08", "STEP-01", "RSM-17"}},
		{"rfc6750-3", "", `If the protected resource request does not include authentication credentials or does not contain an access token that enables access to the protected resource, the resource server MUST include the HTTP "WWW-Authenticate" response header field; it MAY include it in response to other conditions as well.`,
			[]string{"RSC-01", "RSC-02", "RSC-09"}},
		{"rfc6750-3.1", "insufficient_scope", `The request requires higher privileges than provided by the access token. The resource server SHOULD respond with the HTTP 403 (Forbidden) status code and MAY include the "scope" attribute with the scope necessary to access the protected resource.`,
			[]string{"CLM-08", "RSC-02", "RSC-03", "RSC-04", "RSC-11", "STEP-01"}},
		{"rfc6750-3.1", "invalid_token", `The access token provided is expired, revoked, malformed, or invalid for other reasons. The resource SHOULD respond with the HTTP 401 (Unauthorized) status code.`,
			[]string{"RSC-07"}},
		{"rfc9700-2.3", "", `The privileges associated with an access token SHOULD be restricted to the minimum required for the particular application or use case. This prevents clients from exceeding the privileges authorized by the resource owner.`,
			[]string{"CONS-13", "GRANT-01", "ROLE-01", "ROLE-08", "RSM-02", "RSV-01", "TX-03", "TX-08"}},
		{"rfc9700-2.3", "", `In particular, access tokens SHOULD be audience-restricted to a specific resource server or, if that is not feasible, to a small set of resource servers.`,
			[]string{"RST-01"}},
		{"rfc6750-3", "", `The "scope" attribute MUST NOT appear more than once.`,
			[]string{"RSC-05"}},
		{"rfc6750-3", "", `Values for the "scope" attribute MUST NOT include characters outside the set %x21 / %x23-5B / %x5D-7E for representing scope values and %x20 for delimiters between scope values.`,
			[]string{"RSC-06"}},
		{"rfc6750-3.1", "invalid_request", `The request is missing a required parameter, includes an unsupported parameter or parameter value, repeats the same parameter, uses more than one method for including an access token, or is otherwise malformed. The resource server SHOULD respond with the HTTP 400 (Bad Request) status code.`,
			[]string{"RSC-08"}},
		{"rfc9110-9.1", "", `An origin server that receives a request method that is unrecognized or not implemented SHOULD respond with the 501 (Not Implemented) status code.`,
			[]string{"RSV-05"}},
		{"rfc9700-4.11.2", "", `The authorization server MUST always authenticate the user first and, with the exception of the silent authentication use case, prompt the user for credentials when needed, before redirecting the user.`,
			[]string{"UNK-10"}},
		{"rfc9700-4.14.2", "", `If refresh tokens are issued, those refresh tokens MUST be bound to the scope and resource servers as consented by the resource owner.`,
			[]string{"CONC-05", "REF-13"}},
	}
}

func quotesOfTokens() []Quote {
	return []Quote{
		{"rfc7009-2.1", "", `If the token passed to the request is an access token, the server MAY revoke the respective refresh token as well.`,
			[]string{"REV-02"}},
		{"rfc7009-2.1", "", `If the particular token is a refresh token and the authorization server supports the revocation of access tokens, then the authorization server SHOULD also invalidate all access tokens based on the same authorization grant (see Implementation Note).`,
			[]string{"REV-01", "RST-05"}},
		{"rfc7009-2.1", "", `The authorization server first validates the client credentials (in case of a confidential client) and then verifies whether the token was issued to the client making the revocation request. If this validation fails, the request is refused and the client is informed of the error by the authorization server as described below.`,
			[]string{"EDIT-07", "REV-03"}},
		{"rfc7662-2.1", "", `To prevent token scanning attacks, the endpoint MUST also require some form of authorization to access this endpoint, such as client authentication as described in OAuth 2.0 [RFC6749] or a separate OAuth 2.0 access token such as the bearer token described in OAuth 2.0 Bearer Token Usage [RFC6750].`,
			[]string{"INTR-05"}},
		{"rfc7662-2.2", "", `If the introspection call is properly authorized but the token is not active, does not exist on this server, or the protected resource is not allowed to introspect this particular token, then the authorization server MUST return an introspection response with the "active" field set to "false".`,
			[]string{"INTR-02", "INTR-03"}},
		{"rfc9068-2.2.3", "", `If an authorization request includes a scope parameter, the corresponding issued JWT access token SHOULD include a "scope" claim as defined in Section 4.2 of [RFC8693].`,
			[]string{"JWT-01"}},
		{"rfc9068-2.2.3", "", `All the individual scope strings in the "scope" claim MUST have meaning for the resources indicated in the "aud" claim.`,
			[]string{"RES-06", "TX-05"}},
		{"rfc9068-3", "", `The authorization server MUST NOT issue a JWT access token if the authorization granted by the token would be ambiguous.`,
			[]string{"RES-06", "RST-09"}},
		{"rfc9068-3", "", `If the request includes a "resource" parameter (as defined in [RFC8707]), the resulting JWT access token "aud" claim SHOULD have the same value as the "resource" parameter in the request.`,
			[]string{"RES-07"}},
		{"rfc9068-3", "", `If the request does not include a "resource" parameter, the authorization server MUST use a default resource indicator in the "aud" claim.`,
			[]string{"RES-05"}},
		{"rfc9068-4", "", `The resource server MUST validate that the "aud" claim contains a resource indicator value corresponding to an identifier the resource server expects for itself. The JWT access token MUST be rejected if "aud" does not contain a resource indicator of the current resource server as a valid audience.`,
			[]string{"RST-01"}},
		{"rfc9068-4", "", `The issuer identifier for the authorization server (which is typically obtained during discovery) MUST exactly match the value of the "iss" claim.`,
			[]string{"RST-02"}},
		{"rfc9068-4", "", `The resource server MUST reject any JWT in which the value of "alg" is "none". The resource server MUST use the keys provided by the authorization server.`,
			[]string{"RST-02", "RST-03"}},
		{"rfc9068-4", "", `The current time MUST be before the time represented by the "exp" claim.`,
			[]string{"EDIT-12", "RST-06"}},
		{"rfc9068-4", "", `The resource server MUST verify that the "typ" header value is "at+jwt" or "application/at+jwt" and reject tokens carrying any other value.`,
			[]string{"JWT-03"}},
		{"rfc9068-5", "", `To prevent cross-JWT confusion, authorization servers MUST use a distinct identifier as an "aud" claim value to uniquely identify access tokens issued by the same issuer for distinct resources.`,
			[]string{"JWT-06", "RST-09"}},
		{"rfc7662-2.2", "scope", `OPTIONAL. A JSON string containing a space-separated list of scopes associated with this token, in the format described in Section 3.3 of OAuth 2.0 [RFC6749].`,
			[]string{"EDIT-03", "INC-06", "INTR-01"}},
		{"rfc9068-4", "", `If an authorization server supports both OAuth 2.0 Authorization Server Metadata and OpenID Connect discovery, the values provided MUST be consistent across the two publication methods.`,
			[]string{"DISC-05"}},
	}
}

func quotesOfRegistration() []Quote {
	return []Quote{
		{"rfc7591-3.2.1", "", `The authorization server MAY reject or replace any of the client's requested metadata values submitted during the registration and substitute them with suitable values.`,
			[]string{"CLI-04"}},
		{"rfc7591-2", "scope", `String containing a space-separated list of scope values (as described in Section 3.3 of OAuth 2.0 [RFC6749]) that the client can use when requesting access tokens.`,
			[]string{"CC-01", "CLI-01", "CLI-09"}},
		{"rfc7591-2", "", `If omitted, an authorization server MAY register a client with a default set of scopes.`,
			[]string{"CLI-05"}},
		{"rfc8414-2", "scopes_supported", `Servers MAY choose not to advertise some supported scope values even when this parameter is used.`,
			[]string{"DISC-04"}},
		{"rfc7521-4.1", "", `The authorization server MUST limit the scope of the issued access token to be equal to or less than the scope originally granted to the authorized accessor.`,
			[]string{"ASRT-01", "ASRT-02"}},
		{"rfc7591-3.1.1", "", `If the server supports software statements, client metadata values conveyed in the software statement MUST take precedence over those conveyed using plain JSON elements.`,
			[]string{"CLI-08"}},
		{"rfc7591-3.2.1", "", `Additionally, the authorization server MUST return all registered metadata about this client, including any fields provisioned by the authorization server itself.`,
			[]string{"CLI-03"}},
		{"rfc7592-2.2", "", `Valid values of client metadata fields in this request MUST replace, not augment, the values previously associated with this client.`,
			[]string{"CLI-06"}},
		{"rfc8414-2", "scopes_supported", `RECOMMENDED. JSON array containing a list of the OAuth 2.0 [RFC6749] "scope" values that this authorization server supports.`,
			[]string{"DISC-01", "DISC-03"}},
	}
}

func quotesOfExtensions() []Quote {
	return []Quote{
		{"rfc9126-5", "require_pushed_authorization_requests", `Boolean parameter indicating whether the authorization server accepts authorization request data only via PAR.`,
			[]string{"PAR-06"}},
		{"rfc8628-3.5", "access_denied", `The authorization request was denied.`,
			[]string{"DEV-03"}},
		{"rfc8693-2.1", "scope", `A list of space-delimited, case-sensitive strings, as defined in Section 3.3 of [RFC6749], that allow the client to specify the desired scope of the requested security token in the context of the service or resource where the token will be used.`,
			[]string{"TX-01", "TX-03"}},
		{"rfc8693-2.2.1", "scope", `OPTIONAL if the scope of the issued security token is identical to the scope requested by the client; otherwise, it is REQUIRED.`,
			[]string{"TX-02"}},
		{"rfc8693-4.2", "", `The value of the "scope" claim is a JSON string containing a space-separated list of scopes associated with the token, in the format described in Section 3.3 of [RFC6749].`,
			[]string{"JWT-02", "RSM-12", "SYN-02"}},
		{"rfc9126-2.1", "", `Validate the pushed request as it would an authorization request sent to the authorization endpoint.`,
			[]string{"PAR-01"}},
		{"rfc9126-4", "", `Authorization servers SHOULD treat "request_uri" values as one-time use but MAY allow for duplicate requests due to a user reloading/refreshing their user agent. An expired "request_uri" MUST be rejected as invalid.`,
			[]string{"CONC-13", "PAR-05"}},
		{"rfc9126-4", "", `The authorization server MUST validate authorization requests arising from a pushed request as it would any other authorization request.`,
			[]string{"PAR-01"}},
		{"rfc9470-3", "insufficient_user_authentication", `The authentication event associated with the access token presented with the request does not meet the authentication requirements of the protected resource.`,
			[]string{"STEP-01"}},
		{"rfc8628-3.3", "", `The authorization server should then inform the user about the action they are undertaking and ask them to approve or deny the request.`,
			[]string{"DEV-05"}},
		{"rfc8693-2.2.2", "", `If the request itself is not valid or if either the "subject_token" or "actor_token" are invalid for any reason, or are unacceptable based on policy, the authorization server MUST construct an error response, as specified in Section 5.2 of [RFC6749].`,
			[]string{"TX-06"}},
		{"rfc8693-2.2.2", "", `If the authorization server is unwilling or unable to issue a token for any target service indicated by the "resource" or "audience" parameters, the "invalid_target" error code SHOULD be used in the error response.`,
			[]string{"TX-04"}},
		{"rfc8693-4.1", "", `For the purpose of applying access control policy, the consumer of a token MUST only consider the token's top-level claims and the party identified as the current actor by the "act" claim.`,
			[]string{"TX-07"}},
		{"rfc8707-2.1", "", `If the authorization server fails to parse the provided value(s) or does not consider the resource(s) acceptable, it should reject the request with an error response using the error code "invalid_target" as the value of the "error" parameter and can provide additional information regarding the reasons for the error using the "error_description".`,
			[]string{"RES-04"}},
		{"rfc8707-2.2", "", `To the extent possible, when issuing access tokens, the authorization server should downscope the scope value associated with an access token to the value the respective resource is able to process and needs to know.`,
			[]string{"RES-01"}},
		{"rfc8707-2.2", "", `In the "authorization_code" case where the requested resources are a subset of the set of resources originally granted, the authorization server will issue an access token based on that subset of requested resources, whereas any refresh token that is returned is bound to the full original grant.`,
			[]string{"RES-03"}},
		{"rfc9101-6.2", "", `If the key is not associated with the client or if signature validation fails, the authorization server MUST return an "invalid_request_object" error to the client in response to the authorization request.`,
			[]string{"JAR-03"}},
		{"rfc9101-6.3", "", `The authorization server MUST only use the parameters in the Request Object, even if the same parameter is provided in the query parameter.`,
			[]string{"JAR-01", "PAR-02"}},
		{"rfc9126-2.2", "", `The "request_uri" value MUST be bound to the client that posted the authorization request.`,
			[]string{"PAR-04"}},
		{"rfc9396-3.1", "", `The AS MUST process both sets of requirements in combination with each other for the given authorization request.`,
			[]string{"RAR-01"}},
		{"rfc9396-3.1", "", `When gathering user consent, the AS MUST present the merged set of requirements represented by the authorization request.`,
			[]string{"RAR-02"}},
		{"rfc9396-7", "", `In addition to the token response parameters as defined in [RFC6749], the AS MUST also return the authorization_details as granted by the resource owner and assigned to the respective access token.`,
			[]string{"RAR-04"}},
	}
}

func quotesOfOpenID() []Quote {
	return []Quote{
		{"oidc-11", "", `The use of Refresh Tokens is not exclusive to the offline_access use case. The Authorization Server MAY grant Refresh Tokens in other contexts that are beyond the scope of this specification.`,
			[]string{"OFF-05"}},
		{"oidc-3.1.2.1", "", `OpenID Connect requests MUST contain the openid scope value. If the openid scope value is not present, the behavior is entirely unspecified.`,
			[]string{"OIDC-01", "OIDC-02", "OIDC-03", "OIDC-04"}},
		{"oidc-3.1.2.1", "", `Scope values used that are not understood by an implementation SHOULD be ignored.`,
			[]string{"UNK-07"}},
		{"oidc-3.1.2.1", "none", `The Authorization Server MUST NOT display any authentication or consent user interface pages.`,
			[]string{"PRMT-01", "PRMT-02", "PRMT-03"}},
		{"oidc-3.1.2.1", "", `If this parameter contains none with any other value, an error is returned.`,
			[]string{"PRMT-04"}},
		{"oidc-3.1.2.4", "", `Once the End-User is authenticated, the Authorization Server MUST obtain an authorization decision before releasing information to the Relying Party.`,
			[]string{"CLM-01", "CLM-07", "CLM-09", "CONS-04", "CONS-12", "CONS-17", "DEF-06", "DEF-07", "EDIT-04", "EDIT-05", "JWT-05"}},
		{"oidc-5.4", "", `For OpenID Connect, scopes can be used to request that specific sets of information be made available as Claim Values.`,
			[]string{"CLM-01", "CLM-02", "CLM-03", "CLM-07"}},
		{"oidc-5.4", "", `The Claims requested by the profile, email, address, and phone scope values are returned from the UserInfo Endpoint, as described in Section 5.3.2, when a response_type value is used that results in an Access Token being issued.`,
			[]string{"CLM-04", "CLM-06"}},
		{"oidc-5.4", "", `However, when no Access Token is issued (which is the case for the response_type value id_token), the resulting Claims are returned in the ID Token.`,
			[]string{"CLM-05"}},
		{"oidc-5.4", "", `The scopes associated with Access Tokens determine what resources will be available when they are used to access OAuth 2.0 protected endpoints.`,
			[]string{"RSM-16", "CONS-17"}},
		{"oidc-3.1.2.1", "consent", `The Authorization Server SHOULD prompt the End-User for consent before returning information to the Client.`,
			[]string{"PRMT-05"}},
		{"oidc-11", "Upon receipt of a scope parameter containing the offline_access value, the Authorization Server",
			`MUST ignore the offline_access request unless the Client is using a response_type value that would result in an Authorization Code being returned,`,
			[]string{"OFF-02", "IMPL-02"}},
		{"oidc-11", "Upon receipt of a scope parameter containing the offline_access value, the Authorization Server", `MUST ensure that the prompt parameter contains consent unless other conditions for processing the request permitting offline access to the requested resources are in place; unless one or both of these conditions are fulfilled, then it MUST ignore the offline_access request,`,
			[]string{"OFF-01", "OFF-03"}},
		{"oidc-discovery-3", "scopes_supported", `The server MUST support the openid scope value.`,
			[]string{"DISC-02"}},
		{"oidc-discovery-3", "scopes_supported", `Servers MAY choose not to advertise some supported scope values even when this parameter is used, although those defined in [OpenID.Core] SHOULD be listed, if supported.`,
			[]string{"DISC-04"}},
		{"oidc-3.1.2.3", "", `The Authentication Request contains the prompt parameter with the value none. In this case, the Authorization Server MUST return an error if an End-User is not already Authenticated or could not be silently Authenticated.`,
			[]string{"PRMT-07"}},
		{"oidc-5.3.2", "", `If a Claim is not returned, that Claim Name SHOULD be omitted from the JSON object representing the Claims; it SHOULD NOT be present with a null or empty string value.`,
			[]string{"CLM-12"}},
		{"oidc-5.3.2", "", `The sub (subject) Claim MUST always be returned in the UserInfo Response.`,
			[]string{"CLM-13"}},
	}
}
