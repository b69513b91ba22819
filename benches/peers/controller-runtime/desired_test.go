package main

import (
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestDifference(t *testing.T) {
	dataset := &Dataset{
		ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "u-1"},
		Spec: DatasetSpec{
			Description: new(""), Options: new(`{"a": 1, "b": 2}`),
			Labels: []Label{{"same", "1"}, {"changed", "new"}, {"added", "1"}},
		},
		Status: DatasetStatus{AppliedLabelKeys: []string{"same", "changed", "removed"}},
	}
	remote := Remote{
		Name: "a", Description: "text", Options: `{"b":2,"a":1}`, Accessibility: "PUBLIC",
		Labels: []Label{{"same", "1"}, {"changed", "old"}, {"removed", "1"}, {"foreign", "1"}, {ownerLabel, "u-1"}},
	}
	got := dataset.difference(remote)
	want := change{
		members: map[string]any{"Description": ""},
		set:     []Label{{"changed", "new"}, {"added", "1"}},
		remove:  []string{"removed"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	after := dataset.applied(remote, got)
	if rest := dataset.difference(after); !rest.none() {
		t.Errorf("once applied, there is still %+v", rest)
	}
	if after.Accessibility != "PUBLIC" {
		t.Error("what is not managed was changed")
	}
}
