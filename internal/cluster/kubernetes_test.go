package cluster

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The tests of this file run where "make test-kubernetes" has set a cluster up:
// the variables name its kubeconfig, the image that holds this test program, and
// the script that stops its kubelet.
const (
	kubeconfigVariable = "SCOPEPROOF_TEST_KUBECONFIG"
	imageVariable      = "SCOPEPROOF_TEST_IMAGE"
	scriptVariable     = "SCOPEPROOF_TEST_CLUSTER"
)

func connect(t *testing.T) *Cluster {
	t.Helper()
	path := os.Getenv(kubeconfigVariable)
	if path == "" {
		t.Skipf("%s is not set: see make test-kubernetes", kubeconfigVariable)
	}
	c, err := Connect(t.Context(), Access{Kubeconfig: path})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// base is a Job whose pods are in the network of their node: that cluster has no
// other.
const base = `
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      hostNetwork: true
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 1
      containers: [{name: shard, imagePullPolicy: Never, resources: {requests: {cpu: 50m, memory: 16Mi}, limits: {cpu: 500m, memory: 64Mi}}}]
`

func launch(t *testing.T, c *Cluster, shards int, plan string) *Pods {
	t.Helper()
	p, err := c.Launch(t.Context(), Manifest{
		Base: []byte(base), Name: Name(), Image: os.Getenv(imageVariable), Arguments: []string{"shard", PlanFile}, Shards: shards, Deadline: 120,
	}, []byte(plan))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.Background()); err != nil {
			t.Error(err)
		}
		left(t, c, p.name)
	})
	return p
}

// left holds that nothing is left of a run.
func left(t *testing.T, c *Cluster, name string) {
	t.Helper()
	ctx := context.Background()
	of := meta.ListOptions{LabelSelector: "app.kubernetes.io/instance=" + name}
	jobs, err := c.client.BatchV1().Jobs(c.namespace).List(ctx, of)
	if err != nil || len(jobs.Items) != 0 {
		t.Errorf("got %d Jobs left (%v), want none", len(jobs.Items), err)
	}
	secrets, err := c.client.CoreV1().Secrets(c.namespace).List(ctx, of)
	if err != nil || len(secrets.Items) != 0 {
		t.Errorf("got %d Secrets left (%v), want none", len(secrets.Items), err)
	}
	pods, err := c.client.CoreV1().Pods(c.namespace).List(ctx, of)
	if err != nil || len(pods.Items) != 0 {
		t.Errorf("got %d pods left (%v), want none", len(pods.Items), err)
	}
}

func TestPodsRunTogetherAndHandTheirResultsIn(t *testing.T) {
	c := connect(t)
	heard := 0
	got := Run(t.Context(), launch(t, c, 4, ""), Options{Shards: 4, OnProgress: func(int, json.RawMessage) { heard++ }})
	for i, s := range got {
		if s.Problem != "" || len(s.Result) != 36000 || s.Late != 0 || !strings.HasPrefix(s.Where, "pod ") {
			t.Errorf("shard %d: got %d bytes, late %v, problem %q, at %q", i, len(s.Result), s.Late, s.Problem, s.Where)
		}
	}
	if heard != 8 {
		t.Errorf("got progress %d times, want twice of each", heard)
	}
}

func TestPodThatIsKilledIsMissing(t *testing.T) {
	c := connect(t)
	fleet := launch(t, c, 3, "0=lasts 1=lasts 2=lasts")
	killed := false
	got := Run(t.Context(), fleet, Options{Shards: 3, OnProgress: func(shard int, _ json.RawMessage) {
		if shard != 1 || killed {
			return
		}
		killed = true
		fleet.mu.Lock()
		name := fleet.pods[1].name
		fleet.mu.Unlock()
		now := int64(0)
		if err := c.client.CoreV1().Pods(c.namespace).Delete(t.Context(), name, meta.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
			t.Error(err)
		}
	}})
	if got[1].Result != nil || got[1].Problem == "" || !killed {
		t.Errorf("got %+v, want it missing", got[1])
	}
	if got[0].Result == nil || got[2].Result == nil {
		t.Errorf("got problems %q, want the others to go on", Problems(got))
	}
}

