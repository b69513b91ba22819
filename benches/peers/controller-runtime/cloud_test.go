package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// serve is a cloud that answers with `handler`.
func serve(t *testing.T, handler http.HandlerFunc) Cloud {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	cloud, err := newCloud(server.URL, "id", "secret", 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cloud
}

func TestListReadsShortPages(t *testing.T) {
	for _, withTotal := range []bool{true, false} {
		cloud := serve(t, func(w http.ResponseWriter, r *http.Request) {
			page, _ := strconv.Atoi(r.URL.Query().Get("PageNumber"))
			answer := map[string]any{"Datasets": []any{}}
			if withTotal {
				answer["TotalCount"] = 25
			}
			var items []any
			for i := (page - 1) * 10; i < min(page*10, 25); i++ {
				owner := "some-u-10" // Has the uid that is looked for as a part.
				if i == 17 {
					owner = "u-1"
				}
				labels := []any{map[string]string{"Key": ownerLabel, "Value": owner}}
				items = append(items, map[string]any{"DatasetId": fmt.Sprint("d-", i), "Labels": labels})
			}
			if items != nil {
				answer["Datasets"] = items
			}
			_ = json.NewEncoder(w).Encode(answer)
		})
		found, err := cloud.FindByOwner(context.Background(), "1", "u-1")
		if err != nil || len(found) != 1 || found[0].DatasetID != "d-17" {
			t.Errorf("total %v: found %v, %v", withTotal, found, err)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		status                   int
		code                     string
		throttled, gone, refusal bool
	}{
		{400, "Throttling.User", true, false, false},
		{429, "TooManyRequests", true, false, false},
		{404, notFoundOrTaken, false, true, true},
		{400, notFoundOrTaken, false, true, true},
		{404, "InvalidApi.NotFound", false, false, true},
		{403, "NoPermission", false, false, true},
		{503, "ServiceUnavailable", false, false, false},
	} {
		cloud := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(test.status)
			_, _ = fmt.Fprintf(w, `{"Code":%q,"Message":"m","RequestId":"r"}`, test.code)
		})
		_, err := cloud.Get(context.Background(), "d-1")
		if _, is := throttled(err); is != test.throttled {
			t.Errorf("%d %s: throttled is %v", test.status, test.code, is)
		}
		if is := isGone(err); is != test.gone {
			t.Errorf("%d %s: gone is %v", test.status, test.code, is)
		}
		if is := isRefusal(err); is != test.refusal {
			t.Errorf("%d %s: a refusal is %v", test.status, test.code, is)
		}
	}
	// Nobody answers.
	cloud := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := cloud.Get(context.Background(), "d-1"); err == nil || isGone(err) || isRefusal(err) {
		t.Errorf("a lost answer gave %v", err)
	}
}
