package main

// The dataset API through the vendor's Go runtime, as its generated SDK would call it.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
)

const (
	// notFoundOrTaken is the code of a missing dataset on reads and deletes, and of a taken name on creates.
	notFoundOrTaken = "201300003"
	callTimeout     = 10 * time.Second
	pageSize        = 100
)

// Remote is a dataset as Get and List answer it, as far as it is compared.
type Remote struct {
	DatasetID     string `json:"DatasetId"`
	Name          string
	Description   string
	Options       string
	Accessibility string
	Labels        []Label
}

// Cloud makes calls in one lane; pacer is nil if nothing paces them.
type Cloud struct {
	client *openapi.Client
	pacer  *Pacer
	lane   Lane
}

// newCloud connects to the service at endpoint, a URL. The connections of up to `concurrency` callers are kept.
func newCloud(endpoint, keyID, keySecret string, concurrency int, pacer *Pacer) (Cloud, error) {
	address, err := url.Parse(endpoint)
	if err != nil || address.Host == "" {
		return Cloud{}, fmt.Errorf("--endpoint must be a URL, such as http://127.0.0.1:8080: %q", endpoint)
	}
	client, err := openapi.NewClient(&openapiutil.Config{
		Endpoint: dara.String(address.Host), Protocol: dara.String(address.Scheme),
		AccessKeyId: dara.String(keyID), AccessKeySecret: dara.String(keySecret),
		ReadTimeout: dara.Int(int(callTimeout.Milliseconds())), MaxIdleConns: dara.Int(concurrency),
	})
	if err != nil {
		return Cloud{}, err
	}
	// Typed errors; the older form loses how long to wait.
	client.DisableSDKError = dara.Bool(true)
	return Cloud{client: client, pacer: pacer}, nil
}

// in is the same cloud with its calls in another lane.
func (c Cloud) in(lane Lane) Cloud {
	c.lane = lane
	return c
}