func TestKubeletThatStopsIsNoticed(t *testing.T) {
	c := connect(t)
	script := os.Getenv(scriptVariable)
	control := func(what string) {
		if out, err := exec.Command(script, "kubelet", what).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", what, err, out)
		}
	}
	t.Cleanup(func() { control("cont") })
	stopped := false
	got := Run(t.Context(), launch(t, c, 2, "0=waits 1=waits"), Options{Shards: 2, SilentFor: 6 * time.Second, OnProgress: func(int, json.RawMessage) {
		if !stopped {
			stopped = true
			control("stop")
		}
	}})
	for _, s := range got {
		if s.Result != nil || !strings.Contains(s.Problem, "nothing was heard of it") {
			t.Errorf("got %+v, want it given up", s)
		}
	}
	control("cont")
}

func TestQuotaThatRefusesPodsIsNamed(t *testing.T) {
	c := connect(t)
	quotas := c.client.CoreV1().ResourceQuotas(c.namespace)
	quota := &core.ResourceQuota{ObjectMeta: meta.ObjectMeta{Name: "scopeproof-test"}, Spec: core.ResourceQuotaSpec{
		Hard: core.ResourceList{core.ResourcePods: resource.MustParse("1")},
	}}
	if _, err := quotas.Create(t.Context(), quota, meta.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := quotas.Delete(context.Background(), quota.Name, meta.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	for range 50 { // until the quota is counted
		got, err := quotas.Get(t.Context(), quota.Name, meta.GetOptions{})
		if err == nil && len(got.Status.Hard) > 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	got := Run(t.Context(), launch(t, c, 3, ""), Options{Shards: 3, ReadyWithin: 30 * time.Second})
	if list := Problems(got); len(list) < 2 || !strings.Contains(strings.Join(list, " "), "exceeded quota") {
		t.Errorf("got %q, want the quota named for two of three", list)
	}
}

func TestInterruptedPodsHandInWhatRan(t *testing.T) {
	c := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := Run(ctx, launch(t, c, 2, "0=waits 1=waits"), Options{Shards: 2, OnProgress: func(int, json.RawMessage) { cancel() }})
	for i, s := range got {
		if s.Result == nil {
			t.Errorf("shard %d: got the problem %q, want what ran", i, s.Problem)
		}
	}
}

func TestImageThatIsNotThereIsNamed(t *testing.T) {
	c := connect(t)
	p, err := c.Launch(t.Context(), Manifest{
		Base: []byte(base), Name: Name(), Image: "scopeproof.invalid/nothing:1", Arguments: []string{"shard"}, Shards: 1, Deadline: 60,
	}, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	got := Run(t.Context(), p, Options{Shards: 1})
	if !strings.Contains(got[0].Problem, "ErrImageNeverPull") {
		t.Errorf("got %q, want the image named", got[0].Problem)
	}
}

func TestManifestsAreRestricted(t *testing.T) {
	job, err := Manifest{Name: "x", Image: "scopeproof:1", Shards: 8, Deadline: 60}.Job()
	if err != nil {
		t.Fatal(err)
	}
	pod := job.Spec.Template.Spec
	c := pod.Containers[0]
	switch {
	case *job.Spec.CompletionMode != batch.IndexedCompletion, *job.Spec.Completions != 8, *job.Spec.Parallelism != 8, *job.Spec.BackoffLimitPerIndex != 0:
		t.Errorf("got the Job %+v, want 8 indexes, each tried once", job.Spec)
	case c.Resources.Requests.Cpu().IsZero(), c.Resources.Requests.Memory().IsZero(), c.Resources.Limits.Cpu().IsZero(), c.Resources.Limits.Memory().IsZero():
		t.Errorf("got resources %+v, want requests and limits", c.Resources)
	case !*c.SecurityContext.ReadOnlyRootFilesystem, *c.SecurityContext.AllowPrivilegeEscalation, !*pod.SecurityContext.RunAsNonRoot, *pod.AutomountServiceAccountToken:
		t.Errorf("got %+v and %+v, want no privileges and a root that is read only", c.SecurityContext, pod.SecurityContext)
	}
	var b strings.Builder
	if err := (Manifest{Name: "x", Image: "scopeproof:1", Shards: 8, Deadline: 60}).Print(&b); err != nil {
		t.Fatal(err)
	}
	again, err := Manifest{Base: []byte(strings.Split(b.String(), "\n---\n")[0]), Name: "y", Shards: 2, Deadline: 60}.Job()
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Spec.Template.Spec; again.Name != "y" || *again.Spec.Completions != 2 || got.Containers[0].Image != "scopeproof:1" || len(got.Containers[0].VolumeMounts) != 2 || len(got.Containers[0].Env) != 1 || len(got.Volumes) != 2 {
		t.Errorf("got %d volumes, mounts %v and variables %v, want what was printed taken as it is, for another run", len(got.Volumes), got.Containers[0].VolumeMounts, got.Containers[0].Env)
	}
}
