package main

// Who is visited first, in best effort: the changes and deletions of datasets that exist, then creates, and last what
// the initial list or the sweep brings.

import (
	"context"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const urgent = 100

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// byUrgency is for events of the watch. controller-runtime itself gives those of the initial list a low priority.
func byUrgency() handler.EventHandler {
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { q.Add(requestFor(e.Object)) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) {
			if dataset, is := e.ObjectNew.(*Dataset); is && dataset.Status.DatasetID != "" {
				addAt(q, urgent, dataset)
				return
			}
			q.Add(requestFor(e.ObjectNew))
		},
	}
}

// drifted is for what the sweep found.
func drifted() handler.TypedEventHandler[*Dataset, reconcile.Request] {
	return handler.TypedFuncs[*Dataset, reconcile.Request]{
		GenericFunc: func(_ context.Context, e event.TypedGenericEvent[*Dataset], q queue) {
			addAt(q, handler.LowPriority, e.Object)
		},
	}
}

func addAt(q queue, priority int, object client.Object) {
	if prioritized, is := q.(priorityqueue.PriorityQueue[reconcile.Request]); is {
		prioritized.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, requestFor(object))
		return
	}
	q.Add(requestFor(object))
}

func requestFor(object client.Object) reconcile.Request {
	return reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)}
}
