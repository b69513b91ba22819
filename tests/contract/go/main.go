// Command contract makes a few calls to a running emulator with the vendor's generic Go runtime, a second signer that
// nobody here wrote. It prints one line per check and a last line "N passed, N failed"; it exits 1 if any failed.
//
//	contract 127.0.0.1:8080
package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"

	"github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
)

// report counts checks.
type report struct{ passed, failed int }

func (r *report) check(what string, got, want any) {
	if reflect.DeepEqual(got, want) {
		r.passed++
		fmt.Printf("ok      %s\n", what)
		return
	}
	r.failed++
	fmt.Printf("FAILED  %s: got %#v, want %#v\n", what, got, want)
}

// api is one way to sign, with the calls that use it.
type api struct {
	*client.Client
	name string
	*report
}

type object = map[string]any

func newAPI(r *report, name string, config *openapi.Config) (*api, error) {
	c, err := client.NewClient(config)
	return &api{c, name, r}, err
}

// call makes one ROA call and returns the body of the answer.
func (a *api) call(action, method, path string, query map[string]*string, body any) (object, error) {
	params := &openapi.Params{
		Action: dara.String(action), Version: dara.String("2021-02-04"), Protocol: dara.String("HTTP"),
		Pathname: dara.String("/api/v1/datasets" + path), Method: dara.String(method), AuthType: dara.String("AK"),
		Style: dara.String("ROA"), ReqBodyType: dara.String("json"), BodyType: dara.String("json"),
	}
	answer, err := a.CallApi(params, &openapi.OpenApiRequest{Query: query, Body: body}, &dara.RuntimeOptions{})
	if err != nil {
		return nil, err
	}
	result, _ := answer["body"].(object)
	return result, nil
}

// must is call for calls that have to succeed; it counts them.
func (a *api) must(action, method, path string, query map[string]*string, body any) object {
	answer, err := a.call(action, method, path, query, body)
	a.check(a.name+": "+action, err, nil)
	if answer == nil {
		return object{}
	}
	return answer
}

// code is what a refused call was refused with.
func (a *api) code(action, method, path string, body any) string {
	_, err := a.call(action, method, path, nil, body)
	var refused *tea.SDKError
	if !errors.As(err, &refused) {
		return fmt.Sprintf("%v", err)
	}
	return dara.StringValue(refused.Code)
}

// run walks through create, get, list with a query that needs escaping, labels and delete.
func (a *api) run(workspace string) {
	const name = "数据集-1"
	created := a.must("CreateDataset", "POST", "", nil, object{
		"Name": name, "Property": "DIRECTORY", "DataSourceType": "OSS", "Uri": "oss://bucket/a b/", "WorkspaceId": workspace,
		"Labels": []any{object{"Key": "env", "Value": "测 试+*~"}},
	})
	id, _ := created["DatasetId"].(string)
	path := "/" + url.PathEscape(id)
	got := a.must("GetDataset", "GET", path, nil, nil)
	a.check(a.name+": the name is as sent", got["Name"], any(name))

	listed := a.must("ListDatasets", "GET", "", map[string]*string{
		"WorkspaceId": &workspace, "Name": dara.String("数据"), "Label": dara.String("测 试+*~"), "SourceId": dara.String(""),
		"DatasetIds": dara.String(id + ",d-none"),
	}, nil)
	a.check(a.name+": the list finds it", fmt.Sprint(listed["TotalCount"]), "1")

	labels := object{"Labels": []any{object{"Key": "team", "Value": "red"}}}
	a.must("CreateDatasetLabels", "POST", path+"/labels", nil, labels)
	a.must("DeleteDatasetLabels", "DELETE", path+"/labels", map[string]*string{"LabelKeys": dara.String("env,none")}, nil)
	got = a.must("GetDataset", "GET", path, nil, nil)
	a.check(a.name+": one label is left", got["Labels"], any([]any{object{"Key": "team", "Value": "red"}}))

	again := object{"Name": name, "Property": "FILE", "DataSourceType": "OSS", "Uri": "oss://b/", "WorkspaceId": workspace}
	a.check(a.name+": the name is taken", a.code("CreateDataset", "POST", "", again), "201300003")
	a.must("DeleteDataset", "DELETE", path, nil, nil)
	a.check(a.name+": it is gone", a.code("GetDataset", "GET", path, nil), "201300003")
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: contract host:port")
		os.Exit(2)
	}
	r := &report{}
	config := func(id, secret string) *openapi.Config {
		return &openapi.Config{
			Endpoint: dara.String(os.Args[1]), Protocol: dara.String("HTTP"),
			AccessKeyId: dara.String(id), AccessKeySecret: dara.String(secret),
		}
	}
	older := config("testAccessKeyId", "testAccessKeySecret").SetSignatureAlgorithm("v2")
	sts := config("STS.testAccessKeyId", "testStsAccessKeySecret").SetSecurityToken("testSecurityToken")
	sts.SetType("sts")
	for _, signer := range []struct {
		name   string
		config *openapi.Config
	}{
		{"ACS3", config("testAccessKeyId", "testAccessKeySecret")},
		{"HMAC-SHA1", older},
		{"STS", sts},
	} {
		a, err := newAPI(r, signer.name, signer.config)
		if err != nil {
			r.check(signer.name+": client", err, nil)
			continue
		}
		a.run("600")
	}
	if wrong, err := newAPI(r, "wrong secret", config("testAccessKeyId", "wrong")); err != nil {
		r.check("wrong secret: client", err, nil)
	} else {
		r.check("a wrong secret is refused", wrong.code("GetDataset", "GET", "/d-none", nil), "SignatureDoesNotMatch")
	}
	fmt.Printf("\n%d passed, %d failed\n", r.passed, r.failed)
	if r.failed > 0 {
		os.Exit(1)
	}
}
