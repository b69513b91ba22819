package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	chart3 "helm.sh/helm/v3/pkg/chart/loader"
	util3 "helm.sh/helm/v3/pkg/chartutil"
	engine3 "helm.sh/helm/v3/pkg/engine"
	lint3 "helm.sh/helm/v3/pkg/lint"
	support3 "helm.sh/helm/v3/pkg/lint/support"
	common4 "helm.sh/helm/v4/pkg/chart/common"
	util4 "helm.sh/helm/v4/pkg/chart/common/util"
	lint4 "helm.sh/helm/v4/pkg/chart/v2/lint"
	support4 "helm.sh/helm/v4/pkg/chart/v2/lint/support"
	chart4 "helm.sh/helm/v4/pkg/chart/v2/loader"
	engine4 "helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"
)

const (
	release   = "dataset-operator"
	namespace = "dataset-operator-system"
)

type values = map[string]any

// helm is one of the two major versions, by its own packages: what `helm template` and `helm lint` call.
type helm struct {
	name string
	// render gives the files of the chart, by their paths.
	render func(chart, namespace string, values values) (map[string]string, error)
	// lint gives all that is worse than a hint.
	lint func(chart string, values values) []error
}

var helms = []helm{
	{
		name: "Helm 3",
		render: func(chart, namespace string, values values) (map[string]string, error) {
			loaded, err := chart3.Load(chart)
			if err != nil {
				return nil, err
			}
			options := util3.ReleaseOptions{Name: release, Namespace: namespace, Revision: 1, IsInstall: true}
			all, err := util3.ToRenderValues(loaded, values, options, util3.DefaultCapabilities)
			if err != nil {
				return nil, err
			}
			return engine3.Render(loaded, all)
		},
		lint: func(chart string, values values) []error {
			var found []error
			for _, message := range lint3.All(chart, values, namespace, true).Messages {
				if message.Severity > support3.InfoSev {
					found = append(found, message)
				}
			}
			return found
		},
	},
	{
		name: "Helm 4",
		render: func(chart, namespace string, values values) (map[string]string, error) {
			loaded, err := chart4.Load(chart)
			if err != nil {
				return nil, err
			}
			options := common4.ReleaseOptions{Name: release, Namespace: namespace, Revision: 1, IsInstall: true}
			all, err := util4.ToRenderValues(loaded, values, options, common4.DefaultCapabilities)
			if err != nil {
				return nil, err
			}
			return engine4.Render(loaded, all)
		},
		lint: func(chart string, values values) []error {
			var found []error
			for _, message := range lint4.RunAll(chart, values, namespace).Messages {
				if message.Severity > support4.InfoSev {
					found = append(found, message)
				}
			}
			return found
		},
	},
}

// template gives the objects of the chart as one stream, and its notes.
func (h helm) template(t tree, values values) (stream, notes string, err error) {
	files, err := h.render(t.path(chartDir), namespace, values)
	if err != nil {
		return "", "", err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Base(name) == "NOTES.txt" {
			notes = files[name]
		} else if path.Ext(name) == ".yaml" {
			stream += "---\n" + files[name] + "\n"
		}
	}
	return stream, notes, nil
}

// settings gives the sets of values that are tested, by name: each overlay of kustomize has one that means the same.
func (t tree) settings() (map[string]values, error) {
	all := map[string]values{"default": {}}
	for _, name := range t.names(chartDir + "/ci/*-values.yaml") {
		text, err := t.read(name)
		if err != nil {
			return nil, err
		}
		var read values
		if err := yaml.UnmarshalStrict([]byte(text), &read); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[strings.TrimSuffix(path.Base(name), "-values.yaml")] = read
	}
	return all, nil
}

func checkCharts(r *report, t tree) {
	all, err := t.settings()
	r.check(err, "the values of the tests")
	for name, values := range all {
		var rendered []objects
		for _, helm := range helms {
			r.check(errors.Join(helm.lint(t.path(chartDir), values)...), "%s: lint with the values %s", helm.name, name)
			stream, _, err := helm.template(t, values)
			found, wrong := byName(stream)
			r.check(errors.Join(err, wrong), "%s: template with the values %s", helm.name, name)
			rendered = append(rendered, found)
		}
		r.check(differ(rendered[0], rendered[1]), "Helm 3 and Helm 4 make the same of the values %s", name)
		if name == "all" {
			stream, _, err := helms[0].template(t, values)
			r.check(errors.Join(err, unused(values, stream)), "every value of %s is in what is made of it", name)
		} else {
			r.check(t.sameAsOverlay(name, rendered[0]), "the chart with the values %s is the overlay of that name", name)
		}
	}
	for _, overlay := range t.names(kustomizeDir + "/overlays/*") {
		if all[path.Base(overlay)] == nil {
			err = errors.Join(err, fmt.Errorf("%s has no values", overlay))
		}
	}
	r.check(err, "the chart can do what each overlay does")
	for _, helm := range helms {
		checkValues(r, t, helm)
	}
	r.check(t.flags(), "the settings of the chart are the flags of the operator")
}

// unused names the texts among the values that no object has.
func unused(value any, stream string) error {
	var wrong []error
	switch value := value.(type) {
	case values:
		for _, member := range value {
			wrong = append(wrong, unused(member, stream))
		}
	case []any:
		for _, member := range value {
			wrong = append(wrong, unused(member, stream))
		}
	case string:
		if !strings.Contains(stream, value) {
			wrong = append(wrong, fmt.Errorf("%s is not there", value))
		}
	}
	return errors.Join(wrong...)
}

