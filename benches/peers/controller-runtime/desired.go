package main

// What a dataset in the cloud should look like, and what has to change until it does.

import (
	"encoding/json"
	"reflect"
	"slices"
)

// change is what differs between an object and its dataset.
type change struct {
	members map[string]any
	set     []Label
	remove  []string
}

func (c change) none() bool {
	return len(c.members) == 0 && len(c.set) == 0 && len(c.remove) == 0
}

func (d *Dataset) remoteName() string {
	if d.Spec.Name != "" {
		return d.Spec.Name
	}
	return d.Name
}

// remoteLabels is the user's labels and our mark.
func (d *Dataset) remoteLabels() []Label {
	return append(slices.Clone(d.Spec.Labels), Label{Key: ownerLabel, Value: string(d.UID)})
}

func (d *Dataset) labelKeys() []string {
	var keys []string
	for _, label := range d.Spec.Labels {
		keys = append(keys, label.Key)
	}
	return keys
}

// createBody is the body of CreateDataset, with the labels in it: there is never a dataset without its mark.
func (d *Dataset) createBody(workspace string) map[string]any {
	body := map[string]any{
		"Name": d.remoteName(), "Property": d.Spec.Property, "DataSourceType": d.Spec.DataSourceType, "Uri": d.Spec.URI,
		"WorkspaceId": workspace, "Labels": wireLabels(d.remoteLabels()),
	}
	if d.Spec.DataType != "" {
		body["DataType"] = d.Spec.DataType
	}
	if d.Spec.Description != nil {
		body["Description"] = *d.Spec.Description
	}
	if d.Spec.Options != nil {
		body["Options"] = *d.Spec.Options
	}
	if d.Spec.Accessibility != "" {
		body["Accessibility"] = d.Spec.Accessibility
	}
	return body
}

// difference is what to change in `remote`. Labels that this object never set are left alone.
func (d *Dataset) difference(remote Remote) change {
	diff := change{members: map[string]any{}}
	if name := d.remoteName(); name != remote.Name {
		diff.members["Name"] = name
	}
	if text := d.Spec.Description; text != nil && *text != remote.Description {
		diff.members["Description"] = *text
	}
	if text := d.Spec.Options; text != nil && !sameJSON(*text, remote.Options) {
		diff.members["Options"] = *text
	}
	if access := d.Spec.Accessibility; access != "" && access != remote.Accessibility {
		diff.members["Accessibility"] = access
	}
	for _, label := range d.remoteLabels() {
		if !slices.Contains(remote.Labels, label) {
			diff.set = append(diff.set, label)
		}
	}
	wanted := d.labelKeys()
	for _, label := range remote.Labels {
		if slices.Contains(d.Status.AppliedLabelKeys, label.Key) && !slices.Contains(wanted, label.Key) {
			diff.remove = append(diff.remove, label.Key)
		}
	}
	return diff
}

// applied is `remote` once the object's difference to it is carried out.
func (d *Dataset) applied(remote Remote, diff change) Remote {
	remote.Name = d.remoteName()
	if d.Spec.Description != nil {
		remote.Description = *d.Spec.Description
	}
	if d.Spec.Options != nil {
		remote.Options = *d.Spec.Options
	}
	if d.Spec.Accessibility != "" {
		remote.Accessibility = d.Spec.Accessibility
	}
	remote.Labels = slices.DeleteFunc(slices.Clone(remote.Labels), func(old Label) bool {
		same := func(label Label) bool { return label.Key == old.Key }
		return slices.Contains(diff.remove, old.Key) || slices.ContainsFunc(diff.set, same)
	})
	remote.Labels = append(remote.Labels, diff.set...)
	return remote
}

// sameJSON compares two JSON texts by value.
func sameJSON(a, b string) bool {
	if a == b {
		return true
	}
	var left, right any
	return json.Unmarshal([]byte(a), &left) == nil && json.Unmarshal([]byte(b), &right) == nil &&
		reflect.DeepEqual(left, right)
}
