package main

// The reconciler. Both settings run the same steps; where they differ, `bestEffort` says so.

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// errRemoteDeleted is reported for a dataset that someone else deleted and that shall not come back.
var errRemoteDeleted = errors.New("the dataset was deleted outside of Kubernetes")

// Reconciler makes datasets in the cloud equal to objects.
type Reconciler struct {
	client.Client
	cloud      Cloud
	workspace  string
	resync     time.Duration
	bestEffort bool
	// inventory is what is known of the cloud without asking; only in best effort.
	inventory *Inventory
	// unsent has the uids of objects that got their finalizer from this process and for which no create was sent since,
	// or only such as were refused. There is nothing to look for in the cloud.
	unsent sync.Map
}

// Reconcile is called for one object after each change, after errors, and for each resync.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var dataset Dataset
	if err := r.Get(ctx, request.NamespacedName, &dataset); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !dataset.DeletionTimestamp.IsZero() {
		return r.result(r.finalize(ctx, &dataset), 0)
	}
	if err := r.addFinalizer(ctx, &dataset); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	before := dataset.DeepCopy()
	err := r.converge(ctx, &dataset)
	setReady(&dataset, err)
	if writeErr := r.writeStatus(ctx, before, &dataset); writeErr != nil {
		return ctrl.Result{}, client.IgnoreNotFound(writeErr)
	}
	return r.result(err, r.resync)
}

// result asks for a retry after an error, and else for the next visit after `again`.
func (r *Reconciler) result(err error, again time.Duration) (ctrl.Result, error) {
	wait, tooSoon := throttled(err)
	switch {
	case tooSoon && r.bestEffort:
		// Not all at once: who was throttled together would be throttled together again.
		spread := time.Duration(rand.Int64N(int64(time.Second)))
		return ctrl.Result{RequeueAfter: max(wait, time.Second/2) + spread}, nil
	case err != nil && !errors.Is(err, errRemoteDeleted):
		return ctrl.Result{}, err
	case r.bestEffort:
		return ctrl.Result{}, nil // The sweep looks for differences.
	default:
		return ctrl.Result{RequeueAfter: again}, nil
	}
}

// converge makes the dataset in the cloud equal to the spec. What it learns goes into the status, also if it fails.
func (r *Reconciler) converge(ctx context.Context, dataset *Dataset) error {
	lane := background
	if dataset.Status.DatasetID != "" && dataset.Status.ObservedGeneration != dataset.Generation {
		lane = edits
	}
	cloud := r.cloud.in(lane)
	if dataset.Status.DatasetID == "" {
		created, err := r.findOrCreate(ctx, cloud, dataset)
		if err != nil || created && r.bestEffort {
			return err // What was just created is as it was asked for.
		}
	}
	remote, known, err := r.observe(ctx, cloud, dataset)
	if isGone(err) {
		r.inventory.forget(dataset.Status.DatasetID)
		if dataset.Spec.OnExternalDeletion != recreate {
			return errRemoteDeleted
		}
		log.FromContext(ctx).Info("creating the dataset again", "was", dataset.Status.DatasetID)
		dataset.Status.DatasetID = ""
		_, err := r.findOrCreate(ctx, cloud, dataset)
		return err
	}
	if err != nil || !known {
		return err
	}
	return r.repair(ctx, cloud, dataset, remote)
}

// findOrCreate sets the id of the dataset in the status, and says whether it was created.
func (r *Reconciler) findOrCreate(ctx context.Context, cloud Cloud, dataset *Dataset) (bool, error) {
	workspace := r.workspaceOf(dataset)
	if _, unsent := r.unsent.Load(dataset.UID); !unsent {
		// An earlier pass, perhaps of an earlier process, may have created it and died, or lost the answer.
		found, err := cloud.FindByOwner(ctx, workspace, string(dataset.UID))
		if err != nil {
			return false, err
		}
		if len(found) > 0 {
			log.FromContext(ctx).Info("found the dataset by its mark", "id", found[0].DatasetID, "of", len(found))
			dataset.Status.DatasetID = found[0].DatasetID
			r.inventory.put(found[0])
			return false, nil
		}
	}
	id, err := cloud.Create(ctx, dataset.createBody(workspace))
	if _, later := throttled(err); !later && !isRefusal(err) {
		r.unsent.Delete(dataset.UID)
	}
	if err != nil {
		return false, err
	}
	dataset.Status.DatasetID = id
	dataset.Status.AppliedLabelKeys = dataset.labelKeys()
	r.inventory.put(dataset.applied(Remote{DatasetID: id}, change{set: dataset.remoteLabels()}))
	return true, nil
}

// observe tells how the dataset looks in the cloud, if that has to be known now. In best effort the inventory knows,
// as a rule; after a restart a settled object waits for the first sweep, which starts at once.
func (r *Reconciler) observe(ctx context.Context, cloud Cloud, dataset *Dataset) (remote Remote, known bool, err error) {
	id := dataset.Status.DatasetID
	remote, state := r.inventory.get(id)
	if state == present {
		return remote, true, nil
	}
	if state == unknown && r.bestEffort && dataset.settled() {
		return remote, false, nil
	}
	remote, err = cloud.Get(ctx, id)
	if err == nil {
		r.inventory.put(remote)
	}
	return remote, true, err
}