// sameAsOverlay compares the chart with the definitions and an overlay, without what a release does not hold: its namespace and
// the emulator.
func (t tree) sameAsOverlay(name string, found objects) error {
	crds, err := t.kustomize("crds")
	overlay, failed := t.kustomize(kustomizeDir + "/overlays/" + name)
	wanted, wrong := byName(crds + "---\n" + overlay)
	maps.DeleteFunc(wanted, func(_ string, one *object) bool {
		return one.GetKind() == "Namespace" || one.GetKind() == "Secret" || one.GetName() == "pai-emulator"
	})
	return errors.Join(err, failed, wrong, differ(wanted, found))
}

func checkValues(r *report, t tree, helm helm) {
	for _, wrong := range []string{
		"unknown: 1",
		"image: {tags: x}",
		"settings: {regoin: cn-hangzhou}",
		"settings: {qps: 100}", // A number would be written as 1e+06 when it is large.
		"settings: {namespaces: team-a}",
		"settings: {owner-key: secret}",
		"rrsa: {enabled: true}",
		"rrsa: {enabled: true, roleArn: dataset-operator, oidcProviderArn: 'acs:ram::1:oidc-provider/x'}",
		"namespaces: [Team]",
		"image: {digest: 'sha256:1'}",
		"extraEnv: [{name: DATASET_OPERATOR_REGION, value: x}]",
		"admissionPolicies: {other: true}",
		"leaderElection: {enabled: false}", // With two replicas.
	} {
		var values values
		err := yaml.Unmarshal([]byte(wrong), &values)
		if _, _, refused := helm.template(t, values); refused == nil {
			err = errors.New("it is taken")
		}
		r.check(err, "%s refuses the values %s", helm.name, wrong)
	}
	for wanted, given := range map[string]values{
		"create secret generic dataset-operator-credentials":                 {},
		"rollout status deployment dataset-operator":                         {},
		"kubectl -n dataset-operator-system rollout status deployment datas": {"credentials": values{"secretName": ""}},
	} {
		_, notes, err := helm.template(t, given)
		if !strings.Contains(notes, wanted) {
			err = fmt.Errorf("they are: %s", notes)
		}
		r.check(err, "%s: the notes say %q", helm.name, wanted)
	}
	without := values{"admissionPolicies": values{"rights": false, "keep-crds": false}, "crds": values{"install": false},
		"networkPolicy": values{"enabled": false}, "podDisruptionBudget": values{"enabled": false}}
	stream, _, err := helm.template(t, without)
	for _, kind := range []string{"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "CustomResourceDefinition", "NetworkPolicy", "PodDisruptionBudget"} {
		if strings.Contains(stream, "\nkind: "+kind+"\n") {
			err = fmt.Errorf("it has a %s", kind)
		}
	}
	r.check(err, "%s: what is turned off is not there", helm.name)
	r.check(elsewhere(t, helm), "%s: a release in another namespace has nothing in the usual one", helm.name)
	for _, keep := range []bool{true, false} {
		stream, _, err := helm.template(t, values{"crds": values{"keep": keep}})
		r.check(errors.Join(err, kept(stream, keep)), "%s: crds.keep is %v", helm.name, keep)
	}
}

func elsewhere(t tree, helm helm) error {
	files, err := helm.render(t.path(chartDir), "elsewhere", values{"namespaces": []any{"team-a"}})
	for name, text := range files {
		if strings.Contains(text, namespace) {
			err = fmt.Errorf("%s names %s", name, namespace)
		}
	}
	return err
}

// kept tells whether the tools keep every definition when its manifest goes, or the API server lets it go.
func kept(stream string, keep bool) error {
	list, err := parse(stream)
	count := 0
	for _, one := range list {
		if one.GetKind() != "CustomResourceDefinition" {
			continue
		}
		count++
		wanted := map[string]string{"dataset-operator.dev/allow-delete": "true"}
		if keep {
			wanted = map[string]string{
				"helm.sh/resource-policy":           "keep",
				"argocd.argoproj.io/sync-options":   "Prune=false",
				"kustomize.toolkit.fluxcd.io/prune": "disabled",
			}
		}
		if found := one.GetAnnotations(); !maps.Equal(found, wanted) {
			err = fmt.Errorf("%s has %v", one.GetName(), found)
		}
	}
	if count == 0 {
		err = errors.New("no definition is there")
	}
	return err
}

// flags compares the schema of the chart with the flags in the sources. Three have a place of their own: two of them values,
// and a key belongs into the Secret.
func (t tree) flags() error {
	sources, err := t.read("src/settings.rs")
	if err != nil {
		return err
	}
	flags := map[string]bool{}
	for _, found := range regexp.MustCompile(`env = "DATASET_OPERATOR_(\w+)"`).FindAllStringSubmatch(sources, -1) {
		flags[strings.ReplaceAll(strings.ToLower(found[1]), "_", "-")] = true
	}
	for _, own := range []string{"namespaces", "leader-elect", "owner-key"} {
		if !flags[own] {
			return fmt.Errorf("there is no flag %s", own)
		}
		delete(flags, own)
	}
	var schema struct {
		Properties struct {
			Settings struct{ Properties map[string]any }
		}
	}
	text, err := os.ReadFile(t.path(chartDir + "/values.schema.json"))
	if err == nil {
		err = yaml.Unmarshal(text, &schema)
	}
	wanted, found := slices.Sorted(maps.Keys(flags)), slices.Sorted(maps.Keys(schema.Properties.Settings.Properties))
	if !slices.Equal(wanted, found) {
		err = fmt.Errorf("flags: %v, values.schema.json: %v", wanted, found)
	}
	return err
}
