package target

// PageSeen is a page of a visit, as whoever plays the visit understood it. It
// holds no secret.
type PageSeen struct {
	URL    string `json:"url"` // without its query
	Status int    `json:"status"`
	Is     string `json:"is"`             // what it was taken for: "login", "consent"
	Says   string `json:"says,omitempty"` // the beginning of its text
	// Fields are those of the form that was answered; of every form, where none was.
	Fields  []FieldSeen  `json:"fields,omitempty"`
	Buttons []ButtonSeen `json:"buttons,omitempty"`
}

// FieldSeen is a field of a form that a person could fill in.
type FieldSeen struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"` // of a box: what is posted if it is ticked
	Kind  string `json:"kind"`            // "text", "password", "checkbox"
	Label string `json:"label,omitempty"` // what is written beside it
	Scope string `json:"scope,omitempty"` // that a box stands for, by the target's own name
	Does  string `json:"does"`            // what is done with it: "users.Ada.username", "ticked"
	// Ticked says that a box comes ticked.
	Ticked bool `json:"ticked,omitempty"`
}

// ButtonSeen is a button that sends a form.
type ButtonSeen struct {
	Button
	Label   string `json:"label,omitempty"`
	Pressed bool   `json:"pressed"`
}
