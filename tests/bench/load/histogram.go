package main

import (
	"math/bits"
	"sync/atomic"
)

const (
	// Each power of two is cut into so many parts: a value is known to about 3 %.
	partsLog = 5
	parts    = 1 << partsLog
	places   = 40 * parts
)

// Histogram counts microseconds in places that grow with the value.
type Histogram struct {
	counts [places]atomic.Int64
	most   atomic.Int64
}

// Spread says what half, 99 % and all of the values are not above, in milliseconds.
type Spread struct {
	P50 float64 `json:"p50Ms"`
	P99 float64 `json:"p99Ms"`
	Max float64 `json:"maxMs"`
}

func (h *Histogram) Add(micros int64) {
	micros = max(micros, 0)
	h.counts[placeOf(micros)].Add(1)
	for most := h.most.Load(); micros > most && !h.most.CompareAndSwap(most, micros); most = h.most.Load() {
	}
}

func (h *Histogram) Reset() {
	for place := range h.counts {
		h.counts[place].Store(0)
	}
	h.most.Store(0)
}

// Spread of everything that was added since the last reset.
func (h *Histogram) Spread() Spread {
	var total int64
	for place := range h.counts {
		total += h.counts[place].Load()
	}
	return Spread{P50: h.share(total, 0.5), P99: h.share(total, 0.99), Max: float64(h.most.Load()) / 1000}
}

func (h *Histogram) share(total int64, share float64) float64 {
	var sum int64
	for place := range h.counts {
		sum += h.counts[place].Load()
		if total > 0 && float64(sum) >= share*float64(total) {
			return float64(min(topOf(place), h.most.Load())) / 1000
		}
	}
	return 0
}

func placeOf(value int64) int {
	if value < parts {
		return int(value)
	}
	shift := bits.Len64(uint64(value)) - partsLog - 1
	return min((shift+1)*parts+int(value>>shift)-parts, places-1)
}

// topOf is the greatest value of a place.
func topOf(place int) int64 {
	if place < parts {
		return int64(place)
	}
	shift := place/parts - 1
	return (int64(place%parts+parts)+1)<<shift - 1
}
