package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// PostOrder says what to post: so many messages in all, spread over the users in turns, Batch at a time.
type PostOrder struct {
	URL       string `json:"url"`
	Key       string `json:"key"`
	Users     int    `json:"users"`
	Messages  int    `json:"messages"`
	Batch     int    `json:"batch"`
	Workers   int    `json:"workers"`
	PerSecond int    `json:"perSecond"`
}

// Posted counts messages by what became of their request.
type Posted struct {
	accepted atomic.Int64
	refused  atomic.Int64
}

// runPosts returns when all are answered. A 503 is tried again after a moment.
func runPosts(order *PostOrder, posted *Posted) {
	transport := &http.Transport{MaxIdleConnsPerHost: order.Workers, MaxConnsPerHost: order.Workers}
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	var next atomic.Int64
	var group sync.WaitGroup
	began := time.Now()
	for range order.Workers {
		group.Go(func() {
			for {
				first := int(next.Add(int64(order.Batch))) - order.Batch
				if first >= order.Messages {
					return
				}
				if order.PerSecond > 0 {
					time.Sleep(time.Until(began.Add(time.Duration(first) * time.Second / time.Duration(order.PerSecond))))
				}
				postUntilAccepted(client, order, posted, first)
			}
		})
	}
	group.Wait()
}

func postUntilAccepted(client *http.Client, order *PostOrder, posted *Posted, first int) {
	path, body := bodyOf(order, first)
	for {
		status, err := post(client, order, path, body)
		if err == nil && (status == http.StatusAccepted || status == http.StatusOK) {
			posted.accepted.Add(int64(order.Batch))
			return
		}
		posted.refused.Add(int64(order.Batch))
		if err == nil && status != http.StatusServiceUnavailable {
			fmt.Fprintf(logTo, "POST answered %d\n", status)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func bodyOf(order *PostOrder, first int) (string, []byte) {
	var body bytes.Buffer
	item := func(n int) {
		fmt.Fprintf(&body, `{"to":"user:u%d","event":"order.paid","data":{"orderId":%d,"text":"%064d"}}`, n%order.Users, n, n)
	}
	if order.Batch == 1 {
		item(first)
		return "/v1/messages", body.Bytes()
	}
	body.WriteString(`{"messages":[`)
	for n := range order.Batch {
		if n > 0 {
			body.WriteByte(',')
		}
		item(first + n)
	}
	body.WriteString(`]}`)
	return "/v1/messages:batch", body.Bytes()
}

func post(client *http.Client, order *PostOrder, path string, body []byte) (int, error) {
	request, err := http.NewRequest(http.MethodPost, order.URL+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+order.Key)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}
