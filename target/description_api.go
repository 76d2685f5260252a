package target

// API is a resource server under test.
type API struct {
	// BaseURL is where paths of operations begin, with no trailing slash.
	BaseURL string `yaml:"base_url" json:"base_url" check:"url"`
	// Resource is the identifier by which the authorization server knows it.
	Resource string `yaml:"resource,omitempty" json:"resource,omitempty"`
	// Operations are what rules try: those called list, read and create are tried
	// most, and rules that need one that is not here do not apply. What they create at
	// an API that runs already is taken away by its delete.
	Operations []Operation `yaml:"operations" json:"operations"`
	// Further are the API's other operations, by any name: each is tried with a token
	// that is good for just the scopes that it needs, and with one that lacks one of
	// them.
	Further []FurtherOperation `yaml:"further,omitempty" json:"further,omitempty"`
	// TrustsHarnessKey says that the API accepts tokens that we sign; see
	// Control.TrustKey.
	TrustsHarnessKey bool `yaml:"trusts_harness_key,omitempty" json:"trusts_harness_key,omitempty"`
	// Batch is an operation that reads and deletes the object ${id} in one request.
	// Its all_of are the scopes of both; what a token lacks must not be done.
	Batch *Operation `yaml:"batch,omitempty" json:"batch,omitempty"`
	// StepUp is an operation on the object ${id} that needs the authentication
	// context class of its acr as well as a scope (RFC 9470).
	StepUp *Operation `yaml:"step_up,omitempty" json:"step_up,omitempty"`
	// ResourceMetadata is where its metadata is (RFC 9728). Left out: it has none.
	ResourceMetadata string `yaml:"resource_metadata,omitempty" json:"resource_metadata,omitempty" check:"url"`
	// Introspection is what the API itself introspects with (RFC 7662 section 2.1).
	Introspection *Credentials `yaml:"introspection,omitempty" json:"introspection,omitempty"`
}

// Credentials are those of a client that authenticates with client_secret_basic
// (RFC 6749 section 2.3.1).
type Credentials struct {
	ClientID string `yaml:"client_id" json:"client_id"`          // the client_id
	Secret   string `yaml:"secret" json:"secret" check:"secret"` // the client_secret
}

// Operation is a protected resource and a method on it (RFC 6749 section 7).
type Operation struct {
	// Name is one of the acts that features speak of: list, read, create,
	// replace, change, delete, move, summary, notes and annotate (read and add
	// what is nested in an object), and me: the page of the resource owner, which a
	// machine has not.
	Name   string `yaml:"name" json:"name" jsonschema:"enum=list,enum=read,enum=create,enum=replace,enum=change,enum=delete,enum=move,enum=me,enum=summary,enum=notes,enum=annotate,enum=batch,enum=step_up"`
	Method string `yaml:"method" json:"method" jsonschema:"enum=GET,enum=HEAD,enum=POST,enum=PUT,enum=PATCH,enum=DELETE"` // the HTTP method
	Path   string `yaml:"path" json:"path"`                                                                               // ${id} is an object's id
	// AllOf are the scopes that are needed together, AnyOf those of which one
	// will do. One of both is set.
	AllOf string `yaml:"all_of,omitempty" json:"all_of,omitempty" check:"scope"`
	AnyOf string `yaml:"any_of,omitempty" json:"any_of,omitempty" check:"scope"` // scopes of which one will do
	// ACR is the authentication context class that is needed beside the scope (RFC
	// 9470 section 3). Only step_up has one.
	ACR string `yaml:"acr,omitempty" json:"acr,omitempty"`
	// JSON is the body; ${marker} is a text that is unique to one attempt.
	JSON map[string]any `yaml:"json,omitempty" json:"json,omitempty"`
	// ID is where the id of a created object is in the answer: "/id". Where it is not
	// there, the last part of the answer's Location is the id.
	ID string `yaml:"id,omitempty" json:"id,omitempty"`
}

// FurtherOperation is an operation that rules do not speak of by name. ${id} in it
// is an object that create has made, ${marker} a text that is unique to one attempt,
// and what its calls capture are variables too. The calls know ${token}, an access
// token of the resource owner with every scope of the API, and ${api}, its base_url.
type FurtherOperation struct {
	Name   string `yaml:"name" json:"name"`                                                                               // what messages call it
	Method string `yaml:"method" json:"method" jsonschema:"enum=GET,enum=HEAD,enum=POST,enum=PUT,enum=PATCH,enum=DELETE"` // the HTTP method
	Path   string `yaml:"path" json:"path"`                                                                               // below base_url
	// AllOf are the scopes that are needed together, AnyOf those of which one
	// will do. One of both is set.
	AllOf string `yaml:"all_of,omitempty" json:"all_of,omitempty" check:"scope"`
	AnyOf string `yaml:"any_of,omitempty" json:"any_of,omitempty" check:"scope"` // scopes of which one will do
	// JSON is the body.
	JSON map[string]any `yaml:"json,omitempty" json:"json,omitempty"`
	// First are calls that are made before each attempt, in order: they make what it
	// is about.
	First []Call `yaml:"first,omitempty" json:"first,omitempty"`
	// Effect is a call whose answer is the same before and after an attempt that is
	// refused, whatever else happens at the API: what shows the thing that would be
	// changed, rather than a list of all.
	Effect *Call `yaml:"effect,omitempty" json:"effect,omitempty"`
	// Undo are calls that are made after each attempt, in order: they take away what
	// first has made.
	Undo []Call `yaml:"undo,omitempty" json:"undo,omitempty"`
}

// Operation is what is sent.
func (f FurtherOperation) Operation() Operation {
	return Operation{Name: f.Name, Method: f.Method, Path: f.Path, AllOf: f.AllOf, AnyOf: f.AnyOf, JSON: f.JSON}
}
