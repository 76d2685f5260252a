package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// rounds is how often removal is tried, a second apart: what a killed run was just creating appears
// late, and a network cannot go before its containers.
const rounds = 10

// docker talks to an engine over its socket, without a version in the path: in the engine's own.
type docker struct{ http http.Client }

func dial(socket string) *docker {
	return &docker{http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}}
}

// remove removes what bears the labels of any of the filters, until nothing is left that does.
func (d *docker) remove(ctx context.Context, filters map[string]filter) error {
	var err error
	for round := range rounds {
		if round > 0 {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return errors.Join(err, ctx.Err())
			}
		}
		found := 0
		err = nil
		for _, f := range filters {
			n, e := d.removeOnce(ctx, f)
			found += n
			err = errors.Join(err, e)
		}
		if found == 0 && err == nil {
			return nil
		}
	}
	return err
}

func (d *docker) removeOnce(ctx context.Context, f filter) (found int, err error) {
	labels, err := json.Marshal(map[string][]string{"label": f})
	if err != nil {
		return 0, err
	}
	match := url.Values{"filters": {string(labels)}}
	everyState := url.Values{"filters": {string(labels)}, "all": {"true"}}
	force := url.Values{"force": {"true"}}
	forceWithVolumes := url.Values{"force": {"true"}, "v": {"true"}}

	for _, kind := range []struct {
		path         string
		match, force url.Values
	}{
		{"/containers", everyState, forceWithVolumes},
		{"/networks", match, nil},
		{"/volumes", match, force},
		{"/images", match, force},
	} {
		ids, e := d.list(ctx, kind.path, kind.match)
		err = errors.Join(err, e)
		for _, id := range ids {
			found++
			fmt.Printf("removing %s/%s\n", kind.path[1:], id)
			_, e := d.call(ctx, http.MethodDelete, kind.path+"/"+url.PathEscape(id), kind.force)
			err = errors.Join(err, e)
		}
	}
	return found, err
}

func (d *docker) list(ctx context.Context, path string, q url.Values) ([]string, error) {
	type entry struct{ ID, Name string }
	var entries []entry
	var volumes struct{ Volumes []entry }
	var into any = &entries
	address := path + "/json"
	switch path {
	case "/volumes":
		address, into = path, &volumes
	case "/networks":
		address = path
	}
	body, err := d.call(ctx, http.MethodGet, address, q)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return nil, fmt.Errorf("GET %s: %w", address, err)
	}
	var ids []string
	for _, e := range append(entries, volumes.Volumes...) {
		if path == "/volumes" {
			e.ID = e.Name
		}
		ids = append(ids, e.ID)
	}
	return ids, nil
}

// call takes "already gone" for done.
func (d *docker) call(ctx context.Context, method, path string, q url.Values) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://docker"+path+"?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	gone := method == http.MethodDelete && resp.StatusCode == http.StatusNotFound
	if resp.StatusCode >= 300 && !gone {
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, body)
	}
	return body, nil
}
