// Command controller-runtime is the operator that a Go engineer would write for the kind Dataset: on
// sigs.k8s.io/controller-runtime and the vendor's Go runtime. The bench runs it beside dataset-operator. See README.md.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

const (
	scaffold   = "scaffold"
	bestEffort = "best-effort"
	// userAgent tells this operator's requests from others in the apiserver's audit log.
	userAgent = "controller-runtime-peer"
)

// options are the flags; --kubeconfig is controller-runtime's own.
type options struct {
	endpoint, workspace, setting string
	resync                       time.Duration
	qps                          float64
	workers                      int
	metricsAddr, healthAddr      string
}

func main() {
	var o options
	flag.StringVar(&o.endpoint, "endpoint", "", "URL of the dataset API")
	flag.StringVar(&o.workspace, "workspace-id", "", "workspace of objects that name none")
	flag.StringVar(&o.setting, "setting", scaffold, scaffold+" or "+bestEffort)
	flag.DurationVar(&o.resync, "resync", 10*time.Minute, "how often each dataset is compared with its object")
	flag.Float64Var(&o.qps, "qps", 95, "calls per second, in best effort")
	flag.IntVar(&o.workers, "workers", 0, "concurrent reconciles (default 1, in best effort 32)")
	flag.StringVar(&o.metricsAddr, "metrics-addr", "0", "address of /metrics; 0 is off")
	flag.StringVar(&o.healthAddr, "health-addr", "0", "address of /healthz and /readyz; 0 is off")
	flag.Parse()
	ctrl.SetLogger(logr.FromSlogHandler(slog.NewTextHandler(os.Stderr, nil)))
	if err := run(o); err != nil {
		ctrl.Log.Error(err, "ending")
		os.Exit(1)
	}
}

func run(o options) error {
	if o.setting != scaffold && o.setting != bestEffort {
		return fmt.Errorf("--setting must be %s or %s: %q", scaffold, bestEffort, o.setting)
	}
	best := o.setting == bestEffort
	if o.workers <= 0 {
		o.workers = map[string]int{scaffold: 1, bestEffort: 32}[o.setting]
	}
	mgr, err := newManager(o, best)
	if err != nil {
		return err
	}
	var pacer *Pacer
	if best {
		pacer = newPacer(o.qps)
	}
	keyID, secret := os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_ID"), os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET")
	cloud, err := newCloud(o.endpoint, keyID, secret, o.workers, pacer)
	if err != nil {
		return err
	}
	reconciler := &Reconciler{
		Client: mgr.GetClient(), cloud: cloud, workspace: o.workspace, resync: o.resync, bestEffort: best,
	}
	if best {
		err = addBestEffort(mgr, reconciler, pacer, o)
	} else {
		err = addScaffold(mgr, reconciler, o)
	}
	if err != nil {
		return err
	}
	return mgr.Start(ctrl.SetupSignalHandler())
}

func newManager(o options, best bool) (manager.Manager, error) {
	// This also turns client-go's own limit of requests off, in both settings: controller-runtime does so by default.
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, err
	}
	config.UserAgent = userAgent
	scheme := runtime.NewScheme()
	if err := addToScheme(scheme); err != nil {
		return nil, err
	}
	options := ctrl.Options{
		Scheme:                 scheme,
		Metrics:                server.Options{BindAddress: o.metricsAddr},
		HealthProbeBindAddress: o.healthAddr,
	}
	if best {
		options.Cache = cache.Options{DefaultTransform: prune}
		// A read never misses an own write. Without this, a visit right after a create may not see the id yet.
		options.Client = client.Options{Cache: &client.CacheOptions{EnableReadYourWritesConsistency: new(true)}}
	}
	mgr, err := ctrl.NewManager(config, options)
	if err != nil {
		return nil, err
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, err
	}
	return mgr, mgr.AddReadyzCheck("ping", healthz.Ping)
}

// addScaffold registers the controller as the scaffold does. The predicate is what the tutorials add first: without it
// each of the operator's own status writes would cost another visit, and so another call.
func addScaffold(mgr manager.Manager, reconciler *Reconciler, o options) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("dataset").
		For(&Dataset{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: o.workers}).
		Complete(reconciler)
}

// addBestEffort registers the controller, its pacer and its sweep.
func addBestEffort(mgr manager.Manager, reconciler *Reconciler, pacer *Pacer, o options) error {
	reconciler.inventory = newInventory()
	sweep := &Sweep{
		client: mgr.GetClient(), cloud: reconciler.cloud, inventory: reconciler.inventory,
		workspace: reconciler.workspaceOf, interval: o.resync,
		differing: make(chan event.TypedGenericEvent[*Dataset]),
	}
	for _, runnable := range []manager.Runnable{pacer, sweep} {
		if err := mgr.Add(runnable); err != nil {
			return err
		}
	}
	// The default waits 5 ms at first and a quarter of an hour at last: neither helps against a cloud.
	retries := workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](250*time.Millisecond, 2*time.Minute)
	return ctrl.NewControllerManagedBy(mgr).
		Named("dataset").
		Watches(&Dataset{}, byUrgency(), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesRawSource(source.Channel(sweep.differing, drifted())).
		WithOptions(controller.Options{MaxConcurrentReconciles: o.workers, RateLimiter: retries}).
		Complete(reconciler)
}

// prune drops what the operator never reads before it is cached.
func prune(in any) (any, error) {
	const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
	object, err := meta.Accessor(in)
	if err != nil {
		return in, nil // A tombstone.
	}
	// What is pruned already may be in use: leave it alone.
	if object.GetManagedFields() != nil {
		object.SetManagedFields(nil)
	}
	if annotations := object.GetAnnotations(); annotations[lastApplied] != "" {
		delete(annotations, lastApplied)
		object.SetAnnotations(annotations)
	}
	return in, nil
}

var (
	_ manager.Runnable     = (*Pacer)(nil)
	_ manager.Runnable     = (*Sweep)(nil)
	_ reconcile.Reconciler = (*Reconciler)(nil)
)
