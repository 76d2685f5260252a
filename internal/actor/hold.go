package actor

// Secrets are the secrets that were seen so far, by their digest: for whoever
// repeats a recorded exchange by hand while the target is held.
func (r *Recorder) Secrets() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.records {
		r.secrets.learn(rec)
	}
	found := map[string]string{}
	for secret := range r.secrets.values {
		found[r.secrets.know(secret)] = secret
	}
	return found
}
