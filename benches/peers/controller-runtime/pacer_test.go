package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// start runs a pacer in the bubble of the test, where time is artificial, and returns what ends it.
func start(t *testing.T, p *Pacer) context.CancelFunc {
	ctx, cancel := context.WithCancel(t.Context())
	go func() { _ = p.Start(ctx) }()
	return cancel
}

func TestEditsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(10)
		granted := make(chan Lane, 51)
		ask := func(lane Lane) {
			go func() {
				if p.Wait(t.Context(), lane) == nil {
					granted <- lane
				}
			}()
		}
		for range 50 {
			ask(background)
		}
		synctest.Wait()
		ask(edits)
		synctest.Wait()
		defer start(t, p)()
		synctest.Wait()
		served := false
		burst := len(granted)
		for range burst {
			served = <-granted == edits || served
		}
		if !served || burst > paceBurst+1 {
			t.Errorf("of %d calls at once, the edit is one: %v", burst, served)
		}
		for range 51 - burst {
			<-granted // Nobody is left out.
		}
	})
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(100)
		defer start(t, p)()
		took := func(calls int) time.Duration {
			began := time.Now()
			for range calls {
				_ = p.Wait(t.Context(), background)
			}
			return time.Since(began)
		}
		if took := took(1000); took < 9900*time.Millisecond || took > 10*time.Second {
			t.Errorf("1000 calls at 100/s took %v", took)
		}
		p.Throttled()
		p.Throttled() // Of the same moment: counts once.
		if limit := p.limiter.Limit(); limit != 50 {
			t.Errorf("the limit is %v after a cut, not 50", limit)
		}
		if took := took(1000); took <= 10*time.Second || took > 20*time.Second {
			t.Errorf("1000 calls after a cut took %v", took)
		}
		if limit := p.limiter.Limit(); limit != 100 {
			t.Errorf("the limit grew to %v, not to 100", limit)
		}
	})
}
