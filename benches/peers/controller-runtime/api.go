package main

// The kind Dataset, as far as this operator manages it. A real project would have all members of the CRD and let
// controller-gen write the deep copies.

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	// finalizer keeps an object until its dataset is gone.
	finalizer = "pai.dataset-operator.dev/peer"
	// ownerLabel marks a dataset in the cloud with the uid of its object. It is part of the create request, so that a
	// dataset whose id was never recorded can be found again.
	ownerLabel = "peer-owner"

	readyCondition = "Ready"
	retain         = "Retain"
	recreate       = "Recreate"
)

var groupVersion = schema.GroupVersion{Group: "pai.dataset-operator.dev", Version: "v1alpha1"}

// addToScheme registers the kind.
func addToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(groupVersion, &Dataset{}, &DatasetList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
	return nil
}

// Dataset is an object of the cluster that stands for one dataset in the cloud.
type Dataset struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   DatasetSpec   `json:"spec"`
	Status DatasetStatus `json:"status,omitempty"`
}

// DatasetSpec is what the user wants. What is absent is not managed.
type DatasetSpec struct {
	Name               string  `json:"name,omitempty"`
	Property           string  `json:"property,omitempty"`
	DataSourceType     string  `json:"dataSourceType,omitempty"`
	DataType           string  `json:"dataType,omitempty"`
	URI                string  `json:"uri,omitempty"`
	Description        *string `json:"description,omitempty"`
	Options            *string `json:"options,omitempty"`
	Accessibility      string  `json:"accessibility,omitempty"`
	WorkspaceID        string  `json:"workspaceId,omitempty"`
	Labels             []Label `json:"labels,omitempty"`
	DeletionPolicy     string  `json:"deletionPolicy,omitempty"`
	OnExternalDeletion string  `json:"onExternalDeletion,omitempty"`
}

// Label is a label of a dataset in the cloud. The CRD spells the members small, the service capital; encoding/json
// reads both.
type Label struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// DatasetStatus is what the operator knows.
type DatasetStatus struct {
	DatasetID          string             `json:"datasetId,omitempty"`
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	AppliedLabelKeys   []string           `json:"appliedLabelKeys,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

// DatasetList is a list of them.
type DatasetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Dataset `json:"items"`
}

// settled tells whether the present spec was carried out.
func (d *Dataset) settled() bool {
	return d.Status.DatasetID != "" && d.Status.ObservedGeneration == d.Generation && d.DeletionTimestamp.IsZero() &&
		meta.IsStatusConditionTrue(d.Status.Conditions, readyCondition)
}

// DeepCopy returns a copy that shares nothing.
func (d *Dataset) DeepCopy() *Dataset {
	out := *d
	d.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec.Description = copyText(d.Spec.Description)
	out.Spec.Options = copyText(d.Spec.Options)
	out.Spec.Labels = slices.Clone(d.Spec.Labels)
	out.Status.AppliedLabelKeys = slices.Clone(d.Status.AppliedLabelKeys)
	out.Status.Conditions = slices.Clone(d.Status.Conditions)
	return &out
}

func copyText(text *string) *string {
	if text == nil {
		return nil
	}
	return new(*text)
}

// DeepCopyObject makes it a runtime.Object.
func (d *Dataset) DeepCopyObject() runtime.Object { return d.DeepCopy() }

// DeepCopyObject makes it a runtime.Object.
func (l *DatasetList) DeepCopyObject() runtime.Object {
	out := &DatasetList{TypeMeta: l.TypeMeta, Items: make([]Dataset, len(l.Items))}
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	for i := range l.Items {
		out.Items[i] = *l.Items[i].DeepCopy()
	}
	return out
}
