package main

// One limit for all calls, with a lane for what a user waits for.

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Lane says who waits for a call.
type Lane int

const (
	// background is creates and sweeps.
	background Lane = iota
	// edits is changes and deletions of datasets that exist; they go first.
	edits
)

const (
	// paceBurst makes up for timers that fire late; it stays far below what the service tolerates in a second.
	paceBurst = 5
	// cutInterval is how long one cut has to work before the next: calls that were under way do not count again.
	cutInterval = time.Second
	// growth is the part of the full rate that comes back in each second after a cut.
	growth = 0.05
)

// Pacer hands out permission for calls at a steady rate. When the service throttles all the same, because others use
// the account too, the rate is halved and then grows back.
type Pacer struct {
	full    rate.Limit
	limiter *rate.Limiter
	lanes   [2]chan struct{}

	mutex sync.Mutex
	cut   time.Time
}

func newPacer(perSecond float64) *Pacer {
	full := rate.Limit(perSecond)
	lanes := [2]chan struct{}{make(chan struct{}), make(chan struct{})}
	return &Pacer{full: full, limiter: rate.NewLimiter(full, paceBurst), lanes: lanes}
}

// Start hands out permissions until the context ends. The manager calls it.
func (p *Pacer) Start(ctx context.Context) error {
	for p.limiter.Wait(ctx) == nil {
		select {
		case p.lanes[edits] <- struct{}{}: // Succeeds only if someone waits there.
		default:
			select {
			case p.lanes[edits] <- struct{}{}:
			case p.lanes[background] <- struct{}{}:
			case <-ctx.Done():
			}
		}
		p.grow()
	}
	return nil
}

// Wait waits for permission to make one call.
func (p *Pacer) Wait(ctx context.Context, lane Lane) error {
	select {
	case <-p.lanes[lane]:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Throttled tells that the service refused a call as one too many.
func (p *Pacer) Throttled() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if now := time.Now(); now.Sub(p.cut) >= cutInterval {
		p.cut = now
		p.limiter.SetLimit(max(p.limiter.Limit()/2, 1))
	}
}

// grow is called for each permission, so about limit times a second.
func (p *Pacer) grow() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if limit := p.limiter.Limit(); limit < p.full {
		p.limiter.SetLimit(min(limit+growth*p.full/limit, p.full))
	}
}
