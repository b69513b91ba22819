package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	yamlreader "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

type object = unstructured.Unstructured

// objects are known by kind, namespace and name.
type objects map[string]*object

// parse reads a YAML stream. Keys that are written twice are an error.
func parse(text string) ([]*object, error) {
	var found []*object
	reader := yamlreader.NewYAMLReader(bufio.NewReader(bytes.NewBufferString(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		text, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			return nil, err
		}
		var content map[string]any
		if err := json.Unmarshal(text, &content); err != nil { // This one reads whole numbers as such.
			return nil, err
		}
		if len(content) > 0 {
			found = append(found, &object{Object: content})
		}
	}
}

func byName(text string) (objects, error) {
	list, err := parse(text)
	found := objects{}
	for _, one := range list {
		settle(one)
		key := fmt.Sprintf("%s %s/%s", one.GroupVersionKind(), one.GetNamespace(), one.GetName())
		if found[key] != nil {
			return nil, fmt.Errorf("%s is there twice", key)
		}
		found[key] = one
	}
	return found, err
}

var hashed = regexp.MustCompile(`^(dataset-operator-settings)-[0-9a-z]{10}$`)

// settle takes the hash of the content off the name of the ConfigMap: kustomize and Helm make it differently.
func settle(one *object) {
	if one.GetKind() == "ConfigMap" {
		one.SetName(hashed.ReplaceAllString(one.GetName(), "$1"))
	}
	containers, _, _ := unstructured.NestedSlice(one.Object, "spec", "template", "spec", "containers")
	for _, container := range containers {
		sources, _, _ := unstructured.NestedSlice(container.(map[string]any), "envFrom")
		for _, source := range sources {
			if reference, ok := source.(map[string]any)["configMapRef"].(map[string]any); ok {
				reference["name"] = hashed.ReplaceAllString(reference["name"].(string), "$1")
			}
		}
		if sources != nil {
			container.(map[string]any)["envFrom"] = sources
		}
	}
	if containers != nil {
		_ = unstructured.SetNestedSlice(one.Object, containers, "spec", "template", "spec", "containers")
	}
}

// differ says what two sets have not in common.
func differ(wanted, found objects) error {
	var wrong []string
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		if found[key] == nil {
			wrong = append(wrong, "missing: "+key)
		} else if !reflect.DeepEqual(wanted[key].Object, found[key].Object) {
			a, _ := yaml.Marshal(wanted[key].Object)
			b, _ := yaml.Marshal(found[key].Object)
			wrong = append(wrong, fmt.Sprintf("different: %s\n%s", key, lines(string(a), string(b))))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		if wanted[key] == nil {
			wrong = append(wrong, "not wanted: "+key)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return errors.New(strings.Join(wrong, "\n    "))
}

// lines shows the lines that only one of two texts has.
func lines(a, b string) string {
	var shown strings.Builder
	only := func(sign, a, b string) {
		other := strings.Split(b, "\n")
		for _, line := range strings.Split(a, "\n") {
			if !slices.Contains(other, line) {
				fmt.Fprintf(&shown, "      %s %s\n", sign, line)
			}
		}
	}
	only("-", a, b)
	only("+", b, a)
	return shown.String()
}