// repair changes what differs.
func (r *Reconciler) repair(ctx context.Context, cloud Cloud, dataset *Dataset, remote Remote) error {
	diff := dataset.difference(remote)
	if !diff.none() {
		id := dataset.Status.DatasetID
		log.FromContext(ctx).V(1).Info("updating", "id", id, "members", diff.members, "set", diff.set, "remove", diff.remove)
		r.inventory.forget(id) // Until all of it is done.
		if len(diff.members) > 0 {
			if err := cloud.Update(ctx, id, diff.members); err != nil {
				return err
			}
		}
		if len(diff.set) > 0 {
			if err := cloud.SetLabels(ctx, id, diff.set); err != nil {
				return err
			}
		}
		if len(diff.remove) > 0 {
			if err := cloud.RemoveLabels(ctx, id, diff.remove); err != nil {
				return err
			}
		}
		r.inventory.put(dataset.applied(remote, diff))
	}
	dataset.Status.AppliedLabelKeys = dataset.labelKeys()
	return nil
}

// finalize deletes the dataset and lets the object go.
func (r *Reconciler) finalize(ctx context.Context, dataset *Dataset) error {
	if !controllerutil.ContainsFinalizer(dataset, finalizer) {
		return nil
	}
	if dataset.Spec.DeletionPolicy != retain {
		if err := r.deleteRemote(ctx, r.cloud.in(edits), dataset); err != nil {
			return err
		}
	}
	r.inventory.forget(dataset.Status.DatasetID)
	r.unsent.Delete(dataset.UID)
	before := dataset.DeepCopy()
	controllerutil.RemoveFinalizer(dataset, finalizer)
	return client.IgnoreNotFound(r.writeObject(ctx, before, dataset))
}

// deleteRemote deletes the recorded dataset; if none is recorded, what carries the object's mark.
func (r *Reconciler) deleteRemote(ctx context.Context, cloud Cloud, dataset *Dataset) error {
	remotes := []Remote{{DatasetID: dataset.Status.DatasetID}}
	if dataset.Status.DatasetID == "" {
		var err error
		if remotes, err = cloud.FindByOwner(ctx, r.workspaceOf(dataset), string(dataset.UID)); err != nil {
			return err
		}
	}
	for _, remote := range remotes {
		if err := cloud.Delete(ctx, remote.DatasetID); err != nil {
			return err
		}
	}
	return nil
}

// addFinalizer adds it unless it is there. The write carries the resource version, so an old copy from the cache cannot
// pass for an object that has none yet.
func (r *Reconciler) addFinalizer(ctx context.Context, dataset *Dataset) error {
	before := dataset.DeepCopy()
	if !controllerutil.AddFinalizer(dataset, finalizer) {
		return nil
	}
	if err := r.writeObject(ctx, before, dataset); err != nil {
		return err
	}
	if dataset.Status.DatasetID == "" {
		r.unsent.Store(dataset.UID, nil)
	}
	return nil
}

func (r *Reconciler) writeObject(ctx context.Context, before, dataset *Dataset) error {
	if r.bestEffort {
		return r.Patch(ctx, dataset, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	}
	return r.Update(ctx, dataset)
}

// writeStatus writes the status if it changed.
func (r *Reconciler) writeStatus(ctx context.Context, before, dataset *Dataset) error {
	if equality.Semantic.DeepEqual(before.Status, dataset.Status) {
		return nil
	}
	if r.bestEffort {
		return r.Status().Patch(ctx, dataset, client.MergeFrom(before))
	}
	return r.Status().Update(ctx, dataset)
}

func (r *Reconciler) workspaceOf(dataset *Dataset) string {
	if dataset.Spec.WorkspaceID != "" {
		return dataset.Spec.WorkspaceID
	}
	return r.workspace
}

// setReady puts the outcome of a pass into the status. What may be better at the next try is not worth a write.
func setReady(dataset *Dataset, err error) {
	condition := metav1.Condition{
		Type: readyCondition, Status: metav1.ConditionTrue, Reason: "Available", ObservedGeneration: dataset.Generation,
	}
	switch {
	case err == nil:
	case errors.Is(err, errRemoteDeleted):
		condition.Status, condition.Reason, condition.Message = metav1.ConditionFalse, "RemoteDeleted", err.Error()
	case isRefusal(err):
		// The text of the error has an id of its own each time.
		status, code := refusal(err)
		condition.Status, condition.Reason = metav1.ConditionFalse, "Refused"
		condition.Message = fmt.Sprintf("the service answered %d %s", status, code)
	default:
		return
	}
	dataset.Status.ObservedGeneration = dataset.Generation
	meta.SetStatusCondition(&dataset.Status.Conditions, condition)
}
