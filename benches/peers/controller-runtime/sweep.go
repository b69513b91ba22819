package main

// The resync of the best-effort setting: lists of 100 datasets each instead of a read per object.

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// sweepRetry is the pause after a list that failed, and while there is nothing to list.
const sweepRetry = time.Second

// state is what the inventory can say about a dataset.
type state int

const (
	// unknown: nothing was heard of it yet.
	unknown state = iota
	// present: it was like this at last.
	present
	// doubtful: the last list did not show it.
	doubtful
)

// Inventory is how datasets looked when last read or written. A nil one knows nothing and forgets everything.
type Inventory struct {
	mutex sync.Mutex
	known map[string]record
}

type record struct {
	remote Remote
	state  state
	since  time.Time
}

func newInventory() *Inventory {
	return &Inventory{known: map[string]record{}}
}

func (i *Inventory) get(id string) (Remote, state) {
	if i == nil {
		return Remote{}, unknown
	}
	i.mutex.Lock()
	defer i.mutex.Unlock()
	return i.known[id].remote, i.known[id].state
}

// put stores what was just written, or read by itself.
func (i *Inventory) put(remote Remote) {
	i.listed(time.Now(), remote, present)
}

// listed stores what a list showed that was asked for at `asked`, unless something newer is known.
func (i *Inventory) listed(asked time.Time, remote Remote, state state) {
	if i == nil {
		return
	}
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if !i.known[remote.DatasetID].since.After(asked) {
		i.known[remote.DatasetID] = record{remote: remote, state: state, since: time.Now()}
	}
}

func (i *Inventory) forget(id string) {
	if i == nil {
		return
	}
	i.mutex.Lock()
	defer i.mutex.Unlock()
	delete(i.known, id)
}

// Sweep compares all settled objects with the cloud once per interval, and sends those that differ to `differing`.
type Sweep struct {
	client    client.Reader
	cloud     Cloud
	inventory *Inventory
	workspace func(*Dataset) string
	interval  time.Duration
	differing chan event.TypedGenericEvent[*Dataset]
}

// Start sweeps until the context ends. The first round is made at full speed, as nothing is known yet; each later one
// is spread over the interval.
func (s *Sweep) Start(ctx context.Context) error {
	for first := true; ctx.Err() == nil; first = false {
		batches, err := s.batches(ctx)
		if err != nil || len(batches) == 0 {
			sleep(ctx, min(s.interval, sweepRetry))
			continue
		}
		pause := s.interval / time.Duration(len(batches))
		for _, batch := range batches {
			if !first && !sleep(ctx, pause) {
				return nil
			}
			for s.check(ctx, batch) != nil && sleep(ctx, sweepRetry) {
			}
		}
	}
	return nil
}

// batches is all objects with a dataset, in an order that is the same each time, a hundred of one workspace each.
func (s *Sweep) batches(ctx context.Context) ([][]*Dataset, error) {
	var all DatasetList
	// The cache's own objects, only to be read; and not later than a write that may still be under way.
	options := []client.ListOption{client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency}
	if err := s.client.List(ctx, &all, options...); err != nil {
		return nil, err
	}
	byWorkspace := map[string][]*Dataset{}
	for i := range all.Items {
		if dataset := &all.Items[i]; dataset.Status.DatasetID != "" {
			workspace := s.workspace(dataset)
			byWorkspace[workspace] = append(byWorkspace[workspace], dataset)
		}
	}
	var batches [][]*Dataset
	for _, datasets := range byWorkspace {
		slices.SortFunc(datasets, func(a, b *Dataset) int { return cmp.Compare(a.Status.DatasetID, b.Status.DatasetID) })
		batches = slices.AppendSeq(batches, slices.Chunk(datasets, pageSize))
	}
	return batches, nil
}

// check reads one batch from the cloud and reports the objects that differ from it.
func (s *Sweep) check(ctx context.Context, batch []*Dataset) error {
	ids := make([]string, len(batch))
	for i, dataset := range batch {
		ids[i] = dataset.Status.DatasetID
	}
	asked := time.Now()
	listed, err := s.cloud.in(background).ListByIDs(ctx, s.workspace(batch[0]), ids)
	if err != nil {
		log.FromContext(ctx).Info("a batch could not be read, trying again", "error", err.Error())
		return err
	}
	remotes := make(map[string]Remote, len(listed))
	for _, remote := range listed {
		remotes[remote.DatasetID] = remote
	}
	for _, snapshot := range batch {
		// The object may have changed, or have gone, since the round began.
		var dataset Dataset
		key := client.ObjectKeyFromObject(snapshot)
		options := []client.GetOption{client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency}
		err := s.client.Get(ctx, key, &dataset, options...)
		if err != nil || dataset.Status.DatasetID != snapshot.Status.DatasetID || !dataset.DeletionTimestamp.IsZero() {
			continue
		}
		remote, found := remotes[dataset.Status.DatasetID]
		if found {
			s.inventory.listed(asked, remote, present)
		} else {
			s.inventory.listed(asked, Remote{DatasetID: dataset.Status.DatasetID}, doubtful)
		}
		// One that is not settled is in the queue anyhow.
		if dataset.settled() && (!found || !dataset.difference(remote).none()) {
			select {
			case s.differing <- event.TypedGenericEvent[*Dataset]{Object: dataset.DeepCopy()}:
			case <-ctx.Done():
			}
		}
	}
	return nil
}

// sleep says whether it was not cut off.
func sleep(ctx context.Context, pause time.Duration) bool {
	select {
	case <-time.After(pause):
		return true
	case <-ctx.Done():
		return false
	}
}
