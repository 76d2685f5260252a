package cluster

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	printer "sigs.k8s.io/yaml"
)

const (
	container  = "shard"
	planKey    = "plan.json"
	planVolume = "plan"
	planFolder = "/plan"
	// PlanFile is where a pod finds the plan.
	PlanFile = planFolder + "/" + planKey
	// scratch is how much a pod may write, in memory.
	scratch = "64Mi"
	// nobody is who a pod runs as.
	nobody = 65532
)

// Manifest is the Job that a run creates. Base is a Job of the user's own in YAML
// or JSON, which says whatever it says of the pods; nil: ours, with requests and
// limits, a root file system that is read only, and no privileges.
type Manifest struct {
	Base      []byte
	Name      string
	Image     string
	Arguments []string // of the program in the image
	Shards    int
	// Deadline is when Kubernetes ends the pods if nobody else does, in seconds.
	Deadline int64
}

// Job is the Job; it is suspended until its Secret is there.
func (m Manifest) Job() (*batch.Job, error) {
	job := &batch.Job{}
	if m.Base != nil {
		if err := yaml.UnmarshalStrict(m.Base, job); err != nil {
			return nil, fmt.Errorf("got no Job: %w", err)
		}
		if job.Kind != "Job" {
			return nil, fmt.Errorf("got the kind %q, want a Job (batch/v1)", job.Kind)
		}
	}
	job.TypeMeta = meta.TypeMeta{APIVersion: "batch/v1", Kind: "Job"}
	job.Name = m.Name
	job.Labels = with(job.Labels, labels(m.Name))
	shards, none, failing := int32(m.Shards), int32(0), int32(m.Shards)
	indexed, replaced, suspended := batch.IndexedCompletion, batch.Failed, true
	after := int32(300)
	job.Spec.Completions, job.Spec.Parallelism, job.Spec.CompletionMode = &shards, &shards, &indexed
	// A shard that failed is not run again: its numbers would be those of another
	// time.
	job.Spec.BackoffLimitPerIndex, job.Spec.MaxFailedIndexes = &none, &failing
	job.Spec.PodReplacementPolicy, job.Spec.Suspend = &replaced, &suspended
	job.Spec.TTLSecondsAfterFinished = &after
	job.Spec.ActiveDeadlineSeconds = &m.Deadline
	pod := &job.Spec.Template
	pod.Labels = with(pod.Labels, labels(m.Name))
	pod.Spec.RestartPolicy = core.RestartPolicyNever
	if m.Base == nil {
		restrict(&pod.Spec)
	}
	return job, m.fill(&pod.Spec)
}

// fill adds what the shard needs to the pods.
func (m Manifest) fill(pod *core.PodSpec) error {
	if len(pod.Containers) == 0 {
		pod.Containers = []core.Container{{Name: container}}
	}
	var c *core.Container
	for i := range pod.Containers {
		if pod.Containers[i].Name == container {
			c = &pod.Containers[i]
		}
	}
	if c == nil {
		return fmt.Errorf("got no container called %q, want one: it is the shard", container)
	}
	if c.Image == "" || m.Image != "" {
		c.Image = m.Image
	}
	if c.Image == "" {
		return fmt.Errorf("got no image, want one that has scopeproof")
	}
	// A terminal would mangle the lines; the input stays open when the coordinator
	// loses its connection.
	c.Args, c.Stdin, c.StdinOnce, c.TTY = m.Arguments, true, false, false
	c.Env = append(slices.DeleteFunc(c.Env, func(v core.EnvVar) bool { return v.Name == ShardsVariable }), core.EnvVar{Name: ShardsVariable, Value: strconv.Itoa(m.Shards)})
	c.VolumeMounts = append(slices.DeleteFunc(c.VolumeMounts, func(v core.VolumeMount) bool { return v.Name == planVolume }), core.VolumeMount{Name: planVolume, MountPath: planFolder, ReadOnly: true})
	pod.Volumes = append(slices.DeleteFunc(pod.Volumes, func(v core.Volume) bool { return v.Name == planVolume }), core.Volume{Name: planVolume, VolumeSource: core.VolumeSource{
		Secret: &core.SecretVolumeSource{SecretName: m.Name},
	}})
	return nil
}

// restrict takes from the pods what they do not need.
func restrict(pod *core.PodSpec) {
	no, yes, who := false, true, int64(nobody)
	size := resource.MustParse(scratch)
	pod.AutomountServiceAccountToken, pod.EnableServiceLinks = &no, &no
	pod.SecurityContext = &core.PodSecurityContext{
		RunAsNonRoot: &yes, RunAsUser: &who, RunAsGroup: &who, FSGroup: &who,
		SeccompProfile: &core.SeccompProfile{Type: core.SeccompProfileTypeRuntimeDefault},
	}
	pod.Containers = []core.Container{{
		Name: container,
		Resources: core.ResourceRequirements{
			Requests: core.ResourceList{core.ResourceCPU: resource.MustParse("500m"), core.ResourceMemory: resource.MustParse("64Mi")},
			Limits:   core.ResourceList{core.ResourceCPU: resource.MustParse("2"), core.ResourceMemory: resource.MustParse("512Mi")},
		},
		SecurityContext: &core.SecurityContext{
			AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &core.Capabilities{Drop: []core.Capability{"ALL"}},
		},
		VolumeMounts: []core.VolumeMount{{Name: "scratch", MountPath: "/tmp"}},
	}}
	pod.Volumes = []core.Volume{{Name: "scratch", VolumeSource: core.VolumeSource{
		EmptyDir: &core.EmptyDirVolumeSource{Medium: core.StorageMediumMemory, SizeLimit: &size},
	}}}
}

// Secret holds the plan, which has the target's credentials in it. It goes when
// the Job goes.
func (m Manifest) Secret(plan []byte, owner *batch.Job) *core.Secret {
	yes := true
	secret := &core.Secret{
		TypeMeta:   meta.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: meta.ObjectMeta{Name: m.Name, Labels: labels(m.Name)},
		Immutable:  &yes,
		Type:       core.SecretTypeOpaque,
	}
	if plan != nil {
		secret.Data = map[string][]byte{planKey: plan}
	}
	if owner != nil {
		secret.OwnerReferences = []meta.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: owner.Name, UID: owner.UID}}
	}
	return secret
}

func labels(name string) map[string]string {
	return map[string]string{"app.kubernetes.io/name": "scopeproof", "app.kubernetes.io/instance": name, "app.kubernetes.io/component": "load"}
}

func with(all, more map[string]string) map[string]string {
	if all == nil {
		all = map[string]string{}
	}
	for key, value := range more {
		all[key] = value
	}
	return all
}

// Print writes the manifests as YAML, the Secret without what is secret in it.
func (m Manifest) Print(w io.Writer) error {
	job, err := m.Job()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# What \"scopeproof load --on kubernetes\" creates, and removes when it ends. The data of the Secret,\n# the plan with the target's credentials, is left out. Change the Job as you need it and give it with --manifest.\n")
	for i, object := range []any{job, m.Secret(nil, nil)} {
		if i > 0 {
			b.WriteString("---\n")
		}
		data, err := printer.Marshal(object)
		if err != nil {
			return err
		}
		b.Write(data)
	}
	_, err = w.Write(b.Bytes())
	return err
}
