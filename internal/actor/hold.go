package actor

import "github.com/scopeproof/scopeproof/oauth"

// Secrets are the secrets that were seen so far, by their digest: for whoever
// repeats a recorded exchange by hand while the target is held.
func (r *Recorder) Secrets() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.records {
		r.secrets.learn(rec)
	}
	found := map[string]string{}
	for secret, digest := range r.secrets.values {
		if oauth.Digest(secret) == digest { // it stands there percent-encoded, too
			found[digest] = secret
		}
	}
	return found
}
