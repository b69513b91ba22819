package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	core "k8s.io/api/core/v1"
	network "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// checkPods asks the pod security admission's own code whether the level restricted takes each Pod.
func checkPods(r *report, streams map[string]string) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	r.check(err, "pod security admission")
	judge := func(template *core.PodTemplateSpec) error {
		level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
		result := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &template.ObjectMeta, &template.Spec))
		if !result.Allowed {
			return errors.New(result.ForbiddenDetail())
		}
		return nil
	}
	for name, stream := range streams {
		list, err := parse(stream)
		r.check(err, "%s", name)
		for _, one := range list {
			if one.GetKind() != "Deployment" && one.GetKind() != "Job" {
				continue
			}
			var template core.PodTemplateSpec
			content, _, _ := unstructured.NestedMap(one.Object, "spec", "template")
			err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, &template)
			r.check(errors.Join(err, judge(&template)), "%s: Pods of %s %s are restricted", name, one.GetKind(), one.GetName())
			template.Spec.HostNetwork = true
			if judge(&template) == nil {
				err = errors.New("a Pod in the host's network passes")
			}
			r.check(err, "a weaker Pod would be noticed")
		}
	}
}

// peer is who a Pod talks with: the labels of the other Pod and of its namespace, or none of both for an address.
type peer struct{ pod, namespace labels.Set }

var outside = peer{}

// lets tells whether rules let traffic with the peer pass. Ports may be named.
func lets(peers []network.NetworkPolicyPeer, ports []network.NetworkPolicyPort, with peer, protocol core.Protocol, port intstr.IntOrString) bool {
	fits := len(peers) == 0
	for _, one := range peers {
		matches := func(selector *meta.LabelSelector, set labels.Set, absent bool) bool {
			if selector == nil {
				return absent
			}
			made, err := meta.LabelSelectorAsSelector(selector)
			return err == nil && set != nil && made.Matches(set)
		}
		same := with.namespace["kubernetes.io/metadata.name"] == namespace
		block := one.IPBlock != nil && with.pod == nil
		selected := matches(one.PodSelector, with.pod, true) && matches(one.NamespaceSelector, with.namespace, same)
		fits = fits || block || one.IPBlock == nil && selected
	}
	open := len(ports) == 0
	for _, one := range ports {
		open = open || *one.Protocol == protocol && (one.Port == nil || *one.Port == port)
	}
	return fits && open
}

func checkNetwork(r *report, t tree) {
	text, err := t.kustomize(kustomizeDir + "/overlays/emulator")
	all, wrong := byName(text)
	r.check(errors.Join(err, wrong), "the network policies")
	read := func(name string) network.NetworkPolicySpec {
		var found network.NetworkPolicy
		one := all["networking.k8s.io/v1, Kind=NetworkPolicy "+namespace+"/"+name]
		if one == nil {
			r.check(errors.New("it is missing"), "the network policy %s", name)
			return found.Spec
		}
		r.check(runtime.DefaultUnstructuredConverter.FromUnstructured(one.Object, &found), "the network policy %s", name)
		return found.Spec
	}
	operator, emulator := read("dataset-operator"), read("pai-emulator")
	leaves := func(policy network.NetworkPolicySpec, to peer, protocol core.Protocol, port int32) bool {
		for _, rule := range policy.Egress {
			if lets(rule.To, rule.Ports, to, protocol, intstr.FromInt32(port)) {
				return true
			}
		}
		return false
	}
	enters := func(policy network.NetworkPolicySpec, from peer, port intstr.IntOrString) bool {
		for _, rule := range policy.Ingress {
			if lets(rule.From, rule.Ports, from, core.ProtocolTCP, port) {
				return true
			}
		}
		return false
	}
	own := labels.Set{"kubernetes.io/metadata.name": namespace}
	pod := func(name string) peer { return peer{labels.Set{"app.kubernetes.io/name": name}, own} }
	prometheus := peer{labels.Set{"app": "prometheus"}, labels.Set{"kubernetes.io/metadata.name": "monitoring", "metrics": "enabled"}}
	tenant := peer{labels.Set{"app": "x"}, labels.Set{"kubernetes.io/metadata.name": "team-a"}}
	metrics, health, http := intstr.FromString("metrics"), intstr.FromString("health"), intstr.FromString("http")
	for _, one := range []struct {
		what   string
		found  bool
		wanted bool
	}{
		{"both directions are closed but for rules", len(operator.PolicyTypes) == 2 && len(emulator.PolicyTypes) == 2, true},
		{"names by UDP", leaves(operator, outside, core.ProtocolUDP, 53), true},
		{"names by TCP", leaves(operator, outside, core.ProtocolTCP, 53), true},
		{"the cloud, and the API server", leaves(operator, outside, core.ProtocolTCP, 443), true},
		{"the API server behind its Service", leaves(operator, outside, core.ProtocolTCP, 6443), true},
		{"plain HTTP", leaves(operator, outside, core.ProtocolTCP, 80), false},
		{"SSH", leaves(operator, outside, core.ProtocolTCP, 22), false},
		{"UDP 443", leaves(operator, outside, core.ProtocolUDP, 443), false},
		{"the emulator", leaves(operator, pod("pai-emulator"), core.ProtocolTCP, 8080), true},
		{"another Pod by the emulator's port", leaves(operator, tenant, core.ProtocolTCP, 8080), false},
		{"metrics for a namespace with the label", enters(operator, prometheus, metrics), true},
		{"metrics for another one", enters(operator, tenant, metrics), false},
		{"metrics for an address", enters(operator, outside, metrics), false},
		{"health for Pods", enters(operator, prometheus, health), false},
		{"the operator to the emulator", enters(emulator, pod("dataset-operator"), http), true},
		{"others to the emulator", enters(emulator, tenant, http), false},
		{"the emulator to others", leaves(emulator, outside, core.ProtocolTCP, 443), false},
	} {
		var err error
		if one.found != one.wanted {
			err = fmt.Errorf("it is %v", one.found)
		}
		r.check(err, "network: %s", one.what)
	}
}

// What `kubectl apply` without --server-side puts into an annotation, and what a Secret holds.
const annotations, secret = 256 << 10, 1 << 20

func checkSizes(r *report, t tree) {
	text, err := t.read(installFile)
	list, wrong := parse(text)
	r.check(errors.Join(err, wrong), "%s", installFile)
	for _, one := range list {
		text, err := json.Marshal(one.Object)
		if len(text) > annotations*9/10 {
			err = fmt.Errorf("%d bytes: kubectl apply needs --server-side for it", len(text))
		}
		r.check(err, "%s %s is short enough for kubectl apply", one.GetKind(), one.GetName())
	}
	for _, helm := range helms {
		size, err := t.stored(helm)
		if size > secret*9/10 {
			err = fmt.Errorf("%d bytes", size)
		}
		r.check(err, "%s: a release is short enough for its Secret", helm.name)
	}
}

// stored is about how long the record of a release is: the files of the chart and what was made of them, in JSON, packed.
func (t tree) stored(helm helm) (int, error) {
	stream, notes, err := helm.template(t, values{})
	if err != nil {
		return 0, err
	}
	record := map[string]any{"manifest": stream, "notes": notes}
	err = filepath.WalkDir(t.path(chartDir), func(name string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			record[name], err = os.ReadFile(name)
		}
		return err
	})
	text, wrong := json.Marshal(record)
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, failed := writer.Write(text)
	err = errors.Join(err, wrong, failed, writer.Close())
	// Once by Helm, and once more by the API server.
	return base64.StdEncoding.EncodedLen(base64.StdEncoding.EncodedLen(packed.Len())), err
}
