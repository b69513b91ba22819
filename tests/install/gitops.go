package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// own is the address that the samples of Argo CD and Flux have in place of this repository's.
const own = "https://git.example.com/dataset-operator.git"

// checkGitOps follows what the samples of Argo CD and Flux name: folders of this repository, sources and other objects of theirs.
func checkGitOps(r *report, t tree) {
	var all []*object
	for _, file := range append(t.names(argoDir+"/*.yaml"), t.names(fluxDir+"/*.yaml")...) {
		text, err := t.read(file)
		list, wrong := parse(text)
		r.check(errors.Join(err, wrong), "%s", file)
		all = append(all, list...)
	}
	there := map[string]string{}
	for _, one := range all {
		url, _, _ := unstructured.NestedString(one.Object, "spec", "url")
		there[one.GetKind()+" "+one.GetName()] = url
	}
	for _, one := range all {
		var err error
		switch one.GetKind() {
		case "Application":
			from, _, _ := unstructured.NestedString(one.Object, "spec", "source", "repoURL")
			folder, _, _ := unstructured.NestedString(one.Object, "spec", "source", "path")
			err = t.folder(from, folder)
			if _, ignores, _ := unstructured.NestedFieldNoCopy(one.Object, "spec", "ignoreDifferences"); ignores {
				err = errors.Join(err, errors.New("it ignores differences"))
			}
		case "Kustomization":
			source, _, _ := unstructured.NestedString(one.Object, "spec", "sourceRef", "name")
			folder, _, _ := unstructured.NestedString(one.Object, "spec", "path")
			url, known := there["GitRepository "+source]
			if !known {
				err = fmt.Errorf("no source %s", source)
			}
			err = errors.Join(err, t.folder(url, folder))
			before, _, _ := unstructured.NestedSlice(one.Object, "spec", "dependsOn")
			for _, other := range before {
				if name := other.(map[string]any)["name"].(string); name != "" {
					if _, known := there["Kustomization "+name]; !known {
						err = errors.Join(err, fmt.Errorf("no Kustomization %s", name))
					}
				}
			}
			if prune, _, _ := unstructured.NestedBool(one.Object, "spec", "prune"); prune && strings.HasSuffix(folder, "crds") {
				err = errors.Join(err, errors.New("it prunes the definitions"))
			}
		default:
			continue
		}
		r.check(err, "what %s %s names is there", one.GetKind(), one.GetName())
	}
}

// folder looks for a folder, if it is one of this repository.
func (t tree) folder(url, folder string) error {
	if url != own {
		return nil
	}
	_, err := os.Stat(t.path(folder))
	return err
}