// call makes one call and reads the answer into `out`, unless that is nil. The runtime does not retry.
func (c Cloud) call(ctx context.Context, action, method, path string, query map[string]*string, body, out any) error {
	if c.pacer != nil {
		if err := c.pacer.Wait(ctx, c.lane); err != nil {
			return err
		}
	}
	params := &openapiutil.Params{
		Action: dara.String(action), Version: dara.String("2021-02-04"), Pathname: dara.String("/api/v1/datasets" + path),
		Method: dara.String(method), Protocol: dara.String("HTTPS"), AuthType: dara.String("AK"), Style: dara.String("ROA"),
		ReqBodyType: dara.String("json"), BodyType: dara.String("string"),
	}
	request := &openapiutil.OpenApiRequest{Query: query, Body: body}
	answer, err := c.client.CallApiWithCtx(ctx, params, request, &dara.RuntimeOptions{})
	if _, is := throttled(err); is && c.pacer != nil {
		c.pacer.Throttled()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	text, _ := answer["body"].(string)
	if out == nil {
		return nil
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		return fmt.Errorf("%s: reading the answer: %w", action, err)
	}
	return nil
}

// Create makes a dataset and returns its id. After an error that is no refusal it may exist all the same.
func (c Cloud) Create(ctx context.Context, body map[string]any) (string, error) {
	var answer struct{ DatasetId string }
	if err := c.call(ctx, "CreateDataset", "POST", "", nil, body, &answer); err != nil {
		return "", err
	}
	if answer.DatasetId == "" {
		return "", errors.New("CreateDataset: the answer has no id")
	}
	return answer.DatasetId, nil
}

// Get reads one dataset.
func (c Cloud) Get(ctx context.Context, id string) (remote Remote, err error) {
	err = c.call(ctx, "GetDataset", "GET", "/"+url.PathEscape(id), nil, nil, &remote)
	return remote, err
}

// Update changes the given members.
func (c Cloud) Update(ctx context.Context, id string, members map[string]any) error {
	return c.call(ctx, "UpdateDataset", "PUT", "/"+url.PathEscape(id), nil, members, nil)
}

// Delete deletes a dataset; one that is gone already is no error.
func (c Cloud) Delete(ctx context.Context, id string) error {
	err := c.call(ctx, "DeleteDataset", "DELETE", "/"+url.PathEscape(id), nil, nil, nil)
	if isGone(err) {
		return nil
	}
	return err
}

// SetLabels adds labels, or changes their values.
func (c Cloud) SetLabels(ctx context.Context, id string, labels []Label) error {
	body := map[string]any{"Labels": wireLabels(labels)}
	return c.call(ctx, "CreateDatasetLabels", "POST", "/"+url.PathEscape(id)+"/labels", nil, body, nil)
}

// RemoveLabels removes labels by their keys, of which there is at least one.
func (c Cloud) RemoveLabels(ctx context.Context, id string, keys []string) error {
	query := map[string]*string{"LabelKeys": dara.String(strings.Join(keys, ","))}
	return c.call(ctx, "DeleteDatasetLabels", "DELETE", "/"+url.PathEscape(id)+"/labels", query, nil, nil)
}

// ListByIDs reads those of the given datasets that exist, usually all of up to 100 with one call.
func (c Cloud) ListByIDs(ctx context.Context, workspace string, ids []string) ([]Remote, error) {
	return c.list(ctx, workspace, "DatasetIds", strings.Join(ids, ","), len(ids))
}

// FindByOwner finds the datasets that carry the mark of the object with this uid: none or one, unless something went
// wrong. The oldest comes first.
func (c Cloud) FindByOwner(ctx context.Context, workspace, uid string) ([]Remote, error) {
	found, err := c.list(ctx, workspace, "Label", uid, -1)
	// The filter matches any part of any key or value.
	return slices.DeleteFunc(found, func(remote Remote) bool {
		return !slices.Contains(remote.Labels, Label{Key: ownerLabel, Value: uid})
	}), err
}

// list reads pages until all is read, or `most` items were, if that is not negative. It does not rely on getting pages
// of the size it asks for.
func (c Cloud) list(ctx context.Context, workspace, filter, value string, most int) ([]Remote, error) {
	var all []Remote
	for page := 1; ; page++ {
		var answer struct {
			Datasets   []Remote
			TotalCount *int
		}
		query := map[string]*string{
			"WorkspaceId": dara.String(workspace), filter: dara.String(value), "SortBy": dara.String("GmtCreateTime"),
			"PageSize": dara.String(strconv.Itoa(pageSize)), "PageNumber": dara.String(strconv.Itoa(page)),
		}
		if err := c.call(ctx, "ListDatasets", "GET", "", query, nil, &answer); err != nil {
			return nil, err
		}
		all = append(all, answer.Datasets...)
		total := answer.TotalCount
		if len(answer.Datasets) == 0 || len(all) == most || total != nil && len(all) >= *total {
			return all, nil
		}
	}
}

func wireLabels(labels []Label) []map[string]string {
	out := make([]map[string]string, len(labels))
	for i, label := range labels {
		out[i] = map[string]string{"Key": label.Key, "Value": label.Value}
	}
	return out
}

// refusal returns status and code of an answer that is an error; 0 if there was no such answer.
func refusal(err error) (int, string) {
	if refused, is := errors.AsType[dara.ResponseError](err); is {
		return dara.IntValue(refused.GetStatusCode()), dara.StringValue(refused.GetCode())
	}
	return 0, ""
}

// throttled tells whether a call came too soon, and how long to wait: 0 if the service does not say.
func throttled(err error) (time.Duration, bool) {
	if is, typed := errors.AsType[*openapi.ThrottlingError](err); typed {
		return time.Duration(dara.Int64Value(is.GetRetryAfter())) * time.Millisecond, true
	}
	status, code := refusal(err)
	return 0, status == http.StatusTooManyRequests || strings.Contains(code, "Throttling")
}

// isGone tells whether a read or delete failed because there is no such dataset. A wrong address is 404, too.
func isGone(err error) bool {
	status, code := refusal(err)
	return code == notFoundOrTaken || status == http.StatusNotFound && code != "InvalidApi.NotFound"
}

// isRefusal tells whether the service looked at a call and will not carry it out as it is.
func isRefusal(err error) bool {
	_, later := throttled(err)
	status, _ := refusal(err)
	return !later && status >= 400 && status < 500
}
