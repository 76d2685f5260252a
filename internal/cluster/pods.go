package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/streaming/pkg/httpstream"
)

// lookEvery is how often the pods are looked at: all in one request.
const lookEvery = 500 * time.Millisecond

// Pods is a fleet of the pods of an Indexed Job.
type Pods struct {
	cluster *Cluster
	name    string
	shards  int
	stop    context.CancelFunc
	watched sync.WaitGroup

	mu      sync.Mutex
	pods    map[int]*pod
	refused map[int]string // why a shard has no pod
}

// pod is the first pod of a shard. Others of the same number do not count.
type pod struct {
	uid  types.UID
	name string
	seen *core.Pod // as it was seen last
	lost string    // why it counts no more
	// unread is why its output could not be had the last time, or empty.
	unread string
	// drained says that its output was opened when it had ended already: there is
	// no more to come.
	drained bool
}

// watch looks at the pods until ctx ends.
func (p *Pods) watch(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		p.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *Pods) look(ctx context.Context) {
	list, err := p.cluster.client.CoreV1().Pods(p.cluster.namespace).List(ctx, p.selected())
	if err != nil {
		return // silence is noticed by whoever waits
	}
	var refused string
	if len(list.Items) < p.shards {
		refused = p.refusal(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	here := map[types.UID]bool{}
	for i := range list.Items {
		found := &list.Items[i]
		here[found.UID] = true
		index, err := strconv.Atoi(found.Annotations[batch.JobCompletionIndexAnnotation])
		if err != nil || index < 0 || index >= p.shards {
			continue
		}
		switch known := p.pods[index]; {
		case known == nil:
			p.pods[index] = &pod{uid: found.UID, name: found.Name, seen: found}
		case known.uid == found.UID:
			known.seen = found
		case known.lost == "":
			known.lost = "it was replaced by " + found.Name + ", which is not counted"
		}
	}
	for _, known := range p.pods {
		if !here[known.uid] && known.lost == "" {
			known.lost = "it was deleted"
		}
	}
	for index := range p.shards {
		if p.pods[index] == nil && refused != "" {
			p.refused[index] = refused
		}
	}
}

// refusal is why the Job gets no more pods, such as a quota, or "".
func (p *Pods) refusal(ctx context.Context) string {
	events, err := p.cluster.client.CoreV1().Events(p.cluster.namespace).List(ctx, meta.ListOptions{
		FieldSelector: "involvedObject.name=" + p.name + ",reason=FailedCreate",
	})
	if err != nil || len(events.Items) == 0 {
		return ""
	}
	last := events.Items[len(events.Items)-1].Message
	if !strings.Contains(last, "forbidden") && !strings.Contains(last, "denied") {
		return "" // it is tried again
	}
	return "Kubernetes refuses its pod: " + last
}

// Open implements [Fleet].
func (p *Pods) Open(ctx context.Context, shard int) (Streams, error) {
	found, err := p.wait(ctx, shard)
	if err != nil {
		return Streams{}, err
	}
	out, err := p.cluster.client.CoreV1().Pods(p.cluster.namespace).
		GetLogs(found.name, &core.PodLogOptions{Container: container, Follow: true}).Stream(ctx)
	if err != nil {
		// It is opened again, until nothing was heard for too long.
		out = io.NopCloser(strings.NewReader(""))
		p.unread(shard, err)
	}
	return Streams{Where: "pod " + found.name, In: p.attach(found.name), Out: out}, nil
}

// unread notes why a shard's output could not be had.
func (p *Pods) unread(shard int, cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pods[shard].unread = cause.Error()
}

// wait waits until a shard's pod runs, or has ended and was not read since.
func (p *Pods) wait(ctx context.Context, shard int) (pod, error) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if found, err := p.at(shard); found != nil || err != nil {
			if err != nil {
				return pod{}, err
			}
			return *found, nil
		}
		select {
		case <-ctx.Done():
			return pod{}, errors.New(given(ctx, ""))
		case <-tick.C:
		}
	}
}

// at is a shard's pod if it can be read now; neither means that it is to be
// waited for.
func (p *Pods) at(shard int) (*pod, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.pods[shard]
	if found == nil {
		if why := p.refused[shard]; why != "" {
			return nil, errors.New(why)
		}
		return nil, nil
	}
	over := ended(found.seen)
	switch {
	case found.lost != "":
		return nil, fmt.Errorf("pod %s: %s", found.name, found.lost)
	case over != "" && found.drained:
		return nil, fmt.Errorf("pod %s: %s", found.name, over)
	case over != "":
		found.drained = true
		return found, nil
	case runs(found.seen):
		return found, nil
	}
	if why := stuck(found.seen); why != "" {
		return nil, fmt.Errorf("pod %s: %s", found.name, why)
	}
	return nil, nil
}

// Waits implements [Fleet].
func (p *Pods) Waits(shard int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.pods[shard]
	switch {
	case found == nil && p.refused[shard] != "":
		return p.refused[shard]
	case found == nil:
		return "the Job made no pod for it"
	case found.unread != "":
		return fmt.Sprintf("the output of pod %s: %s", found.name, found.unread)
	}
	for _, c := range found.seen.Status.Conditions {
		if c.Status == core.ConditionFalse && c.Message != "" && c.Type == core.PodScheduled {
			return fmt.Sprintf("pod %s: %s", found.name, c.Message)
		}
	}
	return fmt.Sprintf("pod %s is %s", found.name, strings.ToLower(string(found.seen.Status.Phase)))
}

// attach is the standard input of a pod. It never blocks: what is written is sent
// when the connection is there.
func (p *Pods) attach(name string) *mailbox {
	ctx, cancel := context.WithCancel(context.Background())
	m := &mailbox{lines: make(chan []byte, 16), cancel: cancel}
	go func() {
		for ctx.Err() == nil {
			_ = p.stream(ctx, name, m)
			select {
			case <-ctx.Done():
			case <-time.After(again):
			}
		}
	}()
	return m
}

func (p *Pods) stream(ctx context.Context, name string, m *mailbox) error {
	url := p.cluster.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(p.cluster.namespace).Name(name).SubResource("attach").
		VersionedParams(&core.PodAttachOptions{Container: container, Stdin: true}, scheme.ParameterCodec).URL()
	socket, err := remotecommand.NewWebSocketExecutor(p.cluster.config, http.MethodGet, url.String())
	if err != nil {
		return err
	}
	spdy, err := remotecommand.NewSPDYExecutor(p.cluster.config, http.MethodPost, url)
	if err != nil {
		return err
	}
	executor, err := remotecommand.NewFallbackExecutor(socket, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
	if err != nil {
		return err
	}
	in, out := io.Pipe()
	defer in.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer out.Close()
		for {
			select {
			case <-ctx.Done():
				return
			case line := <-m.lines:
				if _, err := out.Write(line); err != nil {
					return
				}
			}
		}
	}()
	return executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: in})
}

// mailbox keeps a few lines until they are sent.
type mailbox struct {
	lines  chan []byte
	cancel context.CancelFunc
}

// Write implements [io.Writer].
func (m *mailbox) Write(data []byte) (int, error) {
	select {
	case m.lines <- slices.Clone(data):
		return len(data), nil
	default:
		return 0, errors.New("the shard takes no orders")
	}
}

// Close implements [io.Closer].
func (m *mailbox) Close() error {
	m.cancel()
	return nil
}
