package actor

// Secrets are the secrets that were seen so far, by their digest: for whoever
// repeats a recorded exchange by hand while the target is held.
func (r *Recorder) Secrets() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.learn()
	found := map[string]string{}
	for secret := range r.secrets.values {
		found[r.secrets.know(secret)] = secret
	}
	return found
}
