package main

import "sync/atomic"

// Histogram counts milliseconds: exact up to 4 s, everything above in the last place.
type Histogram struct {
	counts [4001]atomic.Int64
}

func (h *Histogram) Add(ms int64) {
	h.counts[min(max(ms, 0), 4000)].Add(1)
}

// Quantiles of everything that was added so far.
func (h *Histogram) Quantiles(shares ...float64) []int {
	var counts [4001]int64
	var total int64
	for ms := range h.counts {
		counts[ms] = h.counts[ms].Load()
		total += counts[ms]
	}
	found := make([]int, len(shares))
	for n, share := range shares {
		var sum int64
		for ms := range counts {
			sum += counts[ms]
			if float64(sum) >= share*float64(total) {
				found[n] = ms
				break
			}
		}
	}
	return found
}
