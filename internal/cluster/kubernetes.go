package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-logr/logr"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	problem "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/klog/v2"
)

// Access says which cluster, in the terms of kubectl.
type Access struct {
	Kubeconfig string // empty: $KUBECONFIG, ~/.kube/config, or the pod's own
	Context    string // empty: the current one
	Namespace  string // empty: that of the context
}

// Cluster is a Kubernetes cluster.
type Cluster struct {
	client    kubernetes.Interface
	config    *rest.Config
	namespace string
}

// Connect reads the configuration and asks the API server for its version.
func Connect(ctx context.Context, a Access) (*Cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = a.Kubeconfig
	loaded := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: a.Context})
	config, err := loaded.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("the cluster's configuration: %w", err)
	}
	namespace := a.Namespace
	if namespace == "" {
		if namespace, _, err = loaded.Namespace(); err != nil {
			return nil, fmt.Errorf("the cluster's configuration: %w", err)
		}
	}
	config.UserAgent = "scopeproof"
	// client-go's own log is about connections that we end.
	klog.SetLogger(logr.Discard())
	// The default of five requests a second would take minutes over many shards.
	config.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(100, 200)
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("the cluster's configuration: %w", err)
	}
	short := rest.CopyConfig(config)
	short.Timeout = 10 * time.Second
	probe, err := kubernetes.NewForConfig(short)
	if err != nil {
		return nil, fmt.Errorf("the cluster's configuration: %w", err)
	}
	if _, err := probe.Discovery().ServerVersion(); err != nil {
		return nil, fmt.Errorf("the API server %s does not answer: %w", config.Host, err)
	}
	return &Cluster{client: client, config: config, namespace: namespace}, nil
}

// Namespace is where the Job is created.
func (c *Cluster) Namespace() string { return c.namespace }

// Name is a new name for a Job.
func Name() string { return "scopeproof-load-" + strings.ToLower(rand.Text()[:8]) }

// Launch creates the Job and its Secret. The fleet that it returns is the
// caller's to close; where it returns an error nothing is left.
func (c *Cluster) Launch(ctx context.Context, m Manifest, plan []byte) (*Pods, error) {
	wanted, err := m.Job()
	if err != nil {
		return nil, err
	}
	jobs := c.client.BatchV1().Jobs(c.namespace)
	job, err := jobs.Create(ctx, wanted, meta.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("the Job is created: %w", err)
	}
	p := &Pods{cluster: c, name: m.Name, shards: m.Shards, pods: map[int]*pod{}, refused: map[int]string{}}
	if err := c.begin(ctx, m, job, plan); err != nil {
		return nil, errors.Join(err, p.Close(context.WithoutCancel(ctx)))
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.stop = stop
	p.watched.Go(func() { p.watch(watching) })
	return p, nil
}

// begin creates the Secret, which goes with the Job, and lets the Job run.
func (c *Cluster) begin(ctx context.Context, m Manifest, job *batch.Job, plan []byte) error {
	_, err := c.client.CoreV1().Secrets(c.namespace).Create(ctx, m.Secret(plan, job), meta.CreateOptions{})
	if err != nil {
		return fmt.Errorf("the Secret is created: %w", err)
	}
	_, err = c.client.BatchV1().Jobs(c.namespace).Patch(ctx, m.Name, types.MergePatchType, []byte(`{"spec":{"suspend":false}}`), meta.PatchOptions{})
	if err != nil {
		return fmt.Errorf("the Job is let run: %w", err)
	}
	return nil
}

// closeWithin is how long the pods have for going.
const closeWithin = 60 * time.Second

// Close implements [Fleet]: it removes the Job, its pods and its Secret.
func (p *Pods) Close(ctx context.Context) error {
	if p.stop != nil {
		p.stop()
		p.watched.Wait()
	}
	ctx, cancel := context.WithTimeout(ctx, closeWithin)
	defer cancel()
	c := p.cluster
	background := meta.DeletePropagationBackground
	gone := func(err error) error {
		if err == nil || problem.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("%s is removed: %w", p.name, err)
	}
	err := errors.Join(
		gone(c.client.BatchV1().Jobs(c.namespace).Delete(ctx, p.name, meta.DeleteOptions{PropagationPolicy: &background})),
		gone(c.client.CoreV1().Secrets(c.namespace).Delete(ctx, p.name, meta.DeleteOptions{})),
	)
	if err != nil {
		return err
	}
	// A node that is gone keeps its pods in the books: they are struck off at once.
	now := int64(0)
	_ = c.client.CoreV1().Pods(c.namespace).DeleteCollection(ctx, meta.DeleteOptions{GracePeriodSeconds: &now}, p.selected())
	for {
		left, err := c.client.CoreV1().Pods(c.namespace).List(ctx, p.selected())
		if err == nil && len(left.Items) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is removed: pods are left after %v: see kubectl get pods -n %s -l %s", p.name, closeWithin, c.namespace, p.selected().LabelSelector)
		case <-time.After(again):
		}
	}
}

func (p *Pods) selected() meta.ListOptions {
	return meta.ListOptions{LabelSelector: "app.kubernetes.io/instance=" + p.name}
}

// ended is why a pod is at its end, or "".
func ended(p *core.Pod) string {
	for _, c := range p.Status.ContainerStatuses {
		if t := c.State.Terminated; c.Name == container && t != nil {
			text := fmt.Sprintf("it ended with exit code %d", t.ExitCode)
			if t.Reason != "" && t.Reason != "Completed" && t.Reason != "Error" {
				text += " (" + t.Reason + ")"
			}
			return text
		}
	}
	if p.Status.Phase == core.PodFailed || p.Status.Phase == core.PodSucceeded {
		text := "it ended"
		if p.Status.Reason != "" {
			text += " (" + p.Status.Reason + ")"
		}
		if p.Status.Message != "" {
			text += ": " + p.Status.Message
		}
		return text
	}
	return ""
}

// stuck is why a pod will not run, or "".
func stuck(p *core.Pod) string {
	for _, c := range p.Status.ContainerStatuses {
		if w := c.State.Waiting; w != nil {
			switch w.Reason {
			case "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
				return strings.TrimSuffix(w.Reason+": "+w.Message, ": ")
			}
		}
	}
	return ""
}

// runs reports whether the shard in a pod runs.
func runs(p *core.Pod) bool {
	for _, c := range p.Status.ContainerStatuses {
		if c.Name == container && c.State.Running != nil {
			return true
		}
	}
	return false
}
