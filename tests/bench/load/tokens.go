package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	tokenRequestsAtOnce = 16
	// Tokens live for ten minutes unless configured otherwise; those of this age are asked for anew.
	tokenFresh = 8 * time.Minute
)

// Tokens asks Auth for a token per user and keeps it.
type Tokens struct {
	client *http.Client
	mutex  sync.Mutex
	held   map[string]token
}

type token struct {
	text  string
	since time.Time
}

func newTokens() *Tokens {
	transport := &http.Transport{MaxIdleConnsPerHost: tokenRequestsAtOnce, MaxConnsPerHost: tokenRequestsAtOnce}
	return &Tokens{client: &http.Client{Transport: transport, Timeout: 30 * time.Second}, held: map[string]token{}}
}

// fetch has a fresh token for every user when it returns nil.
func (t *Tokens) fetch(order *SocketOrder, users []string) error {
	wanted := make(chan string)
	failures := make(chan error, tokenRequestsAtOnce)
	var group sync.WaitGroup
	for range tokenRequestsAtOnce {
		group.Go(func() {
			for user := range wanted {
				if err := t.one(order, user); err != nil {
					select {
					case failures <- err:
					default: // one error tells enough
					}
				}
			}
		})
	}
	for _, user := range users {
		if t.of(user) == "" {
			wanted <- user
		}
	}
	close(wanted)
	group.Wait()
	select {
	case err := <-failures:
		return err
	default:
		return nil
	}
}

// of is empty for a user without a fresh token.
func (t *Tokens) of(user string) string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	held := t.held[user]
	if time.Since(held.since) > tokenFresh {
		return ""
	}
	return held.text
}

func (t *Tokens) one(order *SocketOrder, user string) error {
	body, _ := json.Marshal(struct {
		User   string   `json:"user"`
		Topics []string `json:"topics,omitempty"`
	}{user, order.Topics})
	request, err := http.NewRequest(http.MethodPost, order.AuthURL+"/v1/tokens", strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+order.Key)
	request.Header.Set("Content-Type", "application/json")
	response, err := t.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct{ Token, Detail string }
	if err = json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	if response.StatusCode != http.StatusCreated {
		return fmt.Errorf("POST /v1/tokens answered %d %s", response.StatusCode, answer.Detail)
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.held[user] = token{answer.Token, time.Now()}
	return nil
}
