package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	flux "github.com/fluxcd/kustomize-controller/api/v1"
	source "github.com/fluxcd/source-controller/api/v1"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/yannh/kubeconform/pkg/validator"
	"sigs.k8s.io/yaml"
)

// others are kinds that neither the API server nor this operator defines: their own types judge them. Argo CD's cannot be linked
// without its server, so its kind has no judge here.
var others = map[string]func() any{
	"ServiceMonitor": func() any { return &monitoring.ServiceMonitor{} },
	"PodMonitor":     func() any { return &monitoring.PodMonitor{} },
	"PrometheusRule": func() any { return &monitoring.PrometheusRule{} },
	"Kustomization":  func() any { return &flux.Kustomization{} },
	"GitRepository":  func() any { return &source.GitRepository{} },
	"Application":    nil,
}

type schema = map[string]any

// strict makes of an OpenAPI schema one that refuses unknown members. It changes the given one.
func strict(given any) {
	switch value := given.(type) {
	case []any:
		for _, one := range value {
			strict(one)
		}
	case schema:
		for _, one := range value {
			strict(one)
		}
		_, closed := value["properties"].(schema)
		if _, said := value["additionalProperties"]; closed && !said && value["x-kubernetes-preserve-unknown-fields"] != true {
			value["additionalProperties"] = false
		}
		if value["format"] == "int-or-string" || value["x-kubernetes-int-or-string"] == true {
			delete(value, "format")
			value["type"] = []any{"integer", "string"}
		}
		if kind, ok := value["type"].(string); ok && value["nullable"] == true {
			value["type"] = []any{kind, "null"}
		}
	}
}

const draft = "http://json-schema.org/draft-04/schema#"

// writeSchemas makes a folder of JSON schemas, one for each kind, from the OpenAPI document of the API server and the definitions.
func writeSchemas(t tree, swagger, folder string) error {
	write := func(name string, content any) error {
		text, err := json.Marshal(content)
		if err != nil {
			return err
		}
		file := filepath.Join(folder, name)
		return errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, text, 0o644))
	}
	file := func(group, version, kind string) string {
		if group == "" {
			group = version
		}
		return fmt.Sprintf("%s/%s_%s.json", group, strings.ToLower(kind), version)
	}
	text, err := os.ReadFile(swagger)
	if err != nil {
		return err
	}
	var document struct{ Definitions map[string]schema }
	if err := json.Unmarshal(text, &document); err != nil {
		return err
	}
	document.Definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = schema{"type": []any{"string", "number"}}
	for name, definition := range document.Definitions {
		strict(definition)
		kinds, _ := definition["x-kubernetes-group-version-kind"].([]any)
		if len(kinds) != 1 {
			continue // DeleteOptions and the like, which are no objects.
		}
		kind := kinds[0].(schema)
		reference := schema{"$schema": draft, "$ref": "../definitions.json#/definitions/" + name}
		if err := write(file(kind["group"].(string), kind["version"].(string), kind["kind"].(string)), reference); err != nil {
			return err
		}
	}
	if err := write("definitions.json", schema{"$schema": draft, "definitions": document.Definitions}); err != nil {
		return err
	}
	for _, name := range t.names("crds/*_*.yaml") {
		text, err := t.read(name)
		if err != nil {
			return err
		}
		var definition struct {
			Spec struct {
				Group    string
				Names    struct{ Kind string }
				Versions []struct {
					Name   string
					Schema struct{ OpenAPIV3Schema schema }
				}
			}
		}
		if err := yaml.Unmarshal([]byte(text), &definition); err != nil {
			return err
		}
		for _, version := range definition.Spec.Versions {
			content := version.Schema.OpenAPIV3Schema
			properties := content["properties"].(schema)
			properties["apiVersion"], properties["kind"] = schema{"type": "string"}, schema{"type": "string"}
			strict(content)
			meta := "../definitions.json#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
			properties["metadata"] = schema{"$ref": meta}
			content["$schema"] = draft
			if err := write(file(definition.Spec.Group, version.Name, definition.Spec.Names.Kind), content); err != nil {
				return err
			}
		}
	}
	return nil
}

// judge is kubeconform in its strict form.
type judge struct{ validator.Validator }

func newJudge(folder string) (judge, error) {
	skipped := map[string]struct{}{}
	for kind := range others {
		skipped[kind] = struct{}{}
	}
	location := folder + "/{{ .Group }}/{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json"
	made, err := validator.New([]string{location}, validator.Opts{Strict: true, SkipKinds: skipped})
	return judge{made}, err
}

// refusal says what is wrong with a stream of manifests, and is nil if nothing is.
func (j judge) refusal(name, stream string) error {
	var wrong []error
	count := 0
	for _, result := range j.Validate(name, io.NopCloser(strings.NewReader(stream))) {
		switch result.Status {
		case validator.Valid:
			count++
		case validator.Empty:
		case validator.Skipped:
			signature, err := result.Resource.Signature()
			if err == nil && others[signature.Kind] != nil {
				err = yaml.UnmarshalStrict(result.Resource.Bytes, others[signature.Kind]())
			}
			count++
			wrong = append(wrong, err)
		default:
			wrong = append(wrong, result.Err)
		}
	}
	if count == 0 && errors.Join(wrong...) == nil {
		return errors.New("it has no object")
	}
	return errors.Join(wrong...)
}

// streams gives everything that somebody applies, by a name for it.
func (t tree) streams() (map[string]string, error) {
	all := map[string]string{}
	var wrong []error
	add := func(name, stream string, err error) {
		all[name] = stream
		wrong = append(wrong, err)
	}
	for _, folder := range append(t.names(kustomizeDir+"/overlays/*"), kustomizeDir+"/base", "crds", "deploy/policies", "deploy/samples", "deploy/monitoring") {
		stream, err := t.kustomize(folder)
		add(folder, stream, err)
	}
	var files []string
	for _, pattern := range []string{installFile, "deploy/samples/*.yaml", kustomizeDir + "/components/*/*.yaml", "deploy/monitoring/*/*.yaml", argoDir + "/*.yaml", fluxDir + "/*.yaml"} {
		files = append(files, t.names(pattern)...)
	}
	for _, file := range files {
		if isKustomization(file) || path.Base(file) == "health_test.yaml" {
			continue
		}
		stream, err := t.read(file)
		add(file, stream, err)
	}
	settings, err := t.settings()
	wrong = append(wrong, err)
	for name, values := range settings {
		for _, helm := range helms {
			stream, _, err := helm.template(t, values)
			add(helm.name+" with the values "+name, stream, err)
		}
	}
	return all, errors.Join(wrong...)
}

func checkSchemas(r *report, t tree, streams map[string]string, swagger string) {
	folder, err := os.MkdirTemp("", "schemas-")
	r.check(err, "a folder for schemas")
	defer os.RemoveAll(folder)
	r.check(writeSchemas(t, swagger, folder), "schemas from the API server's OpenAPI and the definitions")
	judge, err := newJudge(folder)
	r.check(err, "kubeconform")
	for name, stream := range streams {
		r.check(judge.refusal(name, stream), "kubeconform -strict: %s", name)
	}
	// The judge judges.
	for _, wrong := range []string{
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replica: 2, selector: {}, template: {}}}",
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: two, selector: {}, template: {}}}",
		"{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: a}, spec: {maxUnavailable: [1]}}",
		"{apiVersion: policy/v2, kind: PodDisruptionBudget, metadata: {name: a}, spec: {maxUnavailable: 1}}",
		"{apiVersion: pai.dataset-operator.dev/v1alpha1, kind: Dataset, metadata: {name: a}, spec: {url: b}}",
		"{apiVersion: pai.dataset-operator.dev/v1alpha1, kind: Dataset, metadata: {nam: a}, spec: {}}",
		"{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: a}, spec: {endpoint: []}}",
		"{apiVersion: monitoring.coreos.com/v1, kind: PrometheusRule, metadata: {name: a}, spec: {groups: [{name: b, rules: [{alarm: c, expr: d}]}]}}",
		"{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: a}, spec: {waits: true}}",
	} {
		err := judge.refusal("wrong.yaml", wrong)
		if err == nil {
			r.check(errors.New("it passes"), "refused: %s", wrong)
		} else {
			r.check(nil, "refused")
		}
	}
}
